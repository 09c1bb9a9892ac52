"""Generated code that has been loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from einrnn.errors import EvaluationError
from einrnn.numeric.usual import Same, Usual

Array = np.ndarray[Any, np.dtype[Any]]


class Loaded:
    """A module for a backend in one dtype, whose ``program`` maps arrays to arrays by name.

    ``limits`` says below what the numbers of some inputs have to stay: jax takes positions that
    are out of range for others.
    """

    limits: Mapping[str, int] = MappingProxyType({})

    def __init__(self, source: str, dtype: np.dtype[Any], backend: str) -> None:
        self.source = source
        self.dtype = dtype
        self.backend = backend
        space: dict[str, Any] = {}
        with np.errstate(all="ignore"):
            exec(compile(source, "<einrnn program>", "exec"), space)
        self._program = space["program"]
        self._own = backend == "numpy"

    def written(self) -> dict[str, Any] | None:
        """The code as plain data, from which a later process makes it again; None for that of
        other libraries, which compile it anyway."""
        return {"source": self.source} if self._own else None

    @property
    def function(self) -> Callable[[dict[str, Any]], dict[str, Any]]:
        """The module's ``program``: arrays of the backend by name to arrays of the backend."""
        return self._program

    def run(self, arrays: dict[str, Array]) -> dict[str, Array]:
        """The outputs as new arrays.

        Raises EvaluationError (E603) for a look-up out of range.
        """
        for name, limit in self.limits.items():
            _require_below(name, arrays[name], limit)
        try:
            found = self._program(arrays)
        except IndexError as problem:
            raise EvaluationError("E603", str(problem)) from None
        return (
            found
            if self._own
            else {name: np.array(np.asarray(value)) for name, value in found.items()}
        )

    def usual(self, given: Mapping[str, Array]) -> Usual:
        """What runs calls like this one."""
        return Same(self.run, given)


def _require_below(name: str, array: Array, limit: int) -> None:
    if array.size and (array.min() < 0 or array.max() >= limit):
        wrong = array[(array < 0) | (array >= limit)].flat[0]
        raise EvaluationError(
            "E603", f"{name} looks up position {wrong} on an axis of size {limit}"
        )
