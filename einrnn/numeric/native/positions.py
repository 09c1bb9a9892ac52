"""Positions that run over the axes of an array, one variable for each."""

from __future__ import annotations

from collections.abc import Sequence

from einrnn.numeric.native.index import Ix, variable


def variables(shape: Sequence[int]) -> tuple[tuple[Ix, ...], tuple[int, ...]]:
    """A variable for each axis of more than one entry, and the sizes of these."""
    return placed(shape, range(len(shape)))


def placed(shape: Sequence[int], order: Sequence[int]) -> tuple[tuple[Ix, ...], tuple[int, ...]]:
    """As :func:`variables`, with the axes taken in the given order."""
    at = [Ix()] * len(shape)
    dims: list[int] = []
    for axis in order:
        if shape[axis] > 1:
            at[axis] = variable(f"i{len(dims)}")
            dims.append(shape[axis])
    return tuple(at), tuple(dims)


def unordered(order: tuple[int, ...], at: tuple[Ix, ...]) -> tuple[Ix, ...]:
    """Positions by axis from positions in an order of the axes."""
    back = dict(zip(order, at, strict=True))
    return tuple(back[axis] for axis in range(len(order)))
