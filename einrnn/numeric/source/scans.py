"""Loops that are scans: one row read and one row written in each turn, the last row carried.

A loop that fills an array position by position needs of it only the row it has just
written. Written so, nothing is copied in a turn, and the rows come out as one new array.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from einrnn.dataclass import dataclass
from einrnn.numeric.live import writes
from einrnn.numeric.steps import (
    Allocate,
    At,
    Choose,
    Entrywise,
    Item,
    Loop,
    Register,
    Span,
    Step,
    Store,
    View,
    reads,
)


@dataclass(frozen=True)
class Scan:
    """``read`` are the views of arrays from outside at the counter; ``written`` has for each
    array that is filled its store, and ``carried`` the views of the row before."""

    read: tuple[View, ...]
    written: Mapping[int, Store]
    carried: Mapping[int, tuple[View, ...]]

    def span(self, loop: Loop, item: Item) -> tuple[int, int]:
        """The positions from .. to (not included) that an item takes during the loop."""
        constant = _constant(item)
        low, high = min(loop.first, loop.last), max(loop.first, loop.last)
        return constant + low, constant + high + 1


def scan_of(loop: Loop, registers: Sequence[Register]) -> Scan | None:
    """The loop as a scan; None where it is something else."""
    if any(isinstance(step, (Loop, Choose, Entrywise)) for step in loop.body):
        return None
    stores = [step for step in loop.body if isinstance(step, Store)]
    written = {step.out: step for step in stores}
    if len(written) != len(stores):
        return None
    if not all(at_counter(step.items, loop.counter, registers[step.out]) for step in stores):
        return None
    back = -1 if loop.first <= loop.last else 1
    inside = set(writes(loop))
    read: list[View] = []
    carried: dict[int, list[View]] = {}
    for step in loop.body:
        if isinstance(step, View) and step.source in written:
            store = written[step.source]
            behind = at_counter(step.items, loop.counter, registers[step.source])
            if not behind or _constant(step.items[0]) != _constant(store.items[0]) + back:
                return None
            carried.setdefault(step.source, []).append(step)
        elif isinstance(step, View) and step.source not in inside:
            if at_counter(step.items, loop.counter, registers[step.source]):
                read.append(step)
        elif not isinstance(step, Store) and written.keys() & set(reads(step)):
            return None
    return Scan(tuple(read), written, {name: tuple(views) for name, views in carried.items()})


def in_pieces(steps: Sequence[Step], registers: Sequence[Register]) -> set[int]:
    """The arrays that are filled by whole rows and scans, each row once, and read as a whole
    only when all rows are there."""
    pieces: dict[int, set[int]] = {}
    wrong: set[int] = set()
    for step in steps:
        if isinstance(step, Allocate) and step.shape:
            pieces[step.out] = set()
            continue
        scan = scan_of(step, registers) if isinstance(step, Loop) else None
        for array in pieces.keys() & {*reads(step), *writes(step)}:
            rows = _rows(step, scan, array, registers[array], pieces[array])
            if rows is None or rows & pieces[array]:
                wrong.add(array)
            else:
                pieces[array] |= rows
    whole = {array for array, rows in pieces.items() if len(rows) == registers[array].shape[0]}
    return whole - wrong


def _rows(
    step: Step, scan: Scan | None, array: int, register: Register, there: set[int]
) -> set[int] | None:
    """The rows that a step adds to an array; None where it does something else to it."""
    if isinstance(step, Store) and step.out == array and step.source != array:
        row = fixed_row(step.items, register)
        return None if row is None else {row}
    if isinstance(step, Loop) and scan is not None and array in scan.written:
        before = {row for view in scan.carried.get(array, ()) for row in _before(step, view)}
        own = set(range(*scan.span(step, scan.written[array].items[0])))
        return own if before <= there else None
    row = fixed_row(step.items, register) if isinstance(step, View) else None
    if row is not None:
        return set() if row in there else None
    return set() if len(there) == register.shape[0] else None


def _before(loop: Loop, view: View) -> set[int]:
    return {_constant(view.items[0]) + loop.first}


def _constant(item: Item) -> int:
    return item.constant if isinstance(item, At) else item.start.constant


def _full(items: Sequence[Item], shape: Sequence[int]) -> bool:
    return all(item == Span(At(0), size) for item, size in zip(items, shape, strict=True))


def fixed_row(items: Sequence[Item], register: Register) -> int | None:
    """The number of a whole row that is the same in every turn; None where it is no such row."""
    if not items or not isinstance(items[0], At) or items[0].counters:
        return None
    return items[0].constant if _full(items[1:], register.shape[1:]) else None


def at_counter(items: Sequence[Item], counter: int, register: Register) -> bool:
    """Whether this is the row at the counter, plus a constant."""
    if not items or not isinstance(items[0], At):
        return False
    moving = items[0].counters == ((counter, 1),) and items[0].size is None
    return moving and _full(items[1:], register.shape[1:])
