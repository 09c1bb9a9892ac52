"""A plan as a numpy module: planned buffers, and loops over rows that are cut out once."""

from __future__ import annotations

import re
from math import prod

import numpy as np

from einrnn.numeric.plan import Plan
from einrnn.numeric.source.buffers import Buffers, buffers
from einrnn.numeric.source.bumps import bumped
from einrnn.numeric.source.dots import parted
from einrnn.numeric.source.early import early
from einrnn.numeric.source.given_away import GivenAway
from einrnn.numeric.source.helpers import HELPERS
from einrnn.numeric.source.kept import Kept
from einrnn.numeric.source.numpy_source import Writer
from einrnn.numeric.source.slices import joined
from einrnn.numeric.source.sunk import sunk
from einrnn.numeric.source.turned import turned
from einrnn.numeric.steps import (
    Align,
    Allocate,
    At,
    Contract,
    Diagonal,
    Fold,
    Item,
    Loop,
    Map,
    Scatter,
    Span,
    Spread,
    Step,
    Store,
    View,
    reads,
)

# Rows are cut out ahead of all calls where they are at most this many; of rows with fewer
# entries, which the bookkeeping of a view would outweigh, fewer are.
_ROWS, _ENTRIES, _SHORT_ROWS = 10_000, 64, 64

# the methods that numpy's functions of these names end in
_REDUCTIONS = {"sum": "add", "prod": "multiply", "max": "maximum", "min": "minimum"}

_OPERATORS = {"neg": "-{0}", "+": "{0} + {1}", "-": "{0} - {1}", "*": "{0} * {1}"}


def numpy_source(plan: Plan, dtype: str) -> str:
    """The module's text; ``dtype`` is ``float32`` or ``float64``."""
    plan = sunk(parted(early(bumped(joined(plan)))))
    writer = _NumpyWriter(plan, buffers(plan), np.dtype(dtype).itemsize)
    setup = writer.block(plan.constants, 0)
    body = writer.block(plan.main, 2)
    results = writer.results()
    shapes = writer.planned.shapes
    words = frozenset(re.findall(r"\w+", "\n".join([*body, results])))
    made = [f"b{number}" for number in range(len(shapes))] + writer.kept.names
    names = "".join(f"{name}, " for name in made if name in words)
    rows = [
        '"""Generated straight-line numpy code."""',
        "",
        *(["import sys", ""] if writer.given_away.shapes else []),
        "import numpy as np",
        *([f"from numpy import {', '.join(sorted(writer.functions))}"] if writer.functions else []),
        "",
        f"DTYPE = np.dtype({dtype!r})",
        *(line for name in sorted(writer.helpers) for line in ("", "", *HELPERS[name])),
        "",
        "",
        *setup,
        "_spare = []  # buffers of calls that have ended",
        *writer.given_away.definitions(),
        "",
        "",
        "def _buffers():",
        *(f"    b{number} = np.empty({shape}, DTYPE)" for number, shape in enumerate(shapes)),
        *(f"    {line}" for line in writer.kept.lines),
        f"    return ({names})",
        "",
        "",
        "def program(given):",
        '    """Outputs by name from inputs by name."""',
        "    buffers = _spare.pop() if _spare else _buffers()",
        *([f"    ({names}) = buffers"] if names else []),
        *writer.given_away.lines(),
        '    with np.errstate(all="ignore"):',
        *body,
        f"        results = {{{results}}}",
        "    _spare.append(buffers)",
        "    return results",
        "",
    ]
    return "\n".join(rows)


