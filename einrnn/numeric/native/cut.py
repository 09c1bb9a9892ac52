"""Time loops that threads can share: each takes some rows of all that the loop carries.

A recurrence over time whose entries along another axis, such as a batch, do not mix, is as many
recurrences as that axis is long. An axis will do if every array that the loop writes has one
that runs in step with it: then no thread reads what another one writes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import field
from math import prod

from einrnn.dataclass import dataclass
from einrnn.numeric.native.index import Cell, Ix
from einrnn.numeric.native.items import Item, Operand, Product, Statement, Turns
from einrnn.numeric.native.views import Views

_VARIABLE = re.compile(r"i\d+")


@dataclass()
class Cut:
    """Statements are cut along the loop over ``variable``, products along their rows."""

    size: int
    variable: str | None = None
    axes: dict[int, int] = field(default_factory=dict[int, int])


def cut(turns: Turns, views: Views) -> Cut | None:
    """How to cut a loop, or None."""
    written = _written(turns.body)
    if written is None:
        return None
    for base in sorted(written):
        for axis, size in enumerate(views.shape(base)):
            trial = Cut(size, axes={base: axis})
            if size > 1 and _Trial(views, written, trial).all(turns.body):
                return trial
    return None


def work(turns: Turns) -> int:
    """Multiplications, and the cost of entries, of all turns."""
    total = 0
    for item in turns.body:
        match item:
            case Product(size=size, batch=batch):
                total += prod(size) * prod(batch)
            case Statement(dims=dims, cost=cost):
                total += cost * prod(dims)
            case Turns():
                total += work(item)
            case _:
                pass
    return total * (abs(turns.last - turns.first) + 1)


def _written(items: Sequence[Item]) -> set[int] | None:
    """The arrays that a block writes; None if there is something that cannot be cut."""
    found: set[int] = set()
    for item in items:
        match item:
            case Statement():
                found.add(item.target.base)
            case Product():
                found |= item.writes_to
            case Turns():
                below = _written(item.body)
                if below is None:
                    return None
                found |= below
            case _:
                return None
    return found


@dataclass()
class _Trial:
    """Follows an axis from array to array."""

    views: Views
    written: set[int]
    cut: Cut

    def all(self, items: Sequence[Item]) -> bool:
        """Whether all items can be cut."""
        for item in items:
            match item:
                case Statement():
                    if not self._statement(item):
                        return False
                case Product():
                    if not self._product(item):
                        return False
                case Turns():
                    if not self.all(item.body):
                        return False
                case _:
                    return False
        return True

    def _statement(self, item: Statement) -> bool:
        cells = [cell for cell in (item.target, *item.reads) if cell.base in self.written]
        for cell in cells:
            if cell.base in self.cut.axes and not self._runs(cell.at[self.cut.axes[cell.base]]):
                return False
        for cell in cells:
            if cell.base not in self.cut.axes and not self._learn(cell):
                return False
        name = self.cut.variable
        if name is None:
            return False
        number = int(name[1:])
        return number < item.kept and item.dims[number] == self.cut.size

    def _runs(self, at: Ix) -> bool:
        """Whether a position is the variable itself, which the first such one decides."""
        if at.constant or len(at.terms) != 1 or at.terms[0][1] != 1:
            return False
        name = at.terms[0][0]
        if not _VARIABLE.fullmatch(name):
            return False
        self.cut.variable = self.cut.variable or name
        return name == self.cut.variable

    def _learn(self, cell: Cell) -> bool:
        """Find the axis along which an array is cut."""
        if self.cut.variable is None:
            return False
        for axis, at in enumerate(cell.at):
            if self.views.shape(cell.base)[axis] == self.cut.size and self._runs(at):
                self.cut.axes[cell.base] = axis
                return True
        return False

    def _product(self, item: Product) -> bool:
        rows, columns, _ = item.size
        if prod(item.batch) > 1 or item.b.base in self.written:
            return False
        if rows != self.cut.size or columns == 1:
            return False
        if item.a.base in self.written and not self._rows(item.a):
            return False
        return self._rows(item.c)

    def _rows(self, operand: Operand) -> bool:
        """Whether the rows of an operand run along the axis that is cut."""
        strides = self.views.strides(operand.base)
        for axis, size in enumerate(self.views.shape(operand.base)):
            if size == self.cut.size and strides[axis] == operand.row:
                return self.cut.axes.setdefault(operand.base, axis) == axis
        return False
