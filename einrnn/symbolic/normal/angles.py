"""Sines and cosines of sums and multiples by those of what is added up."""

from __future__ import annotations

from typing import NamedTuple

from einrnn.core.build import ONE, ZERO, apply, number, sub
from einrnn.core.nodes import Add, Expr, Mul, Number

_MOST_PARTS = 4
_MOST_TIMES = 6


class _Pair(NamedTuple):
    sine: Expr
    cosine: Expr


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
