"""Index expressions over ranges of indices, and the entries of arrays that they point at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from einrnn.core.nodes import Affine, Dim, Element, Index
from einrnn.errors import EvaluationError, InternalError
from einrnn.exact.values import UNDEFINED, Array, Env, Flags, Order, Values, marked, merged

Whole = npt.NDArray[np.int64]


class Stored(NamedTuple):
    """A whole tensor: data and flags [points, axes], and the first position of each axis."""

    first: tuple[int, ...]
    data: Array
    flags: Flags | None


class Place(NamedTuple):
    """An index expression at given sizes: a number, letters, and look-ups."""

    constant: int
    letters: tuple[tuple[Index, int], ...]
    lookups: tuple[tuple[Element, int], ...]


def place(value: Affine, sizes: Mapping[str, int]) -> Place:
    """Take an index expression apart.

    Raises:
        EvaluationError: a size was not given (E610).
    """
    constant = value.constant
    letters: list[tuple[Index, int]] = []
    lookups: list[tuple[Element, int]] = []
    for atom, times in value.terms:
        match atom:
            case Dim():
                if atom.name not in sizes:
                    raise EvaluationError(
                        "E610",
                        f"the size {atom.name} was not given",
                        f"give it by name: {atom.name}=5",
                    )
                constant += times * sizes[atom.name]
            case Index():
                letters.append((atom, times))
            case Element():
                lookups.append((atom, times))
    return Place(constant, tuple(letters), tuple(lookups))


def positions(at: Place, order: Order, env: Env, lookups: Sequence[Whole]) -> Whole:
    """The values of an index expression, of shape [points or 1, axes of ``order``].

    ``lookups`` are the values of its look-ups, aligned to the same order.
    """
    total: Whole = np.full((1,) * (len(order) + 1), at.constant, dtype=np.int64)
    for index, times in at.letters:
        lo, size = env[index]
        shape = [1] * (len(order) + 1)
        shape[1 + order.index(index)] = size
        total = total + times * np.arange(lo, lo + size, dtype=np.int64).reshape(shape)
    for (_, times), values in zip(at.lookups, lookups, strict=True):
        total = total + times * values
    return total


def extent(at: Place, env: Env) -> tuple[int, int]:
    """The least and the greatest value of an index expression without look-ups."""
    low = high = at.constant
    for index, times in at.letters:
        lo, size = env[index]
        ends = (times * lo, times * (lo + size - 1))
        low, high = low + min(ends), high + max(ends)
    return low, high


class Cut(NamedTuple):
    """Entries of a tensor as a slice of it, and the order of its axes in the result."""

    where: tuple[int | slice, ...]
    turn: tuple[int, ...]


def cut(stored: Stored, at: Sequence[Place], order: Order, env: Env) -> Cut | None:
    """The slice where each position is a number or a shifted letter of its own.

    None where this is not so, or where some position is out of range.
    """
    where: list[int | slice] = [slice(None)]
    axes: list[Index] = []
    for axis, (constant, letters, lookups) in enumerate(at):
        start = constant - stored.first[axis]
        if lookups or len(letters) > 1:
            return None
        if not letters:
            if not 0 <= start < stored.data.shape[axis + 1]:
                return None
            where.append(start)
            continue
        index, times = letters[0]
        lo, size = env[index]
        if times != 1 or index in axes:
            return None
        if start + lo < 0 or start + lo + size > stored.data.shape[axis + 1]:
            return None
        where.append(slice(start + lo, start + lo + size))
        axes.append(index)
    return Cut(tuple(where), (0, *(1 + axes.index(index) for index in order)))


def taken(stored: Stored, at: Cut) -> Values:
    """The entries of a slice."""
    where, turn = at
    flags = None if stored.flags is None else stored.flags[where].transpose(turn)
    if flags is not None and not flags.any():
        flags = None
    return Values(stored.data[where].transpose(turn), flags)


def gathered(stored: Stored, at: Sequence[Whole], order: Order) -> Values:
    """Entries of a tensor at any positions; those out of range are undefined."""
    rank = len(order) + 1
    if any(length == 0 for length in stored.data.shape[1:]):
        raise InternalError("E904", "an axis without positions")
    inside = np.ones((1,) * rank, dtype=np.bool_)
    where: list[Whole] = [_column(stored.data.shape[0], rank)]
    for axis, values in enumerate(at):
        last = stored.data.shape[axis + 1] - 1
        moved = values - stored.first[axis]
        inside = inside & (moved >= 0) & (moved <= last)
        where.append(np.clip(moved, 0, last))
    picked = tuple(where)
    flags = marked(~inside, UNDEFINED)
    if stored.flags is not None:
        flags = merged(flags, stored.flags[picked])
    return Values(stored.data[picked], flags)


def _column(size: int, rank: int) -> Whole:
    """0, 1, … along the first of ``rank`` axes."""
    return np.arange(size, dtype=np.int64).reshape(size, *(1,) * (rank - 1))
