"""How long a plan takes by the machine's model of time: each step as often as its loop runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import numpy as np

from einrnn.numeric.cost import operations
from einrnn.numeric.generated import can_generate
from einrnn.numeric.plan import Plan
from einrnn.numeric.steps import (
    Align,
    Allocate,
    Choose,
    Constant,
    Contract,
    Diagonal,
    Given,
    Iota,
    Loop,
    Map,
    Register,
    Spread,
    Step,
    Store,
    View,
    reads,
)
from einrnn.pathfinder.machine import Machine

_FREE = (Given, Constant, Iota, Align, Spread, Diagonal)
# functions that cost what a product does
_CHEAP = frozenset({"+", "-", "*", "neg", "and", "or", "not", "where", "==", "!=", "<", "<="})
_BYTES = 8


def predicted(plan: Plan, machine: Machine) -> float:
    """Seconds a call, in generated code where there is such."""
    if can_generate(plan, np.dtype(np.float64)):
        machine = replace(machine, call=machine.entry, dispatch=machine.straight)
    return machine.call + seconds(plan.main, plan.registers, machine)


def seconds(steps: Sequence[Step], registers: Sequence[Register], machine: Machine) -> float:
    """Seconds for steps one after the other, loops and branches included."""
    total = 0.0
    for step in steps:
        match step:
            case Loop(_, first, last, body):
                total += (abs(last - first) + 1) * seconds(body, registers, machine)
            case Choose(_, _, then):
                total += machine.dispatch + seconds(then, registers, machine)
            case _:
                total += _one(step, registers, machine)
    return total


def _one(step: Step, registers: Sequence[Register], machine: Machine) -> float:
    if isinstance(step, _FREE):
        return 0.0
    if isinstance(step, View):
        return machine.dispatch / 4
    if isinstance(step, Allocate):
        return machine.dispatch + _BYTES * prod(step.shape) / machine.bandwidth
    moved = sum(prod(registers[register].shape) for register in reads(step))
    out: int | None = getattr(step, "out", None)
    if isinstance(step, Store):
        moved = 2 * prod(registers[step.source].shape)
    elif out is not None:
        moved += prod(registers[out].shape)
    time = machine.dispatch + _BYTES * moved / machine.bandwidth
    match step:
        case Contract():
            rate = machine.rate if step.shape[2] else float("inf")
            matrices = prod(step.shape[0])
            time += operations(step, registers) / rate + machine.batch * max(0, matrices - 1)
        case Map(out, function) if function not in _CHEAP:
            time += prod(registers[out].shape) * machine.function
        case _:
            pass
    return time
