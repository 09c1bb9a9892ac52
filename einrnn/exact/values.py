"""What an expression evaluates to: an array over points and free indices, with flags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from einrnn.core.nodes import Index

Array = npt.NDArray[Any]
Flags = npt.NDArray[np.uint8]
Order = tuple[Index, ...]

# an entry has no value: a read out of range, a division by zero, a root of what has none
UNDEFINED = 1
# an entry whose difference from another one means nothing: order, logarithms, …
SOFT = 2


class Span(NamedTuple):
    """The values ``lo, lo + 1, …`` (``size`` of them) of an index."""

    lo: int
    size: int


Env = Mapping[Index, Span]


class Values(NamedTuple):
    """``data`` has the shape [points, one axis per free index, sorted by name].

    An axis along which nothing varies may have length 1. ``flags`` broadcasts with
    ``data`` and is None where no entry has any.
    """

    data: Array
    flags: Flags | None = None


@lru_cache(maxsize=65536)
def _insertions(inner: Order, outer: Order) -> tuple[slice | None, ...]:
    return (slice(None), *(slice(None) if index in inner else None for index in outer))


def align(array: Array, inner: Order, outer: Order) -> Array:
    """The array over more indices: axes of length 1 where it has none."""
    return array if inner == outer else array[_insertions(inner, outer)]


def aligned(value: Values, inner: Order, outer: Order) -> Values:
    """The value over more indices."""
    if inner == outer:
        return value
    flags = value.flags
    return Values(
        align(value.data, inner, outer), None if flags is None else align(flags, inner, outer)
    )


def merged(*flags: Flags | None) -> Flags | None:
    """The flags of what is computed from all of these."""
    result: Flags | None = None
    for other in flags:
        if other is not None:
            result = other if result is None else result | other
    return result


def marked(where: npt.NDArray[np.bool_] | np.bool_, flag: int) -> Flags | None:
    """Flags at some entries."""
    return np.asarray(where * np.uint8(flag), dtype=np.uint8) if where.any() else None


def choose(where: npt.NDArray[np.bool_], yes: Values, no: Values) -> Values:
    """Entry by entry one of two values; what is not chosen does not matter."""
    flags = None
    if yes.flags is not None or no.flags is not None:
        zero = np.zeros((1,) * where.ndim, dtype=np.uint8)
        flags = np.where(
            where,
            zero if yes.flags is None else yes.flags,
            zero if no.flags is None else no.flags,
        )
        flags = flags if flags.any() else None
    return Values(np.where(where, yes.data, no.data), flags)


def spread(value: Values, axis: int, size: int) -> Values:
    """The value with an axis, along which it may not vary, at its full length."""
    data, flags = value
    if data.shape[axis] != size:
        data = np.broadcast_to(data, _with(data.shape, axis, size))
    if flags is not None and flags.shape[axis] != size:
        flags = np.broadcast_to(flags, _with(flags.shape, axis, size))
    return Values(data, flags)


def _with(shape: Sequence[int], axis: int, size: int) -> tuple[int, ...]:
    return (*shape[:axis], size, *shape[axis + 1 :])


def any_along(flags: Flags | None, axis: int) -> Flags | None:
    """The flags of a reduction along an axis, which is dropped."""
    return None if flags is None else np.bitwise_or.reduce(flags, axis=axis)
