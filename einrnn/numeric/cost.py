"""What a plan costs: operations and memory."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from einrnn.dataclass import dataclass
from einrnn.numeric.contract import flops
from einrnn.numeric.plan import Plan
from einrnn.numeric.steps import (
    Assemble,
    Choose,
    Contract,
    Fold,
    Gather,
    Linear,
    Loop,
    Map,
    Random,
    Register,
    Scatter,
    Step,
)
from einrnn.pathfinder.mirror import computed


@dataclass(frozen=True)
class Cost:
    """Operations, and memory in entries.

    ``flops``: a contraction costs 2 per combination of all indices involved if something
    is summed and 1 if nothing is, and of a symmetric one only what is computed counts (about
    half); a function of entries 1 per entry of its result, a
    reduction 1 per entry it reads, a matrix function 2 n^3. ``largest`` is the largest
    array a step makes, ``peak`` the most entries held at once, inputs among them.
    """

    flops: int
    largest: int
    peak: int


def cost(plan: Plan) -> Cost:
    """The cost of one call, without what is computed once for all calls."""
    return Cost(_all(plan.main, plan.registers), plan.lifetimes.largest, plan.lifetimes.peak)


def _all(steps: Sequence[Step], registers: Sequence[Register]) -> int:
    return sum(operations(step, registers) for step in steps)


def operations(step: Step, registers: Sequence[Register]) -> int:
    """The operations of one step."""
    match step:
        case Contract(shape=(batch, kept_left, summed, kept_right), symmetric=False):
            return flops((*batch, *kept_left, *kept_right), summed)
        case Contract(_, left, right, shape=(batch, kept, summed, _)):
            entries = computed(prod(kept), same=left == right, batch=bool(batch))
            return entries * prod(batch) * prod(summed)
        case Map(out) | Gather(out):
            return prod(registers[out].shape)
        case Scatter(_, source) | Fold(_, _, source):
            return prod(registers[source].shape)
        case Assemble(args=args):
            return sum(prod(registers[arg].shape) for arg in args)
        case Linear(_, _, source):
            return 2 * prod(registers[source].shape) * registers[source].shape[-1]
        case Random(out, args=args):
            return prod(registers[out].shape) + sum(prod(registers[arg].shape) for arg in args)
        case Loop(_, first, last, body):
            return (abs(last - first) + 1) * _all(body, registers)
        case Choose(_, checked, then):
            return sum(prod(registers[c].shape) for c in checked) + _all(then, registers)
        case _:
            return 0
