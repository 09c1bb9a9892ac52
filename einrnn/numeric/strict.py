"""Arithmetic that gives a value only where there surely is one.

Floats carry a bound on what rounding has done to them. Where the language says that there is no
value (a division by zero, a logarithm of 0, a root of a negative number), and where rounding
may decide whether there is one or which of two it is, :class:`NoValue` is raised.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial

from einrnn.core.nodes import ReduceOp, Relation
from einrnn.numeric import elimination, scalars
from einrnn.numeric.scalars import Arithmetic, Matrix, Scalar

# a rounding, and how many times the estimated error counts
_UNIT, _SAFETY = 2.0**-52, 16.0
_SMALLEST = sys.float_info.min
# what a determinant may be off by, relative to the product of the lengths of its rows, and an
# entry of a power or an inverse, relative to the largest one
_MATRIX = 1e-12
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


class Tie(NoValue):
    """Several of the values of which the largest or the smallest is differentiated are it."""


class Rounded(float):
    """A float that may be off by ``error``."""

    error: float

    @staticmethod
    def of(value: Scalar, error: float) -> Rounded:
        """A number with its error, what the last operation adds to it included."""
        found = Rounded(scalars.to_float(value))
        # of what is smaller than floats are there may be nothing left
        found.error = error + _UNIT * abs(found) + (_SMALLEST if abs(found) < _SMALLEST else 0.0)
        if found != found:
            raise NoValue
        return found


def error_of(value: Scalar) -> float:
    """A bound on what rounding has done to a number."""
    return value.error if isinstance(value, Rounded) else 0.0


def _is_exact(value: Scalar) -> bool:
    return not isinstance(value, float)


def _may_be_zero(value: Scalar) -> bool:
    return abs(value) <= _SAFETY * error_of(value) if isinstance(value, Rounded) else value == 0


def _add(terms: Sequence[Scalar]) -> Scalar:
    total = scalars.add(terms)
    if all(map(_is_exact, terms)) or not math.isfinite(total):
        return total
    return Rounded.of(total, sum(error_of(t) + _UNIT * abs(t) for t in terms))


def _multiply(factors: Sequence[Scalar]) -> Scalar:
    if any(factor == 0 and _is_exact(factor) for factor in factors):
        if all(map(math.isfinite, factors)):
            return Fraction(0)
        raise NoValue
    product = scalars.multiply(factors)
    if all(map(_is_exact, factors)) or not math.isfinite(product):
        return product
    relative = sum(error_of(f) / abs(f) if f else math.inf for f in factors if error_of(f))
    if math.isfinite(relative):
        return Rounded.of(product, abs(product) * (relative + len(factors) * _UNIT))
    return Rounded.of(product, math.prod(abs(f) + error_of(f) for f in factors))


def _power(base: Scalar, exponent: Scalar) -> Scalar:
    if exponent < 0 and _may_be_zero(base):
        raise NoValue
    value = scalars.power(base, exponent)
    if _is_exact(value):
        return value
    if not (_is_exact(exponent) and exponent == int(exponent)) and _may_be_zero(base):
        raise NoValue
    return _near(scalars.power, (base, exponent), value)


def _near(run: Callable[..., Scalar], args: Sequence[Scalar], value: Scalar) -> Rounded:
    """A value with the error that those of its arguments make."""
    error = 0.0
    for place, arg in enumerate(args):
        if error_of(arg):
            for way in (1, -1):
                moved = [*args[:place], float(arg) + way * error_of(arg), *args[place + 1 :]]
                change = abs(scalars.to_float(run(*moved)) - scalars.to_float(value))
                error = max(error, change) if change == change else math.inf
    return Rounded.of(value, error + 4 * _UNIT * abs(value))


def _function(name: str) -> Callable[..., Scalar]:
    run = scalars.function(name)

    def strictly(*args: Scalar) -> Scalar:
        if len(args) == 1 and _is_exact(args[0]):
            exact = _root(args[0]) if name == "sqrt" else _RATIONAL.get((name, args[0]))
            if exact is not None:
                return exact
        if (name in _JUMPS or name == "log") and _may_be_zero(args[0]) and not _is_zero(args[0]):
            raise NoValue
        if name == "log" and args[0] == 0:
            raise NoValue
        value = run(*args)
        if _is_exact(value) or not (args or math.isfinite(value)):
            return value
        if not math.isfinite(value) and all(map(math.isfinite, args)):
            raise NoValue
        return _near(run, args, value)

    return strictly


def _function_apart_from_jumps(name: str) -> Callable[..., Scalar]:
    """The same of what the slopes of ``abs`` and ``relu`` are, where these have none."""
    run = _function(name)

    def strictly(*args: Scalar) -> Scalar:
        if name in _JUMPS and args[0] == 0:
            raise NoValue
        return run(*args)

    return strictly


def _is_zero(value: Scalar) -> bool:
    """Whether a number is 0 and no rounding has made it so."""
    return value == 0 and not error_of(value)


def _root(value: Scalar) -> Fraction | None:
    """The square root of the square of a rational."""
    exact = Fraction(value)
    if exact < 0:
        raise NoValue
    above, below = math.isqrt(exact.numerator), math.isqrt(exact.denominator)
    return Fraction(above, below) if Fraction(above, below) ** 2 == exact else None


def is_near(a: Scalar, b: Scalar) -> bool:
    """Whether rounding may have made two numbers differ, or be the same."""
    if a != a or b != b:
        return True
    if not math.isfinite(a) or not math.isfinite(b):
        return False
    error = error_of(a) + error_of(b)
    return bool(error) and abs(a - b) <= _SAFETY * error


def is_apart(a: Scalar, b: Scalar, times: float) -> bool:
    """Whether two numbers, of which rounding has made at least one, differ by more than so many
    times what it may have done."""
    error = error_of(a) + error_of(b)
    return bool(error) and math.isfinite(error) and abs(a - b) > times * error


def _relation(op: Relation) -> Callable[[Scalar, Scalar], bool]:
    holds = scalars.RELATIONS[op]

    def strictly(a: Scalar, b: Scalar) -> bool:
        if is_near(a, b) and not _is_itself(op, a, b):
            raise NoValue
        return holds(a, b)

    return strictly


def _is_itself(op: Relation, a: Scalar, b: Scalar) -> bool:
    """Whether a value is compared with the very one that it is, as the largest of several is."""
    return a is b and op in ("==", "!=")


def _order_apart_from_ties(op: Relation) -> Callable[[Scalar, Scalar], bool]:
    """Of a derivative it is a convention what it is where one value begins to be larger."""
    return _relation(op) if op in ("==", "!=") else _relation_apart_from_ties(op)


def _relation_apart_from_ties(op: Relation) -> Callable[[Scalar, Scalar], bool]:
    """The same of all relations between values."""
    holds = _relation(op)

    def strictly(a: Scalar, b: Scalar) -> bool:
        if a == b and not _is_itself(op, a, b):
            raise NoValue
        return holds(a, b)

    return strictly


def _reduction(op: ReduceOp) -> Callable[[Sequence[Scalar]], Scalar]:
    combine = scalars.REDUCTIONS[op]

    def strictly(values: Sequence[Scalar]) -> Scalar:
        if op == "sum":
            return _add(values)
        if op == "prod":
            return _multiply(values)
        if not values:
            raise NoValue
        value = combine(values)
        if _is_exact(value) or not math.isfinite(value):
            return value
        others = (one for one in values if one is not value)
        if op in ("max", "min") and not any(is_near(one, value) for one in others):
            return value  # it is that one, whatever its digits are
        return Rounded.of(value, max(map(error_of, values)) + 4 * _UNIT * abs(value))

    return strictly


def _reduction_apart_from_ties(op: ReduceOp) -> Callable[[Sequence[Scalar]], Scalar]:
    """The same of the largest and the smallest of several values."""
    reduce_ = _reduction(op)
    if op not in ("max", "min"):
        return reduce_

    def strictly(values: Sequence[Scalar]) -> Scalar:
        value = reduce_(values)
        if sum(one == value or is_near(one, value) for one in values) > 1:
            # what is 0 at random entries, as relu is, has no slope there
            raise Tie if value else NoValue
        return value

    return strictly


def _determinant(rows: Matrix) -> Scalar:
    value = elimination.determinant(rows)
    if _is_exact(value):
        return value
    size = math.prod(math.hypot(*map(float, row)) for row in rows)
    return Rounded.of(value, size * (_MATRIX + len(rows) * _relative(rows)))


def _relative(rows: Matrix) -> float:
    """How much the entries of a matrix may be off, relative to the largest one."""
    entries = [value for row in rows for value in row]
    largest = float(max(map(abs, entries), default=0)) or 1.0
    return max(map(error_of, entries), default=0.0) / largest


def _matrix_power(rows: Matrix, exponent: int) -> Sequence[Sequence[Scalar]] | None:
    if exponent < 0 and _may_be_zero(_determinant(rows)):
        raise NoValue
    found = elimination.power(rows, exponent)
    if found is None or all(_is_exact(value) for row in found for value in row):
        return found
    off = _MATRIX + len(rows) * _relative(rows)
    error = off * max(abs(value) for row in found for value in row)
    return [[Rounded.of(value, float(error)) for value in row] for row in found]


_numbers = partial(Arithmetic, _add, _multiply, _power)
STRICT: Arithmetic = _numbers(_function, _reduction, _relation, _determinant, _matrix_power)
_apart = partial(_numbers, _function_apart_from_jumps, _reduction_apart_from_ties)
AWAY_FROM_TIES: Arithmetic = _apart(_order_apart_from_ties, _determinant, _matrix_power)
AWAY_FROM_EQUALITY: Arithmetic = _apart(_relation_apart_from_ties, _determinant, _matrix_power)
