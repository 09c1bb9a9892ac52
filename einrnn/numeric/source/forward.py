"""Plans with less to do: stored values used where they are, and one exp for a softmax."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from einrnn.numeric.live import lifetimes, pruned
from einrnn.numeric.plan import Plan
from einrnn.numeric.source.rows import laid_out
from einrnn.numeric.source.softmax import softmax
from einrnn.numeric.steps import (
    Choose,
    Contract,
    Entrywise,
    Fold,
    Item,
    Loop,
    Map,
    Register,
    Step,
    Store,
    View,
)


def improved(plan: Plan, *, layouts: bool = True) -> Plan:
    """The plan with views of what was just stored replaced by what was stored.

    With ``layouts`` matrices are copied ahead of loops into the order that BLAS likes.
    """
    registers = list(plan.registers)
    same: dict[int, int] = {}
    main = softmax(_forwarded(plan.main, same, registers), registers)
    if layouts:
        main = laid_out(main, registers)
    outputs = {name: same.get(out, out) for name, out in plan.outputs.items()}
    wanted = set(outputs.values())
    constants, main = pruned(plan.constants, main, wanted)
    fixed = tuple(registers)
    times = lifetimes(fixed, constants, main, wanted)
    return Plan(fixed, constants, main, outputs, times)


def _forwarded(
    steps: Sequence[Step], same: dict[int, int], registers: Sequence[Register]
) -> tuple[Step, ...]:
    """``same`` maps registers to those that hold the same value.

    Only results of their own are used in place of what was stored: a view may see its
    array change, and a smaller value was spread as it was stored.
    """
    stored: dict[int, tuple[tuple[Item, ...], int]] = {}
    own: set[int] = set()
    done: list[Step] = []
    for step in steps:
        step = _renamed(step, same)
        match step:
            case View(out, source, items) if source in stored and stored[source][0] == items:
                value = stored[source][1]
                if value in own and registers[value] == replace(
                    registers[out], letters=registers[value].letters, name=registers[value].name
                ):
                    same[out] = value
                    continue
            case Store(out, items, source):
                stored[out] = items, source
            case Map(out) | Contract(out) | Fold(out):
                own.add(out)
            case Loop():
                step = replace(step, body=_forwarded(step.body, same, registers))
                stored.clear()
            case Choose() | Entrywise():
                stored.clear()
            case _:
                pass
        done.append(step)
    return tuple(done)


def _renamed(step: Step, same: Mapping[int, int]) -> Step:
    """The step reading other registers of the same value."""
    changes: dict[str, object] = {}
    for name in ("source", "left", "right", "index"):
        register: int = getattr(step, name, -1)
        if register in same:
            changes[name] = same[register]
    for name in ("args", "indices", "checked"):
        row: tuple[int, ...] = getattr(step, name, ())
        if any(register in same for register in row):
            changes[name] = tuple(same.get(register, register) for register in row)
    match step:
        case Choose(then=then, otherwise=otherwise):
            changes["then"] = tuple(_renamed(below, same) for below in then)
            changes["otherwise"] = tuple(_renamed(below, same) for below in otherwise)
            changes["then_out"] = same.get(step.then_out, step.then_out)
            changes["otherwise_out"] = same.get(step.otherwise_out, step.otherwise_out)
        case _:
            pass
    return replace(step, **changes) if changes else step  # pyright: ignore[reportArgumentType]
