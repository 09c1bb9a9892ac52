"""Arithmetic of the interpreter: exact on Fractions, IEEE on floats, never an exception."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

from einrnn.core.functions import FUNCTIONS
from einrnn.core.nodes import ReduceOp, Relation
from einrnn.numeric import elimination

Scalar = float | Fraction
Matrix = Sequence[Sequence[Scalar]]


def to_float(value: Scalar) -> float:
    """The nearest float; infinite where the exact number is too large for one."""
    if isinstance(value, float):
        return value
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


# beyond this an exact power would be too long to be of use
_EXPONENT = 1000


def _exact_power(base: Scalar, exponent: Scalar) -> bool:
    return abs(exponent) <= _EXPONENT and (base != 0 or exponent >= 0)


def power(base: Scalar, exponent: Scalar) -> Scalar:
    """``base ^ exponent``: 0 to a negative power is inf, a negative base to a fraction nan."""
    whole = float(exponent).is_integer()
    if isinstance(base, (int, Fraction)) and whole and _exact_power(base, exponent):
        return Fraction(base) ** int(exponent)
    base, exponent = to_float(base), to_float(exponent)
    if base == 0 and exponent < 0:
        odd = whole and int(exponent) % 2 == 1
        return math.copysign(math.inf, base) if odd else math.inf
    if base < 0 and not whole and math.isfinite(exponent):
        return math.nan
    try:
        return base**exponent
    except OverflowError:
        odd = whole and int(exponent) % 2 == 1
        return -math.inf if odd and base < 0 else math.inf


def add(terms: Sequence[Scalar]) -> Scalar:
    """The sum, from left to right; 0 if there are none."""
    result: Scalar = terms[0] if terms else 0
    for term in terms[1:]:
        result = result + term
    return result


def multiply(factors: Sequence[Scalar]) -> Scalar:
    """The product, from left to right; 1 if there are none."""
    result: Scalar = factors[0] if factors else 1
    for factor in factors[1:]:
        result = result * factor
    return result


def _larger(a: Scalar, b: Scalar) -> Scalar:
    return a if a >= b else b


def _smaller(a: Scalar, b: Scalar) -> Scalar:
    return a if a <= b else b


def _sign(x: Scalar) -> Scalar:
    return int(x > 0) - int(x < 0)


def _magnitude(x: Scalar) -> Scalar:
    return abs(x)


def _step(x: Scalar) -> Scalar:
    return int(x > 0)


def _relu(x: Scalar) -> Scalar:
    return x if x > 0 else 0


# what stays exact on exact arguments; everything else becomes a float
_RATIONAL: dict[str, Callable[..., Scalar]] = {
    "abs": _magnitude,
    "sign": _sign,
    "step": _step,
    "relu": _relu,
    "max": _larger,
    "min": _smaller,
}


def function(name: str) -> Callable[..., Scalar]:
    """A row of the function table; nan wherever an argument is nan."""
    value = FUNCTIONS[name].value
    rational = _RATIONAL.get(name)

    def run(*args: Scalar) -> Scalar:
        for arg in args:
            if arg != arg:
                return math.nan
        if rational is not None:
            return rational(*args)
        return value(*map(to_float, args))

    return run


def _extreme(values: Sequence[Scalar], best: Callable[..., Scalar], empty: float) -> Scalar:
    if any(value != value for value in values):
        return math.nan
    return best(values) if values else empty


def logsumexp(values: Sequence[Scalar]) -> Scalar:
    """``log(sum(exp(values)))`` without overflow; -inf if there are none."""
    floats = [to_float(value) for value in values]
    top = _extreme(floats, max, -math.inf)
    if not math.isfinite(top):
        return top
    return top + math.log(sum(math.exp(value - top) for value in floats))


REDUCTIONS: dict[ReduceOp, Callable[[Sequence[Scalar]], Scalar]] = {
    "sum": add,
    "prod": multiply,
    "max": lambda values: _extreme(values, max, -math.inf),
    "min": lambda values: _extreme(values, min, math.inf),
    "logsumexp": logsumexp,
}

RELATIONS: dict[Relation, Callable[[Scalar, Scalar], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


class Arithmetic(NamedTuple):
    """How the interpreter computes: functions, relations and reductions by name; the determinant
    of a matrix, and its powers, None where an inverse is missing."""

    add: Callable[[Sequence[Scalar]], Scalar]
    multiply: Callable[[Sequence[Scalar]], Scalar]
    power: Callable[[Scalar, Scalar], Scalar]
    function: Callable[[str], Callable[..., Scalar]]
    reduction: Callable[[ReduceOp], Callable[[Sequence[Scalar]], Scalar]]
    relation: Callable[[Relation], Callable[[Scalar, Scalar], bool]]
    determinant: Callable[[Matrix], Scalar]
    matrix_power: Callable[[Matrix, int], Sequence[Sequence[Scalar]] | None]


IEEE = Arithmetic(
    add,
    multiply,
    power,
    function,
    REDUCTIONS.__getitem__,
    RELATIONS.__getitem__,
    elimination.determinant,
    elimination.power,
)
