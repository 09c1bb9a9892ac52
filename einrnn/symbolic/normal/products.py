"""Products over ranges."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from einrnn.core import affine as af
from einrnn.core.nodes import (
    Add,
    Affine,
    Apply,
    Cases,
    Compare,
    Expr,
    Index,
    Mul,
    Number,
    Pow,
    Reduce,
    Value,
)
from einrnn.core.traverse import canonical, substitute
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.domain import follows, inequalities
from einrnn.symbolic.normal.extremes import Binder
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.terms import Poly, Term

if TYPE_CHECKING:
    from einrnn.symbolic.normal.expand import Normaliser

_MOST_SPLIT = 8


def product_over(work: Normaliser, over: Binder, body: Expr) -> Poly:
    """A product over a range: of all but one place, as those before it and after it."""
    left_out = _left_out(work, over, body)
    if left_out is not None:
        place, others = left_out
        before = Binder(over.index, over.lo, af.shift(place, -1))
        after = Binder(over.index, af.shift(place, 1), over.hi)
        return work.product(*(product_over(work, part, others) for part in (before, after)))
    low, high = af.minus(af.of(over.index), over.lo), af.minus(over.hi, af.of(over.index))
    return _of_factors(work, over, work.inside(low, high).poly(body))


def _left_out(work: Normaliser, over: Binder, body: Expr) -> tuple[Affine, Expr] | None:
    """The one place in the range at which the factor is 1, and the factor elsewhere."""
    match body:
        case Cases(((Compare("!=", Value(left), Value(right)), others),), Number(rest)) if (
            rest == 1
        ):
            value = af.minus(left, right)
        case _:
            return None
    times = af.coefficient(value, over.index)
    apart = af.plus(value, af.of(over.index), -times)
    if abs(times) != 1 or over.index in apart.free:
        return None
    place = af.scale(apart, -times)
    ends = (af.minus(place, over.lo), af.minus(over.hi, place))
    return (place, others) if all(follows(work.known, end) for end in ends) else None


def sum_of_logs(work: Normaliser, product: Reduce) -> Expr | None:
    """The logarithm of a product over a range as the sum of those of its factors, where these are
    above 0; None for other reductions."""
    if product.op != "prod":
        return None
    index = next(tm.unused("·l", work.spoken_for | product.free))
    body = substitute(product.body, {product.index: af.of(index)})
    low, high = af.minus(af.of(index), product.lo), af.minus(product.hi, af.of(index))
    if not work.inside(low, high).is_above(body):
        return None
    return Reduce("sum", index, product.lo, product.hi, Apply("log", (body,)))


def _of_factors(work: Normaliser, over: Binder, inner: Poly) -> Poly:
    """A product over a range, its last factors split off until it ends at ``… - 1``, or all where
    their number is known: prod_{r<=t} f_r = f_t prod_{r<=t-1} f_r. Exponentials are those of
    sums."""
    index, lo, hi = over.index, over.lo, over.hi
    summed = _exponents(inner, index)
    if summed is not None:
        rest, exponent = summed
        whole = Reduce("sum", index, lo, hi, exponent)
        outside = _of_factors(work, over, rest) if rest != tm.ONE else tm.ONE
        return work.product(outside, work.poly(Apply("exp", (whole,))))
    return _whole(work, over, inner)


def factor_by_factor(work: Normaliser, poly: Poly) -> Poly:
    """Products over ranges as products of those of their factors: ``w^H prod[i] a[i]`` for
    ``prod[i] (w a[i])``."""
    rows: list[Poly] = []
    for term, coefficient in poly.items():
        found = [pair for pair in term.factors if _is_product(pair[0])]
        others = tuple(pair for pair in term.factors if pair not in found)
        if not found:
            rows.append({term: coefficient})
            continue
        product = tm.ONE
        inner = work.inside(*inequalities(term.conds))
        for atom, exponent in found:
            assert isinstance(atom, Reduce)
            apart = _apart(inner, Binder(atom.index, atom.lo, atom.hi), inner.poly(atom.body))
            for part in [tm.atom(atom)] if apart is None else apart:
                product = work.product(product, _power(work, expression(part), exponent))
        rest = Term(term.bound, term.conds, others)
        rows.append(tm.scale(work.times(rest, product), coefficient))
    return tm.plus(rows)


def _is_product(atom: Expr) -> bool:
    return isinstance(atom, Reduce) and atom.op == "prod"


def _apart(work: Normaliser, over: Binder, inner: Poly) -> list[Poly] | None:
    """A product over a range of one term, factor by factor: powers of what does not depend on the
    index, and whole powers of products; None where it stays one product."""
    if len(inner) != 1:
        return None
    ((term, coefficient),) = inner.items()
    if term.bound or term.conds or (not term.factors and coefficient == 1):
        return None
    count = af.shift(af.minus(over.hi, over.lo), 1)
    fixed = [pair for pair in term.factors if over.index not in pair[0].free]
    whole = [pair for pair in term.factors if pair not in fixed and pair[1].denominator == 1]
    others = tuple(pair for pair in term.factors if pair not in fixed and pair not in whole)
    constant: Poly = {Term((), (), tuple(fixed)): coefficient}
    if constant != tm.ONE and not follows(work.known, count):
        return None
    if constant == tm.ONE and (not whole or (len(term.factors) == 1 and whole[0][1] == 1)):
        return None
    found = [] if constant == tm.ONE else [work.poly(Pow(expression(constant), Value(count)))]
    found += [_whole(work, over, {Term((), (), others): Fraction(1)})] if others else []
    for atom, exponent in whole:
        product = _whole(work, over, tm.atom(atom))
        found.append(_power(work, expression(product), exponent))
    return found


def _power(work: Normaliser, base: Expr, exponent: Fraction) -> Poly:
    return work.poly(Pow(base, Number(exponent)))


def _whole(work: Normaliser, over: Binder, inner: Poly) -> Poly:
    """The product as one, but for its last factors."""
    index, lo, hi = over.index, over.lo, over.hi
    body = expression(inner)
    split: list[Poly] = []
    counted = af.number(af.minus(hi, lo)) is not None
    while (
        (counted or hi.constant > -1)
        and len(split) < _MOST_SPLIT
        and follows(work.known, af.minus(hi, lo))
    ):
        split.append(work.poly(substitute(body, {index: hi})))
        hi = af.shift(hi, -1)
    if af.number(af.minus(hi, lo)) == -1:
        result = tm.ONE
    else:
        atom = canonical(Reduce("prod", index, lo, hi, body))
        result = tm.atom(tm.in_order(atom))
    for factor in split:
        result = work.product(result, factor)
    return result


def _exponents(inner: Poly, index: Index) -> tuple[Poly, Expr] | None:
    """A product of exponentials that depend on an index, and of what else there is, as the
    rest and the exponent."""
    if len(inner) != 1:
        return None
    ((term, coefficient),) = inner.items()
    if term.bound or term.conds:
        return None
    found = [
        (atom, exponent)
        for atom, exponent in term.factors
        if isinstance(atom, Apply) and atom.function == "exp" and index in atom.free
    ]
    if not found:
        return None
    kept = tuple(pair for pair in term.factors if pair not in found)
    exponents = [Mul((Number(exponent), *atom.args)) for atom, exponent in found]
    return {Term((), (), kept): coefficient}, Add(tuple(exponents))
