"""What is the same at every time: the difference of two sides, or their ratio.

Recurrences that run up in time are opened at the next time, those that run down at this one: then
both speak of the same entries.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from einrnn.core import affine as af
from einrnn.core.build import ONE, div, sub
from einrnn.core.model import Range
from einrnn.core.nodes import Affine, Element, Expr, Index
from einrnn.core.traverse import elements, substitute, tensors
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.zero import is_zero
from einrnn.symbolic.proof.clock import DOWN, UP, Time
from einrnn.symbolic.proof.entries import Chosen, unfold
from einrnn.symbolic.proof.induction import at, there_is_one
from einrnn.symbolic.proof.opening import ROUNDS, Opener, is_derived_only
from einrnn.symbolic.proof.statement import Proof, Statement, fixed, narrowed
from einrnn.symbolic.proof.trace import Kept


def by_invariance(
    opener: Opener, statement: Statement, difference: Expr, chosen: Chosen, index: Index
) -> Proof | None:
    """The difference of the sides is the same at each time and at the next, and 0 at one end."""
    statement, opener = narrowed(statement, index), opener.hurried()
    span = statement.ranges[index]
    others = {i: r for i, r in statement.ranges.items() if i is not index}
    if statement.condition is not None or any(
        index in r.lo.free | r.hi.free for r in others.values()
    ):
        return None
    if not _is_kept(opener, statement, difference, index, chosen):
        return None
    for end, direction in ((span.hi, DOWN), (span.lo, UP)):
        if not opener.defined.is_kept(statement, index, direction):
            continue
        there = replace(fixed(statement, index, end, others), condition=there_is_one(span))
        if at(opener, there, Time(0, direction)):
            words = f"the same at every {index.name}, and true at one end"
            return Proof("induction", (words,), Kept(index, end))
    return None


def _is_kept(
    opener: Opener, statement: Statement, difference: Expr, index: Index, chosen: Chosen
) -> bool:
    """Whether a difference is the same at each time and at the next: all at once, or else at
    the first time, where what is given may be written otherwise, and at all others."""
    span = statement.ranges[index]
    return _stays(opener, statement, difference, index, span.lo, chosen) or (
        _stays(opener, statement, difference, index, af.shift(span.lo, 1), chosen)
        and _stays_at_first(opener, statement, difference, index, chosen)
    )


def _stays(
    opener: Opener,
    statement: Statement,
    difference: Expr,
    index: Index,
    first: Affine,
    chosen: Chosen,
) -> bool:
    """Whether a difference is the same at each time from ``first`` on and at the next."""
    times = Range(first, af.shift(statement.ranges[index].hi, -1))
    work = opener.normaliser(replace(statement, ranges={**statement.ranges, index: times}), ())
    return is_zero(work, work.poly(change(opener, work, difference, index, chosen)))


def _stays_at_first(
    opener: Opener, statement: Statement, difference: Expr, index: Index, chosen: Chosen
) -> bool:
    """Whether a difference is the same at the first time and at the second, if there is one."""
    span = statement.ranges[index]
    second = af.shift(span.lo, 1)
    others = {i: r for i, r in statement.ranges.items() if i is not index}
    there = fixed(statement, index, span.lo, others)
    work = opener.normaliser(replace(there, condition=there_is_one(Range(second, span.hi))), ())
    now, then = (substitute(difference, {index: place}) for place in (span.lo, second))
    found = opener.alike(work, opener.without(work, sub(then, now), chosen))
    for _ in range(ROUNDS):
        ahead = _before_others(opener, elements(found))
        if not ahead or opener.expired():
            break
        found = opener.without(work, unfold(found, opener.model, ahead.__contains__), chosen)
    return is_zero(work, work.poly(found))


def by_ratio(opener: Opener, statement: Statement, chosen: Chosen, index: Index) -> Proof | None:
    """The left side over the right one, which is above 0, is 1 at every time: the same at each and
    at the next, and 1 at one end."""
    work = opener.normaliser(statement, ())
    if not tensors(statement.right) or not work.is_above(statement.right):
        return None
    ratio = replace(statement, left=div(statement.left, statement.right), right=ONE)
    difference = opener.without(work, sub(ratio.left, ONE), chosen)
    found = by_invariance(opener, ratio, difference, chosen, index)
    return found and Proof(found.method, (f"of the sides' ratio, {found.steps[0]}",))


def change(opener: Opener, work: Normaliser, expr: Expr, index: Index, chosen: Chosen) -> Expr:
    """How much an expression is more at the next time than at this one: what runs up is opened
    at the next time, what runs down at this one. Where there are no derivatives that goes back
    to where one is furthest behind, or the other furthest ahead, and on to what is computed at
    one time."""
    before = frozenset(elements(expr))
    # of derivatives there is too much to open
    everything = not is_derived_only(chosen) and not any(map(opener.derived_only, before))
    low, high = furthest(opener, before, index)
    after = substitute(expr, {index: af.shift(af.of(index), 1)})
    found = opener.alike(work, work.simple(sub(after, expr)))
    for turn in range(ROUNDS):
        left = elements(found)
        ahead = frozenset(
            e
            for e in left
            if between(opener, e, index, low, high) and not (turn and opener.has_no_time_alone(e))
        )
        if not ahead and everything:
            ahead = frozenset(e for e in left if opener.opens_now(e) and e not in before)
        ahead = ahead or _before_others(opener, left)
        if not ahead or opener.expired():
            break
        found = unfold(found, opener.model, ahead.__contains__)
        found = opener.without(work, found, chosen)
    return found


def furthest(opener: Opener, found: Iterable[Element], index: Index) -> tuple[int, int]:
    """How far behind an index entries are that run up, and ahead of the next time those that run
    down; the last of as many as what recurs is computed from, which are left as they are."""
    low = high = 0
    for element in found:
        place, beside = _place(opener, element, index), (opener.clock.lag(element.tensor) or 1) - 1
        if place is None:
            continue
        direction, there = place
        low = min(low, there + beside if direction == UP else 0)
        high = max(high, there - beside if direction == DOWN else 0)
    return low, 1 + high


def _before_others(opener: Opener, found: Iterable[Element]) -> frozenset[Element]:
    """Recurrent entries at numbers that are computed from others which occur, too: a condition
    has replaced the index by where time begins or ends."""
    places: dict[tuple[str, int], list[Element]] = {}
    for element in found:
        when = opener.clock.time(element.tensor)
        there = when and af.number(element.args[when.axis])
        if when is not None and there is not None:
            places.setdefault((element.tensor, there * when.direction), []).append(element)
    return frozenset(
        e for (name, at), row in places.items() if (name, at - 1) in places for e in row
    )


def between(opener: Opener, element: Element, index: Index, low: int = 0, high: int = 1) -> bool:
    """Whether a recurrent entry has to be unfolded to compare a time with the next: one that
    runs up where it is later than ``low`` after the index, one that runs down where it is earlier
    than ``high``."""
    place = _place(opener, element, index)
    if place is None:
        return False
    direction, there = place
    return there > low if direction == UP else there < high


def _place(opener: Opener, element: Element, index: Index) -> tuple[int, int] | None:
    """The direction of a recurrent entry, and how much later than an index it is."""
    when = opener.clock.time(element.tensor)
    if when is None:
        return None
    there = af.minus(element.args[when.axis], af.of(index))
    return None if there.terms else (when.direction, there.constant)
