"""What numbers and functions are in double precision. There is one level only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from math import prod
from typing import Any

import numpy as np

from einrnn.core import nodes as n
from einrnn.exact import matrices
from einrnn.exact.evaluate import Evaluator, Steps, order_of
from einrnn.exact.field import scramble
from einrnn.exact.known import CONSTANTS, FUNCTIONS
from einrnn.exact.logic import RELATIONS, reduced, rows, total
from einrnn.exact.oracles import entries, seed_of
from einrnn.exact.places import Whole
from einrnn.exact.values import Array, Env, Flags, Values, aligned, any_along, merged
from einrnn.numeric.scalars import to_float

_WAVES = 3
_MUCH = 32
_CONDITION = 1e12


def _summed(data: Array, axis: int) -> Array:
    return data.sum(axis=axis)


def _contracted(factors: list[Array], axis: int) -> Array | None:
    """The sum along an axis of a product of arrays that broadcast, without the product where
    that would be much larger than they are; None where it is not."""
    shape = np.broadcast_shapes(*[factor.shape for factor in factors])
    largest = max(factor.size for factor in factors)
    if len(factors) != 2 or prod(shape) < _MUCH * largest:
        return None
    if any(factor.shape[axis] != shape[axis] for factor in factors):
        return None
    kept = [[n for n, size in enumerate(factor.shape) if size > 1] for factor in factors]
    result = [n for n, size in enumerate(shape) if size > 1 and n != axis]
    pairs = zip(factors, kept, strict=True)
    given = [part for factor, axes in pairs for part in (factor.squeeze(), axes)]
    summed = np.einsum(*given, result, optimize=True)
    return summed.reshape([size for n, size in enumerate(shape) if n != axis])


class Floating:
    """Double precision; what has no value is nan, reads out of range are flagged."""

    def number(self, node: n.Number, level: int) -> Values:
        """A rational number."""
        return Values(np.array([to_float(node.value)]))

    def whole(self, values: Whole, level: int) -> Array:
        """Whole numbers."""
        return values.astype(np.float64)

    def read_whole(self, values: Array, level: int) -> Whole:
        """The nearest whole numbers."""
        return np.rint(values).astype(np.int64)

    def add(self, terms: Sequence[Array], level: int) -> Array:
        """The sum of arrays that broadcast."""
        return reduce(np.add, terms)

    def mul(self, left: Array, right: Array, level: int) -> Array:
        """The product of arrays that broadcast."""
        return left * right

    def power(self, ev: Evaluator, node: n.Pow, level: int, env: Env) -> Steps:
        """A power; whole exponents that are written out are exact."""
        parts = yield from ev.all((node.base, node.exponent), order_of(node.free), level, env)
        base, exponent = parts
        flags = merged(base.flags, exponent.flags)
        if isinstance(node.exponent, n.Number) and node.exponent.value == -1:
            return Values(1.0 / base.data, flags)
        return Values(np.power(base.data, exponent.data), flags)

    def apply(self, ev: Evaluator, node: n.Apply, level: int, env: Env) -> Steps:
        """A known function."""
        if not node.args:
            return Values(np.array([CONSTANTS[node.function]]))
        args = yield from ev.all(node.args, order_of(node.free), level, env)
        data = FUNCTIONS[node.function](*[arg.data for arg in args])
        return Values(data, merged(*[arg.flags for arg in args]))

    def reduce(self, ev: Evaluator, node: n.Reduce, level: int, env: Env) -> Steps:
        """A reduction."""
        match node.op:
            case "sum":
                return total(ev, node, level, env, _summed, _contracted)
            case "prod":
                return reduced(ev, node, level, env, 1, lambda data, axis: data.prod(axis=axis))
            case "max":
                return _extreme(ev, node, level, env, -np.inf, np.max)
            case "min":
                return _extreme(ev, node, level, env, np.inf, np.min)
            case "logsumexp":
                return _extreme(ev, node, level, env, -np.inf, np.logaddexp.reduce)

    def compare(
        self, ev: Evaluator, node: n.Compare, left: Values, right: Values, level: int
    ) -> Values:
        """A relation."""
        held = RELATIONS[node.op](left.data, right.data)
        return Values(held, merged(left.flags, right.flags))

    def matrix(self, ev: Evaluator, node: n.Matrix, level: int, env: Env) -> Steps:
        """A function of a matrix, by LAPACK."""
        data, flags = yield from matrices.assembled(ev, node, level, env)
        if node.op == "det":
            return Values(np.linalg.det(data), flags)
        if node.op == "logdet":
            return Values(np.log(np.linalg.det(data)), flags)
        if node.op == "inv":
            result = _inverse(data)[0]
        else:
            result, _ = yield from matrices.powers(ev, node, env, data, np.matmul, _inverse)
        picked, outside = yield from matrices.read(ev, node, env, result)
        return Values(picked, merged(flags, outside))

    def opaque(self, ev: Evaluator, node: n.Opaque, level: int, env: Env) -> Steps:
        """An unknown function: ``sum_p c_p sin(w_p . x + b_p)`` over all entries x it is given.

        Each derivative multiplies by a weight and shifts the phase by a quarter turn.
        """
        order = order_of(node.free)
        seed: Array = np.full((1,) * (len(order) + 1), seed_of(node.name, 0), dtype=np.uint64)
        for at in node.at:
            whole = yield from ev.index(at, order, env)
            seed = scramble(seed + whole.astype(np.uint64))
        angles = [2 * np.pi * _uniform(seed, wave, 0, 0) for wave in range(_WAVES)]
        flags: Flags | None = None
        sizes: list[list[int]] = []
        for number, argument in enumerate(node.args):
            found = yield from entries(ev, argument, order, level, env)
            flags = merged(flags, found.flags)
            sizes.append([ev.number(size) for size in argument.sizes])
            places = np.arange(found.data.shape[-1], dtype=np.int64)
            for wave in range(_WAVES):
                weights = _weight(seed[..., None], wave, number, places)
                angles[wave] = angles[wave] + (weights * found.data).sum(axis=-1)
        factors = [np.ones((1,) * (len(order) + 1)) for _ in angles]
        for number, entry in node.partials:
            place: Array = np.zeros((1,) * (len(order) + 1), dtype=np.int64)
            for at, size in zip(entry, sizes[number], strict=True):
                whole = yield from ev.index(at, order, env)
                place = place * size + whole
            factors = [f * _weight(seed, w, number, place) for w, f in enumerate(factors)]
        turn = 0.5 * np.pi * len(node.partials)
        terms = [f * np.sin(angle + turn) for f, angle in zip(factors, angles, strict=True)]
        return Values(self.add(terms, 0), flags)


def _uniform(seed: Array, wave: int, argument: int, places: Any) -> Array:
    """Numbers from 0 to 1 that depend on all that is given and on nothing else."""
    key = np.atleast_1d(np.asarray(places, dtype=np.uint64)) + np.uint64(
        wave << 40 | (argument + 1) << 48
    )
    return scramble(scramble(key) + seed).astype(np.float64) / 2.0**64


def _weight(seed: Array, wave: int, argument: int, places: Any) -> Array:
    return 2.0 * _uniform(seed, wave, argument + 1, places) - 1.0


def _extreme(
    ev: Evaluator, node: n.Reduce, level: int, env: Env, empty: float, fold: Callable[..., Array]
) -> Steps:
    """A reduction whose neutral element is infinite."""
    outer = order_of(node.free)
    found = yield from rows(ev, node, node.body, level, env)
    if found is None:
        return Values(np.full((1,) * (len(outer) + 1), empty))
    data, flags = found.body
    if found.counted is not None:
        data = np.where(found.counted, data, empty)
        flags = None if flags is None else (flags * found.counted).astype(np.uint8)
    axes = tuple(index for index in found.axes if index is not node.index)
    value = Values(fold(data, axis=found.axis), any_along(flags, found.axis))
    return aligned(value, axes, outer)


def _inverse(matrices_: Array) -> tuple[Array, Array]:
    """Inverses, nan for matrices that are singular as far as double precision can tell."""
    unit = np.eye(matrices_.shape[-1])
    finite = np.asarray(np.isfinite(matrices_).all(axis=(-2, -1)))  # LAPACK fails on others
    safe = np.where(finite[..., None, None], matrices_, unit)
    singular = ~(finite & (np.linalg.cond(safe) < _CONDITION))
    safe = np.where(singular[..., None, None], unit, safe)
    return np.where(singular[..., None, None], np.nan, np.linalg.inv(safe)), singular
