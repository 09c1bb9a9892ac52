"""Sparse Laurent polynomials over growing sets of generators, and fractions of them.

sympy's polynomial rings fix their generators at the start and compute a greatest common
divisor for every fraction. Deciding zero needs neither: generators appear as functions are
met, and a fraction is zero if and only if its numerator is. A monomial is one integer, the
sum of ``exponent << (24 * generator)``; exponents may be negative, so a product of
monomials is a sum of integers and a division by a monomial needs no denominator.
Denominators stay products of numbered factors, which are multiplied out only into a
numerator.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from fractions import Fraction

from einrnn.dataclass import dataclass

WIDTH = 24
_HALF = 1 << (WIDTH - 1)
_MASK = (1 << WIDTH) - 1

Coefficient = int | Fraction
Denominator = tuple[tuple[int, int], ...]


class GiveUp(Exception):
    """The computation would take too long, or leaves what can be represented."""


class DividedByZero(Exception):
    """An expression divides by what is identically zero."""


@dataclass(frozen=True, eq=False)
class Poly:
    """``terms`` maps monomials to coefficients that are not 0; no exponent exceeds ``bound``."""

    terms: dict[int, Coefficient]
    bound: int


@dataclass(frozen=True, eq=False)
class Element:
    """``num`` over the product of numbered factors: pairs (factor, power), sorted."""

    num: Poly
    den: Denominator


def exponents(monomial: int) -> list[tuple[int, int]]:
    """The generators of a monomial with their exponents."""
    result: list[tuple[int, int]] = []
    generator = 0
    while monomial:
        digit = monomial & _MASK
        if digit >= _HALF:
            digit -= 1 << WIDTH
        if digit:
            result.append((generator, digit))
        monomial = (monomial - digit) >> WIDTH
        generator += 1
    return result


def monomial(generator: int, exponent: int = 1) -> int:
    """A power of one generator."""
    if abs(exponent) >= _HALF:
        raise GiveUp
    return exponent << (WIDTH * generator)


class Field:
    """Arithmetic of elements until ``deadline`` (of time.monotonic), then GiveUp."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.factors: list[Poly] = []
        self._numbers: dict[frozenset[tuple[int, Coefficient]], int] = {}
        self.zero = self.constant(0)
        self.one = self.constant(1)

    def check(self, products: int = 0) -> None:
        """Give up when the deadline has passed, or would within so many products of terms."""
        if time.monotonic() + products * 2e-7 > self.deadline:
            raise GiveUp

    def constant(self, value: Coefficient) -> Element:
        """A rational number."""
        if isinstance(value, Fraction) and value.denominator == 1:
            value = int(value)
        return Element(Poly({0: value} if value else {}, 0), ())

    def generator(self, number: int, exponent: int = 1) -> Element:
        """A power of a generator."""
        return self.term(monomial(number, exponent), abs(exponent))

    def term(self, power: int, bound: int, coefficient: Coefficient = 1) -> Element:
        """A monomial with a coefficient."""
        return Element(Poly({power: coefficient}, bound), ())

    # --- polynomials --------------------------------------------------------------------

    def plus(self, polys: Sequence[Poly]) -> Poly:
        """The sum of polynomials."""
        total = dict(polys[0].terms)
        for poly in polys[1:]:
            for power, coefficient in poly.terms.items():
                value = total.get(power, 0) + coefficient
                if value:
                    total[power] = value
                else:
                    del total[power]
        return Poly(total, max(poly.bound for poly in polys))

    def times(self, left: Poly, right: Poly) -> Poly:
        """The product of polynomials."""
        bound = left.bound + right.bound
        if bound >= _HALF:
            raise GiveUp
        if len(left.terms) > len(right.terms):
            left, right = right, left
        self.check(len(left.terms) * len(right.terms))
        total: dict[int, Coefficient] = {}
        for a, x in left.terms.items():
            for b, y in right.terms.items():
                total[a + b] = total.get(a + b, 0) + x * y
        return Poly({power: value for power, value in total.items() if value}, bound)

    def normal(self, poly: Poly) -> tuple[Coefficient, int, Poly]:
        """Coefficient and monomial of the leading term, and the polynomial divided by it."""
        lead = max(poly.terms)
        first = poly.terms[lead]
        terms: dict[int, Coefficient] = {}
        for power, coefficient in poly.terms.items():
            value = coefficient if first == 1 else Fraction(coefficient) / first
            terms[power - lead] = value
        bound = 2 * poly.bound
        if bound >= _HALF:
            raise GiveUp
        return first, lead, Poly(terms, bound)

    def factor(self, poly: Poly) -> int:
        """The number of a polynomial in normal form as a factor of denominators."""
        key = frozenset(poly.terms.items())
        if key not in self._numbers:
            self._numbers[key] = len(self.factors)
            self.factors.append(poly)
        return self._numbers[key]

    def _raised(self, poly: Poly, exponent: int) -> Poly:
        result = self.one.num
        while exponent:
            if exponent & 1:
                result = self.times(result, poly)
            exponent >>= 1
            if exponent:
                poly = self.times(poly, poly)
        return result

    # --- fractions ----------------------------------------------------------------------

    def add(self, elements: Iterable[Element]) -> Element:
        """The sum over the least common denominator of the numbered factors."""
        groups: dict[Denominator, list[Poly]] = {}
        for element in elements:
            groups.setdefault(element.den, []).append(element.num)
        sums = {den: self.plus(polys) for den, polys in groups.items()}
        sums = {den: poly for den, poly in sums.items() if poly.terms}
        if not sums:
            return self.zero
        common: dict[int, int] = {}
        for den in sums:
            for factor, power in den:
                common[factor] = max(common.get(factor, 0), power)
        numerators: list[Poly] = []
        for den, poly in sums.items():
            have = dict(den)
            for factor, power in common.items():
                missing = power - have.get(factor, 0)
                if missing:
                    poly = self.times(poly, self._raised(self.factors[factor], missing))
            numerators.append(poly)
        return self._cancelled(self.plus(numerators), common)

    def mul(self, left: Element, right: Element) -> Element:
        """The product."""
        den = dict(left.den)
        for factor, power in right.den:
            den[factor] = den.get(factor, 0) + power
        if not den:
            return Element(self.times(left.num, right.num), ())
        first = self._cancelled(left.num, den)
        second = self._cancelled(right.num, dict(first.den))
        return Element(self.times(first.num, second.num), second.den)

    def _cancelled(self, num: Poly, den: dict[int, int]) -> Element:
        """Divide by a factor of the denominator that the numerator is a multiple of by a
        term; a full greatest common divisor is not looked for."""
        if not num.terms:
            return self.zero
        if len(num.terms) > 1 and any(
            len(self.factors[factor].terms) == len(num.terms) for factor in den
        ):
            coefficient, lead, rest = self.normal(num)
            number = self._numbers.get(frozenset(rest.terms.items()))
            if number is not None and den.get(number, 0):
                num = Poly({lead: coefficient}, num.bound)
                den[number] -= 1
        return Element(num, tuple(sorted((f, power) for f, power in den.items() if power)))

    def inverse(self, element: Element) -> Element:
        """One over an element; DividedByZero where that is identically zero."""
        if not element.num.terms:
            raise DividedByZero
        coefficient, lead, rest = self.normal(element.num)
        num = Poly({-lead: Fraction(1) / coefficient}, element.num.bound)
        for factor, power in element.den:
            num = self.times(num, self._raised(self.factors[factor], power))
        den = ((self.factor(rest), 1),) if len(rest.terms) > 1 else ()
        return Element(num, den)

    def power(self, element: Element, exponent: int) -> Element:
        """A whole power."""
        if exponent < 0:
            return (
                self.inverse(self.power(element, -exponent))
                if _short(element)
                else self.power(self.inverse(element), -exponent)
            )
        if exponent * max(element.num.bound, 1) >= _HALF:
            raise GiveUp
        den = tuple((factor, power * exponent) for factor, power in element.den)
        return Element(self._raised(element.num, exponent), den)

    def negated(self, element: Element) -> Element:
        """Minus an element."""
        terms = {power: -value for power, value in element.num.terms.items()}
        return Element(Poly(terms, element.num.bound), element.den)


def _short(element: Element) -> bool:
    return len(element.num.terms) == 1
