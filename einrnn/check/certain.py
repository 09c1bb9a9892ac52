"""Whether both sides of a claim surely have the values that they were found to have.

A claim says nothing where a side has no value. The sides are looked at as they are written:
simplified, ``x/x`` has a value at 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice, product
from typing import Any

import numpy as np
import numpy.typing as npt

from einrnn.check.claims import Prepared, Ready, has_derivatives, named_assumptions
from einrnn.check.compare import all_positions
from einrnn.check.kinks import turns_on_equality
from einrnn.check.points import Point
from einrnn.core.model import Assumption, Claim, Model
from einrnn.core.nodes import Derivative, Expr, Index
from einrnn.core.reach import reached
from einrnn.core.traverse import walk
from einrnn.errors import EinrnnError
from einrnn.numeric.interpret import Interpreter
from einrnn.numeric.scalars import Arithmetic
from einrnn.numeric.strict import AWAY_FROM_EQUALITY, AWAY_FROM_TIES, STRICT, NoValue, Rounded, Tie
from einrnn.symbolic.derived import Completion, forward

Array = npt.NDArray[np.generic]

_MOST_PLACES = 60
_NEARLY = 1e-7


def sure_values(
    prepared: Prepared, ready: Ready, point: Point, env: Mapping[Index, int]
) -> tuple[Any, Any] | None:
    """Both sides at a position of a point; None where one has no value, or rounding may decide
    which one it has."""
    claim = ready.claim
    arithmetic = _arithmetic(prepared, ready)
    try:
        model, sides = _as_written(prepared, ready)
        arrays = _as_granted(prepared, ready, point)
        interpreter = Interpreter(model, point.sizes, arrays, arithmetic=arithmetic)
        if claim.condition is not None and not interpreter.holds(claim.condition, env):
            return None
        left, right = (interpreter.value(side, env) for side in sides)
        for body in _differentiated(claim, env):  # what has no value has no derivative
            interpreter.value(body, env)
    except (EinrnnError, NoValue):
        return None
    return (left, right) if np.isfinite([float(left), float(right)]).all() else None


def _as_granted(prepared: Prepared, ready: Ready, point: Point) -> Mapping[str, Array]:
    """The inputs of a point; where they were moved until assumptions hold, those inputs are that
    only nearly, unless the assumptions hold exactly."""
    if not ready.assumptions:
        return point.arrays
    granted = named_assumptions(prepared.model, ready.assumptions)
    if _hold_exactly(prepared, granted, point):
        return point.arrays
    sides = [side for a in granted for side in (a.left, a.right)]
    moved = reached(prepared.model, sides) & prepared.model.inputs.keys()
    return {
        name: _rounded(array) if name in moved and array.dtype.kind in "fO" else array
        for name, array in point.arrays.items()
    }


def _hold_exactly(prepared: Prepared, granted: tuple[Assumption, ...], point: Point) -> bool:
    """Whether assumptions hold without any rounding."""
    interpreter = Interpreter(prepared.forward, point.sizes, point.arrays, arithmetic=STRICT)
    for assumption in granted:
        ends = (
            (interpreter.index(r.lo, {}), interpreter.index(r.hi, {}))
            for r in assumption.ranges.values()
        )
        spans = [range(first, last + 1) for first, last in ends]
        for number, position in enumerate(product(*spans)):
            if number == _MOST_PLACES:
                return False
            env = dict(zip(assumption.ranges, position, strict=True))
            left, right = (interpreter.value(s, env) for s in (assumption.left, assumption.right))
            if isinstance(left, float) or isinstance(right, float) or left != right:
                return False
    return True


def _rounded(array: Array) -> Array:
    """Entries that may be off by what is left of an equation at a double root."""
    found = np.empty(array.shape, dtype=object)
    for place in np.ndindex(array.shape):
        value = float(array[place])
        found[place] = Rounded.of(value, _NEARLY * max(1.0, abs(value)))
    return found


def _arithmetic(prepared: Prepared, ready: Ready) -> Arithmetic:
    """Of derivatives nothing is sure where values are the same."""
    if not has_derivatives(prepared, ready):
        return STRICT
    return AWAY_FROM_EQUALITY if turns_on_equality(prepared, ready) else AWAY_FROM_TIES


def ties(prepared: Prepared, ready: Ready, point: Point) -> bool:
    """Whether at a point the largest (or smallest) of values, which a claim differentiates, is
    more than one of them: there its derivative is not the sum of theirs."""
    model, sides = _as_written(prepared, ready)
    interpreter = Interpreter(model, point.sizes, point.arrays, arithmetic=AWAY_FROM_TIES)
    for position in islice(all_positions(point, ready), _MOST_PLACES):
        env = dict(zip(ready.claim.ranges, position, strict=True))
        for side in sides:
            try:
                interpreter.value(side, env)
            except Tie:
                return True
            except (EinrnnError, NoValue):
                continue
    return False


def _as_written(prepared: Prepared, ready: Ready) -> tuple[Model, tuple[Expr, ...]]:
    """The sides of a claim with their derivatives carried out and nothing else, and a model that
    has these; kept with the claims.

    Raises:
        EinrnnError: a derivative cannot be carried out.
    """
    claim = ready.claim
    sides = (claim.left, claim.right)
    if not any(isinstance(node, Derivative) for node in walk(*sides)):
        return prepared.forward, sides
    kept = prepared.__dict__.setdefault("_as_written", {})
    if ready.key not in kept:
        ahead = Completion(prepared.forward, forward)
        found = ahead.add([(side, claim.ranges) for side in sides])
        kept[ready.key] = ahead.model, tuple(found)
    return kept[ready.key]


def _differentiated(claim: Claim, env: Mapping[Index, int]) -> Iterator[Expr]:
    """What is differentiated in a claim at the values of its own indices."""
    for node in walk(claim.left, claim.right):
        if isinstance(node, Derivative) and node.body.free <= env.keys():
            inner = (isinstance(part, Derivative) for part in walk(node.body))
            if not any(inner):  # that of a derivative is looked at by itself
                yield node.body
