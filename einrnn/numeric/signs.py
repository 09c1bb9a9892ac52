"""Which computed values cannot be negative, whatever the inputs are.

The bounds hold for the floating-point values: rounding keeps the order of numbers, so that what
is exactly between 0 and 1 stays there.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import inf

from einrnn.numeric.steps import Align, Constant, Diagonal, Fold, Layout, Map, Spread, Step, View

Bounds = tuple[float, float]

_EVERYTHING: Bounds = (-inf, inf)
_FIXED: Mapping[str, Bounds] = {
    "sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "sin": (-1.0, 1.0),
    "cos": (-1.0, 1.0),
    "exp": (0.0, inf),
    "cosh": (0.0, inf),
    "softplus": (0.0, inf),
    "sqrt": (0.0, inf),
    "abs": (0.0, inf),
    "relu": (0.0, inf),
}
# functions of which whole numbers give others than whole numbers
_REAL = frozenset({"sigmoid", "tanh", "sin", "cos", "exp", "cosh", "softplus", "sqrt"})
# how many steps back are looked at
_DEPTH = 40


def bounds(made: Mapping[int, Step], register: int, depth: int = _DEPTH) -> Bounds:
    """The least and the greatest value the entries can have; ``made`` has the steps so far."""
    step = made.get(register)
    if step is None or depth == 0:
        return _EVERYTHING
    match step:
        case Constant(_, Fraction() as value):
            return float(value), float(value)
        case View() | Align() | Spread() | Diagonal() | Layout():
            return bounds(made, step.source, depth - 1)
        case Fold(_, "sum", source):
            low, high = bounds(made, source, depth - 1)
            return (0.0 if low >= 0 else -inf), (0.0 if high <= 0 else inf)
        case Map(_, function, args):
            if function in _FIXED:
                return _FIXED[function]
            known = [bounds(made, arg, depth - 1) for arg in args]
            if function == "*" and args[0] == args[1]:
                function, known = "square", known[:1]
            return _function(function, known)
        case _:
            return _EVERYTHING


def _function(function: str, args: list[Bounds]) -> Bounds:
    match function, args:
        case "neg", [(low, high)]:
            return -high, -low
        case "square", [(low, high)]:
            return (0.0 if low <= 0 <= high else min(low * low, high * high)), max(
                low * low, high * high
            )
        case "+", [(a, b), (c, d)]:
            return a + c, b + d
        case "-", [(a, b), (c, d)]:
            return a - d, b - c
        case "*", [(a, b), (c, d)]:
            ends = [_times(x, y) for x in (a, b) for y in (c, d)]
            return min(ends), max(ends)
        case _:
            return _EVERYTHING


def _times(x: float, y: float) -> float:
    return 0.0 if x == 0 or y == 0 else x * y


def real(made: Mapping[int, Step], register: int, depth: int = _DEPTH) -> bool:
    """Whether the entries are no whole numbers even where all inputs are."""
    step = made.get(register)
    if step is None or depth == 0:
        return False
    match step:
        case View() | Align() | Spread() | Diagonal() | Layout() | Fold():
            return real(made, step.source, depth - 1)
        case Map(_, function, args):
            return function in _REAL or any(real(made, arg, depth - 1) for arg in args)
        case _:
            return False
