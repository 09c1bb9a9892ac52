"""Look-ups right after what they read: a large array that is looked up last can be reused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from einrnn.numeric.plan import Plan
from einrnn.numeric.steps import Contract, Gather, Given, Map, Step, reads


def early(plan: Plan) -> Plan:
    """The plan with look-ups in results of functions and products as early as they can be."""
    main: list[Step] = []
    for step in plan.main:
        at = _place(step, main)
        main.insert(len(main) if at is None else at, step)
    return replace(plan, main=tuple(main))


def _place(step: Step, before: Sequence[Step]) -> int | None:
    """Where among the steps before it a look-up can be, None for other steps.

    Results of functions and products do not change, and inputs do not either.
    """
    if not isinstance(step, Gather):
        return None
    made = {getattr(other, "out", -1): n for n, other in enumerate(before)}
    places = [made[register] for register in reads(step) if register in made]
    if not all(isinstance(before[n], (Map, Contract, Given)) for n in places):
        return None
    return max(places, default=-1) + 1
