"""Recurrences for what is added up, or multiplied, one place after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from einrnn.core import affine as af
from einrnn.core.model import Clause, Definition, Range
from einrnn.core.nodes import Affine, Element, Expr, Index


class Places(NamedTuple):
    """The places of a letter from ``low`` to ``high``, gone through upwards where ``way`` is 1 and
    downwards where it is -1."""

    letter: Index
    low: Affine
    high: Affine
    way: int


def running(
    name: str,
    places: Places,
    others: Mapping[Index, Range],
    start: Expr,
    step: Callable[[Element], Expr],
) -> Definition:
    """The definition that is ``start`` before the first place and ``step`` of its entry before at
    each; its other axes are those of the letters ``others``."""
    letter, low, high, way = places
    before = af.shift(low, -1) if way == 1 else af.shift(high, 1)
    axis = Range(before, high) if way == 1 else Range(low, before)
    beside = tuple(map(af.of, others))
    earlier = Element(name, (af.shift(af.of(letter), -way), *beside))
    clauses = (
        Clause((before, *beside), others, start),
        Clause((af.of(letter), *beside), {letter: Range(low, high), **others}, step(earlier)),
    )
    return Definition(name, (axis, *others.values()), clauses)
