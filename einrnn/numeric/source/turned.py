"""Sums of rows that are given as a result with their axes in another order."""

from __future__ import annotations

from einrnn.numeric.plan import Plan
from einrnn.numeric.steps import Align, Scatter, reads


def turned(plan: Plan) -> dict[int, tuple[int, tuple[int, ...]]]:
    """For each sum of rows of which only one result with its axes in another order is made,
    the register of that result and the order: it is added up in that layout at once."""
    wanted = set(plan.outputs.values())
    scatters = {step.out for step in plan.main if isinstance(step, Scatter)} - wanted
    uses = [step for step in plan.main if scatters & {*reads(step)}]
    found: dict[int, tuple[int, tuple[int, ...]]] = {}
    for step in uses:
        alone = sum({*reads(step)} & {*reads(other)} != set() for other in uses) == 1
        if isinstance(step, Align) and alone and step.out in wanted and -1 not in step.order:
            found[step.source] = step.out, step.order
    return found
