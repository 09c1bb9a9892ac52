"""Steps of a plan to statements and calls: views vanish into positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import prod

from einrnn.core.functions import FUNCTIONS
from einrnn.numeric.live import writes
from einrnn.numeric.native.forms import CASTS, COSTS, FORMS
from einrnn.numeric.native.index import Cell, Ix, variable
from einrnn.numeric.native.items import (
    Add,
    Check,
    Choice,
    Item,
    Operand,
    Pack,
    Product,
    Read,
    Statement,
    Turns,
)
from einrnn.numeric.native.views import Views, position, row_major
from einrnn.numeric.plan import Plan
from einrnn.numeric.source.softmax import opened
from einrnn.numeric.steps import (
    Align,
    At,
    Cast,
    Choose,
    Contract,
    Fold,
    Gather,
    Given,
    Iota,
    Kind,
    Loop,
    Map,
    Scatter,
    Span,
    Spread,
    Step,
    Store,
)

# products of at most this many multiplications are written out
_SMALL = 64
# a vector may be padded to this many entries
LANES = 16


@dataclass
class Level:
    """A time loop that is being built: what it writes, and what goes ahead of it."""

    counter: str
    written: set[int]
    ahead: list[Item] = field(default_factory=list[Item])


@dataclass
class Built:
    """The items of a program.

    ``entries`` has the sizes of arrays with room for whole vectors. ``results`` are arrays
    that become an output; ``looked_up`` has for each error number the tensor and the size
    of the axis; ``inputs`` are arrays of the caller.
    """

    views: Views
    items: list[Item] = field(default_factory=list[Item])
    entries: dict[int, int] = field(default_factory=dict[int, int])
    results: dict[int, str] = field(default_factory=dict[int, str])
    looked_up: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    inputs: dict[int, str] = field(default_factory=dict[int, str])


def build(plan: Plan) -> Built:
    """The items of a plan in the order of its steps."""
    builder = _Builder(plan)
    return builder.run()


class _Builder:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.views = Views(list(plan.registers))
        self.built = Built(self.views)
        self.levels: list[Level] = []
        self.items: list[Item] = []
        self.packs: dict[tuple[Operand, int, int, bool], int] = {}

    def run(self) -> Built:
        steps = (*self.plan.constants, *self.plan.main)
        self._note(steps)
        self._results()
        self.items = self.built.items
        self._block(steps)
        for name, out in self.plan.outputs.items():
            if name not in self.built.results.values():
                self._copied_out(name, out)
        return self.built

    def _note(self, steps: Sequence[Step]) -> None:
        """Learn which step makes which register."""
        for step in steps:
            match step:
                case Loop(_, _, _, body):
                    self._note(body)
                case Choose(out, _, then, _, otherwise, _):
                    self._note((*then, *otherwise))
                    self.views.made[out] = step
                case Store():
                    pass
                case _:
                    out: int = getattr(step, "out")  # noqa: B009
                    self.views.made[out] = step

    def _results(self) -> None:
        """Arrays made where the caller wants them, if need be with axes in another order."""
        for name, out in self.plan.outputs.items():
            shape = self.views.shape(out)
            at = tuple(variable(f"i{n}") if size > 1 else Ix() for n, size in enumerate(shape))
            found = self.views.resolve(out, at)
            if not isinstance(found, Cell) or found.base in self.built.results:
                continue
            base = found.base
            plain = sorted((str(ix), size) for ix, size in zip(at, shape, strict=True) if size > 1)
            sizes = zip(found.at, self.views.shape(base), strict=True)
            moves = sorted((str(ix), size) for ix, size in sizes if size > 1)
            given = isinstance(self.views.made[base], Given) or self.views.kind(base) != "number"
            if given or moves != plain:
                continue
            stride = dict(zip(at, row_major(shape), strict=True))
            strides = tuple(0 if ix == Ix() else stride[ix] for ix in found.at)
            if self._suits(base, strides):
                self.built.results[base] = name
                self.views.set_strides[base] = strides

    def _suits(self, base: int, strides: tuple[int, ...]) -> bool:
        """Whether a product can be written with these strides."""
        step = self.views.made[base]
        if not isinstance(step, Contract):
            return True
        batch, left, _, right = step.shape
        return _matrices(base, Ix(), list(strides), (batch, left, right)) is not None

    def _copied_out(self, name: str, out: int) -> None:
        shape = self.views.shape(out)
        copy = self._new(shape, "number")
        self.built.results[copy] = name
        self._map(copy, "{0}", [out])

    def _new(self, shape: tuple[int, ...], kind: Kind) -> int:
        """A new array, which loops around write to."""
        out = self.views.new(shape, kind)
        for level in self.levels:
            level.written.add(out)
        return out

    # --- statements -----------------------------------------------------------------------

    def _cells(self, args: Sequence[Read]) -> tuple[Cell, ...]:
        found = (self.views.resolve(arg.register, arg.at) for arg in args)
        return tuple(cell for cell in found if isinstance(cell, Cell))

    def _statement(
        self,
        form: str,
        args: Sequence[Read],
        dims: Sequence[int],
        target: Cell,
        *,
        kept: int | None = None,
        fold: str = "",
        local: bool = True,
        cost: int = 1,
        extra: Sequence[Cell] = (),
    ) -> None:
        cells = (*self._cells(args), *extra)
        kept = len(dims) if kept is None else kept
        if fold and kept == len(dims):
            fold = ""
        self.items.append(
            Statement(form, tuple(args), tuple(dims), target, kept, fold, local, cost, cells)
        )

    def _map(self, out: int, form: str, args: Sequence[int], cost: int = 1) -> None:
        at, dims = _variables(self.views.shape(out))
        reads_of = [Read(arg, self.views.broadcast(arg, at)) for arg in args]
        cast = CASTS[self.views.kind(out)]
        self._statement(f"({cast})({form})", reads_of, dims, Cell(out, at), cost=cost)

    def _fold(self, step: Fold) -> None:
        shape, reduced = self.views.shape(step.source), step.axes
        kept = [axis for axis in range(len(shape)) if axis not in reduced]
        ahead = bool(kept) and kept[-1] == len(shape) - 1 and shape[kept[-1]] > 1
        if step.op == "sum" and ahead and prod(shape[axis] for axis in reduced) > 1:
            self._summed_rows(step, shape, kept)
            return
        at, dims = _placed(shape, (*kept, *reduced))
        count = sum(shape[axis] > 1 for axis in kept)
        source = Read(step.source, at)
        target = Cell(step.out, tuple(at[axis] for axis in kept))
        self._statement("{0}", [source], dims, target, kept=count, fold=step.op)

    def _summed_rows(self, step: Fold, shape: tuple[int, ...], kept: Sequence[int]) -> None:
        """Rows added to a row in memory: entries are read in the order they lie in."""
        at, dims = _variables(self.views.shape(step.out))
        self._statement("(real)0", [], dims, Cell(step.out, at), local=False)
        at, dims = _variables(shape)
        target = Cell(step.out, tuple(at[axis] for axis in kept))
        total = Read(step.out, target.at)
        source = Read(step.source, at)
        self._statement("{0} + {1}", [total, source], dims, target, local=False)

    def _store(self, step: Store) -> None:
        shape = tuple(item.size for item in step.items if isinstance(item, Span))
        at, dims = _variables(shape)
        rest = iter(at)
        where = tuple(
            position(item)
            if isinstance(item, At)
            else position(item.start).plus(next(rest), item.step)
            for item in step.items
        )
        source = Read(step.source, self.views.broadcast(step.source, at))
        target, found = Cell(step.out, where), self.views.resolve(source.register, source.at)
        if isinstance(found, Cell) and found.base == step.out and found != target:
            # parts of one array may overlap
            copy = self._new(shape, "number")
            self._map(copy, "{0}", [step.source])
            source = Read(copy, at)
        self._statement("{0}", [source], dims, target, local=False)

    def _gather(self, step: Gather) -> None:
        shape = self.views.shape(step.out)
        at, dims = _variables(shape)
        rank = len(shape) - (len(self.views.shape(step.source)) - len(step.indices))
        places: list[Ix] = []
        extra: list[Cell] = []
        for axis, index in enumerate(step.indices):
            size = self.views.shape(step.source)[axis]
            inside = self.views.broadcast(index, at[:rank])
            found = self.views.resolve(index, inside)
            if not step.clamped:
                self._checked(step, index, size)
            if isinstance(found, Cell):
                extra.append(found)
                text = self.views.memory(found)
            else:
                text = found
            exact = self._iota(index, inside)
            if exact is not None and not step.clamped:
                places.append(exact)
            elif step.clamped:
                places.append(variable(f"clip({text}, {size})"))
            else:
                places.append(variable(text))
        read = Read(step.source, (*places, *at[rank:]))
        self._statement("{0}", [read], dims, Cell(step.out, at), extra=extra)

    def _iota(self, index: int, at: tuple[Ix, ...]) -> Ix | None:
        """A look-up at counted positions is no look-up."""
        while True:
            step = self.views.made.get(index)
            if isinstance(step, Iota):
                return at[0].plus(Ix(step.start))
            if not isinstance(step, (Align, Spread)):
                return None
            if isinstance(step, Spread):
                at = self.views.broadcast(step.source, at)
            else:
                pairs = zip(step.order, at, strict=True)
                at = tuple(ix for axis, ix in sorted(pairs, key=lambda p: p[0]) if axis >= 0)
            index = step.source

    def _checked(self, step: Gather, index: int, size: int) -> None:
        at, dims = _variables(self.views.shape(index))
        found = self.views.resolve(index, at)
        if isinstance(found, str) and isinstance(self.views.made.get(index), Iota):
            iota = self.views.made[index]
            assert isinstance(iota, Iota)
            if iota.start >= 0 and iota.start + iota.size <= size:
                return
        key = (step.tensor, size)
        if key not in self.built.looked_up:
            self.built.looked_up.append(key)
        bases = frozenset({found.base} if isinstance(found, Cell) else ())
        number = self.built.looked_up.index(key) + 1
        self.items.append(Check(bases, frozenset(), dims, Read(index, at), size, number))

    # --- blocks ---------------------------------------------------------------------------

    def _block(self, steps: Sequence[Step]) -> None:
        for step in steps:
            self._step(step)

    def _step(self, step: Step) -> None:
        match step:
            case Given(out, name):
                self.built.inputs[out] = name
            case Map(out, function, args):
                form = FORMS.get(function) or _call(function)
                self._map(out, form, args, COSTS.get(function, 1))
            case Cast(out, source):
                self._map(out, "{0}", [source])
            case Fold(_, "logsumexp"):
                rows, _ = opened(step, self.views.registers)
                self._note(rows)
                for level in self.levels:
                    level.written |= {out for row in rows for out in writes(row)}
                self._block(rows)
            case Fold():
                self._fold(step)
            case Store():
                self._store(step)
            case Gather():
                self._gather(step)
            case Scatter():
                self._scatter(step)
            case Contract():
                self._contract(step)
            case Loop():
                self._loop(step)
            case Choose():
                self._choose(step)
            case _:
                pass

    def _scatter(self, step: Scatter) -> None:
        source = Read(step.source, ())
        bases = {cell.base for cell in self._whole_cells((source.register, step.index))}
        dims = self.views.shape(step.source)
        self.items.append(Add(frozenset(bases), frozenset({step.out}), step, dims))

    def _whole_cells(self, registers: Sequence[int]) -> list[Cell]:
        found = (self.views.resolve(r, _variables(self.views.shape(r))[0]) for r in registers)
        return [cell for cell in found if isinstance(cell, Cell)]

    def _loop(self, step: Loop) -> None:
        outer, self.items = self.items, []
        made = {out for below in step.body for out in writes(below)}
        self.views.counters.add(step.counter)
        self.levels.append(Level(f"c{step.counter}", made))
        self._block(step.body)
        level = self.levels.pop()
        body, self.items = self.items, outer
        self.items += level.ahead
        reads_of, writes_to = _all_touched(body)
        self.items.append(Turns(reads_of, writes_to, step.counter, step.first, step.last, body))

    def _choose(self, step: Choose) -> None:
        blocks: list[list[Item]] = []
        outer = self.items
        for steps, result in ((step.then, step.then_out), (step.otherwise, step.otherwise_out)):
            self.items = []
            self._block(steps)
            self._map(step.out, "{0}", [result])
            last = self.items[-1]
            assert isinstance(last, Statement)
            last.local = False
            blocks.append(self.items)
        self.items = outer
        checked = [Read(r, _variables(self.views.shape(r))[0]) for r in step.checked]
        dims = [_variables(self.views.shape(r))[1] for r in step.checked]
        reads_of, writes_to = _all_touched([*blocks[0], *blocks[1]])
        reads_of |= {cell.base for cell in self._cells(checked)}
        choice = Choice(reads_of, writes_to, tuple(checked), tuple(dims), blocks[0], blocks[1])
        self.items.append(choice)

    # --- products -------------------------------------------------------------------------

    def _contract(self, step: Contract) -> None:
        batch, left, summed, right = step.shape
        size = (prod(left), prod(right), prod(summed))
        if size[:2] == (1, 1) or prod(size) * prod(batch) <= _SMALL:
            self._dots(step)
            return
        a = self._operand(step.left, step.left_order, (batch, left, summed))
        b = self._operand(step.right, step.right_order, (batch, summed, right))
        self._placed_result(step, a, b)

    def _dots(self, step: Contract) -> None:
        batch, left, summed, right = step.shape
        whole = (*batch, *left, *right, *summed)
        at, dims = _variables(whole)
        count = len(batch) + len(left) + len(right)
        inner, outer = at[count:], at[:count]
        first = (*outer[: len(batch) + len(left)], *inner)
        second = (*outer[: len(batch)], *inner, *outer[len(batch) + len(left) :])
        args = [
            Read(step.left, _unordered(step.left_order, first)),
            Read(step.right, _unordered(step.right_order, second)),
        ]
        kept = sum(n > 1 for n in whole[:count])
        self._statement("{0} * {1}", args, dims, Cell(step.out, outer), kept=kept, fold="sum")

    def _operand(
        self, register: int, order: tuple[int, ...], groups: tuple[tuple[int, ...], ...]
    ) -> Operand:
        """A factor as matrices in memory; a copy where axes do not run together."""
        shape = self.views.shape(register)
        names = tuple(variable(f"i{axis}") if n > 1 else Ix() for axis, n in enumerate(shape))
        found = self.views.resolve(register, names)
        if isinstance(found, Cell) and self.views.kind(found.base) == "number":
            flat = self.views.flat(found)
            steps = dict(flat.terms)
            fixed = tuple((text, times) for text, times in flat.terms if not _moves(text, names))
            if not Ix(0, fixed).varies:
                by_axis = [steps.get(f"i{axis}", 0) for axis in order]
                start = Ix(flat.constant, fixed)
                made = _matrices(found.base, start, by_axis, groups)
                if made is not None:
                    return made
        copy = self._new(tuple(shape[axis] for axis in order), "number")
        at, dims = _variables(self.views.shape(copy))
        source = Read(register, _unordered(order, at))
        self._statement("(real){0}", [source], dims, Cell(copy, at), local=False)
        made = _matrices(copy, Ix(), list(row_major(self.views.shape(copy))), groups)
        assert made is not None
        return made

    def _placed_result(self, step: Contract, a: Operand, b: Operand) -> None:
        batch, left, summed, right = step.shape
        rows, columns, depth = prod(left), prod(right), prod(summed)
        fixed_a, fixed_b = self._fixed(a), self._fixed(b)
        turned = (fixed_a and not fixed_b) or (columns < 8 <= rows and fixed_a == fixed_b)
        if step.out in self.built.results or batch:
            strides = self.views.strides(step.out)
        elif turned:
            inner = row_major((*right, *left))
            strides = (*inner[len(right) :], *inner[: len(right)])
            self.views.set_strides[step.out] = strides
        else:
            strides = self.views.strides(step.out)
        c = _matrices(step.out, Ix(), list(strides), (batch, left, right))
        assert c is not None
        # many columns that would have to be turned to be packed: they are taken as rows
        lying = b.row == 1 and b.column != 1 and not fixed_b
        if turned or (rows <= 96 and columns >= 4 * rows and lying and rows > 1) or columns == 1:
            if columns != 1:
                a, b, c = _turned(b), _turned(a), _turned(c)
                rows, columns = columns, rows
        elif rows == 1:
            a, b, c = _turned(b), _turned(a), _turned(c)
            rows, columns = columns, rows
        self._product(a, b, c, batch, (rows, columns, depth))

    def _product(
        self,
        a: Operand,
        b: Operand,
        c: Operand,
        batch: tuple[int, ...],
        size: tuple[int, int, int],
    ) -> None:
        rows, columns, depth = size
        if columns == 1 and rows > 1 and batch == () and self._fixed(a) and c.row == 1:
            self.built.entries[c.base] = prod(self.views.shape(c.base)) + LANES
            packed = self._packed(a, rows, depth, strips=True)
        elif columns > 1 and batch == () and self._fixed(b):
            packed = self._packed(b, depth, columns, strips=False)
        else:
            packed = None
        bases = {a.base, b.base} if packed is None else {a.base, b.base, packed}
        self.items.append(
            Product(frozenset(bases), frozenset({c.base}), a, b, c, batch, size, packed)
        )

    def _fixed(self, operand: Operand) -> bool:
        """Whether a loop around does not change the operand."""
        return bool(self.levels) and self._level(operand) < len(self.levels)

    def _level(self, operand: Operand) -> int:
        """The outermost loop that leaves the operand as it is."""
        texts = {text for text, _ in operand.start.terms}
        level = len(self.levels)
        while level > 0:
            around = self.levels[level - 1]
            if operand.base in around.written or any(around.counter in t for t in texts):
                break
            level -= 1
        return level

    def _packed(self, operand: Operand, rows: int, columns: int, *, strips: bool) -> int:
        key = (operand, rows, columns, strips)
        level = self._level(operand)
        if key not in self.packs:
            if strips:
                entries = -(-rows // LANES) * LANES * columns
            else:
                entries = rows * -(-columns // (2 * LANES)) * 2 * LANES
            out = self.views.new((entries,), "number")
            self.packs[key] = out
            pack = Pack(
                frozenset({operand.base}), frozenset({out}), out, operand, rows, columns, strips
            )
            self.levels[level].ahead.append(pack)
        return self.packs[key]


def _call(function: str) -> str:
    return f"{function}_({{0}})" if len(FUNCTIONS[function].derivatives) == 1 else ""


def _variables(shape: Sequence[int]) -> tuple[tuple[Ix, ...], tuple[int, ...]]:
    """A variable for each axis of more than one entry, and the sizes of these."""
    return _placed(shape, range(len(shape)))


def _placed(shape: Sequence[int], order: Sequence[int]) -> tuple[tuple[Ix, ...], tuple[int, ...]]:
    """As :func:`_variables`, with the axes taken in the given order."""
    at = [Ix()] * len(shape)
    dims: list[int] = []
    for axis in order:
        if shape[axis] > 1:
            at[axis] = variable(f"i{len(dims)}")
            dims.append(shape[axis])
    return tuple(at), tuple(dims)


def _moves(text: str, names: tuple[Ix, ...]) -> bool:
    return any(ix.terms and ix.terms[0][0] == text for ix in names)


def _unordered(order: tuple[int, ...], at: tuple[Ix, ...]) -> tuple[Ix, ...]:
    """Positions by axis from positions in an order of the axes."""
    back = dict(zip(order, at, strict=True))
    return tuple(back[axis] for axis in range(len(order)))


def _matrices(
    base: int, start: Ix, steps: list[int], groups: tuple[tuple[int, ...], ...]
) -> Operand | None:
    """Matrices whose rows and columns are groups of axes that run together, or None."""
    batch, rows, columns = groups
    inner = steps[len(batch) :]
    row = _joined(rows, inner[: len(rows)])
    column = _joined(columns, inner[len(rows) :])
    if row is None or column is None:
        return None
    return Operand(base, start, tuple(steps[: len(batch)]), row, column)


def _joined(sizes: tuple[int, ...], steps: Sequence[int]) -> int | None:
    """The one stride of several axes that are counted as one."""
    pairs = [(size, step) for size, step in zip(sizes, steps, strict=True) if size > 1]
    for (_, outer), (size, inner) in pairwise(pairs):
        if outer != size * inner:
            return None
    return pairs[-1][1] if pairs else 1


def _turned(operand: Operand) -> Operand:
    return Operand(operand.base, operand.start, operand.batch, operand.column, operand.row)


def _all_touched(items: Sequence[Item]) -> tuple[frozenset[int], frozenset[int]]:
    reads_of: set[int] = set()
    writes_to: set[int] = set()
    for item in items:
        if isinstance(item, Statement):
            reads_of |= {cell.base for cell in item.reads}
            writes_to.add(item.target.base)
        else:
            reads_of |= item.reads_of
            writes_to |= item.writes_to
    return frozenset(reads_of), frozenset(writes_to)
