"""Induction over time: a statement at its first time, and at each from the one before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from einrnn.core import affine as af
from einrnn.core.build import sub
from einrnn.core.model import Range
from einrnn.core.nodes import Affine, Compare, Cond, Element, Index, Value
from einrnn.core.traverse import elements, fresh, substitute, tensors
from einrnn.symbolic.normal.domain import follows
from einrnn.symbolic.normal.expand import Normaliser, Rule
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.terms import Term, TooLarge
from einrnn.symbolic.normal.zero import is_zero
from einrnn.symbolic.proof.clock import UP, Time
from einrnn.symbolic.proof.entries import Chosen, unfold
from einrnn.symbolic.proof.opening import ROUNDS, Opener
from einrnn.symbolic.proof.statement import Proof, Statement, as_rule, fixed, narrowed
from einrnn.symbolic.proof.trace import Inductive
from einrnn.symbolic.proof.unfolding import unfolds


class Beside(NamedTuple):
    """What is known beside a hypothesis: at all times, and in steps only."""

    everywhere: tuple[Rule, ...] = ()
    stepping: tuple[Rule, ...] = ()


ALONE = Beside()


def by_induction(
    opener: Opener,
    statement: Statement,
    chosen: Chosen,
    index: Index,
    direction: int,
    beside: Beside = ALONE,
) -> Proof | None:
    """True at one end of time, and at each time if at the one before, by what is known
    ``beside`` that."""
    trace = _induction(opener, statement, index, direction, chosen, beside)
    if trace is None:
        return None
    way = "up" if direction == UP else "down"
    return Proof("induction", (f"over {index.name}, {way} in time",), trace)


def _induction(
    opener: Opener,
    statement: Statement,
    index: Index,
    direction: int,
    chosen: Chosen,
    beside: Beside,
) -> Inductive | None:
    """Bases and step; the hypothesis is the statement one step back, or at all times before where
    something recurs from further back."""
    when = _time_of(opener, statement, index)
    if when is None or when.direction != direction:
        return None
    if statement.condition is not None:
        statement = narrowed(statement, index)
        if statement.condition is not None:
            return None
    hypothesis = as_rule(one_step_back(statement, index, direction))
    shown = _inductive(opener, statement, index, when, hypothesis, chosen, beside)
    if shown is not None:
        place, stepped = shown
        return Inductive(index, direction, (place,), stepped)
    lags = [opener.clock.lag(e.tensor) for e in elements(statement.left)]
    if all(lag == 1 for lag in lags):
        return None
    most = max(lag or 1 for lag in lags)  # as many times from which all later ones follow
    for place, stepped in bases_and_steps(opener, statement, index, when):
        all_before = before(statement, index, direction, place)
        if not may_step(opener, statement, index, all_before):
            continue
        rules = (as_rule(all_before), *beside.everywhere, *beside.stepping)
        places = tuple(af.shift(place, direction * k) for k in range(most))
        later = _beyond(stepped, index, direction, most - 1)
        bases = (at_place_if_any(statement, index, direction, there) for there in places)
        if step(opener, later, index, direction, rules, chosen) and all(
            at(opener, base, when, beside.everywhere) for base in bases
        ):
            return Inductive(index, direction, places, later, all_before)
    return None


def at_place_if_any(statement: Statement, index: Index, direction: int, place: Affine) -> Statement:
    """The statement at one time, where that does not come after the last."""
    span = statement.ranges[index]
    left = Range(place, span.hi) if direction == UP else Range(span.lo, place)
    return replace(at_place(statement, index, place), condition=there_is_one(left))


def there_is_one(span: Range) -> Cond | None:
    """That a range has a time in it, where that is not so for all sizes."""
    if follows((), af.minus(span.hi, span.lo)):
        return None
    return Compare("<=", Value(span.lo), Value(span.hi))


def _beyond(statement: Statement, index: Index, direction: int, times: int) -> Statement:
    """The statement but for some of its first times."""
    span = statement.ranges[index]
    first = af.shift(span.lo if direction == UP else span.hi, direction * times)
    rest = Range(first, span.hi) if direction == UP else Range(span.lo, first)
    return replace(statement, ranges={**statement.ranges, index: rest})


def _time_of(opener: Opener, statement: Statement, index: Index) -> Time | None:
    """The time of what recurs at the index on the left side, where that is one entry or one
    product: the hypothesis replaces it as a whole."""
    left = statement.left
    if not isinstance(left, Element):
        there = Normaliser().poly(left)  # as the rule sees it that is made of it
        if len(there) != 1 or set(there.values()) != {1}:
            return None
    found: set[Time] = set()
    for element in elements(left):
        when = opener.clock.time(element.tensor)
        if when is not None and element.args[when.axis] is af.of(index):
            found.add(when)
    directions = {when.direction for when in found}
    return min(found, key=lambda when: when.axis) if len(directions) == 1 else None


def solved(opener: Opener, statement: Statement, index: Index) -> Iterator[Statement]:
    """A statement with one entry of a recurrence at an index of time in a sum, or on the right,
    as one about that entry: ``x[t,i] = y[i] + r`` for ``x[t,i] - y[i] = r``."""
    if isinstance(statement.left, Element) and _time_of(opener, statement, index) is not None:
        return
    terms = Normaliser().poly(sub(statement.left, statement.right))
    for term, times in terms.items():
        entry = single_entry(term)
        when = opener.clock.time(entry.tensor) if entry is not None else None
        if entry is None or when is None or entry.args[when.axis] is not af.of(index):
            continue
        rest = {t: -c / times for t, c in terms.items() if t is not term}
        right = expression(rest)
        if entry.tensor not in tensors(right):
            yield replace(statement, left=entry, right=right)


def single_entry(term: Term) -> Element | None:
    """The entry that a term is."""
    if term.bound or term.conds or len(term.factors) != 1:
        return None
    ((atom, exponent),) = term.factors
    return atom if isinstance(atom, Element) and exponent == 1 else None


def one_step_back(statement: Statement, index: Index, direction: int) -> Statement:
    """The statement one step back in time, where the index is what it is."""
    back = {index: af.shift(af.of(index), -direction)}
    others = {
        i: Range(substitute(r.lo, back), substitute(r.hi, back))
        for i, r in statement.ranges.items()
        if i is not index
    }
    left, right = substitute(statement.left, back), substitute(statement.right, back)
    return Statement(left, right, others)


def before(statement: Statement, index: Index, direction: int, first: Affine) -> Statement:
    """The statement at all times from the first one to the one before the index."""
    others = [r for i, r in statement.ranges.items() if i is not index]
    free = statement.left.free | statement.right.free | statement.ranges.keys()
    letter = fresh(index, free.union(*(r.lo.free | r.hi.free for r in others)))
    moved = {index: af.of(letter)}
    last = af.shift(af.of(index), -direction)
    span = Range(first, last) if direction == UP else Range(last, first)
    ranges = {
        i: Range(substitute(r.lo, moved), substitute(r.hi, moved))
        for i, r in statement.ranges.items()
        if i is not index
    }
    left, right = substitute(statement.left, moved), substitute(statement.right, moved)
    return Statement(left, right, {letter: span, **ranges})


def _inductive(
    opener: Opener,
    statement: Statement,
    index: Index,
    when: Time,
    hypothesis: Rule,
    chosen: Chosen,
    beside: Beside,
) -> tuple[Affine, Statement] | None:
    """The time at which the statement holds first, and the statement at the times at which
    it does if the hypothesis does before."""
    rules = (hypothesis, *beside.everywhere, *beside.stepping)
    for place, stepped in bases_and_steps(opener, statement, index, when):
        back = one_step_back(stepped, index, when.direction)
        earlier = before(statement, index, when.direction, place)
        if not (
            may_step(opener, stepped, index, back) or may_step(opener, statement, index, earlier)
        ):
            continue
        shown = step(opener, stepped, index, when.direction, rules, chosen)
        if shown and at(opener, at_place(statement, index, place), when, beside.everywhere):
            return place, stepped
    return None


def may_step(opener: Opener, statement: Statement, index: Index, earlier: Statement) -> bool:
    """Whether what a statement says at earlier times may be used at a time: nothing is known of
    it where a side has no value."""
    return opener.defined.may_step(statement, index, earlier)


def bases_and_steps(
    opener: Opener, statement: Statement, index: Index, when: Time
) -> Iterator[tuple[Affine, Statement]]:
    """The first time of a statement, and the statement at the times that have one before them.

    Where the definition has a value one step before the first time of the statement,
    that may be the base, and every time of the statement has one before it.
    """
    span = statement.ranges[index]
    first = span.lo if when.direction == UP else span.hi
    before = af.shift(first, -when.direction)
    others = {i: r for i, r in statement.ranges.items() if i is not index}
    if isinstance(statement.left, Element) and _is_given(opener, statement.left, when, before):
        yield before, statement
    later = af.shift(first, when.direction)
    rest = Range(later, span.hi) if when.direction == UP else Range(span.lo, later)
    step = replace(statement, ranges={**others, index: rest})
    yield first, step


def at_place(statement: Statement, index: Index, place: Affine) -> Statement:
    """The statement at one time."""
    others = {i: r for i, r in statement.ranges.items() if i is not index}
    return fixed(statement, index, place, others)


def _is_given(opener: Opener, element: Element, when: Time, place: Affine) -> bool:
    """Whether a definition has a value at a time."""
    axis = opener.model.definitions[element.tensor].axes[when.axis]
    room = af.minus(place, axis.lo) if when.direction == UP else af.minus(axis.hi, place)
    return follows((), room)


def step(
    opener: Opener,
    statement: Statement,
    index: Index,
    direction: int,
    rules: tuple[Rule, ...],
    chosen: Chosen,
) -> bool:
    """Whether the sides are equal once what recurs at the index is unfolded there."""
    work = opener.normaliser(statement, rules)
    difference = sub(statement.left, statement.right)
    difference = opener.without(work, difference, chosen)
    return opener.is_zero_opened(work, difference, index, direction, chosen)


def at(opener: Opener, statement: Statement, when: Time, beside: tuple[Rule, ...] = ()) -> bool:
    """Whether a statement at one time is true by unfolding everything it needs there, and what is
    known ``beside``; it is not where something has no value: ``s[t]/(t+1)`` one step before the
    first time."""
    try:
        alone = _at(opener, statement, when, ())
        return alone or (bool(beside) and _at(opener, statement, when, beside))
    except TooLarge:
        return False


def _unfolds_quickly(opener: Opener, statement: Statement) -> bool:
    """Whether a statement is true by unfolding, where that is no more than a little work."""
    try:
        return unfolds(opener.hurried(), statement, opener.any)
    except TooLarge:
        return False


def _at(opener: Opener, statement: Statement, when: Time, rules: tuple[Rule, ...]) -> bool:
    if opener.by_normal_form(statement, opener.any, rules) is not None:
        return True
    work = opener.normaliser(statement, rules)
    difference = opener.without(work, sub(statement.left, statement.right), opener.any)
    for turn in range(ROUNDS):
        if is_zero(work, work.poly(difference)):
            return True
        found = elements(difference)
        latest = frozenset[Element]() if turn else opener.computed_last(found)
        if latest:  # those alone may come to the others
            opened = unfold(difference, opener.model, latest.__contains__)
            if is_zero(work, work.poly(opener.without(work, opened, opener.any))):
                return True
        if not turn and _unfolds_quickly(opener, statement):
            return True
        times = {e: opener.clock.time(e.tensor) for e in found}
        ahead = {e for e, at_ in times.items() if at_ and at_.direction == when.direction}
        wanted = frozenset(ahead) or opener.first_at_once(found) or opener.computed_last(found)
        if not wanted or opener.expired():
            break
        difference = unfold(difference, opener.model, wanted.__contains__)
        difference = opener.without(work, difference, opener.any)
    return unfolds(opener, statement, opener.any)
