"""The pool: what could stand at a place, made of the document's own names.

Entries of all tensors with the indices in scope, their complements, squares and
reciprocals, sums over axes, slopes of the functions that occur, deltas and derivatives.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from itertools import product as choices

from einrnn.check.mend.places import Ranges, weight
from einrnn.check.mend.setting import Dimension, dimension, letters_by_dimension
from einrnn.check.sizes import recurrent_dims
from einrnn.core import affine as af
from einrnn.core.build import ONE, compare, delta, iverson, number, sub
from einrnn.core.functions import FUNCTIONS
from einrnn.core.model import Model
from einrnn.core.nodes import (
    Affine,
    Apply,
    Derivative,
    Element,
    Expr,
    Index,
    Matrix,
    Mul,
    Pow,
    Reduce,
    Value,
)
from einrnn.core.traverse import fresh, substitute, walk
from einrnn.dataclass import dataclass

_MOST_AXES = 4
_MOST_CHOICES = 24
_MOST_BETWEEN = 16


@dataclass(frozen=True)
class Piece:
    """A member of the pool and how much there is to read of it."""

    expr: Expr
    cost: float


@dataclass(eq=False)
class Pool:
    """The pools of one claim, one for each set of indices in scope."""

    model: Model
    roots: tuple[Expr, ...]
    constants: dict[tuple[str, int], list[Affine]] = field(init=False)
    recurrent: frozenset[str] = field(init=False)
    _made: dict[tuple[tuple[Index, Affine, Affine], ...], list[Piece]] = field(init=False)

    def __post_init__(self) -> None:
        self._made = {}
        self.recurrent = recurrent_dims(self.model)
        self.constants = _constants(self.model, self.roots)

    def at(self, ranges: Ranges) -> list[Piece]:
        """The pool for the indices in scope, cheapest first, without repetitions."""
        key = tuple((index, range_.lo, range_.hi) for index, range_ in ranges.items())
        if key not in self._made:
            best: dict[Expr, float] = {}
            for piece in self._pieces(ranges):
                if piece.cost < best.get(piece.expr, float("inf")):
                    best[piece.expr] = piece.cost
            found = [Piece(expr, cost) for expr, cost in best.items()]
            self._made[key] = sorted(found, key=lambda piece: piece.cost)
        return self._made[key]

    def entries(self, ranges: Ranges) -> list[Piece]:
        """The entries of tensors alone, with indices in scope."""
        names = [n for n in self._names() if len(self.model.axes(n)) <= _MOST_AXES]
        return [piece for name in names for piece in self._entries(name, ranges)]

    def _names(self) -> list[str]:
        return [
            n for n in (*self.model.inputs, *self.model.definitions) if n not in self.model.derived
        ]

    def _pieces(self, ranges: Ranges) -> Iterator[Piece]:
        yield Piece(ONE, 0.2)
        yield from _deltas(ranges)
        for piece in self.entries(ranges):
            yield piece
            if isinstance(piece.expr, Element) and len(piece.expr.args) <= 2 and piece.cost < 0.95:
                yield from _forms(piece)
        for name in self._names():
            yield from self._sums(name, ranges)
        yield from self._inverses(ranges)
        yield from self._slopes(ranges)
        yield from self._derivatives(ranges)

    def _entries(self, name: str, ranges: Ranges) -> Iterator[Piece]:
        """All ways to index a tensor with what is in scope; a repeated letter costs more."""
        options = [self._options(name, axis, ranges) for axis in range(len(self.model.axes(name)))]
        for number_, chosen in enumerate(choices(*options)):
            if number_ >= _MOST_CHOICES:
                return
            args = tuple(arg for arg, _ in chosen)
            repeated = len(args) - len(set(args))
            cost = 0.6 + sum(extra for _, extra in chosen) + 0.4 * repeated
            yield Piece(Element(name, args), cost)

    def _options(self, name: str, axis: int, ranges: Ranges) -> list[tuple[Affine, float]]:
        kind = dimension(self.model.axes(name)[axis].hi, {})
        letters = letters_by_dimension(ranges).get(kind, [])
        rows = [(af.of(letter), 0.0) for letter in letters]
        if not isinstance(kind, int) and set(kind) & self.recurrent:
            rows += [(af.shift(af.of(i), step), 0.3) for step in (-1, 1) for i in letters]
        rows += [(value, 0.2) for value in self.constants.get((name, axis), ())]
        return rows

    def _sums(self, name: str, ranges: Ranges) -> Iterator[Piece]:
        """Sums of a tensor over one of its axes, and over all that have no index in scope."""
        axes = self.model.axes(name)
        if not 1 <= len(axes) <= _MOST_AXES or name in self.model.derived:
            return
        letters = self._own_letters(name, ranges)
        by_kind = letters_by_dimension(ranges)
        kinds = [dimension(axis.hi, {}) for axis in axes]
        for summed in _summed_axes(kinds, by_kind):
            options = [
                [af.of(letters[a])]
                if a in summed
                else [af.of(i) for i in by_kind.get(kinds[a], [])]
                for a in range(len(axes))
            ]
            for number_, args in enumerate(choices(*options)):
                if number_ >= _MOST_CHOICES // 4:
                    break
                body: Expr = Element(name, args)
                for axis in reversed(summed):
                    high = af.shift(axes[axis].hi, 0 if axes[axis].hi.constant < 0 else -1)
                    body = Reduce("sum", letters[axis], af.ZERO, high, body)
                yield Piece(body, 1.0 + 0.4 * len(summed))

    def _own_letters(self, name: str, ranges: Ranges) -> list[Index]:
        """A letter for each axis that is not in scope, like the definition's own."""
        axes = self.model.axes(name)
        wishes = [Index(letter) for letter in "kijl"]
        if name in self.model.definitions:
            own = [af.letter(arg) for arg in self.model.definitions[name].clauses[-1].args]
            wishes = [mine or wish for mine, wish in zip(own, wishes, strict=False)]
        found: list[Index] = []
        for wish in wishes[: len(axes)]:
            found.append(fresh(wish, frozenset(ranges) | frozenset(found)))
        return found

    def _inverses(self, ranges: Ranges) -> Iterator[Piece]:
        """Entries of the inverses that occur in the claim or in the document."""
        bodies = [c.body for d in self.model.definitions.values() for c in d.clauses]
        for node in walk(*self.roots, *bodies):
            if not isinstance(node, Matrix) or not node.body.free <= {node.row, node.column}:
                continue
            if not node.power.free <= frozenset(ranges):
                continue
            if node.op in ("det", "logdet"):
                yield Piece(node, 1.0)
                continue
            letters = letters_by_dimension(ranges).get(dimension(node.size, {}), [])
            for row, column in choices(letters, letters):
                at = (af.of(row), af.of(column))
                yield Piece(
                    Matrix(node.op, node.row, node.column, node.size, node.body, node.power, at),
                    1.0,
                )

    def _slopes(self, ranges: Ranges) -> Iterator[Piece]:
        """The functions that occur, and their derivatives: ``f(x)`` and ``f'(x)``."""
        for node, own in self._functions():
            for mapping in _placings(node, own, ranges):
                applied = substitute(node, mapping)
                yield Piece(applied, 0.9 + 0.1 * weight(applied))
                slope = FUNCTIONS[node.function].derivatives[0](applied.args[0])
                yield Piece(slope, 0.9 + 0.1 * weight(slope))

    def _functions(self) -> Iterator[tuple[Apply, Ranges]]:
        for name in self._names():
            if name in self.model.definitions:
                for clause in self.model.definitions[name].clauses:
                    for node in walk(clause.body):
                        if isinstance(node, Apply) and len(node.args) == 1:
                            yield node, clause.ranges
        for node in walk(*self.roots):
            if isinstance(node, Apply) and len(node.args) == 1:
                yield node, {}

    def _derivatives(self, ranges: Ranges) -> Iterator[Piece]:
        """Total derivatives of what lies between, by and of what the claim differentiates."""
        asked = [n for n in walk(*self.roots) if isinstance(n, Derivative)]
        between = [n for n in self._names() if n in self.model.definitions][:_MOST_BETWEEN]
        for node in dict.fromkeys(asked):
            if not isinstance(node.body, Element) or not node.free <= frozenset(ranges):
                continue
            above, below = node.body, Element(node.tensor, node.args)
            for other in between:
                for piece in self._entries(other, ranges):
                    assert isinstance(piece.expr, Element)
                    if piece.cost < 1.0 and other != node.tensor:
                        yield from self._derivative(piece.expr, below, piece.cost)
                    if piece.cost < 1.0 and other != above.tensor:
                        yield from self._derivative(above, piece.expr, piece.cost)

    def _derivative(self, of: Element, wrt: Element, cost: float) -> Iterator[Piece]:
        if len(of.args) + len(wrt.args) <= _MOST_AXES:
            yield Piece(Derivative("total", of, wrt.tensor, wrt.args), 2.0 + cost)


