"""What is being built: items, the loops around them, and the arrays that come up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, replace
from math import prod

from einrnn.dataclass import dataclass
from einrnn.numeric.native.forms import CASTS
from einrnn.numeric.native.index import Cell, renamed
from einrnn.numeric.native.items import Item, Read, Statement
from einrnn.numeric.native.positions import placed, variables
from einrnn.numeric.native.views import Views
from einrnn.numeric.steps import Kind

# a vector may be padded to this many entries
LANES = 16
# sums over at least this many entries are added up by rows first
_LONG = 60_000
# how much larger than what it is made of an array is that should not be in memory
_SPREAD = 16


@dataclass()
class Level:
    """A time loop that is being built: what it writes, and what goes ahead of it."""

    counter: str
    written: set[int]
    ahead: list[Item] = field(default_factory=list[Item])


@dataclass()
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


class Draft:
    """``items`` is the block that is being written; ``levels`` are the loops around it."""

    def __init__(self, views: Views) -> None:
        self.views = views
        self.built = Built(views)
        self.levels: list[Level] = []
        self.items: list[Item] = self.built.items

    def new(self, shape: tuple[int, ...], kind: Kind) -> int:
        """A new array, which loops around write to."""
        out = self.views.new(shape, kind)
        for level in self.levels:
            level.written.add(out)
        return out

    def cells(self, args: Sequence[Read]) -> tuple[Cell, ...]:
        """What of the arguments is in memory."""
        found = (self.views.resolve(arg.register, arg.at) for arg in args)
        return tuple(cell for cell in found if isinstance(cell, Cell))

    def whole(self, registers: Sequence[int]) -> list[Cell]:
        """Registers, entry by entry, as far as they are in memory."""
        args = [Read(r, variables(self.views.shape(r))[0]) for r in registers]
        return list(self.cells(args))

    def statement(
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
        """Add a statement; see :class:`Statement`. ``extra`` is read beside the arguments."""
        cells = (*self.cells(args), *extra)
        kept = len(dims) if kept is None else kept
        if fold and kept == len(dims):
            fold = ""
        if fold and kept == 0 and len(dims) > 1 and prod(dims) >= _LONG:
            self._by_rows(form, args, dims, target, fold, cost, cells)
            return
        self.items.append(
            Statement(form, tuple(args), tuple(dims), target, kept, fold, local, cost, cells)
        )

    def _by_rows(
        self,
        form: str,
        args: Sequence[Read],
        dims: Sequence[int],
        target: Cell,
        fold: str,
        cost: int,
        cells: tuple[Cell, ...],
    ) -> None:
        """A fold of everything as one of each row and one of these: threads can share rows."""
        rows = self.new((dims[0],), "number")
        at, outer = variables((dims[0],))
        row = Cell(rows, at)
        self.items += [
            Statement(form, tuple(args), tuple(dims), row, 1, fold, False, cost, cells),
            Statement("{0}", (Read(rows, at),), outer, target, 0, fold, True, 1, (row,), True),
        ]

    def follow(self, register: int, order: Sequence[int]) -> None:
        """Let the last statement run through the axes of the array that it makes in an order, if
        that array is much larger than what it is made of: so it need not be in memory."""
        last = self.items[-1] if self.items else None
        shape = self.views.shape(register)
        at, dims = variables(shape)
        if not isinstance(last, Statement) or last.target != Cell(register, at):
            return
        largest = max([1, *(prod(self.views.shape(cell.base)) for cell in last.reads)])
        if last.fold or not last.local or last.dims != dims or prod(shape) < _SPREAD * largest:
            return
        new, dims = placed(shape, order)
        names = {str(a): str(b) for a, b in zip(at, new, strict=True) if a.varies}
        self.items[-1] = replace(
            last,
            dims=dims,
            target=Cell(register, new),
            args=tuple(Read(a.register, renamed(a.at, names)) for a in last.args),
            reads=tuple(Cell(c.base, renamed(c.at, names)) for c in last.reads),
        )

    def map(self, out: int, form: str, args: Sequence[int], cost: int = 1) -> None:
        """A function of the entries at each position."""
        at, dims = variables(self.views.shape(out))
        reads_of = [Read(arg, self.views.broadcast(arg, at)) for arg in args]
        cast = CASTS[self.views.kind(out)]
        self.statement(f"({cast})({form})", reads_of, dims, Cell(out, at), cost=cost)
