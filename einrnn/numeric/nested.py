"""Sums within sums that both go as far as an index: the inner one is computed first, by itself.

``S[i,j] = sum[a=0..i] sum[b=0..j] x[a,b]`` at all ``i`` and ``j`` reads each pair of corners. With
``P[a,j]`` for the inner sum there are two sums, each along one axis. So it is with a sum that goes
as far as the index of another, ``sum[t] sum[r=0..t] a[t] x[r]``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from einrnn.core import affine as af
from einrnn.core.model import Clause, Definition, Model, Range
from einrnn.core.nodes import Element, Expr, Index, Mul, Reduce
from einrnn.core.traverse import below_cases, binds, walk
from einrnn.numeric.prefixes import Found, Part, Sizes, part_of, reach, with_own_definitions

_DEPTH = 4


def with_inner_sums(model: Model, sizes: Sizes) -> Model:
    """The model with the inner sums of its definitions as definitions of their own; recurrences
    stay as they are, and so does what a condition may leave out."""
    return with_own_definitions(model, lambda clause, stem: _inner_sums(clause, sizes, stem))


def _inner_sums(clause: Clause, sizes: Sizes, stem: str) -> Found:
    """Each such sum that stands in one other sum only, with its definition and its entry."""
    nodes = [node for node in dict.fromkeys(walk(clause.body)) if isinstance(node, Reduce)]
    guarded = below_cases(clause.body)
    outer = {node: part_of(node, clause) for node in nodes if node not in guarded}
    binders = Counter(index for node in walk(clause.body) for index in binds(node))
    rows = [(p, inner) for p in outer.values() if p is not None for inner in _sums_in(p.body)]
    for number, (part, inner) in enumerate(rows):
        # under another sum over the same letter it could be read elsewhere
        read = reach(part, clause, sizes)
        if read and binders[part.place] == 1 and _is_apart(part, inner, clause):
            places = {part.place: Range(*read[:2])}
            yield inner, _defined(places, inner, clause, f"{stem}·in{number}")


def with_sums_of_sums(model: Model, sizes: Sizes) -> Model:
    """The model with sums that go as far as the index of another sum as definitions of their own,
    the outer ones first."""
    for depth in range(_DEPTH):
        stem = f"of{depth}"
        found = with_own_definitions(
            model, lambda clause, name, stem=stem: _sums_of_sums(clause, sizes, f"{name}·{stem}")
        )
        if found is model:
            break
        model = found
    return model


def _sums_of_sums(clause: Clause, sizes: Sizes, stem: str) -> Found:
    nodes = [node for node in dict.fromkeys(walk(clause.body)) if isinstance(node, Reduce)]
    guarded = below_cases(clause.body)
    binders = Counter(index for node in walk(clause.body) for index in binds(node))
    for number, outer in enumerate(node for node in nodes if node not in guarded):
        span = _span(outer, clause, sizes)
        if span is None or binders[outer.index] > 1:
            continue
        ranges = {**clause.ranges, outer.index: span}
        for inner in walk(outer.body):
            if not isinstance(inner, Reduce) or inner in guarded:
                continue
            part = part_of(inner, replace(clause, ranges=ranges))
            known = part is not None and part.at is outer.index and inner.free <= ranges.keys()
            if part is not None and known and reach(part, replace(clause, ranges=ranges), sizes):
                yield inner, _defined({outer.index: span}, inner, clause, f"{stem}·{number}")
                break


def _span(outer: Reduce, clause: Clause, sizes: Sizes) -> Range | None:
    """The values that the index of a sum has anywhere."""
    if outer.op != "sum":
        return None
    if not outer.lo.free | outer.hi.free:
        return Range(outer.lo, outer.hi)
    part = part_of(outer, clause)
    read = None if part is None else reach(part, clause, sizes)
    return None if read is None else Range(*read[:2])


def _sums_in(body: Expr) -> Iterator[Reduce]:
    """The sums that a summand is, or that are factors of it."""
    for factor in body.factors if isinstance(body, Mul) else (body,):
        if isinstance(factor, Reduce):
            yield factor


def _is_apart(part: Part, inner: Reduce, clause: Clause) -> bool:
    """Whether a sum goes as far as another index than the one around it, of which it is free."""
    own = part_of(inner, clause)
    letters = clause.ranges.keys() | {part.place}
    return own is not None and part.at not in inner.free and inner.free <= letters


def _defined(
    places: Mapping[Index, Range], inner: Reduce, clause: Clause, name: str
) -> tuple[Definition, Expr]:
    known = {**places, **clause.ranges}
    ranges = {index: span for index, span in known.items() if index in inner.free}
    args = tuple(map(af.of, ranges))
    definition = Definition(name, tuple(ranges.values()), (Clause(args, ranges, inner),))
    return definition, Element(name, args)
