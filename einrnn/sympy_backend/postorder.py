"""Numbers of sympy expressions, without sympy's own evaluation and without recursion.

A table of kernels says with what kind of numbers: floats of the math module, where
overflow is inf and what has no value is nan, or mpmath numbers of any precision.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from einrnn.core.functions import FUNCTIONS
from einrnn.sympy_backend.functions import sp


def postorder(expr: Any) -> list[Any]:
    """The distinct nodes of an expression, parts before wholes."""
    seen: set[Any] = set()
    order: list[Any] = []
    stack: list[Any] = [expr]
    while stack:
        node = stack[-1]
        if node in seen:
            stack.pop()
            continue
        missing = [arg for arg in node.args if arg not in seen]
        if missing:
            stack.extend(reversed(missing))
        else:
            stack.pop()
            seen.add(node)
            order.append(node)
    return order


def height(expr: Any) -> int:
    """The number of nodes on the longest way down."""
    heights: dict[Any, int] = {}
    for node in postorder(expr):
        heights[node] = 1 + max((heights[arg] for arg in node.args), default=0)
    return heights[expr]


@dataclass(frozen=True)
class Kernels:
    """Arithmetic of one kind of numbers.

    ``rational`` makes one of numerator and denominator; ``add`` and ``mul`` take lists;
    ``functions`` are keyed by sympy class, ``constants`` by sympy object.
    """

    rational: Callable[[int, int], Any]
    add: Callable[[Sequence[Any]], Any]
    mul: Callable[[Sequence[Any]], Any]
    power: Callable[[Any, Any], Any]
    functions: dict[Any, Callable[..., Any]]
    constants: dict[Any, Any]
    nan: Any


def _power(base: float, exponent: float) -> float:
    if base == 0 and exponent < 0:
        odd = exponent == int(exponent) and int(exponent) % 2 == 1
        return math.copysign(math.inf, base) if odd else math.inf
    if base < 0 and exponent != int(exponent):
        return math.nan
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf
    except ValueError:
        return math.nan


def _divide(p: int, q: int) -> float:
    try:
        return p / q
    except OverflowError:
        return math.copysign(math.inf, p)


_NAMES: dict[Any, str] = {
    getattr(sp, name): row.name
    for row in FUNCTIONS.values()
    if row.arity
    for name in [row.sympy]
    if isinstance(getattr(sp, name, None), type)
}

FLOATS = Kernels(
    _divide,
    math.fsum if False else sum,
    math.prod,
    _power,
    {head: FUNCTIONS[name].value for head, name in _NAMES.items()},
    {
        sp.pi: math.pi,
        sp.E: math.e,
        sp.oo: math.inf,
        sp.S.NegativeInfinity: -math.inf,
        sp.nan: math.nan,
        sp.zoo: math.nan,
        sp.I: math.nan,
    },
    math.nan,
)
