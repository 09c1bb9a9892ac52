"""Functions of entries computed where a loop reads their rows, if the rows are large.

``1 - s[t]^2`` for all ``t`` takes an array as large as ``s`` and two walks through memory; row by
row the processor's cache has it. Small rows stay together: a call for each costs more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod

from einrnn.dataclass import dataclass
from einrnn.numeric.live import lifetimes, pruned, writes
from einrnn.numeric.plan import Plan
from einrnn.numeric.steps import (
    Align,
    At,
    Choose,
    Diagonal,
    Entrywise,
    Loop,
    Map,
    Register,
    Span,
    Spread,
    Step,
    View,
    reads,
)

# entries of a row from which on the walks through memory cost more than a call
_LARGE = 4096

_WHOLE = frozenset({"bump", "whole"})


def sunk(plan: Plan, large: int = _LARGE) -> Plan:
    """The plan with such steps in the loops that read them."""
    registers, main = list(plan.registers), list(plan.main)
    wanted = set(plan.outputs.values())
    changed = False
    while True:
        found = next(
            (
                rows
                for step in main
                if isinstance(step, Map) and step.out not in wanted
                if (rows := _rows_of(step, main, registers, large)) is not None
            ),
            None,
        )
        if found is None:
            break
        main = _moved(main, found, registers)
        changed = True
    if not changed:
        return plan
    constants, kept = pruned(plan.constants, main, wanted)
    fixed = tuple(registers)
    return Plan(fixed, constants, kept, plan.outputs, lifetimes(fixed, constants, kept, wanted))


@dataclass(frozen=True)
class _Rows:
    """A step of which only rows are read: by views with the first row of the part they view."""

    step: Map
    read: Mapping[int, int]
    parts: frozenset[int]


def _rows_of(
    step: Map, main: Sequence[Step], registers: Sequence[Register], large: int
) -> _Rows | None:
    own = registers[step.out]
    if own.kind != "number" or len(own.shape) < 2 or prod(own.shape[1:]) < large:
        return None
    if step.function in _WHOLE or not all(_by_row(registers[arg], own) for arg in step.args):
        return None
    starts, read, turns, last = {step.out: 0}, dict[int, int](), 0, main.index(step)
    in_loop = False
    for place, below in enumerate(main):
        loop = below if isinstance(below, Loop) else None
        for inner in (below,) if loop is None else loop.body:
            sources = starts.keys() & {*reads(inner)}
            if not sources:
                continue
            if not isinstance(inner, View) or not _whole(inner, registers):
                return None
            last, first = place, inner.items[0]
            if isinstance(first, Span):
                if loop is not None or first.step != 1 or first.start.counters:
                    return None
                starts[inner.out] = starts[inner.source] + first.start.constant
                continue
            if first.size is not None or first.counters not in _counters(loop):
                return None
            read[inner.out] = starts[inner.source]
            turns += 1 if not first.counters or loop is None else abs(loop.last - loop.first) + 1
            in_loop |= loop is not None
    # each row at most once, and nothing changes what it is computed from before
    if not in_loop or turns > own.shape[0] or _disturbed(step, main, last):
        return None
    return _Rows(step, read, frozenset(starts))


def _by_row(arg: Register, own: Register) -> bool:
    """Whether a row of the result needs one row of an argument, or the same of it each time."""
    if len(arg.shape) < len(own.shape):
        return True
    return arg.shape[0] in (1, own.shape[0])


def _counters(loop: Loop | None) -> tuple[tuple[tuple[int, int], ...], ...]:
    return ((),) if loop is None else ((), ((loop.counter, 1),))


def _whole(view: View, registers: Sequence[Register]) -> bool:
    sizes = registers[view.source].shape[1:]
    rest = zip(view.items[1:], sizes, strict=True)
    return bool(view.items) and all(item == Span(At(0), size) for item, size in rest)


def _disturbed(step: Map, main: Sequence[Step], last: int) -> bool:
    """Whether what a step reads may be written to between it and the last step that reads it."""
    root: dict[int, int] = {}
    for below in main:
        if isinstance(below, (View, Align, Spread, Diagonal)):
            root[below.out] = root.get(below.source, below.source)
    args = {root.get(arg, arg) for arg in step.args}
    between = main[main.index(step) + 1 : last + 1]
    if any(isinstance(below, (Choose, Entrywise)) for below in between):
        return True
    return any(root.get(out, out) in args for below in between for out in writes(below))


def _moved(main: Sequence[Step], found: _Rows, registers: list[Register]) -> list[Step]:
    done: list[Step] = []
    for step in main:
        if isinstance(step, Loop):
            body: list[Step] = []
            for inner in step.body:
                body += _row(inner, found, registers) or [inner]
            done.append(replace(step, body=tuple(body)))
        elif getattr(step, "out", -1) not in found.parts:
            done += _row(step, found, registers) or [step]
    return done


def _row(view: Step, found: _Rows, registers: list[Register]) -> list[Step] | None:
    """The steps that compute a row in place of the view that reads it."""
    if not isinstance(view, View) or view.out not in found.read:
        return None
    at = view.items[0]
    assert isinstance(at, At)
    at = replace(at, constant=at.constant + found.read[view.out])
    steps: list[Step] = []
    args: list[int] = []
    rank = len(registers[found.step.out].shape)
    for arg in found.step.args:
        shape = registers[arg].shape
        if len(shape) < rank:
            args.append(arg)
            continue
        rest = (Span(At(0), size) for size in shape[1:])
        registers.append(replace(registers[arg], shape=shape[1:], letters=()))
        args.append(len(registers) - 1)
        steps.append(
            View(args[-1], arg, (At(0) if shape[0] == 1 < _length(found, registers) else at, *rest))
        )
    return [*steps, Map(view.out, found.step.function, tuple(args))]


def _length(found: _Rows, registers: Sequence[Register]) -> int:
    return registers[found.step.out].shape[0]
