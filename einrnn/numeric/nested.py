"""Sums within sums that both go as far as an index: the inner one is computed first, by itself.

``S[i,j] = sum[a=0..i] sum[b=0..j] x[a,b]`` at all ``i`` and ``j`` reads each pair of corners. With
``P[a,j]`` for the inner sum there are two sums, each along one axis.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from einrnn.core import affine as af
from einrnn.core.model import Clause, Definition, Model, Range
from einrnn.core.nodes import Element, Expr, Index, Mul, Reduce
from einrnn.core.traverse import below_cases, binds, walk
from einrnn.numeric.prefixes import Found, Part, Sizes, part_of, reach, with_own_definitions


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
