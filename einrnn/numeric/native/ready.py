"""Compiled C that is ready to be called."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from functools import partial
from operator import itemgetter
from typing import Any

import numpy as np

from einrnn.errors import EvaluationError
from einrnn.numeric.native import kernels, threads
from einrnn.numeric.native.calling import Workspace, addresses, objects, offset
from einrnn.numeric.native.code import Program
from einrnn.numeric.native.results import maker
from einrnn.numeric.native.toolchain import library
from einrnn.numeric.usual import Same, Usual

Array = np.ndarray[Any, np.dtype[Any]]


class Native:
    """A program's C for one dtype, built and loaded once.

    Raises NoCompiler if it cannot be built.
    """

    def __init__(self, program: Program, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        self._c = program
        built = library(program.short)
        built.use(ctypes.c_void_p(kernels.address(dtype.name)))
        self._workers = threads.count()
        self._runner = threads.runner()
        built.workspace.restype = ctypes.c_long
        self._bytes: int = built.workspace(self._workers)
        self._call = built.call
        self._checked = built.call_checked
        whole = np.dtype(np.int64)
        self._inputs = [(a.name, dtype if a.kind == "number" else whole) for a in program.inputs]
        self._names = [output.name for output in program.outputs]
        self._results = [maker(output.shape, dtype) for output in program.outputs]
        # workspaces of calls that have ended: each is used by one call at a time
        self._spare: list[Workspace] = []

    def written(self) -> dict[str, Any]:
        """The code as plain data, from which a later process makes it again."""
        return {"program": self._c.written()}

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
