"""Sums of powers whose exponent is the index: (b - 1) Σ b^k over lo..hi is b^(hi+1) - b^lo.

``exp(a k)`` is such a power of ``exp(a)``.
"""

from __future__ import annotations

from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core.build import apply, power
from einrnn.core.nodes import Add, Affine, Apply, Expr, Index, Mul, Number, Pow, Value
from einrnn.core.traverse import substitute
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
        rest = tm.plus((work.poly(found), tm.scale(tm.ONE, Fraction(-1))))
        leading = _leading(rest)
        beside = dict(term.factors)
        if leading is None or not all(
            tm.divides(e, beside.get(a, Fraction(0))) for a, e in leading
        ):
            continue
        low, high = ends
        upper, lower = (_summand(work, term, index, end) for end in (af.shift(high, 1), low))
        at_ends = tm.plus((upper, tm.scale(lower, Fraction(-1))))
        return _replaced(work, term, index, ends, at_ends, rest, leading)
    return None


def _summed(term: Term, index: Index) -> Expr | None:
    """What a sum over an index k adds powers of: b where the summands are ``b^k`` times what
    does not depend on k."""
    own = [_power(*pair, index) for pair in term.factors if index in pair[0].free]
    bases = [base for base in own if base is not None]
    return None if len(bases) < len(own) or not own else Mul(tuple(bases))


def _summand(work: Normaliser, term: Term, index: Index, end: Affine) -> Poly:
    """What is added up, at one place."""
    own = (Pow(atom, Number(times)) for atom, times in term.factors if index in atom.free)
    return work.poly(substitute(Mul(tuple(own)), {index: end}))


def _power(atom: Expr, times: Fraction, index: Index) -> Expr | None:
    """The base b of a power b^k, which may be b^(k + n)."""
    match atom:
        case Pow(base, Add(summands)):
            own = tuple(summand for summand in summands if index in summand.free)
            return _power(Pow(base, own[0]), times, index) if len(own) == 1 else None
        case Pow(base, Value(value)) if value is af.of(index):
            pass
        case Pow(base, Mul((Number(factor), Value(value)))) if value is af.of(index):
            times *= factor
        case Apply("exp", (Mul(factors),)) if Value(af.of(index)) in factors:
            others = tuple(factor for factor in factors if factor is not Value(af.of(index)))
            base = apply("exp", Mul(others))
        case _:
            return None
    least = -_MOST_TIMES if _is_exp(base) else 1
    if index in base.free or times.denominator != 1 or not least <= times <= _MOST_TIMES:
        return None
    return power(base, int(times))


def _is_exp(atom: Expr) -> bool:
    """Whether it is an exponential, whose reciprocal is one as well."""
    return isinstance(atom, Apply) and atom.function == "exp"


def _leading(rest: Poly) -> Factors | None:
    """The factors of the leading term: of the highest degree, and none where it is a number."""
    if any(t.bound or t.conds or not all(e > 0 or _is_exp(a) for a, e in t.factors) for t in rest):
        return None
    return max(rest, key=_weight).factors if rest else None


def _weight(term: Term) -> tuple[Fraction, object]:
    """How often atoms occur, whether multiplied or divided by, and what else orders terms."""
    return sum((abs(e) for _, e in term.factors), Fraction(0)), tm.degree(term)


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
