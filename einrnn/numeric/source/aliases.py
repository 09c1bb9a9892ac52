"""Arrays that may be computed in the memory of an array that is filled from them row by row.

``a[t] = f(b[t], a[t+1])`` reads row ``t`` of ``b`` for the last time where it writes row
``t`` of ``a``: both can be one buffer.
"""

from __future__ import annotations

from collections.abc import Sequence

from einrnn.dataclass import dataclass
from einrnn.numeric.plan import Plan
from einrnn.numeric.steps import (
    Allocate,
    At,
    Contract,
    Item,
    Loop,
    Map,
    Register,
    Span,
    Step,
    Store,
    View,
    reads,
)

_MAIN = -1


@dataclass(frozen=True)
class _Access:
    """Row ``at`` of an array is read or written in a block, for the last time at ``position``.

    ``block`` is the number of a loop among the main steps, or of none; ``lo`` and ``hi``
    bound the rows over all turns.
    """

    block: int
    position: int
    at: At
    lo: int
    hi: int


def shared(plan: Plan) -> dict[int, int]:
    """For registers that a step of the main block makes, the allocated array they may be in."""
    found: dict[int, int] = {}
    wanted = set(plan.outputs.values())
    makers = [s for s in plan.main if isinstance(s, (Map, Contract)) and s.out not in wanted]
    for allocate in plan.main:
        if not isinstance(allocate, Allocate) or allocate.out in wanted:
            continue
        writes = _accesses(plan, {allocate.out: 0}, stores=True)
        for maker in makers:
            alike = plan.registers[maker.out].shape == allocate.shape
            alike &= plan.registers[maker.out].kind == "number" and maker.out not in found
            if writes and alike and _between(plan.main, allocate, maker):
                reading = _reading(plan, maker.out)
                if reading and all(_after(r, w) for r in reading for w in writes):
                    found[maker.out] = allocate.out
                    break
    return found


def _between(main: Sequence[Step], allocate: Allocate, maker: Map | Contract) -> bool:
    """Whether the step comes after the allocation and before everything that fills it."""
    place = main.index(maker)
    filled = [n for n, step in enumerate(main) if allocate.out in _filled(step)]
    return main.index(allocate) < place < min(filled, default=-1)


def _filled(step: Step) -> set[int]:
    if isinstance(step, Loop):
        return set[int]().union(*(_filled(below) for below in step.body))
    return {step.out} if isinstance(step, Store) else set()


def _after(read: _Access, write: _Access) -> bool:
    """Whether no row is written before it was read for the last time."""
    if read.hi < write.lo or write.hi < read.lo:
        return True
    same = read.block == write.block and read.at == write.at
    return same and read.position <= write.position


def _reading(plan: Plan, register: int) -> list[_Access] | None:
    """The rows of an array that are read, None if it is read in another way as well."""
    offsets = {register: 0}
    for step in plan.main:
        if isinstance(step, View) and step.source in offsets and step.items:
            first, shape = step.items[0], plan.registers[step.source].shape
            if isinstance(first, Span) and first.step == 1 and _whole_rows(step.items, shape):
                if first.start.counters or first.start.size is not None:
                    return None
                offsets[step.out] = offsets[step.source] + first.start.constant
    return _accesses(plan, offsets, stores=False)


def _accesses(plan: Plan, offsets: dict[int, int], *, stores: bool) -> list[_Access] | None:
    """What is done with rows of arrays whose first row is at an offset; None if there is more.

    With ``stores`` what is written counts, else what is read.
    """
    found: list[_Access] = []
    blocks: list[tuple[int, Sequence[Step], Loop | None]] = [(_MAIN, plan.main, None)]
    blocks += [(n, s.body, s) for n, s in enumerate(plan.main) if isinstance(s, Loop)]
    for number, block, loop in blocks:
        for position, step in enumerate(block):
            if isinstance(step, Loop):
                if loop is None:
                    continue
                if offsets.keys() & ({*reads(step)} | _filled(step)):
                    return None
            if stores and isinstance(step, Store) and step.out in offsets:
                row = _row(step.items, plan.registers[step.out], loop, offsets[step.out])
                if row is None:
                    return None
                found.append(_Access(number, position, *row))
            elif not stores and offsets.keys() & {*reads(step)}:
                if isinstance(step, View) and step.out in offsets:
                    continue
                row = _read(step, block, plan.registers, loop, offsets)
                if row is None:
                    return None
                found.append(_Access(number, row[0], *row[1:]))
    return found


def _read(
    step: Step,
    block: Sequence[Step],
    registers: Sequence[Register],
    loop: Loop | None,
    offsets: dict[int, int],
) -> tuple[int, At, int, int] | None:
    """Where a view of a row is last used, and the row; None unless only functions of entries
    use it: they may write where they read."""
    if not isinstance(step, View) or step.source not in offsets:
        return None
    row = _row(step.items, registers[step.source], loop, offsets[step.source])
    uses = [n for n, other in enumerate(block) if step.out in reads(other)]
    if row is None or not all(isinstance(block[n], Map) for n in uses):
        return None
    return (max(uses, default=0), *row)


def _row(
    items: Sequence[Item], register: Register, loop: Loop | None, offset: int
) -> tuple[At, int, int] | None:
    """The row that is meant, counted from the start of the array, and its bounds."""
    if not items or not isinstance(items[0], At) or not _whole_rows(items, register.shape):
        return None
    at = At(items[0].constant + offset, items[0].counters)
    if items[0].size is not None:
        return None
    if not at.counters:
        return at, at.constant, at.constant
    if loop is None or at.counters != ((loop.counter, 1),):
        return None
    ends = sorted((loop.first, loop.last))
    return at, ends[0] + at.constant, ends[1] + at.constant


def _whole_rows(items: Sequence[Item], shape: tuple[int, ...]) -> bool:
    rest = zip(items[1:], shape[1:], strict=True)
    return len(items) == len(shape) > 1 and all(i == Span(At(0), size) for i, size in rest)
