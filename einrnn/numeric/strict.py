"""Arithmetic that gives a value only where there surely is one.

Where the language says that there is none (a division by zero, a logarithm of 0, a root of a
negative number), and where rounding may decide between two values (a comparison of floats that
nearly agree), it raises :class:`NoValue`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

from einrnn.core.nodes import ReduceOp, Relation
from einrnn.numeric import scalars
from einrnn.numeric.scalars import Arithmetic, Scalar

_NEAR = 1e-9
_JUMPS = frozenset(("sign", "step"))


class NoValue(Exception):
    """There is no value, or it cannot be told which one."""


def _sure(value: Scalar) -> Scalar:
    if value != value:
        raise NoValue
    return value


def _power(base: Scalar, exponent: Scalar) -> Scalar:
    if base == 0 and exponent < 0:
        raise NoValue
    return _sure(scalars.power(base, exponent))


def _function(name: str) -> Callable[..., Scalar]:
    run = scalars.function(name)

    def strictly(*args: Scalar) -> Scalar:
        if name in _JUMPS and _is_near(args[0], 0):
            raise NoValue
        value = _sure(run(*args))
        if args and not math.isfinite(value) and all(map(math.isfinite, args)):
            raise NoValue
        return value

    return strictly


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


_arithmetic = partial(Arithmetic, scalars.add, scalars.multiply, _power, _function, _reduction)
STRICT: Arithmetic = _arithmetic(_relation)
AWAY_FROM_TIES: Arithmetic = _arithmetic(_order_apart_from_ties)
