"""What a program computes, before derivatives are carried out in it."""

from __future__ import annotations

from collections.abc import Mapping

from einrnn.core.model import Model
from einrnn.core.nodes import Expr
from einrnn.dataclass import dataclass
from einrnn.numeric.plan import Output
from einrnn.symbolic.derived import Policy, complete, fewer_axes
from einrnn.symbolic.emptied import guarded, with_guards
from einrnn.symbolic.ranges import Ranges
from einrnn.symbolic.sweep.sweep import swept


@dataclass(frozen=True)
class Formula:
    """Outputs by name, each an expression over a model with the ranges of its free indices.

    Both may contain derivatives. The order of the ranges is the order of the axes. ``other`` is
    another formula for the same values, if there is one, that may be shorter at some sizes.
    """

    model: Model
    roots: Mapping[str, tuple[Expr, Ranges]]
    other: Formula | None = None

    def completed(self, policy: Policy = fewer_axes) -> Formula:
        """The same values with every derivative carried out, each pair in the policy's way."""
        model, exprs = complete(self.model, list(self.roots.values()), policy)
        return self.over(model, exprs)

    def closed(self, policy: Policy = fewer_axes) -> tuple[Model, dict[str, Output]]:
        """A model without derivatives, two-time tensors contracted, and what to compute of it."""
        done = self.completed(policy)
        model, exprs = swept(done.model, list(done.roots.values()))
        outputs: dict[str, Output] = {
            name: (guarded(model, expr, ranges), tuple(ranges), ranges)
            for (name, (_, ranges)), expr in zip(self.roots.items(), exprs, strict=True)
        }
        return with_guards(model), outputs

    def over(self, model: Model, exprs: list[Expr]) -> Formula:
        """Outputs of the same names and ranges over another model."""
        pairs = zip(self.roots.items(), exprs, strict=True)
        return Formula(model, {name: (expr, ranges) for (name, (_, ranges)), expr in pairs})
