"""Recurrences for what is added up, or multiplied, one place after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from einrnn.core import affine as af
from einrnn.core.model import Clause, Definition, Range
from einrnn.core.nodes import Affine, Element, Expr, Index
from einrnn.core.traverse import substitute


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
    start: Expr | None,
    step: Callable[[Element], Expr],
    first: Expr | None = None,
) -> Definition:
    """The definition that is ``start`` before the first place and ``step`` of its entry before at
    each; its other axes are those of the letters ``others``.

    Where there is a ``first``, that is the entry at the first place; then there need be none
    before it.
    """
    letter, low, high, way = places
    begin, end = (low, high) if way == 1 else (high, low)
    beside = tuple(map(af.of, others))
    earlier = Element(name, (af.shift(af.of(letter), -way), *beside))
    clauses: list[Clause] = []
    before = begin
    if start is not None:
        before = af.shift(begin, -way)
        clauses.append(Clause((before, *beside), others, start))
    if first is not None:
        own = substitute(first, {letter: begin})
        clauses.append(Clause((begin, *beside), others, own))
        begin = af.shift(begin, way)
    span = _between(begin, end, way)
    clauses.append(Clause((af.of(letter), *beside), {letter: span, **others}, step(earlier)))
    return Definition(name, (_between(before, end, way), *others.values()), tuple(clauses))


def _between(begin: Affine, end: Affine, way: int) -> Range:
    return Range(begin, end) if way == 1 else Range(end, begin)
