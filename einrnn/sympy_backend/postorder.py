"""Numbers of sympy expressions, without sympy's own evaluation and without recursion.

A table of kernels says with what kind of numbers: floats of the math module, where
overflow is inf and what has no value is nan, or mpmath numbers of any precision.
"""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, cast

import mpmath
from sympy.core.function import AppliedUndef
from sympy.functions.elementary.piecewise import ExprCondPair

from einrnn.core.functions import FUNCTIONS
from einrnn.dataclass import dataclass
from einrnn.errors import InternalError
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


@dataclass(frozen=True)
class Kernels:
    """Arithmetic of one kind of numbers: what makes a number of a fraction, and a row for
    every sympy class (from the numbers below to a number) and for every constant."""

    rational: Callable[[int, int], Any]
    rows: dict[Any, Callable[[Sequence[Any]], Any]]
    constants: dict[Any, Any]


def evaluate(
    order: Sequence[Any],
    leaf: Callable[[Any], Any],
    call: Callable[[str, Sequence[Any]], Any],
    kernels: Kernels,
) -> Any:
    """The number of the last node of a :func:`postorder`.

    ``leaf`` gives the numbers of Symbols, ``call`` those of undefined functions, by name
    and arguments. Raises InternalError (E900) for a node without a number, such as a Sum.
    """
    done: dict[Any, Any] = {}
    rows = kernels.rows
    for node in order:
        args = node.args
        if args:
            row = rows.get(type(node))
            below = [done[arg] for arg in args]
            if row is not None:
                done[node] = row(below)
            elif isinstance(node, AppliedUndef):
                done[node] = call(node.func.__name__, below)
            else:
                raise InternalError("E900", f"no number for a sympy {type(node).__name__}")
        elif node.is_Symbol:
            done[node] = leaf(node)
        elif node.is_Rational:
            done[node] = kernels.rational(int(node.p), int(node.q))
        elif isinstance(node, AppliedUndef):
            done[node] = call(node.func.__name__, ())
        else:
            done[node] = kernels.constants[node]
    return done[order[-1]]


def _choose(pairs: Sequence[tuple[Any, Any]]) -> Any:
    return next(value for value, cond in pairs if cond)


_LOGIC: dict[Any, Callable[[Sequence[Any]], Any]] = {
    sp.Piecewise: _choose,
    ExprCondPair: tuple,
    sp.Eq: lambda a: a[0] == a[1],
    sp.Ne: lambda a: a[0] != a[1],
    sp.Lt: lambda a: a[0] < a[1],
    sp.Le: lambda a: a[0] <= a[1],
    sp.Gt: lambda a: a[0] > a[1],
    sp.Ge: lambda a: a[0] >= a[1],
    sp.And: all,
    sp.Or: any,
    sp.Not: lambda a: not a[0],
}

_NAMES: dict[Any, str] = {
    getattr(sp, row.sympy): row.name
    for row in FUNCTIONS.values()
    if row.arity and isinstance(getattr(sp, row.sympy, None), type)
}


def _spread(function: Callable[..., Any]) -> Callable[[Sequence[Any]], Any]:
    return lambda args: function(*args)


def _power(args: Sequence[float]) -> float:
    base, exponent = args
    try:
        return base**exponent if base > 0 or exponent == int(exponent) else _at_zero(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf
    except ZeroDivisionError:
        odd = exponent % 2 == 1
        return math.copysign(math.inf, base) if odd else math.inf
    except ValueError:
        return math.nan


def _at_zero(base: float, exponent: float) -> float:
    """A power with an exponent that is not whole, of a base that is not positive."""
    if base == 0:
        return 0.0 if exponent > 0 else math.inf
    return math.nan


def _fraction(p: int, q: int) -> float:
    try:
        return p / q
    except OverflowError:
        return math.inf if p > 0 else -math.inf


FLOATS = Kernels(
    _fraction,
    {
        sp.Add: sum,
        sp.Mul: math.prod,
        sp.Pow: _power,
        **_LOGIC,
        **{head: _spread(FUNCTIONS[name].value) for head, name in _NAMES.items()},
        sp.Max: max,
        sp.Min: min,
    },
    {
        sp.pi: math.pi,
        sp.E: math.e,
        sp.oo: math.inf,
        -sp.oo: -math.inf,
        sp.nan: math.nan,
        sp.zoo: math.nan,
        sp.I: math.nan,
        sp.true: True,
        sp.false: False,
    },
)
"""Floats: overflow is inf, what has no real value is nan, nothing is raised."""

_FARTHEST = 10**6


def precise(digits: int) -> Kernels:
    """mpmath numbers with so many digits; what has no real value is nan."""
    context: Any = cast(Any, mpmath).mp.clone()
    context.dps = digits

    def real(function: Callable[..., Any]) -> Callable[[Sequence[Any]], Any]:
        def run(args: Sequence[Any]) -> Any:
            if any(abs(arg) > _FARTHEST for arg in args):
                return context.nan
            try:
                value = function(*args)
            except (ValueError, ZeroDivisionError, OverflowError):
                return context.nan
            return value if isinstance(value, context.mpf) else context.nan

        return run

    def product(args: Sequence[Any]) -> Any:
        result = context.mpf(1)
        for arg in args:
            result *= arg
        return result

    names = {name: getattr(context, name) for name in _NAMES.values() if hasattr(context, name)}
    names["abs"] = context.fabs
    return Kernels(
        lambda p, q: context.mpf(p) / q,
        {
            sp.Add: context.fsum,
            sp.Mul: product,
            sp.Pow: real(context.power),
            **_LOGIC,
            **{head: real(names[name]) for head, name in _NAMES.items() if name in names},
            sp.Max: max,
            sp.Min: min,
        },
        {
            **FLOATS.constants,
            sp.pi: +context.pi,
            sp.E: +context.e,
            sp.nan: context.nan,
            sp.zoo: context.nan,
            sp.I: context.nan,
        },
    )
