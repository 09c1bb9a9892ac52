"""Linear recurrences of the first order in closed form.

``G[t] = g G[t+1] + r[t]`` with ``G[T] = 0`` is ``Σ_{s=t..T-1} g^(s-t) r[s]``. That is proved
by induction before anything is said of an entry at a time that is a number, such as ``G[0]``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from einrnn.core import affine as af
from einrnn.core.build import ONE, ZERO
from einrnn.core.model import Clause, Model, Range
from einrnn.core.nodes import Affine, Element, Expr, Index, Pow, Reduce, Value
from einrnn.core.traverse import elements, fresh, substitute, tensors
from einrnn.symbolic import simplify as s
from einrnn.symbolic.normal.domain import known_from
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.terms import Poly, Term
from einrnn.symbolic.normal.zero import is_zero
from einrnn.symbolic.proof.clock import UP, Time
from einrnn.symbolic.proof.entries import Chosen
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.statement import Proof, Statement, as_rule

_MOST_RECURRENCES = 3
_MOST_ROUNDS = 2


class _Linear(NamedTuple):
    """``G[t] = slope G[one step back] + rest``, which begins with a value at a place."""

    time: Index
    slope: Expr
    rest: Expr
    place: Affine
    value: Expr


def by_closed_form(
    opener: Opener,
    statement: Statement,
    difference: Expr,
    chosen: Chosen,
    prove: Callable[[Statement], object],
    known: dict[str, Statement | None],
) -> Proof | None:
    """Equal once recurrences are what their closed forms say, each of which is proved once:
    ``known`` has those that were asked for before, None where one could not be proved.

    Raises:
        TooLarge: the closed forms have too many terms.
    """
    found: dict[str, Statement] = {}
    tried: set[str] = set()
    for _ in range(_MOST_ROUNDS):
        there = (e.tensor for e in elements(difference) if opener.clock.time(e.tensor))
        names = [name for name in dict.fromkeys(there) if name not in tried]
        for name in names[:_MOST_RECURRENCES]:
            tried.add(name)
            if name not in known:
                known[name] = _proved(opener, name, prove)
            closed = known[name]
            if closed is not None:
                found[name] = closed
        if not names or not found:
            return None
        work = opener.normaliser(statement, tuple(as_rule(closed) for closed in found.values()))
        # what one recurrence comes to may speak of another
        left = work.poly(opener.without(work, difference, chosen))
        if is_zero(work, left):
            return Proof("induction", (f"by the closed form of {', '.join(found)}",))
        difference = expression(left)
    return None


def _proved(opener: Opener, name: str, prove: Callable[[Statement], object]) -> Statement | None:
    when = opener.clock.time(name)
    closed = None if when is None else closed_form(opener.model, name, when)
    return closed if closed is not None and not opener.expired() and prove(closed) else None


def closed_form(model: Model, name: str, when: Time) -> Statement | None:
    """What a recurrence with one value to begin with comes to, if it is linear in its entry one
    step back and in no other of its own."""
    definition = model.definitions[name]
    if len(definition.clauses) != 2:
        return None
    general = definition.clauses[-1]
    linear = _linear(name, when, *definition.clauses)
    if linear is None:
        return None
    t, axis, ranges = linear.time, definition.axes[when.axis], dict(general.ranges)
    here, up = af.of(t), when.direction == UP
    next_ = af.shift(linear.place, when.direction)
    # with the place at which it begins, from which on the sum is empty
    ranges[t] = Range(linear.place, axis.hi) if up else Range(axis.lo, linear.place)
    index = fresh(t, frozenset((*ranges, *linear.rest.free, *linear.slope.free)))
    at = af.of(index)
    if up:
        span, between = Range(next_, here), _times(linear, af.shift(at, 1), here)
        whole = _times(linear, next_, here)
    else:
        span, between = Range(here, next_), _times(linear, here, af.shift(at, -1))
        whole = _times(linear, here, next_)
    body = s.mul((between, substitute(linear.rest, {t: at})))
    summed = ZERO if linear.rest is ZERO else Reduce("sum", index, span.lo, span.hi, body)
    right = s.add((s.mul((whole, linear.value)), summed))
    return Statement(Element(name, general.args), right, ranges)


def _times(linear: _Linear, first: Affine, last: Affine) -> Expr:
    """The product of the slopes from one time to another."""
    if linear.slope is ONE:
        return ONE
    if linear.time not in linear.slope.free:
        return Pow(linear.slope, Value(af.shift(af.minus(last, first), 1)))
    taken = frozenset((linear.time, *linear.slope.free, *first.free, *last.free))
    index = fresh(Index("r"), taken)
    body = substitute(linear.slope, {linear.time: af.of(index)})
    return Reduce("prod", index, first, last, body)


def _linear(name: str, when: Time, start: Clause, general: Clause) -> _Linear | None:
    time, place = af.letter(general.args[when.axis]), start.args[when.axis]
    own = [af.letter(at) for at in start.args]
    letters = [af.letter(at) for at in general.args]
    if time is None or own[when.axis] is not None or None in letters or own.count(None) > 1:
        return None
    shifted = af.shift(af.of(time), -when.direction)
    back = (*general.args[: when.axis], shifted, *general.args[when.axis + 1 :])
    before = Element(name, back)
    poly = Normaliser(known_from(general.ranges)).poly(general.body)
    slope: Poly = {}
    rest: Poly = {}
    for term, times in poly.items():
        powers = dict(term.factors)
        if powers.pop(before, None) == 1:
            slope = {**slope, Term(term.bound, term.conds, tuple(powers.items())): times}
        else:
            rest = {**rest, term: times}
    parts = expression(slope), expression(rest)
    if not slope or any(name in tensors(part) for part in parts):
        return None
    renamed = {
        mine: theirs for mine, theirs in zip(own, general.args, strict=True) if mine is not None
    }
    return _Linear(time, *parts, place, substitute(start.body, renamed))
