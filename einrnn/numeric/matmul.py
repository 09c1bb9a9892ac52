"""A pairwise contraction as one call of numpy, by BLAS wherever it can be."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from einrnn.numeric.steps import Contract

Pair = Callable[[Any, Any], Any]


def contraction(step: Contract) -> Pair:
    """The function of the two operands that a step stands for."""
    batch, kept_left, summed, kept_right = step.shape
    terms = prod(summed)
    left_shape = (*batch, prod(kept_left), terms)
    right_shape = (*batch, terms, prod(kept_right))
    out_shape = (*batch, *kept_left, *kept_right)
    left_order, right_order = _order(step.left_order), _order(step.right_order)
    if batch and not kept_left and not kept_right:
        flat = (*batch, terms)
        return _rows(left_order, right_order, flat)
    if not batch:
        # vectors stay vectors: BLAS has a call of its own for them
        left_shape = left_shape if kept_left else (terms,)
        right_shape = right_shape if kept_right else (terms,)
    return _matmul(left_order, right_order, left_shape, right_shape, out_shape)


def _order(order: tuple[int, ...]) -> tuple[int, ...] | None:
    return None if order == tuple(range(len(order))) else order


def _matmul(
    left_order: tuple[int, ...] | None,
    right_order: tuple[int, ...] | None,
    left_shape: tuple[int, ...],
    right_shape: tuple[int, ...],
    out_shape: tuple[int, ...],
) -> Pair:
    def run(left: Any, right: Any) -> Any:
        a = _laid_out(left, left_order, left_shape)
        b = _laid_out(right, right_order, right_shape)
        result = np.matmul(a, b)
        return result if result.shape == out_shape else result.reshape(out_shape)

    return run


def _rows(
    left_order: tuple[int, ...] | None, right_order: tuple[int, ...] | None, shape: tuple[int, ...]
) -> Pair:
    """A dot product for each element of the batch."""

    def run(left: Any, right: Any) -> Any:
        a = _laid_out(left, left_order, shape)
        b = _laid_out(right, right_order, shape)
        return np.einsum("...k,...k->...", a, b)

    return run


def _laid_out(array: Any, order: tuple[int, ...] | None, shape: tuple[int, ...]) -> Any:
    """The array as matrices that BLAS can read: one of the last two strides is 1 entry."""
    if order is not None:
        array = array.transpose(order)
    if array.shape != shape:
        array = array.reshape(shape)
    strides, unit = array.strides, array.itemsize
    if strides[-1] == unit or (len(strides) > 1 and strides[-2] == unit):
        return array
    return np.ascontiguousarray(array)
