"""The known functions and constants in double precision, entry by entry."""

from __future__ import annotations

from collections.abc import Callable
from math import erf

import numpy as np

from einrnn.exact.values import Array

_ERF: Callable[[Array], Array] = np.frompyfunc(erf, 1, 1)


def _sigmoid(x: Array) -> Array:
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


def _relu(x: Array) -> Array:
    return np.maximum(x, 0.0)


def _step(x: Array) -> Array:
    return np.where(np.isnan(x), x, (x > 0).astype(np.float64))


def _softplus(x: Array) -> Array:
    return np.logaddexp(x, 0.0)


def _erf(x: Array) -> Array:
    return np.asarray(_ERF(x), np.float64)


FUNCTIONS: dict[str, Callable[..., Array]] = {
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
    "erf": _erf,
    "max": np.maximum,
    "min": np.minimum,
}
CONSTANTS = {"pi": np.pi, "inf": np.inf, "undefined": np.nan}
