"""Short ways to write core expressions. They build what is asked for and simplify nothing."""

from __future__ import annotations

from fractions import Fraction
from typing import TypeGuard

from einrnn.core import affine as af
from einrnn.core.nodes import (
    Add,
    Affine,
    And,
    Apply,
    Cases,
    Compare,
    Cond,
    Expr,
    Index,
    Mul,
    Node,
    Number,
    Pow,
    Reduce,
    Relation,
    Value,
)

ZERO = Number(Fraction(0))
ONE = Number(Fraction(1))
TRUE = And(())


def number(value: int | Fraction) -> Number:
    """An exact rational."""
    return Number(Fraction(value))


def neg(value: Expr) -> Expr:
    """``-value``."""
    return Mul((number(-1), value))


def sub(left: Expr, right: Expr) -> Expr:
    """``left - right``."""
    return Add((left, neg(right)))


def div(left: Expr, right: Expr) -> Expr:
    """``left / right``."""
    return Mul((left, Pow(right, number(-1))))


def power(base: Expr, exponent: int) -> Expr:
    """``base ^ exponent``."""
    return Pow(base, number(exponent))


def apply(function: str, *args: Expr) -> Expr:
    """A known function of scalars."""
    return Apply(function, args)


def total(index: Index, size: Affine, body: Expr) -> Expr:
    """The sum over the whole range of an axis of this size."""
    return Reduce("sum", index, af.ZERO, af.last(size), body)


def compare(op: Relation, left: Affine, right: Affine) -> Compare:
    """A relation between index expressions."""
    return Compare(op, Value(left), Value(right))


def iverson(cond: Cond) -> Expr:
    """1 where the condition holds, else 0."""
    return Cases(((cond, ONE),), ZERO)


def is_bracket(node: Node) -> TypeGuard[Cases]:
    """Whether a node is an Iverson bracket: 1 under one condition, else 0."""
    return (
        isinstance(node, Cases)
        and len(node.branches) == 1
        and node.branches[0][1] is ONE
        and node.otherwise is ZERO
    )


def joined_power(base: Expr, first: Fraction, second: Fraction) -> Fraction:
    """The exponent of ``base^first base^second``.

    Powers of a bracket are the bracket, and where it is 0, what it multiplies is not computed:
    ``[c] / [c]`` is ``[c]`` and not 1.
    """
    if is_bracket(base) and max(first, second) > 0:
        return Fraction(1)
    return first + second


def delta(left: Affine, right: Affine) -> Expr:
    """1 where the two index expressions agree, else 0 (Kronecker)."""
    return iverson(compare("==", left, right))
