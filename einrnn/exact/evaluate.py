"""The evaluator: an expression becomes one array over its free indices.

Values are remembered by node, level and the ranges of the free indices. What arithmetic is
done, and what functions mean in it, is the business of :class:`Rules`: residues
(:mod:`einrnn.exact.modular`) or floats (:mod:`einrnn.exact.floating`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from einrnn.core import nodes as n
from einrnn.core.model import Model
from einrnn.core.trampoline import trampoline
from einrnn.core.traverse import fresh, rename_bound
from einrnn.errors import InternalError
from einrnn.exact.places import Place, Stored, Whole, cut, gathered, place, positions, taken
from einrnn.exact.values import (
    UNDEFINED,
    Array,
    Env,
    Order,
    Span,
    Values,
    align,
    aligned,
    choose,
    merged,
)

if TYPE_CHECKING:
    from einrnn.exact.tensors import Shapes

Steps = Generator[Generator[Any, Any, Any], Any, Values]
Bools = npt.NDArray[np.bool_]
Key = tuple[Any, ...]
_UNKNOWN: Any = object()


class Rules(Protocol):
    """What numbers are, and what functions of them mean."""

    def number(self, node: n.Number, level: int) -> Values:
        """A rational number."""
        ...

    def whole(self, values: Whole, level: int) -> Array:
        """Whole numbers as numbers of this arithmetic."""
        ...

    def read_whole(self, values: Array, level: int) -> Whole:
        """The whole numbers that numbers stand for."""
        ...

    def add(self, terms: Sequence[Array], level: int) -> Array:
        """The sum of arrays that broadcast."""
        ...

    def mul(self, left: Array, right: Array, level: int) -> Array:
        """The product of arrays that broadcast."""
        ...

    def power(self, ev: Evaluator, node: n.Pow, level: int, env: Env) -> Steps:
        """A power."""
        ...

    def apply(self, ev: Evaluator, node: n.Apply, level: int, env: Env) -> Steps:
        """A known function."""
        ...

    def reduce(self, ev: Evaluator, node: n.Reduce, level: int, env: Env) -> Steps:
        """A reduction."""
        ...

    def compare(
        self, ev: Evaluator, node: n.Compare, left: Values, right: Values, level: int
    ) -> Values:
        """A relation between two values that are aligned; its data are truth values."""
        ...

    def matrix(self, ev: Evaluator, node: n.Matrix, level: int, env: Env) -> Steps:
        """A function of a matrix."""
        ...

    def opaque(self, ev: Evaluator, node: n.Opaque, level: int, env: Env) -> Steps:
        """An unknown function."""
        ...


class TensorSource(Protocol):
    """Whole tensors by name and level."""

    @property
    def shapes(self) -> Shapes:
        """What depends on sizes only."""
        ...

    def known(self, name: str, level: int) -> Stored | None:
        """A tensor that has been computed."""
        ...

    def __call__(self, ev: Evaluator, name: str, level: int) -> Generator[Any, Any, Stored]:
        """A tensor, as steps of :func:`run`."""
        ...


@cache
def order_of(free: frozenset[n.Index]) -> Order:
    """Indices in the order of the axes they have in values."""
    return tuple(sorted(free, key=lambda index: index.name))


def _key(node: n.Expr | n.Cond, level: int, env: Env) -> Key:
    """What a value depends on at one point."""
    return (node, level, *map(env.__getitem__, order_of(node.free)))


class Evaluator:
    """Values of expressions of a closed model at given sizes.

    ``tensors`` gives whole tensors. Sizes are looked up when they are needed.
    """

    def __init__(
        self,
        model: Model,
        sizes: Mapping[str, int],
        rules: Rules,
        tensors: TensorSource,
    ) -> None:
        self.model = model
        self.sizes = {name: size for name, size in model.dims.items() if size is not None}
        self.sizes.update(sizes)
        self.rules = rules
        self.tensors = tensors
        self._memo: dict[Key, Values] = {}
        self._places, self._cuts, _ = tensors.shapes
        # entries that depend on tensors which are still being computed, and how often such
        # a tensor was read: a value during which that number grew is provisional
        self.provisional: dict[Key, Values] = {}
        self.unsettled = 0

    def value(self, node: n.Expr | n.Cond, env: Env, level: int = 0) -> Values:
        """The value at the given ranges of its free indices."""
        with np.errstate(all="ignore"):
            return run(self.steps(node, level, env))

    def place(self, value: n.Affine) -> Place:
        """An index expression at these sizes."""
        found = self._places.get(value)
        if found is None:
            found = self._places[value] = place(value, self.sizes)
        return found

    def number(self, value: n.Affine) -> int:
        """An index expression without indices."""
        at = self.place(value)
        if at.letters or at.lookups:
            raise InternalError("E904", f"{value} has indices")
        return at.constant

    def _at_once(self, key: Key, env: Env) -> Values | None:
        """The value, where it is known or an entry of a tensor that is: most nodes are, and
        steps take longer than what they would do. None where it takes steps."""
        node, level = key[:2]
        found = self._memo.get(key)
        if found is not None:
            return found
        found = self.provisional.get(key)
        if found is not None:
            self.unsettled += 1
            return found
        if isinstance(node, n.Element):
            found = self._read(node, level, env)
        elif isinstance(node, n.Number):
            found = self.rules.number(node, level)
        if found is not None:
            self._memo[key] = found
        return found

    def _read(self, node: n.Element, level: int, env: Env) -> Values | None:
        """Entries of a tensor that is known, at positions that are slices of it."""
        stored = self.tensors.known(node.tensor, level)
        return None if stored is None else self.sliced(stored, node, env)

    def sliced(self, stored: Stored, node: n.Element, env: Env) -> Values | None:
        """Entries of a tensor, where they are a slice of it; which slice depends on sizes only."""
        order = order_of(node.free)
        key = (node, *map(env.__getitem__, order))
        at = self._cuts.get(key, _UNKNOWN)
        if at is _UNKNOWN:
            at = self._cuts[key] = cut(stored, [self.place(a) for a in node.args], order, env)
        return None if at is None else taken(stored, at)

    def steps(self, node: n.Expr | n.Cond, level: int, env: Env) -> Steps:
        """The value of a node, as steps of :func:`run`."""
        key = _key(node, level, env)
        found = self._at_once(key, env)
        return (yield from self._worked_out(key, env)) if found is None else found

    def _worked_out(self, key: Key, env: Env) -> Steps:
        """A value that is not known, which is kept."""
        node, level = key[:2]
        before = self.unsettled
        value: Values = yield from _HANDLERS[type(node)](self, node, level, env)
        if self.unsettled == before:
            self._memo[key] = value
        else:
            self.provisional[key] = value
        return value

    def all(
        self, nodes: Sequence[n.Expr | n.Cond], order: Order, level: int, env: Env
    ) -> Generator[Any, Any, list[Values]]:
        """The values of several nodes, aligned to one order."""
        result: list[Values] = []
        for node in nodes:
            own = order_of(node.free)
            key = (node, level, *map(env.__getitem__, own))
            value = self._memo.get(key) or self._at_once(key, env)
            if value is None:
                value = cast(Values, (yield self._worked_out(key, env)))
            result.append(value if own == order else aligned(value, own, order))
        return result

    def index(self, value: n.Affine, order: Order, env: Env) -> Generator[Any, Any, Whole]:
        """The whole numbers an index expression stands for, aligned to an order."""
        at = self.place(value)
        found: list[Whole] = []
        for element, _ in at.lookups:
            looked: Values = yield self.steps(element, 0, env)
            whole = self.rules.read_whole(looked.data, 0)
            if looked.flags is not None:  # out of every range, so that the read is undefined
                whole = np.where(looked.flags & UNDEFINED, -(2**31), whole)
            found.append(align(whole, order_of(element.free), order))
        return positions(at, order, env, found)


@trampoline
def run(steps: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """Run steps to their end, on an explicit stack."""
    return (yield steps)


def bind(env: Env, index: n.Index, lo: int, size: int) -> Env:
    """The ranges inside a binder."""
    return {**env, index: Span(lo, size)}


def _number(ev: Evaluator, node: n.Number, level: int, env: Env) -> Steps:
    return ev.rules.number(node, level)
    yield


def _value(ev: Evaluator, node: n.Value, level: int, env: Env) -> Steps:
    whole = yield from ev.index(node.index, order_of(node.free), env)
    return Values(ev.rules.whole(whole, level))


def _element(ev: Evaluator, node: n.Element, level: int, env: Env) -> Steps:
    stored: Stored = yield ev.tensors(ev, node.tensor, level)
    found = ev.sliced(stored, node, env)
    if found is not None:
        return found
    order = order_of(node.free)
    where: list[Whole] = []
    for arg in node.args:
        where.append((yield from ev.index(arg, order, env)))
    return gathered(stored, where, order)


def _add(ev: Evaluator, node: n.Add, level: int, env: Env) -> Steps:
    if not node.terms:
        return Values(ev.rules.whole(np.zeros(1, dtype=np.int64), level))
    terms = yield from ev.all(node.terms, order_of(node.free), level, env)
    data = ev.rules.add([term.data for term in terms], level)
    return Values(data, merged(*[term.flags for term in terms]))


def _mul(ev: Evaluator, node: n.Mul, level: int, env: Env) -> Steps:
    if not node.factors:
        return Values(ev.rules.whole(np.ones(1, dtype=np.int64), level))
    factors = yield from ev.all(node.factors, order_of(node.free), level, env)
    data, *others = sorted((factor.data for factor in factors), key=lambda data: data.size)
    for other in others:
        data = ev.rules.mul(data, other, level)
    return Values(data, merged(*[factor.flags for factor in factors]))


def _pow(ev: Evaluator, node: n.Pow, level: int, env: Env) -> Steps:
    return ev.rules.power(ev, node, level, env)


def _apply(ev: Evaluator, node: n.Apply, level: int, env: Env) -> Steps:
    return ev.rules.apply(ev, node, level, env)


def _reduce(ev: Evaluator, node: n.Reduce, level: int, env: Env) -> Steps:
    if node.index in node.lo.free or node.index in node.hi.free:  # another one of that name
        other = fresh(node.index, node.free | node.body.free)
        node = cast(n.Reduce, rename_bound(node, (other,)))
    return ev.rules.reduce(ev, node, level, env)


def _matrix(ev: Evaluator, node: n.Matrix, level: int, env: Env) -> Steps:
    return ev.rules.matrix(ev, node, level, env)


def _opaque(ev: Evaluator, node: n.Opaque, level: int, env: Env) -> Steps:
    return ev.rules.opaque(ev, node, level, env)


def _cases(ev: Evaluator, node: n.Cases, level: int, env: Env) -> Steps:
    """Branches that are chosen nowhere, or come after one that always is, are not computed."""
    order = order_of(node.free)
    chosen: list[tuple[Values, Values]] = []
    last: n.Expr = node.otherwise
    for cond, branch in node.branches:
        held: Values = yield ev.steps(cond, level, env)
        if held.flags is None:
            if held.data.all():
                last = branch
                break
            if not held.data.any():
                continue
        value: Values = yield ev.steps(branch, level, env)
        pair = (held, order_of(cond.free)), (value, order_of(branch.free))
        chosen.append((aligned(*pair[0], order), aligned(*pair[1], order)))
    value = yield ev.steps(last, level, env)
    result = aligned(value, order_of(last.free), order)
    for held, value in reversed(chosen):
        result = choose(held.data, value, result)
        result = Values(result.data, merged(result.flags, held.flags))
    return result


def _compare(ev: Evaluator, node: n.Compare, level: int, env: Env) -> Steps:
    left, right = yield from ev.all((node.left, node.right), order_of(node.free), level, env)
    return ev.rules.compare(ev, node, left, right, level)


def _junction(ev: Evaluator, node: n.And | n.Or, level: int, env: Env) -> Steps:
    """Parts are looked at from left to right until one decides."""
    conjunction = isinstance(node, n.And)
    order = order_of(node.free)
    result = Values(np.full((1,) * (len(order) + 1), conjunction))
    parts = yield from ev.all(node.parts, order, level, env)
    for part in parts:
        pending = result.data if conjunction else ~result.data
        data = result.data & part.data if conjunction else result.data | part.data
        flags = None if part.flags is None else np.where(pending, part.flags, 0).astype(np.uint8)
        result = Values(data, merged(result.flags, flags))
    return result


def _not(ev: Evaluator, node: n.Not, level: int, env: Env) -> Steps:
    value: Values = yield ev.steps(node.part, level, env)
    return Values(~value.data, value.flags)


def _derivative(ev: Evaluator, node: n.Derivative, level: int, env: Env) -> Steps:
    raise InternalError("E904", f"a derivative that was not carried out: {node}")
    yield


_HANDLERS: dict[type, Callable[..., Steps]] = {
    n.Number: _number,
    n.Value: _value,
    n.Element: _element,
    n.Add: _add,
    n.Mul: _mul,
    n.Pow: _pow,
    n.Apply: _apply,
    n.Reduce: _reduce,
    n.Matrix: _matrix,
    n.Opaque: _opaque,
    n.Cases: _cases,
    n.Compare: _compare,
    n.And: _junction,
    n.Or: _junction,
    n.Not: _not,
    n.Derivative: _derivative,
}
