"""The known functions, relations and matrix operations on whole arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from einrnn.core.nodes import ReduceOp, Relation

Array = npt.NDArray[Any]


def _sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def _relu(x: Array) -> Array:
    return np.maximum(x, 0.0)


def _step(x: Array) -> Array:
    return np.where(x > 0, 1.0, 0.0)


def _softplus(x: Array) -> Array:
    return np.logaddexp(0.0, x)


def _constant(value: float) -> Callable[[Array], Array]:
    return lambda x: np.full_like(x, value)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "exp": np.exp,
    "log": np.log,
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "relu": _relu,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "sign": np.sign,
    "step": _step,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "softplus": _softplus,
    "erf": np.vectorize(math.erf, otypes=[float]),
    "max": np.maximum,
    "min": np.minimum,
    "pi": _constant(math.pi),
    "inf": _constant(math.inf),
    "undefined": _constant(math.nan),
}

RELATIONS: Mapping[Relation, Callable[[Array, Array], Array]] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}

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