def _summed_axes(
    kinds: Sequence[Dimension], by_kind: dict[Dimension, list[Index]]
) -> Iterator[tuple[int, ...]]:
    single = [(axis,) for axis in range(len(kinds))]
    absent = tuple(axis for axis, kind in enumerate(kinds) if not by_kind.get(kind))
    for summed in dict.fromkeys([*single, absent, tuple(range(len(kinds)))]):
        if summed and set(absent) <= set(summed):
            yield summed


def _constants(model: Model, roots: tuple[Expr, ...]) -> dict[tuple[str, int], list[Affine]]:
    """The fixed positions at which the claim and the document read each axis."""
    found: dict[tuple[str, int], dict[Affine, None]] = {}
    bodies = [c.body for d in model.definitions.values() for c in d.clauses]
    for node in walk(*roots, *bodies):
        if isinstance(node, Element):
            for axis, arg in enumerate(node.args):
                if af.number(arg) is not None:
                    found.setdefault((node.tensor, axis), {})[arg] = None
    return {key: list(values) for key, values in found.items()}


def _deltas(ranges: Ranges) -> Iterator[Piece]:
    for letters in letters_by_dimension(ranges).values():
        for first in range(len(letters)):
            for second in range(first + 1, len(letters)):
                left, right = af.of(letters[first]), af.of(letters[second])
                yield Piece(delta(left, right), 0.8)
                for op in ("!=", "<", "<=", ">", ">="):
                    yield Piece(iverson(compare(op, left, right)), 1.2)
    for letter in ranges:
        yield Piece(Value(af.of(letter)), 1.5)


