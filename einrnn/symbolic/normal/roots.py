"""Roots: powers with exponents that are not whole.

Of rationals each prime is an atom of its own, so that ``sqrt(2) sqrt(3) = sqrt(6)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction

from einrnn.core.build import joined_power
from einrnn.core.nodes import Apply, Expr, Number
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.terms import Factors, Term

_LARGEST_PRIME = 1_000

Predicate = Callable[[Expr], bool]


def prime_powers(value: Fraction) -> list[tuple[int, int]]:
    """A positive rational as powers of primes; what has large prime factors only stays whole."""
    found: list[tuple[int, int]] = []
    for number, sign in ((value.numerator, 1), (value.denominator, -1)):
        prime = 2
        while prime <= _LARGEST_PRIME and prime * prime <= number:
            times = 0
            while number % prime == 0:
                number //= prime
                times += 1
            if times:
                found.append((prime, sign * times))
            prime += 1
        if number > 1:
            found.append((number, sign))
    return found


def root_of_number(value: Fraction, exponent: Fraction) -> tuple[Fraction, Factors]:
    """``value^exponent`` as a rational times roots of primes; the value is positive."""
    return numbers_folded((Number(Fraction(p)), n * exponent) for p, n in prime_powers(value))


def numbers_folded(pairs: Iterable[tuple[Expr, Fraction]]) -> tuple[Fraction, Factors]:
    """A product without whole powers of numbers: 2^(3/2) = 2 2^(1/2)."""
    coefficient = Fraction(1)
    powers: dict[Expr, Fraction] = {}
    for base, exponent in pairs:
        if isinstance(base, Number):
            whole = exponent.numerator // exponent.denominator
            coefficient *= base.value**whole
            exponent -= whole
        powers[base] = joined_power(base, powers.get(base, Fraction(0)), exponent)
    return coefficient, tm.sorted_factors(powers.items())


def has_whole_number(term: Term) -> bool:
    """Whether a number stands among the factors with an exponent that is not in 0..1."""
    return any(isinstance(a, Number) and not 0 < e < 1 for a, e in term.factors)


def absolute_squares(factors: Factors, positive: Predicate) -> Factors:
    """Even powers below a root or a logarithm as those of absolute values: (a^2)^(1/2) = |a|."""
    return tm.sorted_factors(
        (Apply("abs", (base,)), power) if power % 2 == 0 and not positive(base) else (base, power)
        for base, power in factors
    )


def is_absolute(base: Expr) -> bool:
    """Whether a value is an absolute value, which is not negative."""
    return isinstance(base, Apply) and base.function == "abs"


def split_positive(
    coefficient: Fraction, factors: Factors, exponent: Fraction, positive: Predicate
) -> tuple[tuple[Fraction, Factors], tuple[Fraction, Factors]]:
    """``(c p^n x)^e = c^e p^(n e) (±x)^e`` for positive c and p: the factors taken out, raised
    to the exponent, and those that stay below it."""
    factors = absolute_squares(factors, positive)
    out = [pair for pair in factors if is_absolute(pair[0]) or positive(pair[0])]
    inside = tm.sorted_factors(pair for pair in factors if pair not in out)
    rational, roots = root_of_number(abs(coefficient), exponent)
    raised = tm.merged(roots, tm.sorted_factors((base, n * exponent) for base, n in out))
    sign = Fraction(1 if coefficient > 0 else -1)
    return (rational, raised), (sign, inside)
