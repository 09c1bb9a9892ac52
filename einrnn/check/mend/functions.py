"""What reductions start from, and matrix operations on whole arrays."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from einrnn.core.nodes import ReduceOp

Array = npt.NDArray[Any]


NEUTRAL: Mapping[ReduceOp, float] = {
    "sum": 0.0,
    "prod": 1.0,
    "max": -math.inf,
    "min": math.inf,
    "logsumexp": -math.inf,
}


def fold(op: Any, arrays: Sequence[Array]) -> Array:
    """One operation between all arrays, from the left."""
    result = arrays[0]
    for array in arrays[1:]:
        result = op(result, array)
    return result


def whole_matrix(op: str, values: Array) -> Array:
    """``inv``, ``det`` or ``logdet`` of matrices on the last two axes; nan where singular."""
    try:
        if op == "inv":
            return np.linalg.inv(values)
        return np.linalg.det(values) if op == "det" else np.log(np.linalg.det(values))
    except np.linalg.LinAlgError:
        return np.full_like(values if op == "inv" else values[..., 0, 0], math.nan)


def matrix_power(values: Array, powers: Array) -> tuple[int, Array]:
    """The lowest power asked for, and all powers from it to the highest, stacked in front."""
    lowest, highest = int(powers.min()), int(powers.max())
    try:
        rows = [np.linalg.matrix_power(values, n) for n in range(lowest, highest + 1)]
    except np.linalg.LinAlgError:
        rows = [np.full_like(values, math.nan) for _ in range(lowest, highest + 1)]
    return lowest, np.stack(rows)
