"""Numbers recognised as what a formula has in front: signs, small fractions, sizes."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from einrnn.check.mend.places import product
from einrnn.core import affine as af
from einrnn.core.build import number
from einrnn.core.model import Model
from einrnn.core.nodes import Apply, Dim, Expr, Pow, Value
from einrnn.dataclass import dataclass

_CLOSE = 1e-8
_SMALL = tuple(Fraction(n, d) for n, d in ((1, 1), (2, 1), (1, 2), (3, 1), (1, 3), (4, 1), (1, 4)))

_POWERS = (Fraction(1), Fraction(-1), Fraction(1, 2), Fraction(-1, 2))


@dataclass(frozen=True)
class Constant:
    """A factor without indices, its value at a point, and how large an edit it is."""

    expr: Expr
    value: float
    cost: float


def _size_to(size: Value, power: Fraction) -> Expr:
    root: Expr = size if power.denominator == 1 else Apply("sqrt", (size,))
    return root if power > 0 else Pow(root, number(-1))


def constants(model: Model, sizes: Mapping[str, int]) -> list[Constant]:
    """What may stand in front of a term, cheapest first."""
    rows: list[Constant] = []
    for sign in (1, -1):
        for small in _SMALL:
            value = sign * small
            cost = (0.0 if sign > 0 else 0.7) + (
                0.0 if small == 1 else 0.6 + 0.1 * float(max(small, 1 / small))
            )
            rows.append(Constant(number(value), float(value), cost))
            for name in model.dims:
                size = Value(af.of(Dim(name)))
                for power in _POWERS if small == 1 else (Fraction(1), Fraction(-1)):
                    expr = product((number(value), _size_to(size, power)))
                    rows.append(
                        Constant(expr, float(value) * sizes[name] ** float(power), cost + 0.8)
                    )
    return sorted(rows, key=lambda row: row.cost)


def recognised(value: float, known: list[Constant], most: int = 3) -> list[Constant]:
    """The constants that have this value, cheapest first."""
    scale = max(1.0, abs(value))
    return [row for row in known if abs(row.value - value) < _CLOSE * scale][:most]
