"""The structure of a tensor: which of its indices are equal wherever it is not 0.

``2 δ[i,j] V[n,k] V[n,l]`` has four indices and the entries of a matrix: one over ``i = j``, ``k``
and ``l``, and it does not depend on the first. ``U[i,l] V[j,k]`` is a product of two matrices.
Terms with the same deltas are one component; a term whose factors share no index keeps them apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from einrnn.core import affine as af
from einrnn.core.model import Model, Range
from einrnn.core.nodes import (
    Add,
    Affine,
    Compare,
    Cond,
    Element,
    Expr,
    Index,
    Mul,
    Node,
    Value,
)
from einrnn.core.traverse import substitute, walk
from einrnn.dataclass import dataclass
from einrnn.symbolic import simplify as s
from einrnn.symbolic.ranges import Ranges
from einrnn.symbolic.sweep.terms import Term, entry, opened, pinned
from einrnn.symbolic.tidy import tidy

# how often a derived tensor is written out to see the deltas in its definition
_ROUNDS = 20


@dataclass(frozen=True)
class Place:
    """An axis of the tensor has the position ``index + offset``."""

    index: Index
    offset: int


@dataclass(frozen=True)
class Factor:
    """An expression over some of the component's indices."""

    expr: Expr
    indices: tuple[Index, ...]


@dataclass(frozen=True)
class Component:
    """A product of factors that share no index; ``places`` has one entry per axis of the tensor.

    The tensor is 0 where no values of the indices in ``ranges`` give the positions.
    """

    factors: tuple[Factor, ...]
    ranges: Mapping[Index, Range]
    places: tuple[Place, ...]


def components(
    model: Model, expr: Expr, order: Sequence[Index], ranges: Ranges
) -> tuple[Component, ...]:
    """The tensor with axes ``order`` as a sum of components.

    It is one component where some part of it has all entries: the others add nothing then.
    """
    found = _parts(model, expr, order, ranges)
    plain = tuple(Place(index, 0) for index in order)
    if any(part.places == plain and len(part.factors[0].indices) == len(order) for part in found):
        return (Component((_over(expr, ranges),), ranges, plain),)
    return found


def _parts(
    model: Model, expr: Expr, order: Sequence[Index], ranges: Ranges
) -> tuple[Component, ...]:
    body = _written_out(model, expr, ranges)
    kept = frozenset(order)
    outer: list[Component] = []
    sums: dict[tuple[Place, ...], tuple[dict[Index, Range], list[Expr]]] = {}
    terms = body.terms if isinstance(body, Add) else (body,)
    every = [t for part in terms for t in opened(part, ranges, lambda node: _equates(node, kept))]
    for term in every:
        term, places, own = _diagonal(term, order, ranges)
        groups = _apart(term, own)
        if len(groups) > 1:
            factors = tuple(_factor(group, own) for group in groups)
            outer.append(Component(factors, own, places))
        else:
            sums.setdefault(places, (own, []))[1].append(term.expression(own))
    found = [
        Component((_over(tidy(s.add(exprs), own), own),), own, places)
        for places, (own, exprs) in sums.items()
    ]
    return (*found, *outer)


def _written_out(model: Model, expr: Expr, ranges: Ranges) -> Expr:
    """An entry of a derived tensor as the right side of its definition, where one is sure."""
    for _ in range(_ROUNDS):
        if not isinstance(expr, Element) or expr.tensor not in model.derived:
            break
        if any(e.tensor == expr.tensor for e in _reads(model, expr.tensor)):
            break
        body = entry(model.definitions[expr.tensor], expr, ranges)
        if body is None:
            break
        expr = body
    return pinned(tidy(expr, ranges), ranges)


def _reads(model: Model, name: str) -> list[Element]:
    bodies = [clause.body for clause in model.definitions[name].clauses]
    return [node for node in walk(*bodies) if isinstance(node, Element)]


def _equates(node: Node, letters: frozenset[Index]) -> bool:
    """Whether there is a delta over two of the letters inside."""
    return any(
        isinstance(part, Compare) and part.op == "==" and len(part.free & letters) == 2
        for part in walk(node)
    )


