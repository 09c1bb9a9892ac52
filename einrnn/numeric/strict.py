"""Arithmetic that gives a value only where there surely is one.

Where the language says that there is none (a division by zero, a logarithm of 0, a root of a
negative number), and where rounding may decide between two values (a comparison of floats that
nearly agree), it raises :class:`NoValue`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial

from einrnn.core.nodes import ReduceOp, Relation
from einrnn.numeric import scalars
from einrnn.numeric.scalars import Arithmetic, Scalar

_NEAR = 1e-9
# what rounding leaves of 0, and what a division by that makes
_TINY, _HUGE = 1e-12, 1e12
_JUMPS = frozenset(("sign", "step"))
# values at whole numbers that are rational
_RATIONAL: dict[tuple[str, Scalar], Fraction] = {
    **{(name, 0): Fraction(0) for name in ("sin", "tan", "sinh", "tanh", "asin", "atan", "erf")},
    **{(name, 0): Fraction(1) for name in ("exp", "cos", "cosh")},
    ("sigmoid", 0): Fraction(1, 2),
    ("log", 1): Fraction(0),
    ("acos", 1): Fraction(0),
}


class NoValue(Exception):
    """There is no value, or it cannot be told which one."""


def _sure(value: Scalar) -> Scalar:
    if value != value:
        raise NoValue
    return value


def _is_exact(value: Scalar) -> bool:
    return not isinstance(value, float)


def _multiply(factors: Sequence[Scalar]) -> Scalar:
    if any(factor == 0 and _is_exact(factor) for factor in factors):
        if all(map(math.isfinite, factors)):
            return Fraction(0)
        raise NoValue
    return scalars.multiply(factors)


def _power(base: Scalar, exponent: Scalar) -> Scalar:
    if exponent < 0 and (base == 0 or (isinstance(base, float) and abs(base) < _TINY)):
        raise NoValue
    return _sure(scalars.power(base, exponent))


def _function(name: str) -> Callable[..., Scalar]:
    run = scalars.function(name)

    def strictly(*args: Scalar) -> Scalar:
        if len(args) == 1 and _is_exact(args[0]):
            exact = _root(args[0]) if name == "sqrt" else _RATIONAL.get((name, args[0]))
            if exact is not None:
                return exact
        if (name in _JUMPS and _is_near(args[0], 0)) or (name == "log" and args[0] < _TINY):
            raise NoValue
        value = _sure(run(*args))
        if args and abs(value) > _HUGE and all(map(math.isfinite, args)):
            raise NoValue
        return value

    return strictly


def _root(value: Scalar) -> Fraction | None:
    """The square root of the square of a rational."""
    exact = Fraction(value)
    if exact < 0:
        raise NoValue
    above, below = math.isqrt(exact.numerator), math.isqrt(exact.denominator)
    return Fraction(above, below) if Fraction(above, below) ** 2 == exact else None


def _is_near(a: Scalar, b: Scalar) -> bool:
    """Whether rounding may have made two numbers differ, or be the same."""
    if not isinstance(a, float) and not isinstance(b, float):
        return False
    if not math.isfinite(a) or not math.isfinite(b):
        return a != a or b != b
    return abs(a - b) <= _NEAR * max(1, abs(a), abs(b))


def _relation(op: Relation) -> Callable[[Scalar, Scalar], bool]:
    holds = scalars.RELATIONS[op]

    def strictly(a: Scalar, b: Scalar) -> bool:
        if _is_near(a, b):
            raise NoValue
        return holds(a, b)

    return strictly


def _order_apart_from_ties(op: Relation) -> Callable[[Scalar, Scalar], bool]:
    """Of a derivative it is a convention what it is where two values are the same."""
    holds = _relation(op)
    if op in ("==", "!="):
        return holds

    def strictly(a: Scalar, b: Scalar) -> bool:
        if a == b:
            raise NoValue
        return holds(a, b)

    return strictly


def _reduction(op: ReduceOp) -> Callable[[Sequence[Scalar]], Scalar]:
    combine = scalars.REDUCTIONS[op]

    def strictly(values: Sequence[Scalar]) -> Scalar:
        if not values and op not in ("sum", "prod"):
            raise NoValue
        return _sure(combine(values))

    return strictly


_arithmetic = partial(Arithmetic, scalars.add, _multiply, _power, _function, _reduction)
STRICT: Arithmetic = _arithmetic(_relation)
AWAY_FROM_TIES: Arithmetic = _arithmetic(_order_apart_from_ties)
