"""A product under sums, taken apart."""

from __future__ import annotations

from dataclasses import field
from fractions import Fraction

from einrnn.core.nodes import Cond, Expr
from einrnn.dataclass import dataclass
from einrnn.numeric.emit import Axis
from einrnn.numeric.scope import Scope

Guards = tuple[tuple[Cond, Scope], ...]


@dataclass(frozen=True)
class Factor:
    """A factor, or a condition that counts as 1 or 0, with what guards it."""

    node: Expr | Cond
    scope: Scope
    guards: Guards


def conditions(guards: Guards) -> list[Factor]:
    """What guards a number, as factors."""
    return [Factor(cond, scope, guards[:place]) for place, (cond, scope) in enumerate(guards)]


@dataclass()
class Term:
    """A sum of a product: exact coefficient, factors, and the axes that are summed."""

    coefficient: Fraction = Fraction(1)
    factors: list[Factor] = field(default_factory=list[Factor])
    summed: list[Axis] = field(default_factory=list[Axis])
    zero: bool = False
