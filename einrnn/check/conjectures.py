"""Lemmas found by numbers: recurrences of the document that compute a derivative.

A hand-written adjoint such as ``dz[t,i] := ...`` often is the total derivative ``dL/dz`` by
another name. Where the values of two recurrences agree at a random point, their equality
is a conjecture; all conjectures are then proved together by induction, or dropped.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations, product

from einrnn.check.points import Point
from einrnn.core import affine as af
from einrnn.core.build import ONE, number
from einrnn.core.model import Model, Range
from einrnn.core.nodes import Dim, Element, Expr, Index, Mul, Pow, Value
from einrnn.errors import EinrnnError
from einrnn.numeric.interpret import Interpreter
from einrnn.symbolic.proof.clock import Clock, Time
from einrnn.symbolic.proof.prover import Statement

_AGREES = 1e-9
_MOST_AXES = 4
_FIRST = 12


def conjectures(model: Model, point: Point) -> list[Statement]:
    """The derived recurrences of a closed model that some definition of the document seems
    to compute, one statement for each."""
    clock = Clock(model)
    interpreter = Interpreter(model, point.sizes, point.arrays)
    own = [n for n in model.definitions if n not in model.derived and clock.time(n)]
    found: list[Statement] = []
    for name in model.definitions:
        when = clock.time(name) if name in model.derived else None
        if when is None or len(model.axes(name)) > _MOST_AXES:
            continue
        for other in own:
            statement = _equal(model, interpreter, clock, name, when, other)
            if statement is not None:
                found.append(statement)
                break
    return found


def _equal(
    model: Model, interpreter: Interpreter, clock: Clock, name: str, when: Time, other: str
) -> Statement | None:
    """The statement that one recurrence is another with its axes in some order."""
    theirs = clock.time(other)
    axes, other_axes = model.axes(name), model.axes(other)
    if theirs is None or theirs.direction != when.direction or len(axes) != len(other_axes):
        return None
    for order in permutations(range(len(axes))):
        if order[theirs.axis] != when.axis:
            continue
        ranges = [_common(axes[a], other_axes[b]) for b, a in enumerate(order)]
        if any(range_ is None for range_ in ranges):
            continue
        by_axis = {a: r for a, r in zip(order, ranges, strict=True) if r is not None}
        letters = {a: Index("t" if a == when.axis else f"k{a}") for a in range(len(axes))}
        left = Element(name, tuple(af.of(letters[a]) for a in range(len(axes))))
        right = Element(other, tuple(af.of(letters[a]) for a in order))
        statement = Statement(left, right, {letters[a]: by_axis[a] for a in range(len(axes))})
        times = _ratio(interpreter, statement)
        factor = None if times is None else _named(model, interpreter, times)
        if factor is not None:
            scaled = right if factor is ONE else Mul((factor, right))
            return Statement(left, scaled, statement.ranges)
    return None


def _named(model: Model, interpreter: Interpreter, value: float) -> Expr | None:
    """A number, or a power of a scalar or size of the document, that has this value."""
    for sign in (1, -1):
        if _close(value, sign):
            return number(sign)
        for scalar in _scalars(model):
            there = float(interpreter.value(scalar, {}))
            for exponent in (1, -1):
                if there and _close(value, sign * there**exponent):
                    powered = Pow(scalar, number(exponent))
                    return powered if sign == 1 else Mul((number(-1), powered))
    simple = Fraction(value).limit_denominator(12)
    return number(simple) if simple and _close(value, float(simple)) else None


def _scalars(model: Model) -> list[Expr]:
    """The numbers that a document names: definitions and inputs without axes, and sizes."""
    names = [n for n in (*model.definitions, *model.inputs) if not model.axes(n)]
    sizes = [Dim(name) for name, fixed in model.dims.items() if fixed is None]
    kept = [name for name in names if name not in model.derived]
    return [*(Element(name, ()) for name in kept), *(Value(af.of(size)) for size in sizes)]


def _close(first: float, second: float) -> bool:
    return abs(first - second) <= _AGREES * max(1e-3, abs(first))


def _common(first: Range, second: Range) -> Range | None:
    """The positions that two axes share, where their ends differ by numbers only."""
    low, high = af.minus(first.lo, second.lo), af.minus(first.hi, second.hi)
    if low.terms or high.terms:
        return None
    return Range(
        first.lo if low.constant >= 0 else second.lo,
        first.hi if high.constant <= 0 else second.hi,
    )


def _ratio(interpreter: Interpreter, statement: Statement) -> float | None:
    """What the right side has to be multiplied by to be the left one at the interpreter's
    point, if it is the same everywhere and not 0."""
    letters = list(statement.ranges)
    spans = [
        range(interpreter.index(r.lo, {}), interpreter.index(r.hi, {}) + 1)
        for r in statement.ranges.values()
    ]
    pairs: list[tuple[float, float]] = []
    try:
        for position in product(*spans):
            env = dict(zip(letters, position, strict=True))
            left = float(interpreter.value(statement.left, env))
            pairs.append((left, float(interpreter.value(statement.right, env))))
            if len(pairs) == _FIRST and _common_ratio(pairs) is None:
                return None
    except EinrnnError:
        return None
    return _common_ratio(pairs)


def _common_ratio(pairs: list[tuple[float, float]]) -> float | None:
    left, right = max(pairs, key=lambda pair: abs(pair[1]), default=(0.0, 0.0))
    if not (abs(right) > _AGREES and abs(left) > _AGREES):
        return None
    ratio = left / right
    for ours, theirs in pairs:
        if not abs(ours - ratio * theirs) <= _AGREES * max(1.0, abs(ours)):
            return None
    return ratio
