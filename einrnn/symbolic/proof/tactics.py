"""Steps of recurrences: at an index, inside a sum over time, at numbers."""

from __future__ import annotations

from einrnn.core import affine as af
from einrnn.core.nodes import Element, Expr, Index
from einrnn.core.traverse import elements, tensors
from einrnn.symbolic.normal.expand import Normaliser, Rule
from einrnn.symbolic.normal.level import levelled
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.zero import is_zero
from einrnn.symbolic.proof.clock import UP
from einrnn.symbolic.proof.entries import Chosen, unfold
from einrnn.symbolic.proof.opening import Opener, is_derived_only
from einrnn.symbolic.proof.statement import Lemma, Proof, Statement, as_rule
from einrnn.symbolic.proof.trace import AtEnds, AtTime, InsideSum

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
        wanted = derived or own
        # what those come to that are computed last may be others of them
        there = opener.computed_last(wanted) or frozenset(wanted)
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
