"""Whether both sides of a claim surely have the values that they were found to have.

A claim says nothing where a side has no value. The sides are looked at as they are written:
simplified, ``x/x`` has a value at 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from einrnn.check.claims import Prepared, Ready, has_derivatives
from einrnn.check.points import Point
from einrnn.core.nodes import Derivative, Index
from einrnn.core.traverse import walk
from einrnn.errors import EinrnnError
from einrnn.numeric.interpret import Interpreter
from einrnn.numeric.strict import AWAY_FROM_TIES, STRICT, NoValue


def sure_values(
    prepared: Prepared, ready: Ready, point: Point, env: Mapping[Index, int]
) -> tuple[Any, Any] | None:
    """Both sides at a position of a point; None where one has no value, or rounding may decide
    which one it has."""
    claim = ready.claim
    arithmetic = AWAY_FROM_TIES if has_derivatives(prepared, ready) else STRICT
    interpreter = Interpreter(prepared.forward, point.sizes, point.arrays, arithmetic=arithmetic)
    written = not any(isinstance(node, Derivative) for node in walk(claim.left, claim.right))
    pair = claim if written else ready.forward
    try:
        if claim.condition is not None and not interpreter.holds(claim.condition, env):
            return None
        left, right = interpreter.value(pair.left, env), interpreter.value(pair.right, env)
    except (EinrnnError, NoValue):
        return None
    return (left, right) if np.isfinite([float(left), float(right)]).all() else None
