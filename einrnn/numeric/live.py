"""Which steps are needed, and how long each register is."""

from __future__ import annotations

from collections.abc import Sequence, Set
from math import prod

from einrnn.dataclass import dataclass
from einrnn.numeric.steps import (
    Align,
    Choose,
    Diagonal,
    Entrywise,
    Given,
    Loop,
    Register,
    Spread,
    Step,
    Store,
    View,
    reads,
)


@dataclass(frozen=True)
class Lifetimes:
    """When registers may be emptied, and how much is held at most.

    ``freed[n]`` are the registers that nothing after step ``n`` of the main block reads.
    ``largest`` is the largest array a step makes and ``peak`` the most entries held at
    once (inputs and results among them), both in entries; views count as nothing.
    """

    freed: tuple[tuple[int, ...], ...]
    largest: int
    peak: int


def writes(step: Step) -> tuple[int, ...]:
    """The registers that hold something new after the step."""
    match step:
        case Loop(counter, _, _, body):
            return (counter, *(out for below in body for out in writes(below)))
        case Choose(out, _, then, _, otherwise, _):
            return (out, *(inner for below in (*then, *otherwise) for inner in writes(below)))
        case Entrywise(_, outs):
            return outs
        case _:
            return (step.out,)


def pruned(
    constants: Sequence[Step], main: Sequence[Step], wanted: Set[int]
) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """The steps without those whose results are never read."""
    alive = set(wanted)
    kept_main = _kept(main, alive)
    kept_constants = _kept(constants, alive)
    return kept_constants, kept_main


def _kept(steps: Sequence[Step], alive: set[int]) -> tuple[Step, ...]:
    """The steps that are needed; adds what they read to ``alive``."""
    kept: list[Step] = []
    for step in reversed(steps):
        if isinstance(step, Loop):
            # a turn may read what an earlier turn has stored
            before = -1
            body = step.body
            while len(alive) != before:
                before = len(alive)
                body = _kept(step.body, alive)
            step = Loop(step.counter, step.first, step.last, body)
            needed = bool(body)
        elif isinstance(step, Store):
            needed = step.out in alive
        else:
            needed = any(out in alive for out in writes(step))
        if needed:
            alive.update(reads(step))
            kept.append(step)
    return tuple(reversed(kept))


def lifetimes(
    registers: Sequence[Register], constants: Sequence[Step], main: Sequence[Step], wanted: Set[int]
) -> Lifetimes:
    """When what is read last, and what that means for memory."""
    base = _bases((*constants, *main))
    last: dict[int, int] = {}
    for number, step in enumerate(main):
        for register in (*reads(step), *writes(step)):
            last[register] = number
    forever = {base.get(register, register) for register in wanted}
    # the caller holds the inputs, the program what it computes once
    kept = [*constants, *(step for step in main if isinstance(step, Given))]
    forever |= {out for step in kept for out in writes(step)}
    # an array is held as long as any view of it
    held: dict[int, int] = {}
    for register, number in last.items():
        root = base.get(register, register)
        held[root] = max(held.get(root, 0), number)
    freed: list[list[int]] = [[] for _ in main]
    for register, number in sorted(last.items()):
        if register not in wanted and register not in forever:
            freed[number].append(register)
    return Lifetimes(
        tuple(tuple(row) for row in freed),
        *_memory(registers, constants, main, held, forever, base),
    )


def _bases(steps: Sequence[Step]) -> dict[int, int]:
    """For each view, the array it looks at."""
    base: dict[int, int] = {}
    rest = list(reversed(steps))
    while rest:
        step = rest.pop()
        match step:
            case View() | Align() | Spread() | Diagonal():
                base[step.out] = base.get(step.source, step.source)
            case Loop(_, _, _, body):
                rest.extend(reversed(body))
            case Choose(_, _, then, _, otherwise, _):
                rest.extend(reversed((*then, *otherwise)))
            case _:
                pass
    return base


def _memory(
    registers: Sequence[Register],
    constants: Sequence[Step],
    main: Sequence[Step],
    held: dict[int, int],
    forever: Set[int],
    base: dict[int, int],
) -> tuple[int, int]:
    size = [prod(register.shape) for register in registers]
    ends: dict[int, list[int]] = {}
    for register, number in held.items():
        if register not in forever:
            ends.setdefault(number, []).append(register)
    live = sum(size[out] for step in constants for out in writes(step) if out not in base)
    present = {out for step in constants for out in writes(step)}
    largest = peak = 0
    for number, step in enumerate(main):
        new = {out for out in _made(step) if out not in present and out not in base}
        present |= new
        live += sum(size[out] for out in new)
        if not isinstance(step, Given):
            largest = max([largest, *(size[out] for out in new)])
        peak = max(peak, live)
        live -= sum(size[out] for out in ends.get(number, ()) if out in present)
    return largest, peak


def _made(step: Step) -> tuple[int, ...]:
    """As :func:`writes`, of a choice only the usual branch."""
    match step:
        case Loop(_, _, _, body):
            return tuple(out for below in body for out in _made(below))
        case Choose(out, _, then, _, _, _):
            return (out, *(inner for below in then for inner in _made(below)))
        case _:
            return writes(step)
