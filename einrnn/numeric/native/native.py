"""Plans that run as compiled C."""

from __future__ import annotations

import ctypes
import warnings
from typing import Any

import numpy as np

from einrnn.errors import EinrnnWarning, EvaluationError
from einrnn.numeric.native import threads
from einrnn.numeric.native.toolchain import library
from einrnn.numeric.native.writer import Program, native_program
from einrnn.numeric.plan import Plan
from einrnn.numeric.source.forward import improved
from einrnn.numeric.steps import Choose, Entrywise, Linear, Loop, Map, Random

Array = np.ndarray[Any, np.dtype[Any]]

_ALIGNMENT = 64
_told: set[str] = set()


def notice(reason: str) -> None:
    """Say once in a process why a program runs on numpy."""
    if reason not in _told:
        _told.add(reason)
        warnings.warn(f"running on numpy: {reason}", EinrnnWarning, stacklevel=2)


def lacking(plan: Plan, dtype: np.dtype[Any]) -> str | None:
    """Why there is no C for a plan in a dtype; None if there is."""
    if dtype.name not in ("float32", "float64"):
        return f"the native backend has no {dtype.name}"
    rest = [*plan.constants, *plan.main]
    while rest:
        step = rest.pop()
        match step:
            case Loop(_, _, _, body):
                rest.extend(body)
            case Choose(_, _, then, _, otherwise, _):
                rest.extend((*then, *otherwise))
            case Linear(_, op):
                return f"the native backend has no {op}"
            case Random(_, name):
                return f"the native backend has no opaque functions such as {name}"
            case Entrywise(tensors):
                return f"no order of computation is known for {', '.join(tensors)}"
            case Map(_, "whole"):
                return "the native backend takes no computed numbers as positions"
            case _:
                pass
    return None


class Native:
    """A plan's C for one dtype, built and loaded once.

    Raises NoCompiler if it cannot be built.
    """

    def __init__(self, plan: Plan, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        self._c: Program = native_program(improved(plan, layouts=False), dtype.name)
        self.source = self._c.text
        built = library(self._c.text)
        self._workers = threads.count()
        self._run = ctypes.c_void_p(threads.runner())
        built.workspace.restype = ctypes.c_long
        self._bytes: int = built.workspace(self._workers)
        self._program = built.program
        self._program.restype = ctypes.c_int
        self._dtypes = [dtype if a.kind == "number" else np.dtype(np.int64) for a in self._c.inputs]
        # workspaces of calls that have ended: each is used by one call at a time
        self._spare: list[_Workspace] = []

    def run(self, arrays: dict[str, Array]) -> dict[str, Array]:
        """The outputs as new arrays.

        Raises EvaluationError (E603) for a look-up out of range.
        """
        try:
            work = self._spare.pop()
        except IndexError:
            work = _Workspace(self._bytes, len(self._c.inputs), len(self._c.outputs))
        held: list[Array] = []
        for number, argument in enumerate(self._c.inputs):
            array = arrays[argument.name]
            if not array.flags.carray or array.dtype != self._dtypes[number]:
                array = np.require(array, self._dtypes[number], ["C", "A"])
            held.append(array)
            work.inputs[number] = array.ctypes.data
        results: dict[str, Array] = {}
        for number, argument in enumerate(self._c.outputs):
            result = np.empty(argument.shape, self.dtype)
            results[argument.name] = result
            work.outputs[number] = result.ctypes.data
        wrong: int = self._program(
            work.inputs, work.outputs, work.address, self._run, self._workers, work.error
        )
        if wrong:
            tensor, size = self._c.looked_up[wrong - 1]
            raise EvaluationError(
                "E603",
                f"{tensor} is read out of range: a look-up gives position {work.error[1]} "
                f"on an axis of size {size}",
            )
        self._spare.append(work)
        return results


class _Workspace:
    """Memory for one call, and the arrays of pointers that it takes."""

    def __init__(self, size: int, inputs: int, outputs: int) -> None:
        self.memory = np.empty(size + _ALIGNMENT, np.uint8)
        start = self.memory.ctypes.data
        self.address = ctypes.c_void_p(start + -start % _ALIGNMENT)
        self.inputs = (ctypes.c_void_p * max(inputs, 1))()
        self.outputs = (ctypes.c_void_p * max(outputs, 1))()
        self.error = (ctypes.c_long * 2)()