def _forms(piece: Piece) -> Iterator[Piece]:
    """What an entry often stands as: its complement, square, reciprocal, local slope."""
    entry, cost = piece.expr, piece.cost
    square = Pow(entry, number(2))
    yield Piece(sub(ONE, entry), cost + 0.5)
    yield Piece(sub(ONE, square), cost + 0.6)
    yield Piece(Mul((entry, sub(ONE, entry))), cost + 1.0)
    yield Piece(square, cost + 0.3)
    yield Piece(Pow(entry, number(-1)), cost + 0.3)
    yield Piece(Pow(entry, number(-2)), cost + 0.5)


def _placings(node: Apply, own: Ranges, ranges: Ranges) -> Iterator[dict[Index, Affine]]:
    """The ways to put the letters in scope in place of those of a definition."""
    letters = sorted(node.free, key=lambda i: i.name)
    by_kind = letters_by_dimension(ranges)
    options: list[list[Affine]] = []
    for letter in letters:
        if letter in own:
            options.append([af.of(i) for i in by_kind.get(dimension(own[letter].hi, own), [])])
        elif letter in ranges:
            options.append([af.of(letter)])
        else:
            return
    for number_, chosen in enumerate(choices(*options)):
        if number_ >= _MOST_CHOICES // 4:
            return
        yield dict(zip(letters, chosen, strict=True))
