"""What the ranges of indices say about index expressions: signs, order, conditions."""

from __future__ import annotations

from collections.abc import Mapping

from einrnn.core import affine as af
from einrnn.core.build import TRUE
from einrnn.core.model import Range
from einrnn.core.nodes import (
    Affine,
    And,
    Argument,
    Compare,
    Cond,
    Dim,
    Element,
    Index,
    Matrix,
    Node,
    Not,
    Or,
    Reduce,
    Relation,
    Value,
)
from einrnn.core.traverse import walk

Ranges = Mapping[Index, Range]

FALSE = Or(())
OPPOSITES: dict[Relation, Relation] = {
    "==": "!=",
    "!=": "==",
    "<": ">=",
    "<=": ">",
    ">": "<=",
    ">=": "<",
}


def at_least_zero(value: Affine, ranges: Ranges) -> bool:
    """Whether the value is provably >= 0 for all indices in their ranges and all sizes >= 1.

    Each index is replaced by the end of its range that makes the value smallest, until
    only sizes are left. False means "not shown".
    """
    for _ in range(2 * len(ranges) + 2):
        index = _outermost(value, ranges)
        if index is None:
            break
        if index not in ranges:
            return False
        times = af.coefficient(value, index)
        end = ranges[index].lo if times > 0 else ranges[index].hi
        value = af.plus(af.plus(value, af.of(index), -times), end, times)
    least = value.constant
    for atom, times in value.terms:
        if not isinstance(atom, Dim) or times < 0:
            return False
        least += times
    return least >= 0


def bind(ranges: Ranges, new: Ranges) -> dict[Index, Range]:
    """The ranges inside binders of the indices ``new``; those that speak of an outer index
    which one of these hides are dropped."""
    kept = {
        index: range_
        for index, range_ in ranges.items()
        if not any(hidden in range_.lo.free or hidden in range_.hi.free for hidden in new)
    }
    return {**kept, **new}


def inside(node: Node, ranges: Ranges) -> Ranges:
    """The ranges in the parts of a node: with its own indices if it binds any."""
    match node:
        case Reduce(_, index, lo, hi, _):
            return bind(ranges, {index: Range(lo, hi)})
        case Matrix(_, row, column, size):
            return bind(ranges, dict.fromkeys((row, column), Range(af.ZERO, af.last(size))))
        case Argument(indices, sizes):
            spans = (Range(af.ZERO, af.last(size)) for size in sizes)
            return bind(ranges, dict(zip(indices, spans, strict=True)))
        case _:
            return ranges


def _outermost(value: Affine, ranges: Ranges) -> Index | None:
    """An index of the expression, first one on which the range of no other depends."""
    letters = [a for a, _ in value.terms if isinstance(a, Index)]
    for index in letters:
        others = (ranges[other] for other in letters if other is not index and other in ranges)
        if not any(index in r.lo.free or index in r.hi.free for r in others):
            return index
    return letters[0] if letters else None


def decide(cond: Cond, ranges: Ranges) -> bool | None:
    """The truth of a condition on indices where the ranges settle it, else None."""
    match cond:
        case Compare(op, Value(left), Value(right)):
            return _decide_order(op, af.minus(left, right), ranges)
        case And(parts):
            values = [decide(part, ranges) for part in parts]
            return False if False in values else None if None in values else True
        case Or(parts):
            values = [decide(part, ranges) for part in parts]
            return True if True in values else None if None in values else False
        case Not(part):
            value = decide(part, ranges)
            return None if value is None else not value
        case _:
            return None


def _decide_order(op: Relation, difference: Affine, ranges: Ranges) -> bool | None:
    """The truth of ``difference op 0``."""
    if op in ("!=", ">=", ">"):
        opposite = _decide_order(OPPOSITES[op], difference, ranges)
        return None if opposite is None else not opposite
    at_most = at_least_zero(af.scale(difference, -1), ranges)
    below = at_least_zero(af.shift(af.scale(difference, -1), -1), ranges)
    above = at_least_zero(af.shift(difference, -1), ranges)
    if op == "==":
        if below or above:
            return False
        return True if at_most and at_least_zero(difference, ranges) else None
    if op == "<":
        return True if below else False if at_least_zero(difference, ranges) else None
    return True if at_most else False if above else None


