"""What is known to be positive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from einrnn.core import affine as af
from einrnn.core.model import FactName, Model
from einrnn.core.nodes import (
    Add,
    Apply,
    Cases,
    Element,
    Expr,
    Mul,
    Number,
    Pow,
    Reduce,
    Value,
)
from einrnn.symbolic.normal.domain import follows

_POSITIVE = frozenset({"exp", "cosh", "softplus", "sigmoid", "pi"})
_NONNEGATIVE = frozenset({"abs", "relu", "sqrt"})


class Signs(NamedTuple):
    """The tensors with entries that are positive, and those with entries that are never
    negative."""

    positive: frozenset[str] = frozenset()
    nonnegative: frozenset[str] = frozenset()


def is_positive(expr: Expr, signs: Signs) -> bool:
    """Whether a value is positive wherever it is defined, entries of tensors having these
    signs.

    A probability and an empty sum count as positive although they may be 0: below a
    logarithm or a root, where this is used, both sides of a law hold at 0 or have no value.
    """
    stack = [expr]
    while stack:
        parts = _needed(stack.pop(), signs)
        if parts is None:
            return False
        stack += parts
    return True


def _needed(expr: Expr, signs: Signs) -> tuple[Expr, ...] | None:
    """What has to be positive for a value to be so; None where it is not known to be."""
    match expr:
        case Number(value):
            return () if value > 0 else None
        case Value(index):
            return () if follows((), af.shift(index, -1)) else None
        case Element(tensor):
            return () if tensor in signs.positive else None
        case Apply("sqrt", (argument,)):
            return (argument,)
        case Apply(function):
            return () if function in _POSITIVE else None
        case Add(parts):
            return _one_positive(parts, signs)
        case Mul(parts):
            return parts
        case Pow(base, _):
            return (base,)
        case Reduce("sum" | "prod", _, _, _, body):
            return (body,)
        case Cases(branches, otherwise):
            rest = () if otherwise is _UNDEFINED else (otherwise,)
            return (*(branch for _, branch in branches), *rest)
        case _:
            return None


_UNDEFINED = Apply("undefined", ())


def _one_positive(parts: tuple[Expr, ...], signs: Signs) -> tuple[Expr, ...] | None:
    """``c a^2 + b`` is positive where b is, and c: what is never negative may be left out, as long
    as one part is positive."""
    others = tuple(part for part in parts if not _is_nonnegative(part, signs))
    if others:
        return others
    return () if any(is_positive(part, signs) for part in parts) else None


def _is_nonnegative(expr: Expr, signs: Signs) -> bool:
    """Whether a value is never negative: an even power, and products and sums of such."""
    stack = [expr]
    while stack:
        match stack.pop():
            case Number(value) if value >= 0:
                pass
            case Value(index) if follows((), index):
                pass
            case Element(tensor) if tensor in signs.positive or tensor in signs.nonnegative:
                pass
            case Apply(function) if function in _POSITIVE or function in _NONNEGATIVE:
                pass
            case Pow(_, Number(exponent)) if exponent.denominator == 1 and exponent % 2 == 0:
                pass
            case Pow(Number() | Value() as base, Number(_)):
                stack.append(base)
            case Add(parts) | Mul(parts):
                stack += parts
            case Reduce("sum", _, _, _, body):
                stack.append(body)
            case _:
                return False
    return True


def signs_of(model: Model, kinds: Sequence[FactName] = ("positive", "probability")) -> Signs:
    """Inputs declared to be of one of the kinds, and definitions whose clauses all have a sign.

    A recurrence has one where it has whenever it had before: by induction over the order in
    which its entries are computed.
    """
    given = model.inputs.items()
    inputs = frozenset(name for name, i in given if any(i.has(kind) for kind in kinds))
    defined = frozenset(name for name, one in model.definitions.items() if one.clauses)
    signs = Signs(inputs | defined, defined)
    while True:
        found = Signs(
            inputs | _all_clauses(model, signs.positive & defined, signs, is_positive),
            _all_clauses(model, signs.nonnegative, signs, _is_nonnegative),
        )
        if found == signs:
            return found
        signs = found


def _all_clauses(
    model: Model, names: frozenset[str], signs: Signs, holds: Callable[[Expr, Signs], bool]
) -> frozenset[str]:
    """Those of some definitions of whose clauses all something holds."""
    return frozenset(
        name
        for name in names
        if all(holds(clause.body, signs) for clause in model.definitions[name].clauses)
    )
