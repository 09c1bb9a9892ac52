"""Two loops that write the same when they change places: a Hessian ``A + Aᵀ``, a symmetric part.

The squares of one triangle are computed; each is turned in registers for the other triangle. So
every entry that is read across is read once, and nothing but the results is stored.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import field

from einrnn.dataclass import dataclass
from einrnn.numeric.native.context import Context
from einrnn.numeric.native.forms import CASTS, FORMS
from einrnn.numeric.native.index import Cell, Ix, variable
from einrnn.numeric.native.items import Statement, Sweep
from einrnn.numeric.native.squares import Crossed

_CAST = f"({CASTS['number']})"
# what C can do with whole vectors, and what does not mind which argument is first
_COMMUTATIVE = {f"{_CAST}({FORMS[name]})" for name in ("+", "*")}
_ARITHMETIC = _COMMUTATIVE | {f"{_CAST}({FORMS[name]})" for name in ("-", "neg")}
_VARIABLE = re.compile(r"\bi\d+\b")


@dataclass()
class Mirrored:
    """Statements that are the same with the loops over ``outer`` and ``along`` exchanged, and
    the cells that they read across."""

    context: Context
    outer: str
    along: str
    crossed: Sequence[Crossed]
    statements: list[Statement] = field(default_factory=list[Statement])
    targets: dict[int, Cell] = field(default_factory=dict[int, Cell])

    def takes(self, s: Statement) -> bool:
        """Add a statement, if it is of that kind."""
        if s.fold or not s.local or s.form not in _ARITHMETIC or not self._lies_well(s.target):
            return False
        cells = [self.context.views.resolve(arg.register, arg.at) for arg in s.args]
        if not any(isinstance(cell, Cell) for cell in cells):
            return False
        exchanged = [self._exchanged(cell) for cell in cells]
        turned = s.form in _COMMUTATIVE and exchanged == cells[::-1]
        if None in exchanged or not (turned or exchanged == cells):
            return False
        self.statements.append(s)
        self.targets[s.target.base] = s.target
        return True

    def _lies_well(self, cell: Cell) -> bool:
        """Whether neighbours along the inner loop lie side by side, in rows."""
        steps = dict(self.context.views.flat(cell).terms)
        number = self.context.views.registers[cell.base].kind == "number"
        return number and steps.get(self.along) == 1 and self.outer in steps

    def _exchanged(self, cell: Cell | str) -> Cell | str | None:
        """An argument with the loops exchanged; None where it cannot be read as a vector."""
        if isinstance(cell, str):
            return None if _VARIABLE.search(cell) else cell
        if cell.base in self.targets:
            return cell if cell == self.targets[cell.base] else None
        if not self._lies_well(cell) and all(cell != one.cell for one in self.crossed):
            return None
        names = {self.outer: self.along, self.along: self.outer}
        at: list[Ix] = []
        for ix in cell.at:
            if any(text not in names and _VARIABLE.search(text) for text, _ in ix.terms):
                return None
            terms = sorted((names.get(text, text), times) for text, times in ix.terms)
            at.append(Ix(ix.constant, tuple(terms)))
        return Cell(cell.base, tuple(at))

    # --- C --------------------------------------------------------------------------------

    def square(self) -> list[str]:
        """C for the square that begins at ``at_`` both variables, and for its mirror image."""
        context, row = self.context, f"(at_{self.outer} + l)"
        known = context.needed | context.built.results.keys()
        written = [cell for base, cell in self.targets.items() if base in known]
        rows: list[str] = []
        for one in self.crossed:
            name = context.name(one.cell.base)
            rows.append(f"vec turned_{name}[LANES];")
            there = self._at(one.cell, f"at_{self.outer}")
            rows.append(f"load_turned({there}, {one.step}, LANES, turned_{name});")
        rows += [f"vec square_{context.name(cell.base)}[LANES];" for cell in written]
        rows += ["#pragma GCC unroll 16", "for (long l = 0; l < LANES; l++) {"]
        for s in self.statements:
            value = s.form.replace(_CAST, "(vec)", 1).format(*self._vectors(s))
            rows.append(f"    const vec {context.name(s.target.base)}_v = {value};")
        for cell in written:
            name = context.name(cell.base)
            rows.append(f"    *(vec *)({self._at(cell, row)}) = square_{name}[l] = {name}_v;")
        rows += ["}", f"if (at_{self.outer} != at_{self.along}) {{"]
        for cell in written:
            step = dict(context.views.flat(cell).terms)[self.outer]
            other = self._at(cell, f"at_{self.along}", f"at_{self.outer}")
            rows.append(f"    store_turned(square_{context.name(cell.base)}, {other}, {step});")
        return [*rows, "}"]

    def _vectors(self, s: Statement) -> list[str]:
        """The arguments of a statement, in row ``l`` of the square."""
        found: list[str] = []
        for arg in s.args:
            cell = self.context.views.resolve(arg.register, arg.at)
            if isinstance(cell, str):
                found.append(cell)
            elif cell.base in self.targets:
                found.append(f"{self.context.name(cell.base)}_v")
            elif self._lies_well(cell):
                found.append(f"*(const vec *)({self._at(cell, f'(at_{self.outer} + l)')})")
            else:
                found.append(f"turned_{self.context.name(cell.base)}[l]")
        return found

    def _at(self, cell: Cell, outer: str, along: str | None = None) -> str:
        """C for the place of a cell in memory, with the two variables where they are said."""
        self.context.needed.add(cell.base)
        flat = self.context.views.flat(cell)
        own = {self.outer: outer, self.along: along or f"at_{self.along}"}
        place = Ix(flat.constant)
        for text, times in flat.terms:
            place = place.plus(variable(own.get(text, text)), times)
        return f"{self.context.name(cell.base)} + {place}"


def mirrored(sweep: Sweep, context: Context, crossed: Sequence[Crossed]) -> Mirrored | None:
    """Two loops, if what is in them is of that kind; ``crossed`` is what they read across."""
    (inner,) = sweep.body
    assert isinstance(inner, Sweep)
    found = Mirrored(context, f"i{sweep.depth}", f"i{inner.depth}", crossed)
    alike = inner.size == sweep.size and all(
        isinstance(below, Statement) and found.takes(below) for below in inner.body
    )
    return found if alike else None
