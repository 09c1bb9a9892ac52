"""What follows from linear inequalities between whole numbers.

Used to drop conditions that always hold, and terms whose conditions never do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import gcd

from einrnn.core import affine as af
from einrnn.core.build import ZERO
from einrnn.core.model import Range
from einrnn.core.nodes import Affine, Compare, Cond, Dim, Element, Index, Number, Value

_DEPTH = 5
_KEPT = 1 << 16


def at_least_zero(value: Affine) -> Cond:
    """The condition ``0 <= value`` in its one form."""
    return Compare("<=", ZERO, Value(value))


def is_zero(value: Affine) -> Cond:
    """The condition ``0 == value`` in its one form: the first coefficient is positive."""
    if value.terms and value.terms[0][1] < 0:
        value = af.scale(value, -1)
    return Compare("==", ZERO, Value(value))


@lru_cache(maxsize=_KEPT)
def side(cond: Cond) -> tuple[str, Affine] | None:
    """The relation and right side of a condition in one of the two forms above."""
    match cond:
        case Compare(op, Number(zero), Value(value)) if zero == 0:
            return op, value
        case _:
            return None


def divided(op: str, value: Affine) -> Affine | None:
    """``value == 0`` or ``value >= 0`` divided by what its coefficients share; None where no
    whole numbers satisfy the equation."""
    shared = gcd(*(times for _, times in value.terms))
    if shared <= 1:
        return value
    if op == "==" and value.constant % shared:
        return None
    terms = {atom: times // shared for atom, times in value.terms}
    return af.affine(value.constant // shared, terms)


def inequalities(conds: Iterable[Cond]) -> tuple[Affine, ...]:
    """Everything that conditions say is at least zero; an equality says it twice."""
    found: list[Affine] = []
    for cond in conds:
        parts = side(cond)
        if parts is not None:
            found.append(parts[1])
            if parts[0] == "==":
                found.append(af.scale(parts[1], -1))
    return tuple(found)


@lru_cache(maxsize=_KEPT)
def follows(known: tuple[Affine, ...], goal: Affine) -> bool:
    """Whether ``goal >= 0`` follows by adding up a few of the known inequalities.

    Sizes are at least 1. False means "not shown".
    """
    return _follows(known, goal, _DEPTH)


def _follows(known: tuple[Affine, ...], goal: Affine, depth: int) -> bool:
    if _plain(goal):
        return True
    if depth == 0:
        return False
    # every derivation has to remove the first atom that is not a size with a positive sign
    blocking = next(iter(_blockers(goal)), None)
    if blocking is None:
        # sizes alone, which would have to be larger than 1: something has to say so
        known = tuple(k for k in known if all(isinstance(atom, Dim) for atom, _ in k.terms))
        blocking = goal.terms[0] if goal.terms else None
    if blocking is None:
        return False
    atom, times = blocking
    for inequality in known:
        if af.coefficient(inequality, atom) * times > 0 and _follows(
            known, af.minus(goal, inequality), depth - 1
        ):
            return True
    return False


def _blockers(goal: Affine) -> Iterable[tuple[Index | Dim | Element, int]]:
    for atom, times in goal.terms:
        if not isinstance(atom, Dim) or times < 0:
            yield atom, times


def _plain(goal: Affine) -> bool:
    """Whether only sizes are left, and their least value is not negative."""
    least = goal.constant
    for atom, times in goal.terms:
        if not isinstance(atom, Dim) or times < 0:
            return False
        least += times
    return least >= 0


def known_from(ranges: Mapping[Index, Range]) -> tuple[Affine, ...]:
    """What ranges say is at least zero: ``i - lo`` and ``hi - i``, and of sizes that there is
    something in each: ``T - 2`` where ``i`` runs from 1 to ``T - 1``."""
    found: list[Affine] = []
    for index, range_ in ranges.items():
        found.append(af.minus(af.of(index), range_.lo))
        found.append(af.minus(range_.hi, af.of(index)))
    rooms = (af.minus(range_.hi, range_.lo) for range_ in ranges.values())
    return (*found, *of_sizes(rooms, ranges))


def of_sizes(rooms: Iterable[Affine], ranges: Mapping[Index, Range]) -> tuple[Affine, ...]:
    """What it says of sizes alone that some values are at least zero."""
    sizes = dict.fromkeys(_without_letters(room, ranges) for room in rooms)
    return tuple(room for room in sizes if room is not None and not follows((), room))


def _without_letters(room: Affine, ranges: Mapping[Index, Range]) -> Affine | None:
    """What is at least as large as some room wherever there is any, in sizes alone."""
    for index, range_ in reversed(tuple(ranges.items())):
        times = af.coefficient(room, index)
        end = range_.hi if times > 0 else range_.lo
        room = af.plus(af.plus(room, af.of(index), -times), end, times)
    return room if all(isinstance(atom, Dim) for atom, _ in room.terms) else None
