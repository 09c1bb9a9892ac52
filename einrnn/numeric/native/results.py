"""Arrays for results: large ones that the caller has let go of are filled again.

Memory fresh from the system costs more to touch for the first time than a small program takes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

# bytes from which on an array is kept; how many are kept of each result
_LARGE, _KEPT = 1 << 16, 2


def maker(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Callable[[], Array]:
    """What makes arrays of one shape and dtype, whose entries are unspecified."""
    size = dtype.itemsize * prod(shape)
    if size >= _LARGE and _ALONE:
        return Results(shape, dtype).take
    return partial(np.empty, shape, dtype)


class Results:
    """Arrays of one shape and dtype. What anything else refers to is never handed out again."""

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self._shape = shape
        self._dtype = dtype
        self._kept: list[Array] = []

    def take(self) -> Array:
        """An array that nothing refers to; its entries are unspecified."""
        found = _unused(self._kept, _ALONE)
        if found is None:
            found = np.empty(self._shape, self._dtype)
            self._kept.append(found)
            if len(self._kept) > _KEPT:
                del self._kept[0]
        return found


def _unused(arrays: list[Array], references: int) -> Array | None:
    """The first array with so many references, those of this function among them."""
    # each thread holds what it looks at, so that no two can take the same one
    for array in arrays:
        if sys.getrefcount(array) == references:
            return array
    return None


def _alone() -> int:
    """The references to an array that only a list has; 0 where counts mean nothing."""
    enabled = getattr(sys, "_is_gil_enabled", lambda: True)
    if sys.implementation.name != "cpython" or not enabled():
        return 0
    arrays = [np.empty(1)]
    return next((n for n in range(1, 5) if _unused(arrays, n) is not None), 0)


_ALONE = _alone()
