"""Plans that run as compiled C."""

from __future__ import annotations

import ctypes
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from operator import itemgetter
from threading import Thread
from typing import Any

import numpy as np

from einrnn.errors import EinrnnWarning, EvaluationError
from einrnn.numeric.native import kernels, threads
from einrnn.numeric.native.calling import Workspace, addresses, objects, offset
from einrnn.numeric.native.results import maker
from einrnn.numeric.native.toolchain import NoCompiler, library
from einrnn.numeric.native.writer import Program, native_program
from einrnn.numeric.plan import Plan
from einrnn.numeric.source.forward import improved
from einrnn.numeric.steps import Choose, Entrywise, Linear, Loop, Map, Random
from einrnn.numeric.usual import Same, Usual

Array = np.ndarray[Any, np.dtype[Any]]

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
        # the kernels, which may have to be built, meanwhile
        ahead = Thread(target=_attempted, args=(dtype.name,))
        ahead.start()
        self._c: Program = native_program(improved(plan, layouts=False), dtype.name)
        built = library(self._c.short)
        ahead.join()
        built.use(ctypes.c_void_p(kernels.address(dtype.name)))
        self._workers = threads.count()
        self._runner = threads.runner()
        built.workspace.restype = ctypes.c_long
        self._bytes: int = built.workspace(self._workers)
        self._call = built.call
        self._checked = built.call_checked
        whole = np.dtype(np.int64)
        self._inputs = [(a.name, dtype if a.kind == "number" else whole) for a in self._c.inputs]
        self._names = [output.name for output in self._c.outputs]
        self._results = [maker(output.shape, dtype) for output in self._c.outputs]
        # workspaces of calls that have ended: each is used by one call at a time
        self._spare: list[Workspace] = []

    def run(self, arrays: dict[str, Array]) -> dict[str, Array]:
        """The outputs as new arrays.

        Raises EvaluationError (E603) for a look-up out of range.
        """
        given: list[Array] = []
        for name, dtype in self._inputs:
            array = arrays[name]
            if array.dtype is not dtype or not array.flags.carray:
                array = np.require(array, dtype, ["C", "A"])
            given.append(array)
        results = [make() for make in self._results]
        work = self._workspace()
        # arrays stay alive in these while C works on them
        held = (*given, *results)
        found = addresses(held) if offset() < 0 else None
        work.call.arrays = ctypes.addressof(found) if found is not None else objects(held)
        wrong: int = self._call(work.argument)
        return self._finished(work, results, wrong)

    def usual(self, given: Mapping[str, Array]) -> Usual:
        """What runs calls like this one. C itself looks at the arrays, where it can."""
        own = [name for name, _ in self._inputs]
        if offset() < 0 or len(own) < 2 or sorted(given) != sorted(own):
            return Same(self.run, given)
        return partial(self._direct, itemgetter(*own), len(own))

    def _direct(
        self, inputs: Callable[[dict[str, Any]], tuple[Any, ...]], count: int, given: dict[str, Any]
    ) -> dict[str, Array] | None:
        if len(given) != count:
            return None
        try:
            held = inputs(given)
        except KeyError:
            return None
        results = [make() for make in self._results]
        work = self._workspace()
        held += tuple(results)
        work.call.arrays = objects(held)
        wrong: int = self._checked(work.argument)
        if wrong < 0:
            self._spare.append(work)
            return None
        return self._finished(work, results, wrong)

    def _finished(self, work: Workspace, results: list[Array], wrong: int) -> dict[str, Array]:
        if wrong:
            tensor, size = self._c.looked_up[wrong - 1]
            raise EvaluationError(
                "E603",
                f"{tensor} is read out of range: a look-up gives position {work.call.position} "
                f"on an axis of size {size}",
            )
        self._spare.append(work)
        return dict(zip(self._names, results, strict=True))

    def _workspace(self) -> Workspace:
        try:
            return self._spare.pop()
        except IndexError:
            return Workspace(self._bytes, self.dtype, self._runner, self._workers)


def _attempted(dtype: str) -> None:
    with suppress(NoCompiler):
        kernels.kernels(dtype)
