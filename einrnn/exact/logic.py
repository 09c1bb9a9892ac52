"""Conditions and reductions that both kinds of arithmetic share."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from einrnn.core import nodes as n
from einrnn.core.model import Model
from einrnn.errors import EvaluationError
from einrnn.exact.evaluate import Evaluator, Steps, bind, order_of
from einrnn.exact.places import Whole, extent
from einrnn.exact.values import (
    Array,
    Env,
    Order,
    Values,
    aligned,
    any_along,
    choose,
    merged,
    spread,
)

Bools = npt.NDArray[np.bool_]
Fold = Callable[[Array, int], Array]
Contract = Callable[[list[Array], int], Array | None]
_LONGEST = 10**6
_WHOLE_FACTS = ("integer", "boolean", "one-hot")


class Rows(NamedTuple):
    """The body of a reduction over its index, the index's axis, and which of it counts.

    ``axes`` are all axes, the index among them. ``counted`` is None where everything is.
    """

    body: Values
    axes: Order
    axis: int
    counted: Bools | None


def rows(
    ev: Evaluator, node: n.Reduce, body: n.Expr, level: int, env: Env
) -> Generator[Any, Any, Rows | None]:
    """The values that a reduction reduces, ``body`` standing for its body; None if none."""
    outer = order_of(node.free)
    fixed = _fixed(ev, node, env)
    if fixed is None:
        ends = yield from _bounds(ev, node, outer, env)
        low, high = int(ends[0].min()), int(ends[1].max())
    else:
        ends, (low, high) = None, fixed
    if high < low:
        return None
    if high - low > _LONGEST:
        raise EvaluationError("E603", f"a range from {low} to {high} is too long to be tried")
    inner = bind(env, node.index, low, high - low + 1)
    free = (body.free - {node.index}) | node.lo.free | node.hi.free
    axes = order_of(frozenset(free | {node.index}))
    value: Values = yield ev.steps(body, level, inner)
    axis = 1 + axes.index(node.index)
    result = spread(aligned(value, order_of(body.free), axes), axis, high - low + 1)
    if ends is None:
        return Rows(result, axes, axis, None)
    lo, hi = [np.expand_dims(_narrow(end, outer, axes, node.index), axis) for end in ends]
    shape = [1] * (len(axes) + 1)
    shape[axis] = high - low + 1
    counter: Whole = np.arange(low, high + 1, dtype=np.int64).reshape(shape)
    return Rows(result, axes, axis, (lo <= counter) & (counter <= hi))


def _fixed(ev: Evaluator, node: n.Reduce, env: Env) -> tuple[int, int] | None:
    """Both bounds, where they are the same for all values of the indices."""
    ends = [ev.place(end) for end in (node.lo, node.hi)]
    if any(end.lookups or any(env[index].size > 1 for index, _ in end.letters) for end in ends):
        return None
    return extent(ends[0], env)[0], extent(ends[1], env)[0]


def _bounds(
    ev: Evaluator, node: n.Reduce, outer: Order, env: Env
) -> Generator[Any, Any, tuple[Whole, Whole]]:
    lo = yield from ev.index(node.lo, outer, env)
    hi = yield from ev.index(node.hi, outer, env)
    return lo, hi


def _narrow(end: Whole, outer: Order, axes: Order, index: n.Index) -> Whole:
    """A bound over all outer indices, cut down to those that ``axes`` has."""
    kept = [other for other in axes if other is not index]
    cut = tuple(slice(None) if other in kept else 0 for other in outer)
    return end[(slice(None), *cut)]


def reduced(ev: Evaluator, node: n.Reduce, level: int, env: Env, empty: int, fold: Fold) -> Steps:
    """A reduction whose empty value is a whole number, rows folded by ``fold``."""
    outer = order_of(node.free)
    found = yield from rows(ev, node, node.body, level, env)
    neutral = ev.rules.whole(np.full((1,) * (len(outer) + 1), empty, dtype=np.int64), level)
    if found is None:
        return Values(neutral)
    kept = found.body
    if found.counted is not None:
        neutral = ev.rules.whole(np.full((1,) * kept.data.ndim, empty, dtype=np.int64), level)
        kept = choose(found.counted, kept, Values(neutral))
    data, flags = fold(kept.data, found.axis), any_along(kept.flags, found.axis)
    axes = tuple(index for index in found.axes if index is not node.index)
    return aligned(Values(data, flags), axes, outer)


def split_sum(node: n.Reduce) -> tuple[n.Reduce, tuple[n.Expr, ...]]:
    """A sum as a smaller sum and the factors that do not depend on its index."""
    if not isinstance(node.body, n.Mul):
        return node, ()
    inside = tuple(f for f in node.body.factors if node.index in f.free)
    outside = tuple(f for f in node.body.factors if node.index not in f.free)
    if not outside:
        return node, ()
    body = inside[0] if len(inside) == 1 else n.Mul(inside)
    return n.Reduce(node.op, node.index, node.lo, node.hi, body), outside


def total(
    ev: Evaluator, node: n.Reduce, level: int, env: Env, fold: Fold, contract: Contract
) -> Steps:
    """A sum; factors without its index are multiplied once, after it, and ``contract`` may
    sum the product of those with it.

    Where the range is empty the sum is 0, whatever those factors are.
    """
    small, outside = split_sum(node)
    if not outside:
        found = yield from _contracted(ev, node, level, env, contract)
        return (yield from reduced(ev, node, level, env, 0, fold)) if found is None else found
    order = order_of(node.free)
    value: Values = yield ev.steps(small, level, env)
    value = aligned(value, order_of(small.free), order)
    factors = yield from ev.all(outside, order, level, env)
    data, flags = value.data, merged(*[factor.flags for factor in factors])
    for factor in sorted(factors, key=lambda found: found.data.size):
        data = ev.rules.mul(data, factor.data, level)
    fixed = _fixed(ev, node, env)
    if fixed is None or fixed[0] > fixed[1]:
        lo, hi = yield from _bounds(ev, node, order, env)
        data = np.where(lo <= hi, data, value.data)
        if flags is not None:
            flags = np.where(lo <= hi, flags, 0).astype(np.uint8)
    return Values(data, merged(value.flags, flags))


def no_contraction(factors: list[Array], axis: int) -> None:
    """For arithmetic in which products are made before they are summed."""


def _contracted(
    ev: Evaluator, node: n.Reduce, level: int, env: Env, contract: Contract
) -> Generator[Any, Any, Values | None]:
    """The sum of a product over a fixed range, all of whose factors have a value everywhere."""
    fixed = _fixed(ev, node, env)
    if not isinstance(node.body, n.Mul) or fixed is None or not 0 <= fixed[1] - fixed[0] < _LONGEST:
        return None
    axes = order_of(node.body.free)
    if node.index not in axes:
        return None
    inner = bind(env, node.index, fixed[0], fixed[1] - fixed[0] + 1)
    factors = yield from ev.all(node.body.factors, axes, level, inner)
    if any(factor.flags is not None for factor in factors):
        return None
    data = contract([factor.data for factor in factors], 1 + axes.index(node.index))
    if data is None:
        return None
    left = tuple(index for index in axes if index is not node.index)
    return aligned(Values(data), left, order_of(node.free))


def is_whole(model: Model, node: n.Expr) -> bool:
    """Whether the value is a whole number whatever the real inputs are."""
    pending = [node]
    while pending:
        part = pending.pop()
        match part:
            case n.Number(value) if value.denominator == 1:
                pass
            case n.Value():
                pass
            case n.Add(below) | n.Mul(below):
                pending += below
            case n.Element(tensor) if tensor in model.inputs and any(
                model.inputs[tensor].has(fact) for fact in _WHOLE_FACTS
            ):
                pass
            case _:
                return False
    return True


RELATIONS = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}
