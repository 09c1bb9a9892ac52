"""Sums of powers whose exponent is the index: (b - 1) Σ b^k over lo..hi is b^(hi+1) - b^lo."""

from __future__ import annotations

from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core.build import power
from einrnn.core.nodes import Affine, Expr, Index, Mul, Number, Pow, Value
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.domain import at_least_zero, follows, inequalities
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.settle import span
from einrnn.symbolic.normal.terms import Factors, Poly, Term

_MOST_TIMES = 8


def geometric_sums(work: Normaliser, term: Term) -> Poly | None:
    """A sum of powers next to the leading term of what it may be multiplied by, ``b^m - 1``.

    That term, times the sum, is both ends and the rest of ``b^m - 1`` times the sum; a number
    ``b^m - 1`` is divided by. Each time the factors beside the sum become fewer.
    """
    for index in term.bound:
        found = _summed(term, index)
        ends = None if found is None else span(term, index)
        if found is None or ends is None:
            continue
        rest = tm.plus((work.poly(power(*found)), tm.scale(tm.ONE, Fraction(-1))))
        leading = _leading(rest)
        beside = dict(term.factors)
        if leading is None or any(beside.get(a, Fraction(0)) < e for a, e in leading):
            continue
        low, high = ends
        upper, lower = (
            work.poly(power(Pow(found[0], Value(end)), found[1]))
            for end in (af.shift(high, 1), low)
        )
        at_ends = tm.plus((upper, tm.scale(lower, Fraction(-1))))
        return _replaced(work, term, index, ends, at_ends, rest, leading)
    return None


def _summed(term: Term, index: Index) -> tuple[Expr, int] | None:
    """What a sum over an index adds powers of, ``b^(m k)``, as b and m."""
    own = [pair for pair in term.factors if index in pair[0].free]
    if len(own) != 1:
        return None
    atom, times = own[0]
    if not isinstance(atom, Pow) or index in atom.base.free:
        return None
    match atom.exponent:
        case Value(value) if value is af.of(index):
            pass
        case Mul((Number(factor), Value(value))) if value is af.of(index):
            times *= factor
        case _:
            return None
    if times.denominator != 1 or not 0 < times <= _MOST_TIMES:
        return None
    return atom.base, int(times)


def _leading(rest: Poly) -> Factors | None:
    """The factors of the leading term: of the highest degree, and none where it is a number."""
    plain = [t for t in rest if not t.bound and not t.conds and all(e > 0 for _, e in t.factors)]
    if not plain or len(plain) < len(rest):
        return None
    return max(plain, key=tm.degree).factors


def _replaced(
    work: Normaliser,
    term: Term,
    index: Index,
    ends: tuple[Affine, Affine],
    at_ends: Poly,
    rest: Poly,
    leading: Factors,
) -> Poly:
    """lead Σ = (b^(hi+1) - b^lo - (rest - lead) Σ), where lead is its term in the rest."""
    lead = Term((), (), leading)
    fewer = tm.merged(term.factors, tuple((atom, -exponent) for atom, exponent in leading))
    outside = tuple(pair for pair in fewer if index not in pair[0].free)
    count = af.shift(af.minus(ends[1], ends[0]), 1)
    conds = tuple(cond for cond in term.conds if index not in cond.free)
    some = af.shift(count, -1)
    # both ends are the same at a count of 0, too; but over an empty range nothing is computed
    least = some if work.facts.total.product_lacks(outside, work.known) else count
    if not follows((*work.known, *inequalities(conds)), least):
        conds = tm.sorted_conds((*conds, at_least_zero(some)))
    around = Term(tuple(i for i in term.bound if i is not index), conds, outside)
    others = {t: -c for t, c in rest.items() if t != lead}
    left = work.times(Term(term.bound, term.conds, fewer), others)
    return tm.scale(tm.plus((work.times(around, at_ends), left)), 1 / rest[lead])