class _NumpyWriter(Writer):
    """Loops run over rows instead of positions where they can: indexing is slow in Python."""

    def __init__(self, plan: Plan, planned: Buffers, itemsize: int) -> None:
        super().__init__(plan, planned)
        self.kept = Kept(plan, planned, self.name)
        self.functions: set[str] = set()
        self._alias: dict[int, str] = {}
        self._open: dict[tuple[int, At], str] = {}
        self._lists: list[str] = []
        self._orders = turned(plan)
        self.fresh |= {out for out, _ in self._orders.values()}
        self.given_away = GivenAway(plan, planned, self._orders, itemsize)
        self._maxima = self._made_finite()
        self._views: dict[int, tuple[int, int]] = {}
        for step in plan.main:
            if isinstance(step, View):
                start = _start(step.items, plan.registers[step.source].shape)
                if start is not None:
                    self._views[step.out] = step.source, start

    def name(self, register: int) -> str:
        """The identifier, or that of the same row."""
        return self._alias.get(register) or super().name(register)

    def function(self, name: str) -> str:
        """The name alone: numpy's own attributes are slow to look up."""
        self.functions.add(name)
        return name

    def renewed(self, out: int) -> str:
        """Memory for a large output."""
        return self.given_away.name(out)

    def line(self, step: Step) -> list[str]:
        """The assignment; views of buffers are made once, and products know where they are."""
        if isinstance(step, (View, Align, Spread, Diagonal, Allocate)) and self.kept.moves(step):
            self.kept.move(step, self.value(step))
            return []
        if isinstance(step, Contract) and step.out in self.planned.of:
            call, shape = self.product(step, f"b{self.planned.of[step.out]}")
            if shape != self.plan.registers[step.out].shape:
                self.kept.bind(step.out)
                return [call]
        return super().line(step)

    def flat(self, where: str, shape: tuple[int, ...]) -> str:
        """Memory that is written to, as an array of fewer axes."""
        return (
            self.kept.reshaped(where, shape)
            if where[:1] == "b" and where[1:].isdigit()
            else super().flat(where, shape)
        )

    def laid(self, register: int, order: tuple[int, ...], shape: tuple[int, ...]) -> str:
        """An operand as a matrix."""
        turn = order.index(0) if order else 0
        rank = len(order)
        if not turn:
            plain = order == tuple(range(rank))
            found = self.kept.matrix(register, shape, turned=False) if plain else None
        else:
            group = order == (*range(rank - turn, rank), *range(rank - turn))
            own = self.plan.registers[register].shape
            halves = (prod(own[: rank - turn]), prod(own[rank - turn :]))
            group &= halves == shape[::-1]
            found = self.kept.matrix(register, halves, turned=True) if group else None
        return found or super().laid(register, order, shape)

    def map_(self, step: Map, where: str) -> str:
        """The call of a function of entries; of single numbers the operator, which is faster."""
        numbers = all(
            self.plan.registers[register].shape == ()
            and self.plan.registers[register].kind == "number"
            for register in step.args
        )
        operator = _OPERATORS.get(step.function)
        if operator is not None and numbers and not where:
            return operator.format(*(self.name(register) for register in step.args))
        if step.function == "finite" and step.args[0] in self._maxima:
            out = f", out={where}" if where else ""
            return f"{self.function('minimum')}({self.name(step.args[0])}, LARGEST{out})"
        return super().map_(step, where)

    def fold(self, step: Fold, where: str) -> str:
        """The call of a reduction, without numpy's wrappers around it."""
        method = _REDUCTIONS.get(step.op)
        if method is None:
            return super().fold(step, where)
        rest = f", None, {where}" if where else ""
        if step.out in self._maxima:
            # a first value in place of a step that would make -inf finite
            self.helpers.add("finite")
            rest = f", None, {where or None}, False, -LARGEST"
        return f"{self.function(method)}.reduce({self.name(step.source)}, {step.axes}{rest})"

    def _made_finite(self) -> set[int]:
        """Maxima of which nothing is read but what is finite of them."""
        maxima = {s.out for s in self.plan.main if isinstance(s, Fold) and s.op == "max"}
        for step in self.plan.main:
            if not (isinstance(step, Map) and step.function == "finite"):
                maxima -= {*reads(step)}
        return maxima - set(self.plan.outputs.values())

    def value(self, step: Step) -> str:
        """The right side; rows are added up in the layout in which the result is given."""
        match step:
            case Scatter(out, source, index, size):
                self.helpers.add("scatter")
                straight = tuple(range(len(self.plan.registers[out].shape)))
                _, order = self._orders.get(out, (out, straight))
                into = f", {self.renewed(out)}" if self.renewed(out) else ""
                args = f"{self.name(source)}, {self.name(index)}, {size}, {order}{into}"
                return f"scatter({args})"
            case Align(out, source) if out in self.fresh:
                return self.name(source)
            case _:
                return super().value(step)

    def store(self, step: Store, depth: int) -> list[str]:
        """The assignment; a row is written to as a whole."""
        row = self._opened(step)
        if row is None or step.source in self.planned.target:
            return super().store(step, depth)
        return [f"{'    ' * depth}{row}[...] = {self.name(step.source)}"]

    def place(self, store: Store) -> str:
        """The part of an array that is written to."""
        return self._opened(store) or super().place(store)

    def _opened(self, store: Store) -> str | None:
        """The name of the row that is written to, if a whole one is that a loop goes through."""
        shape = self.plan.registers[store.out].shape
        if not _is_whole(store.items[1:], shape[1:]):
            return None
        return self._open.get(_key(store.out, store.items))

    def loop(self, step: Loop, depth: int) -> list[str]:
        """A for loop over the rows that it reads and writes."""
        made = {getattr(s, "out", -1) for s in step.body if not isinstance(s, Store)}
        names: dict[tuple[int, At], str] = {}
        rest: list[Step] = []
        counted = False
        for inner in step.body:
            if isinstance(inner, View) and self._is_row(inner.source, inner.items, step, made):
                key = _key(inner.source, inner.items)
                if key in names:
                    self._alias[inner.out] = names[key]
                names.setdefault(key, self.name(inner.out))
                continue
            rest.append(inner)
            if isinstance(inner, Store) and self._is_row(inner.out, inner.items, step, made):
                names.setdefault(_key(inner.out, inner.items), f"row{len(self._open)}_{len(names)}")
            else:
                counted = counted or step.counter in reads(inner)
        if not names:
            return super().loop(step, depth)
        outer, self._open = self._open, {**self._open, **names}
        body = self.block(rest, depth + 1)
        self._open = outer
        head = self._head(step, names, counted)
        return [f"{'    ' * depth}{head}", *(body or [f"{'    ' * (depth + 1)}pass"])]

    def _is_row(self, register: int, items: tuple[Item, ...], loop: Loop, made: set[int]) -> bool:
        """Whether a part is the row at the counter, or next to it, of an array from outside."""
        shape = self.plan.registers[register].shape
        if len(shape) < 2 or register in made or not isinstance(items[0], At):
            return False
        at = items[0]
        return (
            at.counters == ((loop.counter, 1),)
            and at.size is None
            and _is_whole(items[1:], shape[1:])
        )

    def _head(self, loop: Loop, names: dict[tuple[int, At], str], counted: bool) -> str:
        turns = abs(loop.last - loop.first) + 1
        shortest = min(prod(self.plan.registers[out].shape[1:]) for out, _ in names)
        few = turns * len(names) <= (_ROWS if shortest >= _ENTRIES else _SHORT_ROWS)
        known = [key for key in names if few and self._buffer(key[0]) is not None]
        parts: list[tuple[str, str]] = []
        if known:
            cut = [self._rows_of_buffer(key, loop) for key in known]
            rows = self.kept.keep(f"rows{len(self._lists)}", f"list({_zipped(cut)})")
            self._lists.append(rows)
            targets = ", ".join(names[key] for key in known)
            parts.append((targets, rows))
        for key, name in names.items():
            if key not in known:
                parts.append((name, self._slice(self.name(key[0]), key, loop)))
        if counted:
            way = 1 if loop.first <= loop.last else -1
            ends = f"{loop.first}, {loop.last + way}, {way}"
            parts.append((self.name(loop.counter), f"range({ends})"))
        if len(parts) == 1:
            return f"for {parts[0][0]} in {parts[0][1]}:"
        targets = ", ".join(f"({name})" if ", " in name else name for name, _ in parts)
        return f"for {targets} in {_zipped([text for _, text in parts])}:"

    def _buffer(self, register: int) -> tuple[int, int] | None:
        """The buffer that holds an array or rows of it, and the number of its first row."""
        row = 0
        while (view := self._views.get(register)) is not None:
            row += view[1]
            register = view[0]
        number = self.planned.of.get(register)
        shape = self.plan.registers[register].shape
        return None if number is None or self.planned.shapes[number] != shape else (number, row)

    def _rows_of_buffer(self, key: tuple[int, At], loop: Loop) -> str:
        found = self._buffer(key[0])
        assert found is not None
        at = At(key[1].constant + found[1], key[1].counters)
        return self._slice(f"b{found[0]}", (found[0], at), loop)

    def _slice(self, array: object, key: tuple[int, At], loop: Loop) -> str:
        """The rows of an array in the order in which the loop takes them."""
        first, last = loop.first + key[1].constant, loop.last + key[1].constant
        if first <= last:
            return f"{array}[{first}:{last + 1}]"
        return f"{array}[{first}:{last - 1 if last else ''}:-1]"


def _start(items: tuple[Item, ...], shape: tuple[int, ...]) -> int | None:
    """The first row where a part is some rows in their order, at a fixed place."""
    if not items or not isinstance(items[0], Span) or items[0].step != 1:
        return None
    start = items[0].start
    rest = zip(items[1:], shape[1:], strict=True)
    full = all(item == Span(At(0), size) for item, size in rest)
    return start.constant if full and not start.counters and start.size is None else None


def _is_whole(items: tuple[Item, ...], shape: tuple[int, ...]) -> bool:
    """Whether parts along some axes are all of these."""
    return all(item == Span(At(0), size) for item, size in zip(items, shape, strict=True))


def _key(register: int, items: tuple[Item, ...]) -> tuple[int, At]:
    """What tells rows apart."""
    first = items[0] if items else At(0)
    return register, first if isinstance(first, At) else At(-1)


def _zipped(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else f"zip({', '.join(texts)})"
