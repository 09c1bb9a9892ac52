"""What lines of C are written with: names, what is at hand, and what must be in memory."""

from __future__ import annotations

from dataclasses import field

from einrnn.dataclass import dataclass
from einrnn.numeric.native.draft import Built
from einrnn.numeric.native.forms import CASTS, identifier
from einrnn.numeric.native.index import Cell, Ix
from einrnn.numeric.native.items import Read
from einrnn.numeric.native.views import Views


@dataclass()
class Context:
    """``needed`` collects the arrays that are read or written in memory; ``scope`` has the
    cells that a C variable holds; ``ranges`` the loops of which a thread takes a part, and
    ``rows`` the part of the rows of products."""

    built: Built
    needed: set[int] = field(default_factory=set[int])
    scope: dict[int, tuple[tuple[Ix, ...], str]] = field(
        default_factory=dict[int, tuple[tuple[Ix, ...], str]]
    )
    ranges: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    rows: bool = False

    @property
    def views(self) -> Views:
        """Where registers lie."""
        return self.built.views

    def name(self, base: int) -> str:
        """The C name of an array."""
        return identifier(self.views.registers, base)

    def type(self, base: int) -> str:
        """The C type of its entries."""
        return CASTS[self.views.registers[base].kind]

    def memory(self, cell: Cell) -> str:
        """C text for a cell in memory."""
        return f"{self.name(cell.base)}[{self.views.flat(cell)}]"

    def cell(self, arg: Read) -> Cell | None:
        """Where an argument lies; None for a number."""
        found = self.views.resolve(arg.register, arg.at)
        return None if isinstance(found, str) else found

    def read(self, arg: Read) -> str:
        """C text for an argument: a variable if one holds it, else a cell in memory."""
        cell = self.views.resolve(arg.register, arg.at)
        if isinstance(cell, str):
            return cell
        known = self.scope.get(cell.base)
        if known is not None and known[0] == cell.at:
            return known[1]
        self.needed.add(cell.base)
        for text, _ in (term for ix in cell.at for term in ix.terms):
            self._mentioned(text)
        return self.memory(cell)

    def _mentioned(self, text: str) -> None:
        """Arrays that a looked-up position reads are read in memory."""
        for base in range(len(self.views.registers)):
            if "[" in text and f"{self.name(base)}[" in text:
                self.needed.add(base)
