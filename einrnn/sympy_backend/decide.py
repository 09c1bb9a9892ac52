"""Whether a sympy expression is identically zero, decided fast or not at all."""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from typing import Any, Literal

import sympy

from einrnn.sympy_backend import branches
from einrnn.sympy_backend.functions import sp
from einrnn.sympy_backend.kernels import Kernels, Restart
from einrnn.sympy_backend.laurent import DividedByZero, Field, GiveUp
from einrnn.sympy_backend.postorder import Kernels as Numbers
from einrnn.sympy_backend.postorder import evaluate, postorder, precise

Answer = Literal["zero", "not zero", "undefined"]

_MOST_BRANCHES = 500
_POINTS = 3
_POINTS_WITH_BRANCHES = 20
_RELATIVE = 1e-8


def is_zero(difference: sympy.Expr, budget_seconds: float) -> bool | None:
    """Whether an expression is zero for all real values of its Symbols where it is defined.

    True: it is, as a rational function of independent generators (see
    :mod:`einrnn.sympy_backend.kernels`), in every branch of its Piecewise, Abs and Max
    nodes. False: it is not zero as a rational function of them, and its value at a random
    point differs from zero beyond doubt. None: neither was shown within the budget.
    Symbols are independent: of facts about inputs only ``positive`` is known. The expression
    is given up after ``budget_seconds``; nothing is raised.
    """
    deadline = time.monotonic() + budget_seconds
    try:
        zero = _on_all_branches(difference, deadline, exponential=False)
        if zero is None or zero:
            return zero
        if _differs(difference, deadline):
            return False
        if any(isinstance(node, sp.tanh) for node in postorder(difference)):
            return _on_all_branches(difference, deadline, exponential=True) or None
    except (GiveUp, RecursionError):  # sympy recurses to the leaves of what is split
        pass
    return None


def _on_all_branches(expr: Any, deadline: float, exponential: bool) -> bool | None:
    """Whether every branch is zero where it is defined; None where it is defined nowhere."""
    check = Field(deadline).check
    stack, count, defined = [expr], 0, False
    while stack:
        count += 1
        check()
        if count > _MOST_BRANCHES:
            raise GiveUp
        branch = stack.pop()
        difference = branches.subject(branch)
        if difference is not None:
            signs = branches.signs(difference)
            stack += [branches.resolved(branch, difference, sign, check) for sign in signs]
            continue
        answer = _smooth(branch, deadline, exponential)
        if answer == "not zero":
            return False
        defined = defined or answer == "zero"
    return True if defined else None


def _smooth(expr: Any, deadline: float, exponential: bool) -> Answer:
    """Whether an expression without branches is zero as a rational function."""
    order = postorder(expr)
    if any(node in (sp.nan, sp.zoo) for node in order):
        return "undefined"
    fractions: dict[Any, int] = {}
    while True:
        try:
            kernels = Kernels(Field(deadline), exponential, fractions)
            return "zero" if kernels.is_zero(kernels.element(expr)) else "not zero"
        except Restart:
            continue
        except DividedByZero:
            return "undefined"


def _differs(expr: Any, deadline: float) -> bool:
    """Whether two precisions agree on a value that is not zero, at some random point.

    Where the exact value is zero, each gives rounding errors of its own size.
    """
    order = postorder(expr)
    coarse, fine = precise(30), precise(60)
    smooth = branches.subject(expr) is None
    for seed in range(_POINTS if smooth else _POINTS_WITH_BRANCHES):
        if time.monotonic() + 4e-5 * len(order) > deadline:
            raise GiveUp
        point = _Point(seed)
        first = _value(order, point, coarse)
        second = _value(order, point, fine)
        if first is None or second is None:
            continue
        if second != 0 and abs(first - second) <= _RELATIVE * abs(second):
            return True
    return False


def _value(order: Sequence[Any], point: _Point, kernels: Numbers) -> Any:
    def leaf(symbol: Any) -> Any:
        return kernels.rational(*point.symbol(symbol))

    def call(name: str, args: Sequence[Any]) -> Any:
        return kernels.rational(*point.function(name, args))

    value = evaluate(order, leaf, call, kernels)
    finite = value == value and abs(value) != float("inf")
    return value if finite else None


class _Point:
    """Random fractions for Symbols and for values of undefined functions."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def _draw(self, key: str, positive: bool) -> tuple[int, int]:
        draw = random.Random(f"{self._seed} {key}")
        value = draw.randint(1000, 15000)
        return (value if positive or draw.random() < 0.5 else -value), 10007

    def symbol(self, symbol: Any) -> tuple[int, int]:
        """The value of a Symbol, by its name."""
        return self._draw(symbol.name, bool(symbol.is_positive))

    def function(self, name: str, args: Sequence[Any]) -> tuple[int, int]:
        """The value of an undefined function: the same where the arguments agree."""
        text = " ".join(f"{float(arg):.9e}" for arg in args)
        return self._draw(f"{name} {text}", False)
