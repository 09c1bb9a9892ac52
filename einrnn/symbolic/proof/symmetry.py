"""Definitions whose last two positions may be exchanged: covariances of filters and the like.

``P[t,i,j] = P[t,j,i]`` for all entries, several recurrences together, by induction over time:
what comes before an entry is symmetric by hypothesis. There it is read under a name of its own,
so that nothing is assumed of the entry itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core.model import Assumption, Model
from einrnn.core.nodes import Element, Index
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.expand import Normaliser, Rule
from einrnn.symbolic.normal.terms import Poly, Term, TooLarge
from einrnn.symbolic.proof.clock import Clock, Time, clock_of
from einrnn.symbolic.proof.induction import at, at_place, bases_and_steps, step
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.statement import Statement

_TIME = Index("t")


def square(model: Model, clock: Clock) -> list[str]:
    """The recurrences of a model that might be symmetric: their last two axes are alike, and
    neither is time."""
    found: list[str] = []
    for name, definition in model.definitions.items():
        when = clock.time(name)
        axes = definition.axes
        if when is None or name in model.derived or len(axes) < 3 or when.axis >= len(axes) - 2:
            continue
        if axes[-1] == axes[-2]:
            found.append(name)
    return found


def exchanged(model: Model, when: Time, name: str) -> Statement:
    """The statement that the last two positions of a recurrence may be exchanged."""
    axes = model.definitions[name].axes
    letters = [_TIME if a == when.axis else Index(f"k{a}") for a in range(len(axes))]
    args = [af.of(letter) for letter in letters]
    left = Element(name, tuple(args))
    right = Element(name, (*args[:-2], args[-1], args[-2]))
    return Statement(left, right, dict(zip(letters, axes, strict=True)))


def symmetric(
    model: Model, names: Sequence[str], deadline: float, assumptions: tuple[Assumption, ...] = ()
) -> frozenset[str]:
    """Those of some recurrences that are shown to be symmetric, all by one induction."""
    clock = clock_of(model)
    times = ((name, clock.time(name)) for name in names)
    kept: dict[str, Time] = {name: when for name, when in times if when is not None}
    while kept:
        before = frozenset(_before(name) for name in kept)
        opener = Opener(model, assumptions, deadline, symmetric=before)
        shown: dict[str, Time] = {
            name: when for name, when in kept.items() if _is_shown(opener, name, kept)
        }
        if shown == kept:
            return frozenset(kept)
        kept = dict(shown)
    return frozenset()


def _is_shown(opener: Opener, name: str, kept: Mapping[str, Time]) -> bool:
    when = kept[name]
    statement = exchanged(opener.model, when, name)
    if not opener.defined.may_replace(statement):
        return False
    hypothesis = _earlier(kept)
    try:
        return any(
            step(opener, stepped, _TIME, when.direction, (hypothesis,), opener.any)
            and at(opener, at_place(statement, _TIME, place), when)
            for place, stepped in bases_and_steps(opener, statement, _TIME, when)
        )
    except TooLarge:
        return False


def _before(name: str) -> str:
    return f"{name} before"


def _earlier(kept: Mapping[str, Time]) -> Rule:
    """Entries before the time that is looked at, under the names of what is symmetric."""

    def rule(work: Normaliser, term: Term) -> Poly | None:
        for atom, exponent in term.factors:
            if not isinstance(atom, Element) or atom.tensor not in kept:
                continue
            when = kept[atom.tensor]
            ahead = af.minus(atom.args[when.axis], af.of(_TIME))
            if ahead.terms or ahead.constant * when.direction >= 0:
                continue
            others = tuple(pair for pair in term.factors if pair[0] is not atom)
            hidden = Element(_before(atom.tensor), atom.args)
            factors = tm.merged(others, ((hidden, exponent),))
            return {Term(term.bound, term.conds, factors): Fraction(1)}
        return None

    return rule
