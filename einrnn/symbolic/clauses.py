"""Which clause of a definition decides an entry, as a condition: the first one that fits."""

from __future__ import annotations

from collections.abc import Sequence

from einrnn.core import affine as af
from einrnn.core.model import Clause, Definition, Range
from einrnn.core.nodes import Affine, Cond, Not
from einrnn.symbolic.ranges import Ranges, conjunction, decide, within


def fits(clause: Clause, args: Sequence[Affine], ranges: Ranges) -> Cond:
    """The condition that a clause is for the entry at these positions."""
    matches: list[Cond] = []
    for arg, own in zip(args, clause.args, strict=True):
        letter = af.letter(own)
        span = clause.ranges[letter] if letter is not None else Range(own, own)
        matches.append(within(arg, span, ranges))
    return conjunction(tuple(matches), ranges)


def uncovered(definition: Definition, position: int, clause: Clause) -> Cond:
    """The condition that no earlier clause decides an entry of this one."""
    earlier = definition.clauses[:position]
    conds = [Not(fits(other, clause.args, clause.ranges)) for other in earlier]
    return conjunction(tuple(conds), clause.ranges)


def decided_by_general(definition: Definition, args: Sequence[Affine], ranges: Ranges) -> Cond:
    """The condition that the last clause of a definition decides the entry at these positions."""
    *earlier, last = definition.clauses
    others = [Not(fits(clause, args, ranges)) for clause in earlier]
    return conjunction((fits(last, args, ranges), *others), ranges)


def surely_general(definition: Definition, args: Sequence[Affine], ranges: Ranges) -> bool:
    """Whether the last clause of a definition surely decides the entry at these positions."""
    return decide(decided_by_general(definition, args, ranges), ranges) is True
