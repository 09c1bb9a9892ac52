"""Plans as compiled C, or why there is none."""

from __future__ import annotations

import warnings
from contextlib import suppress
from threading import Thread
from typing import Any

import numpy as np

from einrnn.errors import EinrnnWarning
from einrnn.numeric.native import kernels
from einrnn.numeric.native.ready import Native
from einrnn.numeric.native.toolchain import NoCompiler, library
from einrnn.numeric.native.writer import native_program
from einrnn.numeric.plan import Plan
from einrnn.numeric.source.forward import improved
from einrnn.numeric.steps import Choose, Entrywise, Linear, Loop, Map, Random

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


def compiled(plan: Plan, dtype: np.dtype[Any]) -> Native:
    """A plan's C for one dtype, built and loaded. Raises NoCompiler if it cannot be built."""
    # the kernels, which may have to be built, meanwhile
    ahead = Thread(target=_attempted, args=(dtype.name,))
    ahead.start()
    program = native_program(improved(plan, layouts=False), dtype.name)
    try:
        library(program.short)
    finally:
        ahead.join()
    return Native(program, dtype)


def _attempted(dtype: str) -> None:
    with suppress(NoCompiler):
        kernels.kernels(dtype)
