"""Powers, exponentials and logarithms of polynomials."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, TypeGuard

from einrnn.core import affine as af
from einrnn.core import build
from einrnn.core.build import is_bracket
from einrnn.core.digits import is_long
from einrnn.core.nodes import Add, Apply, Cases, Cond, Expr, Pow, Reduce, Value
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.domain import follows
from einrnn.symbolic.normal.picked import picked
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.roots import (
    absolute_squares,
    is_absolute,
    prime_powers,
    split_positive,
)
from einrnn.symbolic.normal.settle import span
from einrnn.symbolic.normal.terms import Poly, Term, TooLarge, sorted_terms

if TYPE_CHECKING:
    from einrnn.symbolic.normal.expand import Normaliser

_MOST_REPEATED = 6
_MOST_CASES = 6
_LEFT_OUT = build.neg(Apply("inf", ()))
_MINUS_ONE: Poly = {tm.UNIT: Fraction(-1)}


def power(work: Normaliser, base: Poly, exponent: Poly) -> Poly:
    """A power: whole ones are multiplied out, negative ones of sums are atoms."""
    if base == tm.ONE:
        return tm.ONE
    if base == _MINUS_ONE and all(map(_is_whole, exponent.items())):
        exponent = {term: times % 2 for term, times in exponent.items() if times % 2}
    number = as_number(exponent)
    if number is None:
        # a^(n + m) = a^n a^m keeps a symbolic exponent beside a whole one apart
        whole = exponent.get(tm.UNIT, Fraction(0))
        rest = {term: c for term, c in exponent.items() if term is not tm.UNIT and term.factors}
        if _splits(work, base, rest, whole) and len(rest) + 1 == len(exponent):
            split = power(work, base, rest)
            return work.product(split, power(work, base, tm.constant(whole)))
        by_factor = _power_of_product(work, base, exponent)
        if by_factor is not None:
            return by_factor
        return tm.atom(Pow(expression(base), expression(exponent)))
    if number.denominator == 1 and 0 <= number <= _MOST_REPEATED:
        result = tm.ONE
        for _ in range(int(number)):
            result = work.product(result, base)
        return result
    if not base:
        raise TooLarge
    single = single_factors(base)
    if single is not None and number.denominator == 1:
        coefficient, factors = single
        if is_long(coefficient, int(number)):
            raise TooLarge
        moved = tm.sorted_factors(_raised(a, e * number) for a, e in factors)
        return {Term((), (), moved): coefficient ** int(number)}
    return _power_of_sum(work, base, number)


def _splits(work: Normaliser, base: Poly, rest: Poly, whole: Fraction) -> bool:
    """Whether a^(n + m) is a^n a^m for a whole m wherever it has a value: 0^(n + 1) is 1 at
    n = -1, where 0^n has none, and 0^(n - 1) at n = 1, where nothing is divided by 0."""
    if not whole or whole.denominator != 1:
        return False
    if work.facts.total.is_nonzero(expression(base), work.known):
        return True
    if whole < 0:
        return False
    index = af.ZERO
    for term, times in rest.items():
        atom = term.factors[0][0] if term.factors else None
        if len(term.factors) != 1 or term.factors[0][1] != 1 or term.bound or term.conds:
            return False
        if not isinstance(atom, Value) or times.denominator != 1:
            return False
        index = af.plus(index, atom.index, int(times))
    return follows(work.known, index)


def _power_of_product(work: Normaliser, base: Poly, exponent: Poly) -> Poly | None:
    """(a^n b)^m as a^(n m) b^m, where all is positive or all exponents are whole; else None."""
    single = single_factors(base)
    if single is None or not single[1]:
        return None
    coefficient, factors = single
    if any(is_bracket(atom) for atom, _ in factors):
        return None
    whole = all(map(_is_whole, exponent.items())) and all(e.denominator == 1 for _, e in factors)
    if not whole and (coefficient < 0 or not all(work.is_positive(a) for a, _ in factors)):
        return None
    if coefficient == 1 and len(factors) == 1:
        ((atom, times),) = factors
        if isinstance(atom, Apply) and atom.function == "exp":
            above = work.product(work.poly(atom.args[0]), tm.scale(exponent, times))
            return exponential(work, work.canonical(above))
        if isinstance(atom, Pow) and work.is_positive(atom.base):
            above = work.product(work.poly(atom.exponent), tm.scale(exponent, times))
            return power(work, work.poly(atom.base), work.canonical(above))
        if times == 1:
            return None
    powers = [(tm.atom(atom), tm.scale(exponent, times)) for atom, times in factors]
    result = power(work, tm.constant(coefficient), exponent)
    for below, above in powers:
        result = work.product(result, power(work, below, above))
    return result


def _is_whole(summand: tuple[Term, Fraction]) -> bool:
    """Whether a summand is a whole number: a product of sizes, indices and whole numbers."""
    term, coefficient = summand
    return coefficient.denominator == 1 and all(
        isinstance(atom, Value) and exponent.denominator == 1 and exponent > 0
        for atom, exponent in term.factors
    )


def _raised(atom: Expr, exponent: Fraction) -> tuple[Expr, Fraction]:
    """A power of an atom. The reciprocal of a bracket is an atom of its own: it has no value
    where the condition fails, and must not take the bracket beside it away."""
    if exponent < 0 and is_bracket(atom):
        return Pow(atom, build.number(-1)), Fraction(1)
    return atom, exponent


def _power_of_sum(work: Normaliser, base: Poly, number: Fraction) -> Poly:
    """A power of a sum as an atom, what all its terms share taken out."""
    by_choice = picked(work, base, lambda inside, value: power(inside, value, tm.constant(number)))
    if by_choice is not None:
        return by_choice
    (coefficient, factors), rest = primitive(base)
    if number.denominator != 1:
        return _root(work, coefficient, factors, rest, number)
    if is_long(coefficient, int(number)):
        raise TooLarge
    moved = tm.sorted_factors((a, e * number) for a, e in factors)
    outside: Poly = {Term((), (), moved): coefficient ** int(number)}
    return work.product(outside, _of_bracket(rest, number) or tm.atom(expression(rest), number))


def _of_bracket(base: Poly, exponent: Fraction) -> Poly | None:
    """(p + q b)^n = p^n + ((p + q)^n - p^n) b for numbers p, p + q that are not 0 and a bracket."""
    others = [(term, times) for term, times in base.items() if term != tm.UNIT]
    if len(others) != 1:
        return None
    ((term, times),) = others
    if term.bound or term.conds or len(term.factors) != 1 or not is_bracket(term.factors[0][0]):
        return None
    at_0 = base.get(tm.UNIT, Fraction(0))
    at_1 = at_0 + times
    if not at_0 or not at_1:
        return None
    low, high = at_0 ** int(exponent), at_1 ** int(exponent)
    return tm.plus((tm.scale(tm.ONE, low), {term: high - low} if high != low else tm.NOTHING))


def _root(
    work: Normaliser, coefficient: Fraction, factors: tm.Factors, rest: Poly, number: Fraction
) -> Poly:
    """A power that is not whole: what is known to be positive is taken out of it."""
    outside, inside = split_positive(coefficient, factors, number, work.is_positive)
    left = work.canonical(work.product({Term((), (), inside[1]): inside[0]}, rest))
    result: Poly = {Term((), (), outside[1]): outside[0]}
    if left != tm.ONE:
        result = work.product(result, tm.atom(expression(left), number))
    return result


def primitive(base: Poly) -> tuple[tuple[Fraction, tm.Factors], Poly]:
    """The rational and the powers that all terms share, and what is left.

    Only powers without bound indices are shared; the first term left has coefficient 1.
    """
    rows = sorted_terms(base)
    powers = [
        {a: e for a, e in term.factors if not a.free & frozenset(term.bound) and not is_bracket(a)}
        for term, _ in rows
    ]
    everywhere = dict.fromkeys(atom for row in powers for atom in row)
    shared = {atom: min(row.get(atom, Fraction(0)) for row in powers) for atom in everywhere}
    shared = {atom: exponent for atom, exponent in shared.items() if exponent}
    leading = rows[0][1]
    inverse = [(a, -e) for a, e in shared.items()]
    rest = tm.plus(
        {Term(t.bound, t.conds, tm.merged(t.factors, tm.sorted_factors(inverse))): c / leading}
        for t, c in rows
    )
    return (leading, tm.sorted_factors(shared.items())), rest


def as_number(poly: Poly) -> Fraction | None:
    """The value of a polynomial without atoms."""
    if not poly:
        return Fraction(0)
    return poly.get(tm.UNIT) if len(poly) == 1 else None


def single_factors(poly: Poly) -> tuple[Fraction, tm.Factors] | None:
    """Coefficient and factors of a polynomial that is one product."""
    if len(poly) != 1:
        return None
    ((term, coefficient),) = poly.items()
    return None if term.bound or term.conds else (coefficient, term.factors)


def exponential(work: Normaliser, inner: Poly) -> Poly:
    """exp of a sum as a product: exp(2a + b) = exp(a)^2 exp(b); exp(n log a) = a^n.

    Conditions move out: exp([c] a) = [c] exp(a) + 1 - [c].
    """
    by_conds: dict[tuple[Cond, ...], dict[Term, Fraction]] = {}
    for term, coefficient in sorted_terms(inner):
        outside = () if term.bound else term.conds
        by_conds.setdefault(outside, {})[term] = coefficient
    if len(by_conds) > _MOST_CASES:
        return _exponential_of_sum(work, inner)
    result = tm.ONE
    for conds, summands in by_conds.items():
        holds: Poly = {Term((), conds, ()): Fraction(1)}
        bare = {Term(t.bound, (), t.factors): c for t, c in summands.items()} if conds else summands
        factor = work.product(holds, _exponential_of_sum(work, bare))
        if conds:
            factor = tm.plus((factor, tm.ONE, tm.scale(holds, Fraction(-1))))
        result = work.product(result, factor)
        if conds:
            result = work.canonical(result)
    return result


def exp_of(expr: Expr) -> Expr:
    """The exponential of what may be left out by conditions: exp(-inf) is 0."""
    if expr is _LEFT_OUT:
        return build.ZERO
    if not isinstance(expr, Cases):
        return Apply("exp", (expr,))
    branches = tuple((cond, exp_of(branch)) for cond, branch in expr.branches)
    return Cases(branches, exp_of(expr.otherwise))


def _exponential_of_sum(work: Normaliser, inner: Poly) -> Poly:
    result = tm.ONE
    for term, coefficient in sorted_terms(inner):
        result = work.product(result, _exponential_of(work, term, coefficient))
    return result


def _exponential_of(work: Normaliser, term: Term, coefficient: Fraction) -> Poly:
    if not term.bound and not term.conds:
        logs = [a for a, _ in term.factors if isinstance(a, Apply) and a.function == "log"]
        if len(logs) == 1 and dict(term.factors)[logs[0]] == 1:
            (log,) = logs
            others = Term((), (), tuple(pair for pair in term.factors if pair[0] is not log))
            return power(work, work.poly(log.args[0]), {others: coefficient})
    product = _product_of_arguments(term)
    if product is not None and coefficient.denominator == 1:
        return power(work, work.poly(product), tm.constant(coefficient))
    return tm.atom(Apply("exp", (expression({term: Fraction(1)}),)), coefficient)


def _product_of_arguments(term: Term) -> Reduce | None:
    """The product over a range whose logarithm a sum of logarithms is: exp(Σ log f) = Π f."""
    if len(term.bound) != 1 or len(term.factors) != 1:
        return None
    (index,), ((base, exponent),) = term.bound, term.factors
    ends = span(term, index)
    if ends is None or exponent != 1 or any(index not in cond.free for cond in term.conds):
        return None
    if not isinstance(base, Apply) or base.function != "log":
        return None
    return Reduce("prod", index, ends[0], ends[1], base.args[0])


def logarithm(work: Normaliser, inner: Poly) -> Poly:
    """log of a product as a sum, as far as its factors are known to be positive."""
    if not inner:
        return tm.atom(Apply("log", (build.ZERO,)))
    by_choice = picked(work, inner, logarithm)
    if by_choice is not None:
        return work.canonical(by_choice)
    inner, divisors = _cleared(work, inner)
    (coefficient, factors), rest = primitive(inner)
    factors = absolute_squares(factors, work.is_positive)
    positive = [(base, e) for base, e in factors if is_absolute(base) or work.is_positive(base)]
    others = tm.sorted_factors(pair for pair in factors if pair not in positive)
    rows = [_log_power(work, base, exponent) for base, exponent in (*positive, *divisors)]
    for prime, times in prime_powers(abs(coefficient)):
        rows.append(tm.scale(tm.atom(Apply("log", (build.number(prime),))), Fraction(times)))
    sign = Fraction(1 if coefficient > 0 else -1)
    if sign > 0 and rest == tm.ONE and len(others) == 1:
        ((base, exponent),) = others
        if _is_odd(exponent) and not isinstance(base, Pow):  # a and a^-1 have one sign
            log = tm.atom(Apply("log", (base,)))
            return work.canonical(tm.plus((*rows, tm.scale(log, exponent))))
    left = work.canonical(work.product({Term((), (), others): sign}, rest))
    if left != tm.ONE:
        rows.append(tm.atom(Apply("log", (expression(left),))))
    return work.canonical(tm.plus(rows))


def _is_odd(exponent: Fraction) -> bool:
    return exponent.denominator == 1 and exponent.numerator % 2 == 1


def _cleared(work: Normaliser, inner: Poly) -> tuple[Poly, tm.Factors]:
    """log(1 - 1/s) = log(s - 1) - log(s) for a positive sum s: a sum with positive divisors
    as one quotient, the numerator and the negative powers of the divisors."""
    if len(inner) == 1:
        return inner, ()
    bound = frozenset(index for term in inner for index in term.bound)
    lowest: dict[Expr, Fraction] = {}
    for term in inner:
        for base, exponent in term.factors:
            if exponent < 0 and exponent.denominator == 1 and isinstance(base, Add | Reduce):
                lowest[base] = min(exponent, lowest.get(base, exponent))
    divisors = tm.sorted_factors(
        (base, exponent)
        for base, exponent in lowest.items()
        if not base.free & bound and work.is_positive(base)
    )
    for base, exponent in divisors:
        inner = work.product(inner, tm.atom(base, -exponent))
    return (work.canonical(inner), divisors) if divisors else (inner, ())


def _log_power(work: Normaliser, base: Expr, exponent: Fraction) -> Poly:
    if isinstance(base, Apply) and base.function == "exp":
        return tm.scale(work.poly(base.args[0]), exponent)
    if isinstance(base, Pow):
        # log(a^n) = n log(a) where a is positive
        below = _log_power(work, base.base, Fraction(1))
        return tm.scale(work.product(work.poly(base.exponent), below), exponent)
    if _is_product(base) and work.is_positive(base.body):
        # log(Π f) = Σ log(f) where every f is positive
        logs = Reduce("sum", base.index, base.lo, base.hi, Apply("log", (base.body,)))
        return tm.scale(work.poly(logs), exponent)
    return tm.scale(tm.atom(Apply("log", (base,))), exponent)


def _is_product(base: Expr) -> TypeGuard[Reduce]:
    return isinstance(base, Reduce) and base.op == "prod"
