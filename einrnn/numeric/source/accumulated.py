"""Loops that only add up, or multiply, the rows of an array, or the exponentials of which they are
the logarithms, or keep the largest: all at once where libraries do so."""

from __future__ import annotations

from collections.abc import Sequence

from einrnn.dataclass import dataclass
from einrnn.numeric.source.scans import scan_of
from einrnn.numeric.steps import Loop, Map, Register, Step, Store, View

_AT_ONCE = ("+", "*", "max", "min")


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
    if len(before) != 1 or len(maps) + 3 != len(loop.body):
        return None
    parts = {before[0].out, row.out}
    op = _joined(maps, parts, store.source)
    same = {registers[out].shape for out in (*parts, store.source)}
    kinds = {registers[out].kind for out in (array, row.source)}
    if op is None or len(same) > 1 or len(kinds) > 1:
        return None
    first, last = scan.span(loop, store.items[0])
    start, _ = scan.span(loop, row.items[0])
    down = loop.first > loop.last
    return Accumulated(op, array, first, last, row.source, start, down)


def _joined(maps: Sequence[Step], parts: set[int], result: int) -> str | None:
    """What two rows are joined by, if that is all that some steps do with them."""
    match maps:
        case [Map(out, op, args)] if op in _AT_ONCE and {*args} == parts and out == result:
            return op
        case [
            Map(larger, "max", ends),
            Map(apart, "-", between),
            Map(distance, "abs", (one,)),
            Map(below, "neg", (two,)),
            Map(more, "softplus", (three,)),
            Map(out, "+", terms),
        ] if (
            {*ends} == {*between} == parts
            and (one, two, three) == (apart, distance, below)
            and {*terms} == {larger, more}
            and out == result
        ):
            return "logaddexp"
        case _:
            return None
