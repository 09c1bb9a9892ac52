"""Square matrices: assembled from their entries, eliminated modulo a prime, and read."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from typing import Any

import numpy as np

from einrnn.core import nodes as n
from einrnn.exact.evaluate import Evaluator, Steps, bind, order_of
from einrnn.exact.field import Field, Residues
from einrnn.exact.places import Whole
from einrnn.exact.values import (
    UNDEFINED,
    Array,
    Env,
    Flags,
    Values,
    aligned,
    marked,
    merged,
    spread,
)

# from matrices [..., N, N]: their inverses, or determinants, and where there is none
Inverse = Callable[[Array], tuple[Array, Array]]
Product = Callable[[Array, Array], Array]


def assembled(
    ev: Evaluator, node: n.Matrix, level: int, env: Env
) -> Generator[Any, Any, tuple[Array, Flags | None]]:
    """The matrices [points, free indices of the node, N, N], and the flags without N, N."""
    size = ev.number(node.size)
    inner = bind(bind(env, node.row, 0, size), node.column, 0, size)
    value: Values = yield ev.steps(node.body, level, inner)
    order = order_of(node.body.free)
    both = order_of(node.body.free | {node.row, node.column})
    value = aligned(value, order, both)
    axes = [1 + both.index(index) for index in (node.row, node.column)]
    value = spread(spread(value, axes[0], size), axes[1], size)
    data = np.moveaxis(value.data, axes, (-2, -1))
    batch = tuple(index for index in both if index not in (node.row, node.column))
    flags = value.flags
    if flags is not None:
        flags = np.bitwise_or.reduce(np.moveaxis(flags, axes, (-2, -1)), axis=(-2, -1))
    outer = order_of(node.free)
    data = data.reshape(data.shape[0], *_lengths(data.shape[1:-2], batch, outer), size, size)
    if flags is not None:
        flags = flags.reshape(flags.shape[0], *_lengths(flags.shape[1:], batch, outer))
    return data, flags


def _lengths(
    shape: tuple[int, ...], batch: tuple[n.Index, ...], outer: tuple[n.Index, ...]
) -> list[int]:
    lengths = iter(shape)
    return [next(lengths) if index in batch else 1 for index in outer]


def read(
    ev: Evaluator, node: n.Matrix, env: Env, matrices: Array
) -> Generator[Any, Any, tuple[Array, Flags | None]]:
    """The entries of matrices [points, free indices, N, N] at the node's two positions."""
    order = order_of(node.free)
    rank = len(order) + 1
    where: list[Whole] = []
    for axis, length in enumerate(matrices.shape[:-2]):
        shape = [1] * rank
        shape[axis] = length
        where.append(np.arange(length, dtype=np.int64).reshape(shape))
    inside = np.ones((1,) * rank, dtype=np.bool_)
    for at in node.at:
        place = yield from ev.index(at, order, env)
        last = matrices.shape[-1] - 1
        inside = inside & (place >= 0) & (place <= last)
        where.append(np.clip(place, 0, last))
    # axes of length 1 along which a position varies are repeated by broadcasting
    grid = np.broadcast_arrays(*where)
    picked = [np.minimum(g, length - 1) for g, length in zip(grid, matrices.shape, strict=True)]
    return matrices[tuple(picked)], marked(~inside, UNDEFINED)


def powers(
    ev: Evaluator, node: n.Matrix, env: Env, matrices: Array, product: Product, inverse: Inverse
) -> Generator[Any, Any, tuple[Array, Array]]:
    """The matrices to the node's power, and where there is none."""
    order = order_of(node.free)
    exponent = yield from ev.index(node.power, order, env)
    missing = np.zeros((1,) * (len(order) + 1), dtype=np.bool_)
    size = matrices.shape[-1]
    one = np.broadcast_to(np.eye(size, dtype=matrices.dtype), matrices.shape)
    base = matrices
    if exponent.min() < 0:
        inverted, missing = inverse(matrices)
        base = np.where((exponent < 0)[..., None, None], inverted, matrices)
        missing = missing & (exponent < 0)
    left, result = np.abs(exponent), one
    while left.any():
        odd = (left & 1).astype(np.bool_)[..., None, None]
        result = np.where(odd, product(result, base), result)
        left = left >> 1
        base = product(base, base)
    return result, missing


def eliminated(field: Field, matrices: Residues) -> tuple[Residues, Residues]:
    """Inverses (of those that have one) and determinants, by Gauss and Jordan's method."""
    size = matrices.shape[-1]
    count = math.prod(matrices.shape[:-2])
    flat = matrices.reshape(count, size, size)
    eye = np.broadcast_to(np.eye(size, dtype=np.uint64), flat.shape)
    work = np.concatenate([flat, eye], axis=2)
    det = np.ones(count, dtype=np.uint64)
    every = np.arange(count)
    for column in range(size):
        pivot = column + np.argmax(work[:, column:, column] != 0, axis=1)
        swapped = pivot != column
        row = work[every, pivot].copy()
        work[every, pivot] = work[:, column]
        det = np.where(swapped, field.neg(det), det).astype(np.uint64)
        det = field.mul(det, row[:, column])
        row = field.mul(row, field.inverse(row[:, column])[:, None])
        factors = work[:, :, column].copy()
        factors[:, column] = 0
        work = field.sub(work, field.mul(factors[:, :, None], row[:, None, :]))
        work[:, column] = row
    return work[:, :, size:].reshape(matrices.shape), det.reshape(matrices.shape[:-2])


def product(field: Field, left: Residues, right: Residues) -> Residues:
    """Products of matrices [..., N, N]."""
    entries = field.mul(left[..., :, :, None], right[..., None, :, :])
    return field.sum(entries, axis=-2)


def modular(ev: Evaluator, field: Field, node: n.Matrix, level: int, env: Env) -> Steps:
    """``inv``, ``det`` and ``matpow`` modulo a prime."""
    matrices, flags = yield from assembled(ev, node, level, env)
    if node.op == "det":
        return Values(eliminated(field, matrices)[1], flags)
    if node.op == "inv":
        result, missing = _inverse(field, matrices)
    else:
        result, missing = yield from powers(
            ev,
            node,
            env,
            matrices,
            lambda a, b: product(field, a, b),
            lambda a: _inverse(field, a),
        )
    data, outside = yield from read(ev, node, env, result)
    return Values(data, merged(flags, outside, marked(missing, UNDEFINED)))


def _inverse(field: Field, matrices: Array) -> tuple[Array, Array]:
    inverse, det = eliminated(field, matrices)
    return inverse, det == 0
