"""Sums of the same summands over ranges that begin and end at different distances from one place,
all stretched to where the first begins and the last ends.

``Σ_{t=1..T-1} x[t] - Σ_{t=0..T-2} x[t] = x[T-1] - x[0]``, also where ``T`` is 1 and both are empty.
What is put in is taken out again, and has a value wherever that is.
"""

from __future__ import annotations

from typing import NamedTuple

from einrnn.core import affine as af
from einrnn.core.nodes import Affine, Index
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.domain import at_least_zero, follows, inequalities
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.settle import span
from einrnn.symbolic.normal.terms import Poly, Term

_MOST_ADDED = 4
_ANY = Index("·any")


class _Sum(NamedTuple):
    """A term as a sum over one of its indices, called :data:`_ANY`: what is summed, and from where
    to where."""

    summand: Term
    lo: Affine
    hi: Affine

    def kind(self) -> tuple[Term, Affine, Affine]:
        """What sums have in common that differ in their ends by numbers only."""
        return self.summand, _without_number(self.lo), _without_number(self.hi)


def stretched(work: Normaliser, poly: Poly) -> Poly:
    """The polynomial with the sums of each kind over one range; itself where there is nothing to
    be done."""
    found = {term: sums for term in poly if (sums := _sums(work, term))}
    ends: dict[tuple[Term, Affine, Affine], list[_Sum]] = {}
    for sums in found.values():
        for one in sums:
            ends.setdefault(one.kind(), []).append(one)
    rows: list[Poly] = []
    for term, times in poly.items():
        pairs = ((work, one, ends[one.kind()]) for one in found.get(term, ()))
        rows.append(tm.scale(next(filter(None, (_over(*p) for p in pairs)), {term: _ONE}), times))
    return tm.plus(rows)


_ONE = tm.Fraction(1)


def _sums(work: Normaliser, term: Term) -> list[_Sum]:
    rows: list[_Sum] = []
    for index in term.bound:
        ends = span(term, index)
        if ends is None:
            continue
        others = tuple(cond for cond in term.conds if index not in cond.free)
        known = (*work.known, *inequalities(others))
        # it may be empty, but does not end further before it begins
        if follows(known, af.shift(af.minus(ends[1], ends[0]), 1)):
            bound = tuple(other for other in term.bound if other is not index)
            inside = tm.rename(Term(bound, others, term.factors), {index: af.of(_ANY)})
            rows.append(_Sum(inside, *ends))
    return rows


def _over(work: Normaliser, one: _Sum, others: list[_Sum]) -> Poly | None:
    """A sum as one over the range that reaches as far as those of all others, less what that
    adds."""
    lo = min((other.lo for other in others), key=lambda end: end.constant)
    hi = max((other.hi for other in others), key=lambda end: end.constant)
    before, after = one.lo.constant - lo.constant, hi.constant - one.hi.constant
    if not 0 < before + after <= _MOST_ADDED:
        return None
    any_ = af.of(_ANY)
    inside = (at_least_zero(af.minus(any_, lo)), at_least_zero(af.minus(hi, any_)))
    summand = one.summand
    bound, conds = (_ANY, *summand.bound), tm.sorted_conds((*summand.conds, *inside))
    if work.facts.total.product_lacks(summand.factors, (*work.known, *inequalities(conds))):
        return None
    added = [af.shift(lo, n) for n in range(before)] + [af.shift(hi, -n) for n in range(after)]
    places = ({tm.rename(summand, {_ANY: place}): -_ONE} for place in added)
    return tm.plus(({Term(bound, conds, summand.factors): _ONE}, *places))


def _without_number(value: Affine) -> Affine:
    return af.shift(value, -value.constant)
