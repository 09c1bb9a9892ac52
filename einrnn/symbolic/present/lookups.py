"""Positions that an integer input gives: they lie below its bound."""

from __future__ import annotations

from collections.abc import Mapping

from einrnn.core import affine as af
from einrnn.core.build import TRUE
from einrnn.core.model import Model, Range
from einrnn.core.nodes import Affine, Cases, Compare, Cond, Element, Expr, Index, Node, Value
from einrnn.core.traverse import rebuild
from einrnn.symbolic.ranges import FALSE, Ranges, conjunction, conjuncts, decide

Lookups = Mapping[str, Range]


def lookups_of(model: Model) -> Lookups:
    """The values of each integer input that has a bound."""
    return {
        name: Range(af.ZERO, af.shift(fact.bound, -1))
        for name, given in model.inputs.items()
        for fact in given.facts
        if fact.name == "integer" and fact.bound is not None
    }


def without_lookups(value: Affine, ranges: Ranges, lookups: Lookups) -> tuple[Affine, Ranges]:
    """The value with an index for each look-up, and the ranges with those of these indices."""
    known = dict(ranges)
    for number, (atom, times) in enumerate(value.terms):
        if isinstance(atom, Element) and atom.tensor in lookups:
            stand_in = Index(f"'{number}")
            known[stand_in] = lookups[atom.tensor]
            value = af.plus(af.plus(value, af.of(atom), -times), af.of(stand_in), times)
    return value, known


def without_sure_conditions(expr: Expr, lookups: Lookups) -> Expr:
    """Cases without the conditions that a look-up always meets."""

    def change(node: Node) -> Node:
        match node:
            case Cases(((cond, body),), otherwise):
                kept = conjunction(tuple(_rest(cond, lookups)), {})
                if kept is FALSE:
                    return otherwise
                return body if kept is TRUE else Cases(((kept, body),), otherwise)
            case _:
                return node

    return rebuild(expr, change)


def _rest(cond: Cond, lookups: Lookups) -> list[Cond]:
    return [part for part in conjuncts(cond) if not _is_sure(part, lookups)]


def _is_sure(cond: Cond, lookups: Lookups) -> bool:
    """Whether a condition holds for all values of the look-ups in it."""
    match cond:
        case Compare("<=", Value(left), Value(right)):
            gap, known = without_lookups(af.minus(right, left), {}, lookups)
            return decide(Compare(">=", Value(gap), Value(af.ZERO)), known) is True
        case _:
            return False
