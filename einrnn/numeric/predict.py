"""How long a plan takes by the machine's model of time: each step as often as its loop runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
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
    Layout,
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
# bytes from which an array gets memory of its own each time
_LARGE = 32 << 20


def predicted(plan: Plan, machine: Machine) -> float:
    """Seconds a call, in generated code where there is such: it reuses its arrays."""
    if can_generate(plan, np.dtype(np.float64)):
        machine = replace(machine, call=machine.entry, dispatch=machine.straight, fresh=0.0)
    return interpreted(plan, machine)


def interpreted(plan: Plan, machine: Machine) -> float:
    """Seconds a call of the plan's steps one by one."""
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
    if out is not None and not isinstance(step, Store):
        made = _BYTES * prod(registers[out].shape)
        time += machine.fresh * made if made >= _LARGE else 0.0
    match step:
        case Contract():
            time += _product(step, registers, machine)
        case Map(_, function, args):
            shape = registers[step.out].shape
            time += machine.row * prod(shape) / _run(shape, [registers[a].shape for a in args])
            time += 0.0 if function in _CHEAP else prod(shape) * machine.function
        case Layout(_, source, order):
            time += _copied(registers[source].shape, order, machine)
        case _:
            pass
    return time


def _product(step: Contract, registers: Sequence[Register], machine: Machine) -> float:
    """The arithmetic of a contraction, and its operands brought into order."""
    batch, left, summed, right = step.shape
    work, terms = operations(step, registers), prod(summed)
    shapes = registers[step.left].shape, registers[step.right].shape
    alone = [(at,) for at in range(len(batch))]
    ends = (len(left), len(summed)), (len(summed), len(right))
    time = 0.0
    for shape, order, (first, last) in zip(
        shapes, (step.left_order, step.right_order), ends, strict=True
    ):
        at = len(batch)
        groups = [*alone, tuple(range(at, at + first)), tuple(range(at + first, at + first + last))]
        time += _laid_out(shape, order, groups, machine)
    if batch and not left and not right:
        return time + machine.dispatch + machine.loop * work
    if not summed:
        return time
    side = max(1, min(prod(left), terms, prod(right)))
    matrices = prod(batch) - 1
    return time + work / machine.rate * (1 + machine.small / side) + machine.batch * matrices


def _laid_out(
    shape: tuple[int, ...],
    order: tuple[int, ...],
    groups: Sequence[tuple[int, ...]],
    machine: Machine,
) -> float:
    """The time to see an array as matrices; ``groups`` are places in ``order`` made one axis.

    It is copied where the axes of a group do not lie together, or neither side of the matrices
    has the axis that lies closest.
    """
    wide = [tuple(order[at] for at in group if shape[order[at]] > 1) for group in groups]
    axes = [axis for axis in range(len(shape)) if shape[axis] > 1]
    place = {axis: number for number, axis in enumerate(axes)}
    together = all(
        place[after] == place[before] + 1 for group in wide for before, after in pairwise(group)
    )
    closest = not axes or any(group and group[-1] == axes[-1] for group in wide[-2:])
    if together and closest:
        plain = order == tuple(range(len(order))) and all(len(group) <= 1 for group in groups)
        return 0.0 if plain else machine.turn
    return machine.turn + machine.dispatch / 2 + _copied(shape, order, machine)


def _copied(shape: tuple[int, ...], order: tuple[int, ...], machine: Machine) -> float:
    """The time to copy an array into another order of its axes, entry by entry."""
    axes = [axis for axis in order if shape[axis] > 1]
    if not axes:
        return 0.0
    # the innermost loop runs over the last axes of the copy that lie together in the original
    first = len(axes) - 1
    while first and axes[first - 1] + 1 == axes[first]:
        first -= 1
    inner = prod(shape[axis] for axis in axes[first:])
    return prod(shape) * (machine.copy + machine.row / inner)


def _run(shape: tuple[int, ...], args: Sequence[tuple[int, ...]]) -> int:
    """How many entries an innermost loop over arrays that broadcast has, about."""
    padded = [(1,) * (len(shape) - len(arg)) + arg for arg in args]
    run, kinds = 1, None
    for at in reversed(range(len(shape))):
        now = tuple(arg[at] == 1 for arg in padded) if shape[at] > 1 else kinds
        if kinds is not None and now != kinds:
            break
        run, kinds = run * shape[at], now
    return max(1, run)
