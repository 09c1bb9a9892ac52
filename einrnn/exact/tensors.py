"""Whole tensors: inputs as given, definitions by their clauses, recurrences by iteration.

Definitions that need each other are computed together. All their entries are undefined at
first, and every round computes those that the round before has made possible, until no
more are. This is the least fixed point, so recurrences may run upwards, downwards, or along
several axes at once; what is circular stays undefined.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping
from dataclasses import field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from einrnn.core import affine as af
from einrnn.core.model import Clause, Definition, Model
from einrnn.core.nodes import Affine, Expr, Index
from einrnn.core.traverse import elements
from einrnn.dataclass import dataclass
from einrnn.errors import EvaluationError
from einrnn.exact.evaluate import Evaluator, order_of
from einrnn.exact.places import Cut, Place, Stored
from einrnn.exact.values import UNDEFINED, Array, Span, Values, aligned

_MOST_SIZES = 256

Key = tuple[str, int]
Steps = Generator[Any, Any, Stored]


@dataclass()
class Groups:
    """Which definitions of a model need each other, and what depends on sizes only."""

    model: Model
    _shapes: dict[tuple[tuple[str, int], ...], Shapes] = field(
        default_factory=dict["tuple[tuple[str, int], ...]", "Shapes"]
    )

    def shapes(self, sizes: Mapping[str, int]) -> Shapes:
        """What all points of the same sizes share."""
        key = tuple(sorted(sizes.items()))
        if key not in self._shapes:
            if len(self._shapes) > _MOST_SIZES:
                self._shapes.clear()
            self._shapes[key] = Shapes({}, {}, {})
        return self._shapes[key]

    def needing(self, names: Collection[str]) -> frozenset[str]:
        """The tensors that need one of these, directly or through others, and these."""
        result = set(names)
        grown = True
        while grown:
            new = {d for d, used in self._all.items() if d not in result and result & used}
            result |= new
            grown = bool(new)
        return frozenset(result)

    @cached_property
    def _all(self) -> dict[str, frozenset[str]]:
        return {name: frozenset(self.uses(name)) for name in self.model.definitions}

    def uses(self, name: str) -> tuple[str, ...]:
        """The tensors that the right sides of a definition read; none for an input."""
        if name not in self.model.definitions:
            return ()
        clauses = self.model.definitions[name].clauses
        return tuple(dict.fromkeys(e.tensor for e in elements(*(c.body for c in clauses))))

    @cached_property
    def _uses(self) -> dict[str, tuple[str, ...]]:
        definitions = self.model.definitions
        return {
            name: tuple(other for other in self.uses(name) if other in definitions)
            for name in definitions
        }

    def recurs(self, name: str) -> bool:
        """Whether a definition reads entries of its own."""
        return name in self._uses[name]

    @cached_property
    def of(self) -> dict[str, tuple[str, ...]]:
        """The definitions computed together with each definition (Tarjan's components)."""
        number: dict[str, int] = {}
        low: dict[str, int] = {}
        open_: list[str] = []
        groups: dict[str, tuple[str, ...]] = {}
        for root in self._uses:
            work = [] if root in number else [(root, iter(self._uses[root]))]
            while work:
                name, rest = work[-1]
                if name not in number:
                    number[name] = low[name] = len(number)
                    open_.append(name)
                other = next(rest, None)
                if other is None:
                    work.pop()
                    if work:
                        low[work[-1][0]] = min(low[work[-1][0]], low[name])
                    if low[name] == number[name]:
                        _close(name, open_, groups)
                elif other not in number:
                    work.append((other, iter(self._uses[other])))
                elif other not in groups:
                    low[name] = min(low[name], number[other])
        return groups


def _close(name: str, open_: list[str], groups: dict[str, tuple[str, ...]]) -> None:
    start = open_.index(name)
    members = tuple(open_[start:])
    del open_[start:]
    groups.update(dict.fromkeys(members, members))


class Shapes(NamedTuple):
    """Index expressions, slices and the axes of definitions at some sizes, as they are asked
    for; slices by the entry and the ranges of its indices."""

    places: dict[Affine, Place]
    cuts: dict[tuple[Any, ...], Cut | None]
    layouts: dict[str, _Layout]


@dataclass()
class Tensors:
    """The tensors of one model at one point; ``given`` has arrays [points, axes] of inputs.

    Where there is a point ``shared`` that differs in the tensors named in ``own`` only, all
    others are taken from it.
    """

    groups: Groups
    sizes: Mapping[str, int]
    given: Callable[[str, int], Array]
    dtype: type[np.generic]
    shared: tuple[Tensors, Evaluator] | None = None
    own: frozenset[str] = frozenset()
    _done: dict[Key, Stored] = field(default_factory=dict[Key, Stored])
    _open: dict[Key, Stored] = field(default_factory=dict[Key, Stored])
    shapes: Shapes = field(init=False)

    def __post_init__(self) -> None:
        self.shapes = self.groups.shapes(self.sizes)

    def known(self, name: str, level: int) -> Stored | None:
        """A tensor that has been computed."""
        return self._done.get((name, level))

    def __call__(self, ev: Evaluator, name: str, level: int) -> Steps:
        """A whole tensor; while it is being computed, as much of it as is known."""
        key = (name, level)
        if key in self._done:
            return self._done[key]
        if key in self._open:
            ev.unsettled += 1
            return self._open[key]
        if self.shared is not None and name not in self.own:
            other, base = self.shared
            self._done[key] = yield other(base, name, level)
            return self._done[key]
        if name in ev.model.inputs:
            data = self.given(name, level)
            self._done[key] = Stored((0,) * (data.ndim - 1), data, None)
            return self._done[key]
        if name not in ev.model.definitions:
            raise EvaluationError("E609", f"there is no tensor named {name}")
        names = self.groups.of[name]
        if len(names) == 1 and not self.groups.recurs(name):
            self._done[key] = yield self._compute(ev, name, level)
        else:
            yield self._settle(ev, names, level)
        return self._done[key]

    def _settle(
        self, ev: Evaluator, names: tuple[str, ...], level: int
    ) -> Generator[Any, Any, None]:
        outside, before = ev.provisional, ev.unsettled
        for name in names:
            self._open[name, level] = Stored(*self._layout(ev, name).nothing(self.dtype))
        unknown = -1
        while True:
            pending = [name for name in reversed(names) if (name, level) in self._open]
            for name in pending:
                ev.provisional, start = {}, ev.unsettled
                self._open[name, level] = yield self._compute(ev, name, level)
                if ev.unsettled == start:  # it needed nothing that is still open
                    self._done[name, level] = self._open.pop((name, level))
            left = sum(_unknown(stored) for (_, at), stored in self._open.items() if at == level)
            if left in (0, unknown):
                break
            unknown = left
        for name in names:
            if (name, level) in self._open:
                self._done[name, level] = self._open.pop((name, level))
        ev.provisional, ev.unsettled = outside, before

    def _compute(self, ev: Evaluator, name: str, level: int) -> Steps:
        """All clauses once; the first that matches an entry is written last."""
        layout = self._layout(ev, name)
        first, data, flags = layout.nothing(self.dtype)
        for part in layout.parts:
            value: Values = yield ev.steps(part.body, level, part.env)
            data, flags = _written(part, value, data, flags)
        return Stored(first, data, flags if flags.any() else None)

    def _layout(self, ev: Evaluator, name: str) -> _Layout:
        """Where the clauses of a definition write, worked out once for all rounds."""
        layouts = self.shapes.layouts
        if name not in layouts:
            layouts[name] = _laid_out(ev, ev.model.definitions[name])
        return layouts[name]


class _Part(NamedTuple):
    """A clause at given sizes: the ranges of its indices, the slice of the tensor that it
    writes, and for each axis of that slice the axis of its value."""

    body: Expr
    env: dict[Index, Span]
    where: tuple[int | slice, ...]
    order: tuple[Index, ...]
    turn: tuple[int, ...]


class _Layout(NamedTuple):
    """The axes of a definition at given sizes, and its clauses from the last to the first."""

    first: tuple[int, ...]
    shape: tuple[int, ...]
    parts: tuple[_Part, ...]

    def nothing(self, dtype: type[np.generic]) -> tuple[tuple[int, ...], Array, Array]:
        """The first position, entries and flags while no entry is known."""
        flags = np.empty(self.shape, dtype=np.uint8)
        flags.fill(UNDEFINED)
        return self.first, np.zeros(self.shape, dtype=dtype), flags


def _laid_out(ev: Evaluator, definition: Definition) -> _Layout:
    first = tuple(ev.number(axis.lo) for axis in definition.axes)
    ends = [ev.number(axis.hi) for axis in definition.axes]
    shape = (1, *[max(0, hi - lo + 1) for lo, hi in zip(first, ends, strict=True)])
    parts = [_part(ev, clause, first, shape) for clause in reversed(definition.clauses)]
    return _Layout(first, shape, tuple(part for part in parts if part is not None))


def _part(
    ev: Evaluator, clause: Clause, first: tuple[int, ...], shape: tuple[int, ...]
) -> _Part | None:
    """A clause at the evaluator's sizes, None where it writes nothing."""
    env: dict[Index, Span] = {}
    for index, span in clause.ranges.items():
        lo, hi = ev.number(span.lo), ev.number(span.hi)
        if hi < lo:
            return None
        env[index] = Span(lo, hi - lo + 1)
    letters: list[Index] = []
    where: list[int | slice] = [slice(None)]
    for axis, arg in enumerate(clause.args):
        letter = af.letter(arg)
        if letter is None:
            start = ev.number(arg) - first[axis]
            if not 0 <= start < shape[axis + 1]:
                return None
            where.append(start)
        else:
            start = env[letter].lo - first[axis]
            where.append(slice(start, start + env[letter].size))
            letters.append(letter)
    order = tuple(sorted(letters, key=lambda index: index.name))
    turn = (0, *(1 + order.index(letter) for letter in letters))
    return _Part(clause.body, env, tuple(where), order, turn)


def _unknown(stored: Stored) -> int:
    return 0 if stored.flags is None else int(np.count_nonzero(stored.flags & UNDEFINED))


def _written(part: _Part, value: Values, data: Array, flags: Array) -> tuple[Array, Array]:
    """The tensor with the entries of one clause in it."""
    new, marks = aligned(value, order_of(part.body.free), part.order)
    points = max(new.shape[0], data.shape[0])
    data, flags = _points(data, points), _points(flags, points)
    data[part.where] = new.transpose(part.turn)
    flags[part.where] = 0 if marks is None else marks.transpose(part.turn)
    return data, flags


def _points(array: Array, points: int) -> Array:
    return array if array.shape[0] == points else np.repeat(array, points, axis=0)
