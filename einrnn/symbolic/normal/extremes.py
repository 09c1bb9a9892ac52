"""The largest and the smallest of values over ranges."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import permutations
from math import gcd, lcm
from typing import TYPE_CHECKING

from einrnn.core import affine as af
from einrnn.core.nodes import Affine, Index, Reduce, ReduceOp
from einrnn.core.traverse import canonical, substitute
from einrnn.dataclass import dataclass
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.powers import primitive
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.signs import is_positive
from einrnn.symbolic.normal.terms import Poly, Term

if TYPE_CHECKING:
    from einrnn.symbolic.normal.expand import Normaliser

_MOST_BINDERS = 3


@dataclass(frozen=True)
class Binder:
    """An index and the range over which the largest value is taken."""

    index: Index
    lo: Affine
    hi: Affine


def extreme(work: Normaliser, op: ReduceOp, outer: Binder, inner: Poly) -> Poly:
    """max_j (c + p a_j) = c + p max_j a_j for a positive p, max_j (-a_j) = -min_j a_j, and
    max_j (a_j + max_i b_ij) as one maximum over both indices, whose order means nothing. The same
    for minima."""
    binders, body = _flattened(work, op, outer, inner)
    indices = frozenset(binder.index for binder in binders)
    outside = {t: c for t, c in body.items() if not indices & t.indices}
    rest = {t: c for t, c in body.items() if indices & t.indices}
    if not rest:
        rest, outside = body, {}
    scale, rest = _positive_part(work, indices, rest)
    negated = tm.scale(rest, Fraction(-1))
    ways = (_way(op, binders, rest), _way("min" if op == "max" else "max", binders, negated))
    sign = 1 if _preference(ways[0], rest) <= _preference(ways[1], negated) else -1
    whole = ways[0] if sign == 1 else ways[1]
    return tm.plus((outside, work.product(tm.scale(scale, Fraction(sign)), tm.atom(whole))))


def _way(op: ReduceOp, binders: list[Binder], body: Poly) -> Reduce:
    """The extreme value of a body, the same in whatever order its indices are given."""
    return min((_nested(op, order, body) for order in _orders(binders)), key=lambda e: e.key)


def _preference(whole: Reduce, body: Poly) -> tuple[int, bool]:
    """What has fewer minus signs goes before, and a maximum before a minimum."""
    return sum(c < 0 for c in body.values()), whole.op != "max"


def _flattened(
    work: Normaliser, op: ReduceOp, outer: Binder, inner: Poly
) -> tuple[list[Binder], Poly]:
    """The body with maxima that are summands of it taken over together with the outer one."""
    binders = [outer]
    rows: list[Poly] = []
    for term, coefficient in inner.items():
        found = _summand(op, term) if coefficient > 0 and outer.index in term.indices else None
        if found is None or len(binders) == _MOST_BINDERS:
            rows.append({term: coefficient})
            continue
        fresh = work.fresh()
        binders.append(Binder(fresh, found.lo, found.hi))
        body = work.inside(af.minus(af.of(fresh), found.lo), af.minus(found.hi, af.of(fresh)))
        opened = body.poly(substitute(found.body, {found.index: af.of(fresh)}))
        rows.append(tm.scale(opened, coefficient))
    return binders, tm.plus(rows)


def _summand(op: ReduceOp, term: Term) -> Reduce | None:
    """The maximum that a term is."""
    if term.bound or term.conds or len(term.factors) != 1:
        return None
    ((atom, exponent),) = term.factors
    return atom if exponent == 1 and isinstance(atom, Reduce) and atom.op == op else None


def _positive_part(work: Normaliser, indices: frozenset[Index], body: Poly) -> tuple[Poly, Poly]:
    """A positive factor that does not depend on the indices, and what it multiplies."""
    if not body:
        return tm.ONE, body
    shared = primitive(body)[0][1]
    out = [
        (atom, exponent)
        for atom, exponent in shared
        if not atom.free & indices and is_positive(atom, work.facts.signs)
    ]
    content = Fraction(
        gcd(*(c.numerator for c in body.values())), lcm(*(c.denominator for c in body.values()))
    )
    inverse = tm.sorted_factors((atom, -exponent) for atom, exponent in out)
    rest = tm.plus(
        {Term(t.bound, t.conds, tm.merged(t.factors, inverse)): c / content}
        for t, c in body.items()
    )
    return {Term((), (), tm.sorted_factors(out)): content}, rest


def _orders(binders: list[Binder]) -> Iterator[tuple[Binder, ...]]:
    """The orders in which the indices may be nested."""
    indices = frozenset(binder.index for binder in binders)
    if any(indices & (binder.lo.free | binder.hi.free) for binder in binders):
        yield tuple(binders)
    else:
        yield from permutations(binders)


def _nested(op: ReduceOp, binders: tuple[Binder, ...], body: Poly) -> Reduce:
    result = expression(body)
    for binder in reversed(binders):
        result = Reduce(op, binder.index, binder.lo, binder.hi, result)
    whole = tm.in_order(canonical(result))
    assert isinstance(whole, Reduce)
    return whole
