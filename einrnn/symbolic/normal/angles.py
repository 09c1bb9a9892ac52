"""Sines and cosines of sums and multiples by those of what is added up, of multiples of pi, and of
the angles that have a given sine, cosine or tangent."""

from __future__ import annotations

from typing import NamedTuple

from einrnn.core import affine as af
from einrnn.core.build import ONE, ZERO, apply, number, sub
from einrnn.core.nodes import Add, Affine, Apply, Expr, Mul, Number, Pow, Value
from einrnn.symbolic.normal.terms import Poly, Term

_MOST_PARTS = 4
_MOST_TIMES = 6
_PI = apply("pi")
ANGLED = ("sin", "cos", "tan")


class _Pair(NamedTuple):
    sine: Expr
    cosine: Expr


def of_known_angle(function: str, angle: Poly) -> Expr | None:
    """sin(asin(x)) = x, cos(asin(x)) = sqrt(1 - x^2), tan(atan(x)) = x; cos(pi n) = (-1)^n and
    sin(pi (n + 1/2)) = (-1)^n for whole n."""
    if len(angle) == 1:
        ((term, coefficient),) = angle.items()
        match term:
            case Term((), (), ((Apply(inverse, (x,)), power),)) if coefficient == power == 1:
                if inverse == f"a{function}":
                    return x
                if (function, inverse) in (("sin", "acos"), ("cos", "asin")):
                    return apply("sqrt", sub(ONE, Mul((x, x))))
            case _:
                pass
    halves = _halves_of_pi(angle) if function in ("sin", "cos") else None
    if halves is None:
        return None
    if function == "cos":  # cos(x) = sin(x + pi/2)
        halves = af.shift(halves, 1)
    if any(times % 2 for _, times in halves.terms):
        return None
    if halves.constant % 2 == 0:
        return ZERO
    terms = {atom: times // 2 for atom, times in halves.terms}
    return Pow(number(-1), Value(af.affine(halves.constant // 2, terms)))


def _halves_of_pi(angle: Poly) -> Affine | None:
    """How often an angle has pi/2 in it, where that is a whole number."""
    total = af.of(0)
    for term, coefficient in angle.items():
        times = coefficient * 2
        factors = [atom for atom, power in term.factors if power == 1]
        counts = [atom.index for atom in factors if isinstance(atom, Value)]
        known = len(counts) + factors.count(_PI) == len(term.factors)
        if term.bound or term.conds or times.denominator != 1 or not known:
            return None
        if factors.count(_PI) != 1 or len(counts) > 1:
            return None
        total = af.plus(total, counts[0] if counts else af.ONE, int(times))
    return total


def of_angles(function: str, angle: Expr) -> Expr:
    """sin(x + y) = sin(x) cos(y) + cos(x) sin(y), cos(x + y) = cos(x) cos(y) - sin(x) sin(y)."""
    parts = [part for term in _terms(angle) for part in _multiples(term)]
    if not 1 < len(parts) <= _MOST_PARTS * _MOST_TIMES:
        return apply(function, angle)
    found = _Pair(ZERO, ONE)
    for part in parts:
        found = _sum(found, _Pair(apply("sin", part), apply("cos", part)))
    return found.sine if function == "sin" else found.cosine


def _terms(angle: Expr) -> tuple[Expr, ...]:
    terms = angle.terms if isinstance(angle, Add) else (angle,)
    return terms if len(terms) <= _MOST_PARTS else (angle,)


def _multiples(term: Expr) -> list[Expr]:
    """A term as the sum of what it is a whole multiple of."""
    if not isinstance(term, Mul) or not term.factors or not isinstance(term.factors[0], Number):
        return [term]
    times, *others = term.factors
    assert isinstance(times, Number)
    count = abs(times.value.numerator)
    if not 1 < count <= _MOST_TIMES:
        return [term]
    return [Mul((number(times.value / count), *others))] * count


def _sum(one: _Pair, other: _Pair) -> _Pair:
    return _Pair(
        Add((Mul((one.sine, other.cosine)), Mul((one.cosine, other.sine)))),
        sub(Mul((one.cosine, other.cosine)), Mul((one.sine, other.sine))),
    )
