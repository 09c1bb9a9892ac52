"""Statements about recurrences that hold together: what each is one step back shows the others.

``ds[t] = dL/ds`` and ``dz[t] = dL/dz`` are shown by one induction for both; see
:func:`einrnn.symbolic.proof.induction.by_induction`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from einrnn.core import affine as af
from einrnn.core.nodes import Element, Index
from einrnn.core.traverse import elements
from einrnn.symbolic.normal.expand import Rule
from einrnn.symbolic.normal.terms import TooLarge
from einrnn.symbolic.proof.clock import UP, Time
from einrnn.symbolic.proof.induction import before, inductive, one_step_back
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.statement import Lemma, Statement, as_rule
from einrnn.symbolic.proof.tactics import by_unfolding


def proved_together(opener: Opener, statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """Those of some statements about recurrences that follow by one induction for all, and those
    that follow from them at one time.

    The left side of each is an entry of a recurrence with an index at its time.
    """
    shown = _by_one_induction(opener, statements)
    return _with_what_follows(opener, shown, statements)


def _by_one_induction(opener: Opener, statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """What fails is left out, and the others have to be shown without it as a hypothesis."""
    kept = tuple(statements)
    while kept and not opener.expired():
        hypotheses = _hypotheses(opener, kept)
        seconds = _part(opener, len(kept))
        shown = tuple(s for s in kept if _shown_with(_for(opener, seconds), s, hypotheses))
        if shown == kept:
            return kept
        kept = shown
    return ()


def _with_what_follows(
    opener: Opener, shown: tuple[Statement, ...], statements: Sequence[Statement]
) -> tuple[Statement, ...]:
    """What has been shown and, of the other statements, those that it leads to."""
    pending = [s for s in statements if s not in shown]
    grown = bool(shown)
    while pending and grown and not opener.expired():
        seconds = _part(opener, len(pending))
        lemmas = tuple(Lemma("", statement) for statement in shown)
        helped = replace(opener, found=(*opener.found, *lemmas))
        new = tuple(s for s in pending if _at_one_time(_for(helped, seconds), s))
        pending = [s for s in pending if s not in new]
        shown, grown = (*shown, *new), bool(new)
    return tuple(s for s in statements if s in shown)


def _part(opener: Opener, count: int) -> float:
    """Seconds for each of some statements, such that half of the time is left in the end."""
    return (opener.deadline - time.process_time()) / (2 * count)


def _for(opener: Opener, seconds: float) -> Opener:
    """The opener with its deadline in some seconds."""
    return replace(opener, deadline=min(opener.deadline, time.process_time() + seconds))


def _hypotheses(opener: Opener, statements: Sequence[Statement]) -> tuple[Rule, ...]:
    return tuple(as_rule(_hypothesis(opener, statement)) for statement in statements)


def _hypothesis(opener: Opener, statement: Statement) -> Statement:
    """A statement one step back, or at all times before where something recurs from further
    back."""
    index, when = _timed(opener, statement)
    if not any(opener.clock.reads_far_back(e.tensor) for e in elements(statement.left)):
        return one_step_back(statement, index, when.direction)
    span = statement.ranges[index]
    return before(statement, index, when.direction, span.lo if when.direction == UP else span.hi)


def _shown_with(opener: Opener, statement: Statement, hypotheses: tuple[Rule, ...]) -> bool:
    """Two recurrences are compared: to open only one of them hardly ever shows anything."""
    index, when = _timed(opener, statement)
    for chosen in (opener.any, opener.derived_only):
        try:
            if inductive(opener, statement, index, when, hypotheses, chosen) is not None:
                return True
        except TooLarge:
            continue
    return False


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
