"""Lemmas found by numbers: recurrences of the document that compute a derivative.

A hand-written adjoint such as ``dz[t,i] := ...`` often is the total derivative ``dL/dz`` by
another name. Where the values of two recurrences agree at a random point, their equality
is a conjecture; all conjectures are then proved together by induction, or dropped.
"""

from __future__ import annotations

from itertools import permutations, product

from einrnn.check.points import Point
from einrnn.core import affine as af
from einrnn.core.model import Model, Range
from einrnn.core.nodes import Element, Index
from einrnn.errors import EinrnnError
from einrnn.numeric.interpret import Interpreter
from einrnn.symbolic.proof.clock import Clock, Time
from einrnn.symbolic.proof.prover import Statement

_AGREES = 1e-9
_MOST_AXES = 4


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
        if _agree(interpreter, statement):
            return statement
    return None


def _common(first: Range, second: Range) -> Range | None:
    """The positions that two axes share, where their ends differ by numbers only."""
    low, high = af.minus(first.lo, second.lo), af.minus(first.hi, second.hi)
    if low.terms or high.terms:
        return None
    return Range(
        first.lo if low.constant >= 0 else second.lo,
        first.hi if high.constant <= 0 else second.hi,
    )


def _agree(interpreter: Interpreter, statement: Statement) -> bool:
    """Whether both sides have the same values at the interpreter's point, not all zero."""
    letters = list(statement.ranges)
    spans = [
        range(interpreter.index(r.lo, {}), interpreter.index(r.hi, {}) + 1)
        for r in statement.ranges.values()
    ]
    largest = 0.0
    try:
        for position in product(*spans):
            env = dict(zip(letters, position, strict=True))
            left = float(interpreter.value(statement.left, env))
            right = float(interpreter.value(statement.right, env))
            if not abs(left - right) <= _AGREES * max(1.0, abs(left)):
                return False
            largest = max(largest, abs(left))
    except EinrnnError:
        return False
    return largest > _AGREES
