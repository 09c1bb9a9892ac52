"""The recurrence in C by hand, the products by numpy's BLAS; for one sequence at a time."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.rnn.cases import Case
from benchmarks.rnn.peers.by_hand_numpy import ByHand
from benchmarks.rnn.programs import Missing, Runner

_FLAGS = ("-Ofast", "-march=native", "-shared", "-fPIC")
_KINDS = {"float32": ("float", "tanhf"), "float64": ("double", "tanh")}


def recurrence(case: Case, data: dict[str, Any]) -> Runner:
    dtype = data["W"].dtype
    run = _ByHandC(data, case.kind == "words", _library(dtype.name))
    return Runner(lambda: run(**data), dict)


def _library(dtype: str) -> ctypes.CDLL:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise Missing("no C compiler")
    real, tanh = _KINDS[dtype]
    source = Path(__file__).with_name("recurrence.c")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "recurrence.so"
        command = [compiler, *_FLAGS, f"-DREAL={real}", f"-DTANH={tanh}", str(source)]
        subprocess.run([*command, "-o", str(out), "-lm"], check=True)
        return ctypes.CDLL(str(out))


class _ByHandC(ByHand):
    """As by hand in numpy, with both loops over time in C."""

    def __init__(self, data: dict[str, Any], words: bool, library: ctypes.CDLL) -> None:
        super().__init__(data, words)
        self._library = library

    def forwards(self, W: Any) -> None:
        across = np.ascontiguousarray(W.T)
        self._library.forwards(*self._sizes(W), _at(across), _at(self.a), _at(self.s))

    def backwards(self, W: Any) -> None:
        self._library.backwards(*self._sizes(W), _at(W), _at(self.g), _at(self.a))

    def _sizes(self, W: Any) -> tuple[Any, Any]:
        return ctypes.c_long(self.T), ctypes.c_long(len(W))


def _at(array: Any) -> Any:
    return ctypes.c_void_p(array.ctypes.data)