def _delta(cond: Cond, letters: Ranges) -> tuple[Index, Index, int] | None:
    """``(i, j, c)`` for ``i == j + c`` over letters of one range."""
    match cond:
        case Compare("==", Value(left), Value(right)):
            difference = af.minus(left, right)
        case _:
            return None
    if len(difference.terms) != 2:
        return None
    (first, one), (second, other) = difference.terms
    if first not in letters or second not in letters or {one, other} != {1, -1}:
        return None
    assert isinstance(first, Index)
    assert isinstance(second, Index)
    if letters[first] != letters[second]:
        return None
    return first, second, -one * difference.constant


def _diagonal(
    term: Term, order: Sequence[Index], ranges: Ranges
) -> tuple[Term, tuple[Place, ...], dict[Index, Range]]:
    """The term with deltas carried out, where each axis lies, and the indices that are left."""
    places = {index: Place(index, 0) for index in order}
    own = {index: ranges[index] for index in order}
    while True:
        found = next((d for cond in term.conds if (d := _delta(cond, own))), None)
        if found is None:
            return term, tuple(places[index] for index in order), own
        first, second, shift = found
        # the letter of the earlier axis stays, which then counts from 0
        low = max(shift, 0)
        span = own[first]
        own[first] = Range(span.lo, af.shift(span.hi, -abs(shift)))
        del own[second]
        moved = {first: af.shift(af.of(first), low), second: af.shift(af.of(first), low - shift)}
        term = _substituted(term, moved, own)
        for index, place in places.items():
            if place.index == first:
                places[index] = Place(first, place.offset + low)
            elif place.index == second:
                places[index] = Place(first, place.offset + low - shift)


def _substituted(term: Term, values: Mapping[Index, Affine], ranges: Ranges) -> Term:
    sums = tuple(
        (index, Range(substitute(span.lo, values), substitute(span.hi, values)))
        for index, span in term.sums
    )
    conds = tuple(substitute(cond, values) for cond in term.conds)
    kept = tuple(cond for cond in conds if not _certain(cond))
    factors = tuple(tidy(substitute(f, values), {**ranges, **dict(sums)}) for f in term.factors)
    return Term(sums, kept, factors)


def _certain(cond: Cond) -> bool:
    """Whether an equality has the same on both sides."""
    match cond:
        case Compare("==", Value(left), Value(right)):
            return left is right
        case _:
            return False


def _apart(term: Term, own: Ranges) -> list[Term]:
    """The parts of a term that share no index; those without a kept index go with the first."""
    groups: list[tuple[set[Index], Term]] = []
    spans = [(frozenset({i}) | r.lo.free | r.hi.free, Term(sums=((i, r),))) for i, r in term.sums]
    conds = [(cond.free, Term(conds=(cond,))) for cond in term.conds]
    factors = [
        (part.free, Term(factors=(part,)))
        for factor in term.factors
        for part in (factor.factors if isinstance(factor, Mul) else (factor,))
    ]
    for free, part in (*spans, *conds, *factors):
        letters = set(free)
        joined = [group for group in groups if group[0] & letters]
        groups = [group for group in groups if not group[0] & letters]
        merged = Term()
        for found, inner in joined:
            letters |= found
            merged = _together(merged, inner)
        groups.append((letters, _together(merged, part)))
    kept = [group for letters, group in groups if letters & own.keys()]
    others = [group for letters, group in groups if not letters & own.keys()]
    if not kept:
        return [term]
    for group in others:
        kept[0] = _together(kept[0], group)
    return kept


def _together(left: Term, right: Term) -> Term:
    return Term(
        (*left.sums, *right.sums), (*left.conds, *right.conds), (*left.factors, *right.factors)
    )


def _factor(term: Term, own: Ranges) -> Factor:
    return _over(term.expression(own), own)


def _over(expr: Expr, own: Ranges) -> Factor:
    return Factor(expr, tuple(index for index in own if index in expr.free))
