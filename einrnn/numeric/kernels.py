"""Functions of arrays by name: operators, the function table, reductions.

All of them take float, complex and integer arrays of any shape, follow IEEE rules for nan and
inf, and are analytic in complex arguments near the real axis wherever the function is
differentiable, so that a complex step gives derivatives.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy

from einrnn.core.functions import FUNCTIONS
from einrnn.errors import EvaluationError
from einrnn.numeric.elimination import SINGULAR

# kernels take what comes: numpy's types say little about values of any dtype
np: Any = numpy
Kernel = Callable[..., Any]

_erf: Kernel = np.frompyfunc(math.erf, 1, 1)


def _real(x: Any) -> Any:
    array: Any = np.asarray(x)
    return array.real


def _inexact(x: Any) -> Any:
    """Integers as floats; floats and complex numbers as they are."""
    array = np.asarray(x)
    return array if array.dtype.kind in "fc" else array.astype(np.float64)


def magnitude(x: Any) -> Any:
    """``|x|``: ``x`` or ``-x`` by the sign of the real part."""
    return np.where(_real(x) < 0, -x, x) if np.iscomplexobj(x) else np.abs(x)


def sign(x: Any) -> Any:
    """The sign of the real part."""
    return np.sign(_real(x)).astype(np.asarray(x).dtype)


def step(x: Any) -> Any:
    """1 where ``x > 0``, else 0."""
    real = _real(x)
    return np.where(np.isnan(real), x, real > 0).astype(np.asarray(x).dtype)


def relu(x: Any) -> Any:
    """``x`` where it is positive, else 0."""
    if np.iscomplexobj(x):
        return np.where(_real(x) <= 0, 0, x)
    return np.maximum(x, np.zeros((), np.asarray(x).dtype))


def sigmoid(x: Any) -> Any:
    """``1 / (1 + exp(-x))`` without overflow."""
    x = _inexact(x)
    small = np.exp(-magnitude(x))
    top = np.where(_real(x) >= 0, np.ones((), x.dtype), small)
    return top / (1 + small)


def softplus(x: Any) -> Any:
    """``log(1 + exp(x))`` without overflow."""
    x = _inexact(x)
    return relu(x) + np.log1p(np.exp(-magnitude(x)))


def erf(x: Any) -> Any:
    """The error function; to first order in an imaginary part."""
    x = _inexact(x)
    real = _real(x)
    value = np.asarray(_erf(real)).astype(real.dtype)
    if not np.iscomplexobj(x):
        return value
    slope = 2 / math.sqrt(math.pi) * np.exp(-(real**2))
    return value + 1j * np.imag(x) * slope


def reciprocal(x: Any) -> Any:
    """``1 / x``, a float for integers."""
    return np.reciprocal(_inexact(x))


def power(x: Any, y: Any) -> Any:
    """``x ^ y``; integers stay integers unless an exponent is negative."""
    if np.asarray(x).dtype.kind in "iu" and np.asarray(y).dtype.kind in "iu" and np.any(y < 0):
        x = np.asarray(x).astype(np.float64)
    return np.power(x, y)


def whole(x: Any) -> Any:
    """Numbers that are used as positions, as integers.

    Raises EvaluationError (E607) if one of them is not a whole number.
    """
    rounded = np.rint(_real(x))
    wrong = np.asarray(~(rounded == x))
    if wrong.any():
        raise EvaluationError(
            "E607", f"{np.asarray(x)[wrong][0]} is used as a position; it is not a whole number"
        )
    return np.asarray(rounded).astype(np.int64)


def logsumexp(x: Any, axis: tuple[int, ...]) -> Any:
    """``log(sum(exp(x)))`` along axes without overflow."""
    x = _inexact(x)
    top = np.max(_real(x), axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, np.zeros((), top.dtype))
    total = np.log(np.sum(np.exp(x - top), axis=axis))
    return total + np.squeeze(top, axis=axis)


def finite(x: Any) -> Any:
    """``x`` where it is finite, else 0."""
    return np.where(np.isfinite(x), x, np.zeros((), np.asarray(x).dtype))


_OWN: dict[str, Kernel] = {
    "abs": magnitude,
    "sign": sign,
    "step": step,
    "relu": relu,
    "sigmoid": sigmoid,
    "softplus": softplus,
    "erf": erf,
}

_OPERATORS: dict[str, Kernel] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "neg": np.negative,
    "square": np.square,
    "reciprocal": reciprocal,
    "power": power,
    "whole": whole,
    "finite": finite,
    "where": np.where,
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}

FOLDS: dict[str, Kernel] = {
    "sum": np.sum,
    "prod": np.prod,
    "max": np.max,
    "min": np.min,
    "logsumexp": logsumexp,
}


def function(name: str) -> Kernel:
    """An operator, or a row of the function table."""
    if name in _OPERATORS:
        return _OPERATORS[name]
    return _OWN[name] if name in _OWN else getattr(np, FUNCTIONS[name].numpy)


def scatter(source: Any, index: Any, size: int) -> Any:
    """The rows of ``source`` added up by ``index``; those outside ``0 .. size - 1`` are left."""
    result = np.zeros((size, *source.shape[index.ndim :]), source.dtype)
    inside = (index >= 0) & (index < size)
    if not inside.all():
        source, index = source[inside], index[inside]
    np.add.at(result, index, source)
    return result


def diagonal(array: Any, places: tuple[tuple[int, int], ...], shape: tuple[int, ...]) -> Any:
    """A view of ``array`` in which axes run along diagonals of it.

    Entry ``p`` of the view, which has this shape, is the entry of the array at the positions
    ``p[axis] + offset`` for the (axis, offset) of each of its axes.
    """
    strides = [0] * len(shape)
    for (axis, _), stride in zip(places, array.strides, strict=True):
        strides[axis] += stride
    start = array[(*(slice(offset, None) for _, offset in places), ...)]
    return np.lib.stride_tricks.as_strided(start, shape, strides)


def linear(op: str, matrix: Any, exponent: int, guarded: bool) -> Any:
    """A matrix function of the last two axes.

    Raises EvaluationError (E606) for a singular matrix that has to be inverted; where a
    condition may hide the result (``guarded``) it is nan instead.
    """
    matrix = _inexact(matrix)
    if op == "det":
        return np.linalg.det(matrix)
    if op == "logdet":
        return np.log(np.linalg.det(matrix)) if np.iscomplexobj(matrix) else _logdet(matrix)
    try:
        if op == "inv":
            return _regular(matrix, np.linalg.inv(matrix))
        return np.linalg.matrix_power(matrix, exponent)
    except np.linalg.LinAlgError:
        if guarded:
            return _each(op, matrix, exponent)
        raise EvaluationError("E606", f"a matrix of {op} is singular") from None


def _regular(matrix: Any, inverse: Any) -> Any:
    """The inverse, unless rounding errors alone may have produced it."""
    if matrix.size:
        largest = np.abs(matrix).max(axis=(-2, -1)) * np.abs(inverse).max(axis=(-2, -1))
        if np.any(largest * np.finfo(matrix.dtype).eps > SINGULAR):
            raise np.linalg.LinAlgError
    return inverse


def _logdet(matrix: Any) -> Any:
    sign_of, size = np.linalg.slogdet(matrix)
    return np.where(sign_of < 0, np.nan, size).astype(matrix.dtype)


def _each(op: str, matrix: Any, exponent: int) -> Any:
    """The matrices of a batch one by one, nan for those that are singular."""
    result = np.full(matrix.shape, np.nan, matrix.dtype)
    for place in np.ndindex(matrix.shape[:-2]):
        try:
            power_of = -1 if op == "inv" else exponent
            result[place] = np.linalg.matrix_power(matrix[place], power_of)
            if op == "inv":
                _regular(matrix[place], result[place])
        except np.linalg.LinAlgError:
            result[place] = np.nan
            continue
    return result
