"""Sums of the first whole numbers and of their squares and cubes (Faulhaber's formulas)."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core.build import ONE, number, power
from einrnn.core.nodes import Add, Affine, Expr, Mul, Value
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.domain import at_least_zero, follows, inequalities
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.settle import span
from einrnn.symbolic.normal.terms import Poly, Term

_FORMULAS: dict[int, Callable[[Expr], Expr]] = {
    # 1 + 2 + ... + n = n (n + 1) / 2
    1: lambda n: Mul((number(Fraction(1, 2)), n, Add((n, ONE)))),
    # 1 + 4 + ... + n^2 = n (n + 1) (2 n + 1) / 6
    2: lambda n: Mul((number(Fraction(1, 6)), n, Add((n, ONE)), Add((Mul((number(2), n)), ONE)))),
    # 1 + 8 + ... + n^3 = n^2 (n + 1)^2 / 4
    3: lambda n: Mul((number(Fraction(1, 4)), power(n, 2), power(Add((n, ONE)), 2))),
}


def power_sums(work: Normaliser, term: Term) -> Poly | None:
    """A sum over a range of a power of its own index, in closed form.

    The formula of degree k, F(n) = 0^k + ... + n^k for n >= 0, satisfies F(n) - F(n-1) = n^k
    for all n: so the sum from lo to hi is [lo <= hi] (F(hi) - F(lo - 1)). The condition is
    left out at lo = hi + 1 too, where the difference is 0.
    """
    for index in term.bound:
        own = [pair for pair in term.factors if index in pair[0].free]
        if len(own) != 1 or own[0][0] is not Value(af.of(index)) or own[0][1] not in _FORMULAS:
            continue
        ends = span(term, index)
        if ends is None:
            continue
        low, high = ends
        outer = tuple(cond for cond in term.conds if index not in cond.free)
        others = tuple(pair for pair in term.factors if pair not in own)
        count = af.shift(af.minus(high, low), 1)
        some = af.shift(count, -1)
        # over an empty range nothing is computed
        least = some if work.facts.total.product_lacks(others, work.known) else count
        if not follows((*work.known, *inequalities(outer)), least):
            outer = tm.sorted_conds((*outer, at_least_zero(some)))
        rest = Term(tuple(other for other in term.bound if other is not index), outer, others)
        total = _formula(work, int(own[0][1]), high, af.shift(low, -1))
        return work.times(rest, total)
    return None


def _formula(work: Normaliser, degree: int, high: Affine, before: Affine) -> Poly:
    formula = _FORMULAS[degree]
    upper, lower = (work.poly(formula(Value(end))) for end in (high, before))
    return tm.plus((upper, tm.scale(lower, Fraction(-1))))
