"""Plans that run as generated straight-line numpy code."""

from __future__ import annotations

from typing import Any

import numpy as np

from einrnn.errors import EvaluationError
from einrnn.numeric.plan import Plan
from einrnn.numeric.source.forward import improved
from einrnn.numeric.source.numpy_source import numpy_source, writable

Array = np.ndarray[Any, np.dtype[Any]]


def can_generate(plan: Plan, dtype: np.dtype[Any]) -> bool:
    """Whether there is code for every step in this dtype."""
    return dtype.name in ("float32", "float64") and writable(plan)


class Generated:
    """A plan's code in one dtype, compiled once; see :class:`einrnn.numeric.executable`."""

    def __init__(self, plan: Plan, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        self.source = numpy_source(improved(plan), dtype.name)
        space: dict[str, Any] = {}
        with np.errstate(all="ignore"):
            exec(compile(self.source, "<einrnn program>", "exec"), space)
        self._program = space["program"]

    def run(self, arrays: dict[str, Array]) -> dict[str, Array]:
        """The outputs as new arrays.

        Raises EvaluationError (E603) for a look-up out of range.
        """
        try:
            return self._program(arrays)
        except IndexError as problem:
            raise EvaluationError("E603", str(problem)) from None
