"""Sums within sums that both go as far as an index: the inner one is computed first, by itself.

``S[i,j] = sum[a=0..i] sum[b=0..j] x[a,b]`` at all ``i`` and ``j`` reads each pair of corners. With
``P[a,j]`` for the inner sum there are two sums, each along one axis.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from einrnn.core import affine as af
from einrnn.core.model import Clause, Definition, Model, Range
from einrnn.core.nodes import Cases, Element, Expr, Mul, Reduce
from einrnn.core.traverse import binds, walk
from einrnn.numeric.prefixes import Found, Part, part_of, with_own_definitions


def with_inner_sums(model: Model) -> Model:
    """The model with the inner sums of its definitions as definitions of their own; recurrences
    stay as they are, and so does what a condition may leave out."""
    return with_own_definitions(model, _inner_sums)


def _inner_sums(clause: Clause, stem: str) -> Found:
    """Each such sum that stands in one other sum only, with its definition and its entry."""
    nodes = [node for node in dict.fromkeys(walk(clause.body)) if isinstance(node, Reduce)]
    guarded = {
        below for node in walk(clause.body) if isinstance(node, Cases) for below in walk(node)
    }
    outer = {node: part_of(node, clause) for node in nodes if node not in guarded}
    binders = Counter(index for node in walk(clause.body) for index in binds(node))
    rows = [(p, inner) for p in outer.values() if p is not None for inner in _sums_in(p.body)]
    for number, (part, inner) in enumerate(rows):
        # under another sum over the same letter it could be read elsewhere
        if binders[part.place] == 1 and _is_apart(part, inner, clause):
            yield inner, _defined(part, inner, clause, f"{stem}·in{number}")


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


def _defined(part: Part, inner: Reduce, clause: Clause, name: str) -> tuple[Definition, Expr]:
    ranges = {i: clause.ranges[i] for i in clause.ranges if i in inner.free}
    if part.place in inner.free:
        ranges = {part.place: Range(part.lo, part.hi), **ranges}
    args = tuple(map(af.of, ranges))
    definition = Definition(name, tuple(ranges.values()), (Clause(args, ranges, inner),))
    return definition, Element(name, args)
