"""What is computed at one time unfolded, one definition after the other."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from einrnn.core import affine as af
from einrnn.core.build import sub
from einrnn.core.nodes import Affine, Element
from einrnn.core.traverse import elements
from einrnn.symbolic.normal.zero import is_zero
from einrnn.symbolic.proof.entries import Chosen
from einrnn.symbolic.proof.opening import Opener, is_derived_only
from einrnn.symbolic.proof.order import next_at_once
from einrnn.symbolic.proof.statement import Proof, Statement


def by_unfolding(opener: Opener, statement: Statement, chosen: Chosen) -> Proof | None:
    """Equal once what is computed at one time is unfolded, one definition after the other, beside
    the chosen ones that do not recur.

    It shows at once or not at all: most of the time is left to what comes after it.
    """
    if unfolds(opener.hurried(), statement, chosen):
        return Proof("recurrence", ("one definition after the other, at one time",))
    return None


def unfolds(opener: Opener, statement: Statement, chosen: Chosen) -> bool:
    """The same, in all the time that there is."""
    derived = is_derived_only(chosen)
    work = opener.normaliser(statement, ())
    sides = statement.left, statement.right
    sides = opener.without(work, sides[0], chosen), opener.without(work, sides[1], chosen)
    is_last = _last_times(opener, statement, elements(*sides))
    opened: frozenset[str] = frozenset()
    while not opener.expired():
        there = [
            e for e in elements(*sides) if is_last(e) and (opener.derived_only(e) or not derived)
        ]
        names = frozenset(e.tensor for e in there)
        name = next_at_once(opener.clock, sides, opened, names, work.poly(sub(*sides)))
        if name is None:
            return False
        opened |= {name}
        wanted = partial(_is_among, opened, is_last)
        left, right = (opener.rid_of(work, side, wanted, chosen) for side in sides)
        sides = left, right
        if is_zero(work, work.poly(sub(*sides))):
            return True
    return False


def _is_among(names: frozenset[str], is_last: Chosen, element: Element) -> bool:
    return element.tensor in names and is_last(element)


def _last_times(opener: Opener, statement: Statement, found: Iterable[Element]) -> Chosen:
    """Whether an entry is computed no earlier than all those found, of the same free index or
    inside sums; one that leads to others of its own time only may always be opened."""
    last: dict[tuple[Affine | None, int], int] = {}

    def place(element: Element) -> tuple[tuple[Affine | None, int], int] | None:
        when = opener.clock.time(element.tensor)
        if when is None:
            return None
        there = element.args[when.axis]
        base = af.shift(there, -there.constant)
        free = base if base.free <= statement.ranges.keys() else None
        return (free, when.direction), there.constant * when.direction

    for element in found:
        at_place = place(element)
        if at_place is not None:
            key, offset = at_place
            last[key] = max(offset, last.get(key, offset))

    def is_last(element: Element) -> bool:
        at_place = place(element)
        if at_place is None or opener.clock.instant(element.tensor):
            return True
        key, offset = at_place
        return key in last and offset >= last[key]

    return is_last