def opposite(cond: Cond) -> Cond:
    """What holds where a condition does not, without a negation of the whole."""
    match cond:
        case Compare(op, left, right):
            return Compare(OPPOSITES[op], left, right)
        case And(parts):
            return Or(tuple(map(opposite, parts)))
        case Or(parts):
            return And(tuple(map(opposite, parts)))
        case Not(part):
            return part


def conjuncts(cond: Cond) -> tuple[Cond, ...]:
    """The parts of a conjunction, nested ones included; one part for anything else."""
    if isinstance(cond, And):
        return tuple(inner for part in cond.parts for inner in conjuncts(part))
    return (cond,)


def conjunction(parts: tuple[Cond, ...], ranges: Ranges) -> Cond:
    """All of the parts; settled ones are dropped, and a false one makes all of it false.

    Bounds come before what reads entries, which may be there within the bounds only.
    """
    kept: dict[Cond, None] = {}
    for part in parts:
        for inner in conjuncts(part):
            truth = decide(inner, ranges)
            if truth is False:
                return FALSE
            if truth is None:
                kept[inner] = None
    if not kept:
        return TRUE
    return next(iter(kept)) if len(kept) == 1 else And(tuple(sorted(kept, key=_reads)))


def _reads(cond: Cond) -> bool:
    return any(isinstance(node, Element) for node in walk(cond))


def refined(ranges: Ranges, cond: Cond) -> Ranges:
    """The ranges where a condition holds as well: bounds on single letters are taken over."""
    result = dict(ranges)
    for part in conjuncts(cond):
        match part:
            case Compare("<=", Value(low), Value(high)):
                _narrow(result, low, high)
            case Compare("<", Value(low), Value(high)):
                _narrow(result, low, af.shift(high, -1))
            case Compare(">=", Value(high), Value(low)):
                _narrow(result, low, high)
            case Compare(">", Value(high), Value(low)):
                _narrow(result, low, af.shift(high, -1))
            case _:
                pass
    return result


def _narrow(ranges: dict[Index, Range], low: Affine, high: Affine) -> None:
    """Take over ``low <= high`` as a bound of each letter that stands alone in it."""
    gap = af.minus(high, low)
    for index, times in gap.terms:
        if not isinstance(index, Index) or index not in ranges or abs(times) != 1:
            continue
        bound = af.scale(af.plus(gap, af.of(index), -times), -times)
        old = ranges[index]
        if index in bound.free:
            continue
        if times == 1 and at_least_zero(af.minus(bound, old.lo), ranges):
            ranges[index] = Range(bound, old.hi)
        elif times == -1 and at_least_zero(af.minus(old.hi, bound), ranges):
            ranges[index] = Range(old.lo, bound)


def within(value: Affine, range_: Range, ranges: Ranges) -> Cond:
    """The condition that an index expression lies in a range."""
    return conjunction(
        (
            Compare("<=", Value(range_.lo), Value(value)),
            Compare("<=", Value(value), Value(range_.hi)),
        ),
        ranges,
    )


def solve(cond: Cond, index: Index) -> Affine | None:
    """The index expression that an equality pins ``index`` to, if it pins it to one.

    Only coefficients of 1 or -1 are solved: ``2*k == i`` has no solution for odd ``i``.
    """
    match cond:
        case Compare("==", Value(left), Value(right)):
            difference = af.minus(left, right)
        case _:
            return None
    times = af.coefficient(difference, index)
    rest = af.plus(difference, af.of(index), -times)
    if abs(times) != 1 or index in rest.free:
        return None
    return af.scale(rest, -times)


def has_lookup(value: Affine) -> bool:
    """Whether the index expression reads an integer input."""
    return any(isinstance(atom, Element) for atom, _ in value.terms)
