"""Steps of recurrences: at an index, inside a sum over time, at numbers, between two times."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from einrnn.core import affine as af
from einrnn.core.build import ONE, div, sub
from einrnn.core.model import Range
from einrnn.core.nodes import Element, Expr, Index
from einrnn.core.traverse import elements, substitute, tensors
from einrnn.symbolic.normal.expand import Normaliser, Rule
from einrnn.symbolic.normal.level import levelled
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.zero import is_zero
from einrnn.symbolic.proof.clock import DOWN, UP, Time
from einrnn.symbolic.proof.entries import Chosen, unfold
from einrnn.symbolic.proof.induction import at, there_is_one
from einrnn.symbolic.proof.opening import ROUNDS, Opener, is_derived_only
from einrnn.symbolic.proof.statement import Lemma, Proof, Statement, as_rule, fixed, narrowed
from einrnn.symbolic.proof.trace import AtEnds, AtTime, InsideSum, Kept

_STEPS_AT_NUMBERS = 8
_STEPS_FROM_NUMBERS = 3


def by_step(
    opener: Opener,
    statement: Statement,
    difference: Expr,
    chosen: Chosen,
    index: Index,
    direction: int,
    beside: tuple[Rule, ...] = (),
) -> Proof | None:
    """Equal once what recurs at the index is unfolded there, by what is known ``beside`` that."""
    work = opener.normaliser(statement, beside)
    if opener.is_zero_opened(work, difference, index, direction, chosen):
        words = f"one step of what recurs, at {index.name}"
        return Proof("recurrence", (words,), AtTime(index, direction))
    return None


def by_constants(
    opener: Opener,
    statement: Statement,
    difference: Expr,
    chosen: Chosen,
    lemmas: tuple[Lemma, ...] = (),
) -> Proof | None:
    """Equal once entries at times that are numbers are unfolded, some steps far.

    Derivatives come first: entries of the document's own are what they come to, and are opened
    beside derivatives only where everything is. Of those, the ones that the statement mentions
    come before the others.
    """
    work = opener.normaliser(statement, tuple(as_rule(lemma.statement) for lemma in lemmas))
    if lemmas:  # what they speak of is replaced before it is opened
        difference = work.simple(difference)
    mentioned = tensors(statement.left) | tensors(statement.right)
    everything = not is_derived_only(chosen)
    only_derived = not (everything or lemmas) and any(
        map(opener.derived_only, elements(difference))
    )
    for steps in range(_STEPS_AT_NUMBERS):
        found = [e for e in elements(difference) if at_constant(opener, e)]
        if steps >= _STEPS_FROM_NUMBERS:
            found = [e for e in found if _ends(opener, e)]
        derived = [e for e in found if opener.derived_only(e)]
        named = [e for e in found if e.tensor in mentioned]
        own = [] if only_derived else named or found
        there = frozenset(derived or own)
        if not there or opener.expired():
            return None
        difference = unfold(difference, opener.model, there.__contains__)
        difference = opener.without(work, difference, chosen)
        if is_zero(work, work.poly(difference)):
            return Proof("recurrence", ("unfolded at the first or last times",), AtEnds(lemmas))
    return None


def _ends(opener: Opener, element: Element) -> bool:
    """Whether the entries that one at a number leads to come to an end: the end of time that
    they run towards is a number too."""
    when = opener.clock.time(element.tensor)
    if when is None:
        return False
    axis = opener.model.definitions[element.tensor].axes[when.axis]
    return af.number(axis.lo if when.direction == UP else axis.hi) is not None


def at_constant(opener: Opener, element: Element) -> bool:
    """Whether an entry of a recurrence is at a time that is a number, or a number of steps from
    where the recurrence begins."""
    when = opener.clock.time(element.tensor)
    if when is None:
        return False
    there, axis = element.args[when.axis], opener.model.definitions[element.tensor].axes[when.axis]
    first = axis.lo if when.direction == UP else axis.hi
    return af.number(there) is not None or af.number(af.minus(there, first)) is not None


def by_inner_step(
    opener: Opener, statement: Statement, difference: Expr, chosen: Chosen
) -> Proof | None:
    """Equal once entries at the index of a sum over time are unfolded there, where entries
    at the time before (or after) that index occur too; the sums as they stand, or counted over
    one range."""
    work = opener.normaliser(statement, ())
    ways = dict.fromkeys((difference, expression(levelled(work.poly(difference)))))
    if any(_is_zero_inside(opener, work, statement, way, chosen) for way in ways):
        words = "one step of what recurs, inside a sum over time"
        return Proof("recurrence", (words,), InsideSum())
    return None


def _is_zero_inside(
    opener: Opener, work: Normaliser, statement: Statement, difference: Expr, chosen: Chosen
) -> bool:
    ahead: dict[str, dict[int, list[Element]]] = {}
    for element in elements(difference):
        when = opener.clock.time(element.tensor)
        if when is None or not chosen(element):
            continue
        there = element.args[when.axis]
        # different summands have different names for the index of their sums
        if (
            af.letter(af.shift(there, -there.constant))
            and not there.free <= statement.ranges.keys()
        ):
            offset = there.constant * when.direction
            ahead.setdefault(element.tensor, {}).setdefault(offset, []).append(element)
    furthest = [rows[max(rows)] for rows in ahead.values() if len(rows) > 1]
    wanted = frozenset(element for row in furthest for element in row)
    if not wanted:
        return False
    opened = unfold(difference, opener.model, wanted.__contains__)
    return is_zero(work, work.poly(opener.without(work, opened, chosen)))


def by_invariance(
    opener: Opener, statement: Statement, difference: Expr, chosen: Chosen, index: Index
) -> Proof | None:
    """The difference of the sides is the same at each time and at the next, and 0 at one
    end: recurrences that run up are unfolded at the next time, those that run down at
    this one."""
    statement, opener = narrowed(statement, index), opener.hurried()
    if statement.condition is not None:
        return None
    span = statement.ranges[index]
    rest = {**statement.ranges, index: Range(span.lo, af.shift(span.hi, -1))}
    work = opener.normaliser(replace(statement, ranges=rest), ())
    if not is_zero(work, work.poly(change(opener, work, difference, index, chosen))):
        return None
    others = {i: r for i, r in statement.ranges.items() if i is not index}
    for end, direction in ((span.hi, DOWN), (span.lo, UP)):
        if not opener.defined.is_kept(statement, index, direction):
            continue
        there = replace(fixed(statement, index, end, others), condition=there_is_one(span))
        if at(opener, there, Time(0, direction)):
            words = f"the same at every {index.name}, and true at one end"
            return Proof("induction", (words,), Kept(index, end))
    return None


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
    low, high = _furthest(opener, before, index) if everything else (0, 1)
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
        if not ahead or opener.expired():
            break
        found = unfold(found, opener.model, ahead.__contains__)
        found = opener.without(work, found, chosen)
    return found


def _furthest(opener: Opener, found: Iterable[Element], index: Index) -> tuple[int, int]:
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
