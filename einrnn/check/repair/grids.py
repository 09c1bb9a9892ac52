"""Expressions at a point, for all values of their indices at once.

A search tries thousands of expressions that differ in one place. Every subexpression is an
array with an axis for each of its free indices, in the order of their names, and is
computed once for each range of these indices; what an edit does not touch is remembered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from einrnn.check.points import Point
from einrnn.core.functions import FUNCTIONS
from einrnn.core.nodes import (
    Add,
    Affine,
    And,
    Apply,
    Argument,
    Cases,
    Compare,
    Derivative,
    Dim,
    Element,
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
from einrnn.errors import EvaluationError
from einrnn.numeric.kernels import FOLDS, function, linear

Grid = npt.NDArray[Any]
Box = Mapping[Index, tuple[int, int]]
_Key = tuple[Node, tuple[tuple[int, int], ...]]

_MOST_ENTRIES = 400_000
_NEUTRAL = {"sum": 0.0, "prod": 1.0, "max": -np.inf, "min": np.inf, "logsumexp": -np.inf}


class TooMany(Exception):
    """An array would have too many entries to be worth computing."""


def ordered(node: Node) -> tuple[Index, ...]:
    """The free indices in the order of the axes."""
    return tuple(sorted(node.free, key=lambda index: index.name))


@dataclass(frozen=True)
class _Stored:
    """All entries of a tensor; ``low`` is the first position on each axis."""

    entries: Grid
    low: tuple[int, ...]


class Grids:
    """Values at one point. Reads outside a tensor are nan, as are undefined cases.

    Methods raise EvaluationError where the document's definitions cannot be evaluated and
    TooMany where an array would be too large.
    """

    def __init__(self, point: Point) -> None:
        self.point = point
        self._memo: dict[_Key, Grid] = {}
        self._tensors: dict[str, _Stored] = {}

    def of(self, node: Node, box: Box) -> Grid:
        """The values over ``box``, which gives the first and last value of each index."""
        with np.errstate(all="ignore"):
            return trampoline(self._of)(node, box)

    def over(self, node: Node, letters: tuple[Index, ...], box: Box) -> Grid:
        """The values with an axis for each of ``letters``, in this order."""
        full = tuple(sorted(set(letters) | node.free, key=lambda index: index.name))
        grid = self._spread(self.of(node, box), ordered(node), full, box)
        return np.transpose(grid, [full.index(letter) for letter in letters])

    def _spread(
        self, grid: Grid, have: tuple[Index, ...], want: tuple[Index, ...], box: Box
    ) -> Grid:
        """A grid over more indices, which it does not depend on."""
        shape = [box[i][1] - box[i][0] + 1 for i in want]
        if np.prod(shape, dtype=float) > _MOST_ENTRIES:
            raise TooMany
        return np.broadcast_to(_aligned(grid, have, want), shape)

    def _of(self, node: Node, box: Box) -> Steps[Grid]:
        letters = ordered(node)
        key = (node, tuple(box[letter] for letter in letters))
        found = self._memo.get(key)
        if found is None:
            found = yield self._compute(node, box, letters)
            found = self._spread(found, letters, letters, box)
            self._memo[key] = found
        return found

    def _compute(self, node: Node, box: Box, letters: tuple[Index, ...]) -> Steps[Grid]:
        match node:
            case Number(value):
                return np.array(float(value))
            case Affine():
                return (yield self._affine(node, box, letters))
            case Value(index):
                return (yield self._of(index, box))
            case Element():
                return (yield self._element(node, box, letters))
            case Add(below) | Mul(below) | And(below) | Or(below):
                return (yield self._fold(node, below, box, letters))
            case Apply("pi" | "inf" | "undefined" as name, ()):
                return np.array(FUNCTIONS[name].value())
            case Apply(name, below):
                return (yield self._applied(name, below, box, letters))
            case Pow(base, exponent):
                return (yield self._applied("power", (base, exponent), box, letters))
            case Compare(op, left, right):
                return (yield self._applied(op, (left, right), box, letters))
            case Not(part):
                return (yield self._applied("not", (part,), box, letters))
            case Reduce():
                return (yield self._reduced(node, box, letters))
            case Cases():
                return (yield self._cases(node, box, letters))
            case Matrix():
                return (yield self._matrix(node, box, letters))
            case Opaque():
                return self._one_by_one(node, box, letters)
            case Argument() | Derivative():
                raise TooMany
            case _:
                raise TypeError(f"not a node: {type(node).__name__}")

    def _parts(
        self, parts: tuple[Node, ...], box: Box, letters: tuple[Index, ...]
    ) -> Steps[list[Grid]]:
        rows: list[Grid] = []
        for part in parts:
            rows.append(_aligned((yield self._of(part, box)), ordered(part), letters))
        return rows

    def _affine(self, node: Affine, box: Box, letters: tuple[Index, ...]) -> Steps[Grid]:
        total: Any = np.array(node.constant)
        for atom, times in node.terms:
            if isinstance(atom, Dim):
                total = total + times * self.point.interpreter.sizes[atom.name]
            elif isinstance(atom, Index):
                lo, hi = box[atom]
                total = total + times * _aligned(np.arange(lo, hi + 1), (atom,), letters)
            else:
                looked_up = yield self._of(atom, box)
                whole = np.where(np.isfinite(looked_up), np.rint(looked_up), -(10**6)).astype(int)
                total = total + times * _aligned(whole, ordered(atom), letters)
        return total

    def _element(self, node: Element, box: Box, letters: tuple[Index, ...]) -> Steps[Grid]:
        stored = self._stored(node.tensor)
        positions = yield self._parts(node.args, box, letters)
        if not positions:
            return stored.entries
        outside: Any = False
        clipped: list[Grid] = []
        for axis, position in enumerate(positions):
            last = stored.entries.shape[axis] - 1
            shifted = position - stored.low[axis]
            outside = outside | (shifted < 0) | (shifted > last)
            clipped.append(np.clip(shifted, 0, last))
        return np.where(outside, np.nan, stored.entries[tuple(clipped)])

    def _stored(self, name: str) -> _Stored:
        if name not in self._tensors:
            interpreter = self.point.interpreter
            low = tuple(interpreter.index(axis.lo, {}) for axis in interpreter.model.axes(name))
            entries = cast(Grid, interpreter.tensor(name)).astype(float)
            self._tensors[name] = _Stored(entries, low)
        return self._tensors[name]

    def _fold(
        self, node: Node, below: tuple[Node, ...], box: Box, letters: tuple[Index, ...]
    ) -> Steps[Grid]:
        rows = yield self._parts(below, box, letters)
        match node:
            case Add():
                operator, result = np.add, np.array(0.0)
            case Mul():
                operator, result = np.multiply, np.array(1.0)
            case And():
                operator, result = np.logical_and, np.array(True)
            case _:
                operator, result = np.logical_or, np.array(False)
        for row in rows:
            result = operator(result, row)
        return result

    def _applied(
        self, name: str, below: tuple[Node, ...], box: Box, letters: tuple[Index, ...]
    ) -> Steps[Grid]:
        rows = yield self._parts(below, box, letters)
        return np.asarray(function(name)(*rows))

    def _reduced(self, node: Reduce, box: Box, letters: tuple[Index, ...]) -> Steps[Grid]:
        low, high = (yield self._of(node.lo, box)), (yield self._of(node.hi, box))
        first, last = int(low.min()), int(high.max())
        if last < first:
            return np.array(_NEUTRAL[node.op])
        inner = {**box, node.index: (first, last)}
        wide = tuple(sorted({*letters, node.index}, key=lambda index: index.name))
        body = yield self._of(node.body, inner)
        body = self._spread(body, ordered(node.body), wide, inner)
        axis = wide.index(node.index)
        if low.size > 1 or high.size > 1:
            at = np.arange(first, last + 1)
            at = at.reshape([-1 if i is node.index else 1 for i in wide])
            inside = (_aligned(low, ordered(node.lo), wide) <= at) & (
                at <= _aligned(high, ordered(node.hi), wide)
            )
            body = np.where(inside, body, _NEUTRAL[node.op])
        return FOLDS[node.op](body, axis=(axis,))

    def _cases(self, node: Cases, box: Box, letters: tuple[Index, ...]) -> Steps[Grid]:
        result = (yield self._parts((node.otherwise,), box, letters))[0]
        for cond, value in reversed(node.branches):
            holds, there = yield self._parts((cond, value), box, letters)
            result = np.where(holds, there, result)
        return result

    def _matrix(self, node: Matrix, box: Box, letters: tuple[Index, ...]) -> Steps[Grid]:
        size = int(np.max((yield self._of(node.size, box))))
        inner = {**box, node.row: (0, size - 1), node.column: (0, size - 1)}
        outer = tuple(i for i in letters if i not in (node.row, node.column))
        if len(outer) < len(letters):
            raise TooMany  # a bound letter that is also free outside: rare, and not worth it
        wide = tuple(sorted({*outer, node.row, node.column}, key=lambda index: index.name))
        body = self._spread((yield self._of(node.body, inner)), ordered(node.body), wide, inner)
        order = [wide.index(i) for i in (*outer, node.row, node.column)]
        matrices = np.transpose(body, order)
        power = np.broadcast_to(
            _aligned((yield self._of(node.power, box)), ordered(node.power), outer),
            matrices.shape[:-2],
        )
        values = _matrix_function(node.op, matrices, power)
        if not node.at:
            return values
        at = yield self._parts(node.at, box, letters)
        places = np.meshgrid(*(np.arange(n) for n in values.shape[:-2]), indexing="ij")
        return values[(*places, *at)]

    def _one_by_one(self, node: Opaque, box: Box, letters: tuple[Index, ...]) -> Grid:
        """By the interpreter, entry by entry."""
        spans = [range(box[i][0], box[i][1] + 1) for i in letters]
        result = np.empty([len(span) for span in spans])
        for place in np.ndindex(result.shape):
            env = {i: span[at] for i, span, at in zip(letters, spans, place, strict=True)}
            result[place] = float(self.point.interpreter.value(node, env))
        return result


def _aligned(grid: Grid, have: tuple[Index, ...], want: tuple[Index, ...]) -> Grid:
    """Axes of length 1 put in for the indices that a grid does not depend on."""
    if have == want or not have:
        return grid
    lengths = dict(zip(have, grid.shape, strict=True))
    return grid.reshape([lengths.get(index, 1) for index in want])


def _matrix_function(op: str, matrices: Grid, powers: Grid) -> Grid:
    if op != "matpow":
        return np.asarray(linear(op, matrices, 1, True))
    result = np.full(matrices.shape, np.nan)
    for power in sorted(set(powers.ravel().tolist())):
        chosen = powers == power
        try:
            result[chosen] = linear(op, matrices[chosen], int(power), True)
        except (EvaluationError, ValueError):
            continue
    return result
