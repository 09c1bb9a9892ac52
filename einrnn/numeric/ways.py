"""Which way through its definitions something is computed: the cheapest at the sizes.

A gradient of one number goes in reverse, however many inputs there are. A Jacobian of
several outputs may be cheaper forward where they outnumber the inputs; how many there are
is known with the sizes only, and what each way costs is counted from its steps. So it is
with long sums, which may be recurrences.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from functools import cached_property

from einrnn.core.model import Model
from einrnn.core.nodes import Derivative, Element, Expr
from einrnn.core.traverse import walk
from einrnn.errors import EinrnnError
from einrnn.numeric.cost import cost
from einrnn.numeric.formula import Formula
from einrnn.numeric.plan import Output, Plan, plan
from einrnn.numeric.steps import Entrywise, Given, Loop, Step
from einrnn.symbolic.derived import Policy, fewer_axes, forward, reverse


class Ways:
    """The plans of one formula; the first way is the one that is always there."""

    def __init__(
        self,
        model: Model,
        outputs: Mapping[str, Output],
        formula: Formula | None,
        inputs: Collection[str],
        turn: int,
    ) -> None:
        self._first = model, outputs
        self._formula = formula
        self._inputs = set(inputs)
        self._turn = turn

    def plan(self, sizes: Mapping[str, int], seed: int) -> Plan:
        """The plan of the fewest operations, of which a turn of a loop counts as some more; of
        equally many, the first way's."""
        found = plan(*self._first, sizes, seed)
        others = (self._planned(way, sizes, seed) for way in self._others)
        return min([found, *(p for p in others if p is not None)], key=self._effort)

    def _effort(self, found: Plan) -> int:
        return cost(found).flops + self._turn * _turns(found.main)

    @cached_property
    def _others(self) -> list[tuple[Model, Mapping[str, Output]]]:
        formula = self._formula
        if formula is None:
            return []
        found: list[tuple[Model, Mapping[str, Output]]] = []
        if formula.other is not None:
            with suppress(EinrnnError):  # then there is the first way
                found.append(formula.other.closed())
        if not any(_jacobian(expr) for expr, _ in formula.roots.values()):
            return found
        for policy in (forward, reverse):
            if _differs(formula, policy):
                found.append(formula.closed(policy))
        return found

    def _planned(
        self, way: tuple[Model, Mapping[str, Output]], sizes: Mapping[str, int], seed: int
    ) -> Plan | None:
        """The plan of another way; None where it needs more than is known, or has no order."""
        model, outputs = way
        known = {name: size for name, size in sizes.items() if name in model.dims}
        try:
            found = plan(model, outputs, known, seed)
        except EinrnnError:
            return None
        given = {step.name for step in found.main if isinstance(step, Given)}
        return found if given <= self._inputs and not _entrywise(found.main) else None


def _jacobian(expr: Expr) -> bool:
    """Whether an output has a derivative of a tensor that has axes, by an input or a tensor."""
    for node in walk(expr):
        if isinstance(node, Derivative) and node.kind == "total":
            body = node.body
            if isinstance(body, Element) and body.args:
                return True
    return False


def _differs(formula: Formula, policy: Policy) -> bool:
    """Whether a policy takes some derivative of the outputs another way than usual."""
    for expr, _ in formula.roots.values():
        for node in walk(expr):
            if isinstance(node, Derivative) and isinstance(node.body, Element):
                pair = formula.model, node.body.tensor, node.tensor
                if policy(*pair) != fewer_axes(*pair):
                    return True
    return False


def _turns(steps: Collection[Step]) -> int:
    """How many turns loops have in all."""
    loops = [step for step in steps if isinstance(step, Loop)]
    return sum((abs(loop.last - loop.first) + 1) * (1 + _turns(loop.body)) for loop in loops)


def _entrywise(steps: Collection[Step]) -> bool:
    return any(
        isinstance(step, Entrywise) or (isinstance(step, Loop) and _entrywise(step.body))
        for step in steps
    )
