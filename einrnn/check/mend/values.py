"""Expressions over all values of their indices at once, at one point.

The search for repairs evaluates thousands of expressions that differ in one place. Every
subexpression is computed once, as an array with one axis for each of its free indices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from einrnn.check.mend.functions import NEUTRAL, fold, matrix_power, whole_matrix
from einrnn.core import affine as af
from einrnn.core.build import ONE
from einrnn.core.model import Model
from einrnn.core.nodes import (
    Add,
    Affine,
    And,
    Apply,
    Cases,
    Compare,
    Cond,
    Dim,
    Element,
    Expr,
    Index,
    Matrix,
    Mul,
    Node,
    Not,
    Number,
    Opaque,
    Or,
    Pow,
    Reduce,
    Value,
)
from einrnn.core.trampoline import Steps, trampoline
from einrnn.core.traverse import walk
from einrnn.dataclass import dataclass
from einrnn.errors import EinrnnError
from einrnn.exact.exact import sides
from einrnn.exact.floats import FloatPoint
from einrnn.exact.known import CONSTANTS, FUNCTIONS
from einrnn.exact.logic import RELATIONS
from einrnn.exact.values import UNDEFINED
from einrnn.numeric.interpret import Interpreter

Array = npt.NDArray[Any]
Scope = Mapping[Index, tuple[int, int]]

_MOST_ENTRIES = 20_000


class NotEvaluated(Exception):
    """Something that this evaluator does not do, or that would take it too long."""


@dataclass(frozen=True, eq=False)
class Named:
    """An array with one axis for each index, in the order of their names."""

    axes: tuple[Index, ...]
    data: Array


def aligned(values: Sequence[Named]) -> tuple[tuple[Index, ...], list[Array]]:
    """All axes that occur, and the arrays with axes of length 1 where they lack one."""
    axes = values[0].axes
    if all(value.axes == axes for value in values):
        return axes, [value.data for value in values]
    union = {axis for value in values for axis in value.axes}
    axes = tuple(sorted(union, key=lambda index: index.name))
    return axes, [expanded(value, axes) for value in values]


def expanded(value: Named, axes: tuple[Index, ...]) -> Array:
    """The array with axes of length 1 for the indices that it lacks."""
    lengths = dict(zip(value.axes, value.data.shape, strict=True))
    return value.data.reshape([lengths.get(axis, 1) for axis in axes])


@dataclass(eq=False)
class Values:
    """The evaluator of one closed model at one point.

    ``extra`` has arrays for names that the model does not know, with all positions from 0.
    """

    model: Model
    sizes: Mapping[str, int]
    arrays: Mapping[str, Array]
    extra: dict[str, Array] = field(default_factory=dict[str, Array])
    _interpreter: Interpreter = field(init=False)
    _floats: FloatPoint = field(init=False)
    _asked: tuple[Model | None, bool] = field(default=(None, False))
    _tensors: dict[str, tuple[Array, list[int]]] = field(init=False)
    _memo: dict[tuple[Node, tuple[tuple[int, int], ...]], Named] = field(init=False)

    def __post_init__(self) -> None:
        self._interpreter = Interpreter(self.model, self.sizes, self.arrays)
        self._floats = FloatPoint(self.model, self.sizes, self.arrays)
        self._tensors = {}
        self._memo = {}

    def grow(self, model: Model) -> None:
        """Go over to a model that has more tensors; what is known stays known."""
        self.model = model
        self._interpreter = Interpreter(model, self.sizes, self.arrays)
        self._floats = FloatPoint(model, self.sizes, self.arrays)

    def number(self, value: Affine) -> int:
        """An index expression without indices."""
        return self._interpreter.index(value, {})

    def of_index(self, value: Affine, scope: Scope) -> tuple[int, int]:
        """The smallest and the largest value of an index expression."""
        found = trampoline(self._value)(value, scope).data
        return int(found.min()), int(found.max())

    def of(self, expr: Expr, scope: Scope) -> Named:
        """The values of an expression, nan where it has none.

        Raises:
            NotEvaluated: a tensor is too large, or a node is unknown here.
        """
        with np.errstate(all="ignore"):
            return trampoline(self._value)(expr, scope)

    def over(self, expr: Expr, scope: Scope) -> Array:
        """The values with an axis for each index of the scope, in the order of the names."""
        value = self.of(expr, scope)
        axes = tuple(sorted(scope, key=lambda index: index.name))
        lengths = [scope[axis][1] - scope[axis][0] + 1 for axis in axes]
        return np.broadcast_to(expanded(value, axes), lengths)

    def _value(self, node: Node, scope: Scope) -> Steps[Named]:
        free = sorted(node.free, key=lambda index: index.name)
        key = (node, tuple(scope[index] for index in free))
        found = self._memo.get(key)
        if found is None:
            found = yield self._compute(node, scope)
            self._memo[key] = found
        return found

    def _compute(self, node: Node, scope: Scope) -> Steps[Named]:
        match node:
            case Number(value):
                return Named((), np.array(float(value)))
            case Value(index):
                return (yield self._value(index, scope))
            case Affine():
                return (yield self._affine(node, scope))
            case Element(tensor, args):
                return (yield self._element(tensor, args, scope))
            case Add(parts) | Mul(parts):
                return (
                    yield self._folded(
                        np.add if isinstance(node, Add) else np.multiply, parts, scope
                    )
                )
            case Pow(base, exponent):
                below = [(yield self._value(base, scope)), (yield self._value(exponent, scope))]
                axes, (x, y) = aligned(below)
                return Named(axes, np.power(np.asarray(x, dtype=float), y))
            case Apply(function, args):
                return (yield self._apply(function, args, scope))
            case Reduce():
                return (yield self._reduce(node, scope))
            case Cases():
                return (yield self._cases(node, scope))
            case Compare(op, left, right):
                below = [(yield self._value(left, scope)), (yield self._value(right, scope))]
                axes, (x, y) = aligned(below)
                return Named(axes, RELATIONS[op](x, y))
            case And(conds) | Or(conds):
                return (yield self._junction(isinstance(node, And), conds, scope))
            case Not(part):
                inner = yield self._value(part, scope)
                return Named(inner.axes, ~inner.data)
            case Matrix():
                return (yield self._matrix(node, scope))
            case Opaque():
                return self._entry_by_entry(node, scope)
            case _:
                raise NotEvaluated

    def _affine(self, node: Affine, scope: Scope) -> Steps[Named]:
        rows = [Named((), np.array(node.constant))]
        for atom, times in node.terms:
            if isinstance(atom, Dim):
                rows.append(Named((), np.array(times * self._interpreter.sizes[atom.name])))
            elif isinstance(atom, Index):
                low, high = scope[atom]
                rows.append(Named((atom,), times * np.arange(low, high + 1)))
            else:
                found = yield self._value(atom, scope)
                rows.append(Named(found.axes, times * np.nan_to_num(found.data).astype(int)))
        axes, arrays = aligned(rows)
        return Named(axes, fold(np.add, arrays))

    def _element(self, tensor: str, args: tuple[Affine, ...], scope: Scope) -> Steps[Named]:
        data, origins = self._tensor(tensor)
        if not args:
            return Named((), data)
        places: list[Named] = []
        for arg in args:
            places.append((yield self._value(arg, scope)))
        axes, arrays = aligned(places)
        positions: list[Array] = []
        inside: Array = np.array(True)
        for place, origin, length in zip(arrays, origins, data.shape, strict=True):
            at = place - origin
            inside = inside & (at >= 0) & (at < length)
            positions.append(np.clip(at, 0, length - 1))
        read = data[tuple(positions)]
        return Named(axes, read if inside.all() else np.where(inside, read, np.nan))

    def _tensor(self, name: str) -> tuple[Array, list[int]]:
        """All entries of a tensor, and the position of the first on each axis."""
        if name in self.extra:
            return self.extra[name], [0] * self.extra[name].ndim
        if name not in self._tensors:
            self._tensors[name] = self._read(name)
        return self._tensors[name]

    def _read(self, name: str) -> tuple[Array, list[int]]:
        spans = [range(self.number(a.lo), self.number(a.hi) + 1) for a in self.model.axes(name)]
        shape = [len(span) for span in spans]
        if name in self.model.inputs:
            return np.asarray(self.arrays[name], dtype=float), [0] * len(spans)
        if np.prod(shape) > _MOST_ENTRIES:
            raise NotEvaluated
        whole = self._at_once(name)
        if whole is not None:
            return whole, [span.start for span in spans]
        data = np.full(shape, np.nan)
        for place, position in zip(np.ndindex(*shape), product(*spans), strict=True):
            try:
                data[place] = float(self._interpreter.entry(name, position))
            except EinrnnError:
                continue  # no clause gives it: nan
        return data, [span.start for span in spans]

    def _at_once(self, name: str) -> Array | None:
        """All entries of a definition by the evaluator, nan where there is none; None where it
        cannot tell, has other functions for opaque ones, or an axis is empty."""
        letters = tuple(Index(f"·{axis}") for axis in range(len(self.model.axes(name))))
        if len(letters) > 9 or self._is_opaque():  # their order is that of their names
            return None
        entry = Element(name, tuple(af.of(letter) for letter in letters))
        ranges = dict(zip(letters, self.model.axes(name), strict=True))
        try:
            both = sides(self._floats.evaluator, entry, ONE, ranges, None)
        except EinrnnError:
            return None
        if both is None:
            return None
        return np.where(both.flags[0] & UNDEFINED, np.nan, both.left[0])

    def _is_opaque(self) -> bool:
        """Whether some definition is made of a function of which nothing is known."""
        if self.model is not self._asked[0]:
            bodies = [c.body for d in self.model.definitions.values() for c in d.clauses]
            self._asked = self.model, any(isinstance(node, Opaque) for node in walk(*bodies))
        return self._asked[1]

    def _folded(self, op: Any, parts: Sequence[Node], scope: Scope) -> Steps[Named]:
        below: list[Named] = []
        for part in parts:
            below.append((yield self._value(part, scope)))
        if not below:
            return Named((), np.array(float(op.identity)))
        axes, arrays = aligned(below)
        return Named(axes, fold(op, arrays))

    def _apply(self, function: str, args: Sequence[Expr], scope: Scope) -> Steps[Named]:
        if function in CONSTANTS:
            return Named((), np.array(CONSTANTS[function]))
        if function not in FUNCTIONS:
            raise NotEvaluated
        below: list[Named] = []
        for arg in args:
            below.append((yield self._value(arg, scope)))
        axes, arrays = aligned(below)
        return Named(axes, np.asarray(FUNCTIONS[function](*arrays), dtype=float))

    def _reduce(self, node: Reduce, scope: Scope) -> Steps[Named]:
        low = yield self._value(node.lo, scope)
        high = yield self._value(node.hi, scope)
        first, last = int(low.data.min(initial=10**6)), int(high.data.max(initial=-1))
        neutral = NEUTRAL[node.op]
        if last < first:
            return Named((), np.array(neutral))
        inner = {**scope, node.index: (first, last)}
        body = yield self._value(node.body, inner)
        here = Named((node.index,), np.arange(first, last + 1))
        axes, (values, at, lows, highs) = aligned([body, here, low, high])
        held = (lows <= at) & (at <= highs)
        values = np.where(held, values, neutral)
        axis = axes.index(node.index)
        rest = (*axes[:axis], *axes[axis + 1 :])
        if node.op == "logsumexp":
            return Named(rest, np.logaddexp.reduce(values, axis=axis))
        reducer = {"sum": np.add, "prod": np.multiply, "max": np.maximum, "min": np.minimum}
        return Named(rest, reducer[node.op].reduce(values, axis=axis))

    def _cases(self, node: Cases, scope: Scope) -> Steps[Named]:
        result = yield self._value(node.otherwise, scope)
        for cond, value in reversed(node.branches):
            where = yield self._value(cond, scope)
            chosen = yield self._value(value, scope)
            axes, (held, yes, no) = aligned([where, chosen, result])
            result = Named(axes, np.where(held, yes, no))
        return result

    def _junction(self, every: bool, conds: Sequence[Cond], scope: Scope) -> Steps[Named]:
        below = [Named((), np.array(every))]
        for cond in conds:
            below.append((yield self._value(cond, scope)))
        axes, arrays = aligned(below)
        return Named(axes, fold(np.logical_and if every else np.logical_or, arrays))

    def _matrix(self, node: Matrix, scope: Scope) -> Steps[Named]:
        side = yield self._value(node.size, scope)
        if side.axes:
            raise NotEvaluated
        span = (0, int(side.data) - 1)
        inner = {**scope, node.row: span, node.column: span}
        body = yield self._value(node.body, inner)
        square = Named((node.row, node.column), np.zeros((int(side.data), int(side.data))))
        square = (
            square if node.row.name < node.column.name else Named(square.axes[::-1], square.data)
        )
        axes, (values, zeros) = aligned([body, square])
        values = np.moveaxis(
            values + zeros, [axes.index(node.row), axes.index(node.column)], [-2, -1]
        )
        rest = tuple(axis for axis in axes if axis not in (node.row, node.column))
        places: list[Named] = []
        for place in node.at:
            places.append((yield self._value(place, scope)))
        if node.op in ("det", "logdet"):
            return Named(rest, whole_matrix(node.op, values))
        if node.op == "matpow":
            places.append((yield self._value(node.power, scope)))
        return _picked(node.op, rest, values, places, scope)

    def _entry_by_entry(self, node: Expr, scope: Scope) -> Named:
        axes = tuple(sorted(node.free, key=lambda index: index.name))
        spans = [range(scope[axis][0], scope[axis][1] + 1) for axis in axes]
        data = np.full([len(span) for span in spans], np.nan)
        for place, position in zip(np.ndindex(*data.shape), product(*spans), strict=True):
            try:
                env = dict(zip(axes, position, strict=True))
                data[place] = float(self._interpreter.value(node, env))
            except EinrnnError:
                continue
        return Named(axes, data)


def _picked(
    op: str, rest: tuple[Index, ...], values: Array, places: list[Named], scope: Scope
) -> Named:
    """Entries of the inverse, or of powers, of matrices over the indices ``rest``."""
    batch = [Named((axis,), np.arange(scope[axis][1] - scope[axis][0] + 1)) for axis in rest]
    axes, arrays = aligned([*batch, *places])
    at = arrays[: len(batch)]
    row, column, *power = arrays[len(batch) :]
    side = values.shape[-1]
    inside = (row >= 0) & (row < side) & (column >= 0) & (column < side)
    row, column = np.clip(row, 0, side - 1), np.clip(column, 0, side - 1)
    if op == "inv":
        return Named(
            axes, np.where(inside, whole_matrix("inv", values)[(*at, row, column)], np.nan)
        )
    lowest, powers = matrix_power(values, power[0])
    read = powers[(power[0] - lowest, *at, row, column)]
    return Named(axes, np.where(inside, read, np.nan))
