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
    before: int = 1,
) -> Definition:
    """The definition that is ``start`` at as many places ``before`` the first one, and ``step`` of
    its entry before at each; its other axes are those of the letters ``others``.

    Where there is a ``first``, that is the entry at the first place; then there need be none
    before it.
    """
    letter, low, high, way = places
    begin, end = (low, high) if way == 1 else (high, low)
    beside = tuple(map(af.of, others))
    earlier = Element(name, (af.shift(af.of(letter), -way), *beside))
    clauses: list[Clause] = []
    earliest = begin
    if start is not None:
        earliest = af.shift(begin, -way * before)
        places_before = (af.shift(begin, -way * back) for back in range(1, before + 1))
        clauses += [Clause((place, *beside), others, start) for place in places_before]
    if first is not None:
        own = substitute(first, {letter: begin})
        clauses.append(Clause((begin, *beside), others, own))
        begin = af.shift(begin, way)
    span = _between(begin, end, way)
    clauses.append(Clause((af.of(letter), *beside), {letter: span, **others}, step(earlier)))
    return Definition(name, (_between(earliest, end, way), *others.values()), tuple(clauses))


def _between(begin: Affine, end: Affine, way: int) -> Range:
    return Range(begin, end) if way == 1 else Range(end, begin)
