"""Statements about recurrences that hold together: what each is one step back shows the others.

``ds[t] = dL/ds`` and ``dz[t] = dL/dz`` are shown by one induction for both; see
:func:`einrnn.symbolic.proof.induction.by_induction`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from einrnn.core import affine as af
from einrnn.core.model import Model
from einrnn.core.nodes import Affine, Element, Index
from einrnn.dataclass import dataclass
from einrnn.symbolic.normal.expand import Rule
from einrnn.symbolic.normal.terms import TooLarge
from einrnn.symbolic.proof.clock import DOWN, UP, Time, clock_of
from einrnn.symbolic.proof.induction import at, at_place, bases_and_steps, before, may_step, step
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.recursion import by_recursion
from einrnn.symbolic.proof.statement import Lemma, Statement, as_rule, at_each_value
from einrnn.symbolic.proof.unfolding import by_unfolding


def proved_together(opener: Opener, statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """Those of some statements about recurrences that follow by one induction for all, and those
    that follow from them at one time.

    The left side of each is an entry of a recurrence with an index at its time.
    """
    apart = [s for s in statements if opener.has_no_time_alone(s.left)]
    shown = tuple(
        statement
        for number, statement in enumerate(apart)
        if _by_recursion(_for(opener, _part(opener, 2 * len(apart) - number)), statement)
    )
    # what is shown up in time must not lean on what is shown down in time, nor the other way
    for direction in (UP, DOWN):
        timed = [s for s in statements if s not in apart]
        same = [s for s in timed if _timed(opener, s)[1].direction == direction]
        shown += _by_one_induction(_knowing(opener, shown), same)
    return _with_what_follows(opener, shown, statements)


def is_timed(model: Model, statement: Statement) -> bool:
    """Whether a statement is about any entry of a recurrence, at any time."""
    left = statement.left
    when = clock_of(model).time(left.tensor) if isinstance(left, Element) else None
    if when is None or not isinstance(left, Element) or statement.condition is not None:
        return False
    letters = [letter for arg in left.args if (letter := af.letter(arg)) is not None]
    once = len(set(letters)) == len(letters) == len(left.args)
    return once and set(letters) == set(statement.ranges)


def _by_recursion(opener: Opener, statement: Statement) -> bool:
    try:
        return by_recursion(opener, statement) is not None
    except TooLarge:
        return False


def _knowing(opener: Opener, shown: tuple[Statement, ...]) -> Opener:
    """The opener with what has been shown for good."""
    return replace(opener, found=(*opener.found, *(Lemma("", s) for s in shown)))


@dataclass(frozen=True)
class _Based:
    """A statement with the time it is about, and where it has been shown to hold first, with the
    statement at the times after that."""

    statement: Statement
    index: Index
    when: Time
    bases: tuple[tuple[Affine, Statement], ...]

    @property
    def hypothesis(self) -> Statement:
        """The statement at all times from the first base to the one before the index."""
        return before(self.statement, self.index, self.when.direction, self.bases[0][0])


def _by_one_induction(opener: Opener, statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """What fails is left out, and the others have to be shown without it as a hypothesis."""
    count = len(statements)
    found = [  # what one leaves of its time is the others', and the steps'
        _based(_for(opener, _part(opener, 2 * count - number)), statement)
        for number, statement in enumerate(statements)
    ]
    kept: tuple[_Based, ...] = tuple(based for based in found if based.bases)
    while kept and not opener.expired():
        rules = tuple(as_rule(based.hypothesis) for based in kept)
        shown = tuple(
            based
            for number, based in enumerate(kept)
            if _steps(_for(opener, _part(opener, len(kept) - number + 1)), based, rules)
        )
        if shown == kept:
            return tuple(based.statement for based in kept)
        kept = shown
    return ()


def _based(opener: Opener, statement: Statement) -> _Based:
    index, when = _timed(opener, statement)
    found = tuple(
        (place, stepped)
        for place, stepped in bases_and_steps(opener, statement, index, when)
        if may_step(opener, statement, index, before(statement, index, when.direction, place))
        and _is_true_at(opener, statement, index, when, place)
    )
    return _Based(statement, index, when, found)


def _is_true_at(
    opener: Opener, statement: Statement, index: Index, when: Time, place: Affine
) -> bool:
    there = at_place(statement, index, place)
    try:
        return all(at(opener, row, when) for row in at_each_value(there))
    except TooLarge:
        return False


def _steps(opener: Opener, based: _Based, rules: tuple[Rule, ...]) -> bool:
    """Two recurrences are compared: to open only one of them hardly ever shows anything."""
    for chosen in (opener.any, opener.derived_only, partial(_at_index, opener, based)):
        for _, stepped in based.bases:
            try:
                if all(
                    step(opener, row, based.index, based.when.direction, rules, chosen)
                    for row in at_each_value(stepped)
                ):
                    return True
            except TooLarge:
                continue
    return False


def _at_index(opener: Opener, based: _Based, element: Element) -> bool:
    """Derivatives, and what recurs at the time that a statement is about: what is known of other
    times speaks of their entries as they stand."""
    when = opener.clock.time(element.tensor)
    now = when is not None and element.args[when.axis] is af.of(based.index)
    return now or opener.derived_only(element)


def _with_what_follows(
    opener: Opener, shown: tuple[Statement, ...], statements: Sequence[Statement]
) -> tuple[Statement, ...]:
    """What has been shown and, of the other statements, those that it leads to."""
    pending = [s for s in statements if s not in shown]
    grown = bool(shown)
    while pending and grown and not opener.expired():
        seconds = _part(opener, len(pending))
        helped = _knowing(opener, shown)
        new = tuple(s for s in pending if _at_one_time(_for(helped, seconds), s))
        pending = [s for s in pending if s not in new]
        shown, grown = (*shown, *new), bool(new)
    return tuple(s for s in statements if s in shown)


def _part(opener: Opener, count: int) -> float:
    """Seconds for each of some statements, of the time that is left."""
    return (opener.deadline - time.process_time()) / count


def _for(opener: Opener, seconds: float) -> Opener:
    """The opener with its deadline in some seconds."""
    return replace(opener, deadline=min(opener.deadline, time.process_time() + seconds))


def _at_one_time(opener: Opener, statement: Statement) -> bool:
    try:
        return by_unfolding(opener, statement, opener.any) is not None
    except TooLarge:
        return False


def _timed(opener: Opener, statement: Statement) -> tuple[Index, Time]:
    """The index of time of a statement about a recurrence."""
    assert isinstance(statement.left, Element)
    when = opener.clock.time(statement.left.tensor)
    index = None if when is None else af.letter(statement.left.args[when.axis])
    if when is None or index is None:
        raise TooLarge
    return index, when
