"""Unknown functions as random oracles: keyed by name, entry, derivatives and all values."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt

from einrnn.core import nodes as n
from einrnn.exact.evaluate import Evaluator, Steps, bind, order_of
from einrnn.exact.field import Field, scramble
from einrnn.exact.values import Array, Env, Flags, Order, Values, align, merged, spread

Words = npt.NDArray[np.uint64]


class Entries(NamedTuple):
    """All entries of one argument: data [points, outer axes, entries], and their flags."""

    data: Array
    flags: Flags | None


def entries(
    ev: Evaluator, argument: n.Argument, order: Order, level: int, env: Env
) -> Generator[Any, Any, Entries]:
    """An argument's entries, aligned to the order of the free indices around it."""
    inner = env
    for index, size in zip(argument.indices, argument.sizes, strict=True):
        inner = bind(inner, index, 0, ev.number(size))
    value: Values = yield ev.steps(argument.body, level, inner)
    both = order_of(argument.body.free | frozenset(argument.indices))
    mine = order_of(argument.body.free)
    data = align(value.data, mine, both)
    flags = None if value.flags is None else align(value.flags, mine, both)
    for index in argument.indices:
        axis = 1 + both.index(index)
        data, flags = spread(Values(data, flags), axis, inner[index].size)
    outer = tuple(index for index in both if index not in argument.indices)
    axes = [1 + both.index(index) for index in argument.indices]
    data = _last(data, axes)
    flags = None if flags is None else np.bitwise_or.reduce(_last(flags, axes), axis=-1)
    return Entries(
        _outer(data, outer, order), None if flags is None else align(flags, outer, order)
    )


def _last(array: Array, axes: list[int]) -> Array:
    """The array with some axes flattened into a last one."""
    moved = np.moveaxis(array, axes, range(-len(axes), 0)) if axes else array
    return moved.reshape(*moved.shape[: array.ndim - len(axes)], -1)


def _outer(data: Array, outer: Order, order: Order) -> Array:
    """Align all axes but the last."""
    where = (slice(None), *(slice(None) if i in outer else None for i in order), slice(None))
    return data[where]


def seed_of(name: str, level: int) -> int:
    """A number for a name at a level, the same in every run."""
    return crc32(name.encode()) << 8 | level


def _mixed(words: Words, key: int) -> Words:
    return scramble(words ^ np.uint64(key & (2**64 - 1)))


def opaque(ev: Evaluator, field: Field, node: n.Opaque, level: int, env: Env) -> Steps:
    """An unknown function, or one of its partial derivatives, of all entries it is given.

    The order of differentiation does not matter, so partials are added up.
    """
    order = order_of(node.free)
    state: Words = np.full((1,) * (len(order) + 1), seed_of(node.name, level), dtype=np.uint64)
    flags: Flags | None = None
    for argument in node.args:
        found = yield from entries(ev, argument, order, level, env)
        words = found.data.astype(np.uint64)
        places = np.arange(words.shape[-1], dtype=np.uint64) << np.uint64(32)
        digest = scramble(words ^ places).sum(axis=-1, dtype=np.uint64)
        state = _mixed(state + digest, 1)
        flags = merged(flags, found.flags)
    for at in node.at:
        whole = yield from ev.index(at, order, env)
        state = _mixed(state + whole.astype(np.uint64), 2)
    by = np.zeros_like(state)
    for position, entry in node.partials:
        one: Words = np.full_like(state, position + 1)
        for at in entry:
            whole = yield from ev.index(at, order, env)
            one = _mixed(one + whole.astype(np.uint64), 3)
        by = by + scramble(one)
    return Values(_mixed(state + by, 4) % field.prime, flags)
