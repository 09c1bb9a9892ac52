"""Loops that only add up, or multiply, the rows of an array, or keep the largest: all at once
where libraries do so."""

from __future__ import annotations

from collections.abc import Sequence

from einrnn.dataclass import dataclass
from einrnn.numeric.source.scans import scan_of
from einrnn.numeric.steps import Loop, Map, Register, Step, Store, View


@dataclass(frozen=True)
class Accumulated:
    """Rows ``first`` to ``last`` (not included) of ``array`` are those of ``source`` from ``start``
    on, each joined by ``op`` with the row before it, or ``down`` with the row after it."""

    op: str
    array: int
    first: int
    last: int
    source: int
    start: int
    down: bool

    @property
    def whole(self) -> tuple[int, int]:
        """The rows that are written and the one that they start from."""
        return (self.first, self.last + 1) if self.down else (self.first - 1, self.last)

    @property
    def read(self) -> tuple[int, int]:
        """The rows of the source."""
        return self.start, self.start + self.last - self.first


def accumulated(loop: Loop, registers: Sequence[Register]) -> Accumulated | None:
    """What a loop is, if it is no more than that."""
    scan = scan_of(loop, registers)
    if scan is None or len(scan.written) != 1 or len(scan.read) != 1:
        return None
    ((array, store),) = scan.written.items()
    (row,) = scan.read
    before = scan.carried.get(array, ())
    maps: list[Step] = [step for step in loop.body if not isinstance(step, Store | View)]
    if len(before) != 1 or len(maps) != 1 or len(loop.body) != 4:
        return None
    (joined,) = maps
    if not isinstance(joined, Map) or joined.function not in ("+", "*", "max", "min"):
        return None
    parts = {before[0].out, row.out}
    same = {registers[out].shape for out in (*parts, joined.out)}
    kinds = {registers[out].kind for out in (array, row.source)}
    if {*joined.args} != parts or store.source != joined.out or len(same) > 1 or len(kinds) > 1:
        return None
    first, last = scan.span(loop, store.items[0])
    start, _ = scan.span(loop, row.items[0])
    down = loop.first > loop.last
    return Accumulated(joined.function, array, first, last, row.source, start, down)
