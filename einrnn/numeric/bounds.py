"""How large an index expression can become, given ranges and conditions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from einrnn.core import affine as af
from einrnn.core.nodes import (
    Affine,
    And,
    Compare,
    Cond,
    Dim,
    Expr,
    Index,
    Not,
    Number,
    Or,
    Relation,
    Value,
)
from einrnn.dataclass import dataclass
from einrnn.errors import EvaluationError

Interval = tuple[int, int]
_NEGATED: dict[Relation, Relation] = {
    "==": "!=",
    "!=": "==",
    "<": ">=",
    "<=": ">",
    ">": "<=",
    ">=": "<",
}


@dataclass(frozen=True)
class Binder:
    """An index bound around a place, with its bounds in terms of what is bound further out."""

    index: Index
    lo: Affine
    hi: Affine


@dataclass(frozen=True)
class Around:
    """What is known at a place inside a body: binders from the outside in, and conditions."""

    binders: tuple[Binder, ...] = ()
    conditions: tuple[Cond, ...] = ()


def fixed(value: Affine, sizes: Mapping[str, int]) -> Affine:
    """The index expression with numbers for its sizes."""
    result = af.of(value.constant)
    for atom, coefficient in value.terms:
        if isinstance(atom, Dim):
            if atom.name not in sizes:
                raise EvaluationError(
                    "E610", f"the size {atom.name} was not given", f"give it by name: {atom.name}=5"
                )
            result = af.shift(result, coefficient * sizes[atom.name])
        else:
            result = af.plus(result, af.of(atom), coefficient)
    return result


def number(value: Affine, sizes: Mapping[str, int]) -> int:
    """An index expression of sizes only as a number."""
    result = af.number(fixed(value, sizes))
    if result is None:
        raise EvaluationError("E611", f"the bound {value} must depend on sizes only")
    return result


def position(value: Expr) -> Affine | None:
    """The index expression that a side of a relation is, if it is one."""
    match value:
        case Value(index):
            return index
        case Number(number) if number.denominator == 1:
            return af.of(int(number))
        case _:
            return None


def negated(cond: Cond) -> Cond:
    """The opposite, without a Not where the condition is a relation."""
    if isinstance(cond, Compare):
        return Compare(_NEGATED[cond.op], cond.left, cond.right)
    return cond.part if isinstance(cond, Not) else Not(cond)


def inequalities(conditions: Iterable[Cond]) -> list[Affine]:
    """Index expressions that are at most 0 where all conditions hold."""
    found: list[Affine] = []
    rest = list(conditions)
    while rest:
        cond = rest.pop(0)
        if isinstance(cond, And):
            rest = [*cond.parts, *rest]
        elif isinstance(cond, Not) and isinstance(cond.part, Compare):
            rest.insert(0, negated(cond.part))
        elif isinstance(cond, Compare):
            found += at_most_zero(cond)
    return found


def compared(cond: Compare) -> Affine | None:
    """Left minus right of a relation between index expressions; None for other relations."""
    left, right = position(cond.left), position(cond.right)
    return None if left is None or right is None else af.minus(left, right)


def at_most_zero(cond: Compare) -> list[Affine]:
    """What a relation between index expressions says to be at most zero."""
    difference = compared(cond)
    if difference is None:
        return []
    opposite = af.scale(difference, -1)
    match cond.op:
        case "<=":
            return [difference]
        case "<":
            return [af.shift(difference, 1)]
        case ">=":
            return [opposite]
        case ">":
            return [af.shift(opposite, 1)]
        case "==":
            return [difference, opposite]
        case "!=":
            return []


def largest(
    value: Affine, around: Around, hull: Mapping[Index, Interval], sizes: Mapping[str, int]
) -> int | None:
    """An upper bound of the value, or None where none is found.

    ``hull`` has the ranges of the indices that ``around`` does not bind. Conditions are
    used one at a time: ``value <= value - g`` where ``g <= 0`` is known.
    """
    candidates = [value, *(af.minus(value, g) for g in inequalities(around.conditions))]
    found = [_unconditional(candidate, around, hull, sizes) for candidate in candidates]
    known = [bound for bound in found if bound is not None]
    return min(known, default=None)


def smallest(
    value: Affine, around: Around, hull: Mapping[Index, Interval], sizes: Mapping[str, int]
) -> int | None:
    """A lower bound of the value, or None where none is found."""
    found = largest(af.scale(value, -1), around, hull, sizes)
    return None if found is None else -found


def _unconditional(
    value: Affine, around: Around, hull: Mapping[Index, Interval], sizes: Mapping[str, int]
) -> int | None:
    for binder in reversed(around.binders):
        times = af.coefficient(value, binder.index)
        if times:
            extreme = binder.hi if times > 0 else binder.lo
            value = af.plus(af.plus(value, af.of(binder.index), -times), extreme, times)
    found = interval(fixed(value, sizes), hull)
    return None if found is None else found[1]


def interval(value: Affine, hull: Mapping[Index, Interval]) -> Interval | None:
    """The least and the greatest value; None if it depends on a look-up or an unknown index."""
    lo = hi = value.constant
    for atom, coefficient in value.terms:
        span = hull.get(atom) if isinstance(atom, Index) else None
        if span is None:
            return None
        ends = (coefficient * span[0], coefficient * span[1])
        lo, hi = lo + min(ends), hi + max(ends)
    return lo, hi


def decided(cond: Cond, hull: Mapping[Index, Interval], sizes: Mapping[str, int]) -> bool | None:
    """Whether a relation between index expressions always or never holds; None if neither."""
    match cond:
        case Compare(op):
            difference = compared(cond)
            span = None if difference is None else interval(fixed(difference, sizes), hull)
            return None if span is None else _settled(op, *span)
        case And(below):
            return _conjunction([decided(part, hull, sizes) for part in below])
        case Or(below):
            opposite = _conjunction([_not(decided(part, hull, sizes)) for part in below])
            return _not(opposite)
        case Not(part):
            return _not(decided(part, hull, sizes))


def _settled(op: Relation, lo: int, hi: int) -> bool | None:
    """The truth of ``difference op 0`` for all differences in ``lo..hi``."""
    match op:
        case "==":
            return lo == 0 if lo == hi else False if lo > 0 or hi < 0 else None
        case "!=":
            return _not(_settled("==", lo, hi))
        case "<":
            return True if hi < 0 else False if lo >= 0 else None
        case "<=":
            return True if hi <= 0 else False if lo > 0 else None
        case ">":
            return _not(_settled("<=", lo, hi))
        case ">=":
            return _not(_settled("<", lo, hi))


def _conjunction(truths: list[bool | None]) -> bool | None:
    if False in truths:
        return False
    return None if None in truths else True


def _not(truth: bool | None) -> bool | None:
    return None if truth is None else not truth
