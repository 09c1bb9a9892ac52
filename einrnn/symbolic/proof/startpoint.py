"""A statement about the first time, proved for every time from the last one down.

``λ[-1] = p[0]`` of recurrences that run down in time is what ``λ[τ] = p[τ+1]`` says at ``τ = -1``.
The general statement may be false where the one about the first time is true; then nothing is
proved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from einrnn.core import affine as af
from einrnn.core.model import Range
from einrnn.core.nodes import Affine, Element, Expr, Index, Node
from einrnn.core.traverse import elements, fresh, rebuild, walk
from einrnn.symbolic.normal.domain import follows
from einrnn.symbolic.proof.clock import DOWN
from einrnn.symbolic.proof.induction import by_induction
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.statement import Proof, Statement


def by_every_time_before(opener: Opener, statement: Statement) -> Proof | None:
    """Induction down in time over a statement that reads recurrences at numbers, with the times
    at the same distances from one another."""
    if statement.condition is not None:
        return None
    work = opener.normaliser(statement, ())
    left, right = (
        opener.without(work, side, opener.derived_only)
        for side in (statement.left, statement.right)
    )
    places = _places(opener, (left, right))
    if len({entry.tensor for entry in places}) < 2:
        return None
    first = min(places.values())
    last = _last(opener, {entry: place - first for entry, place in places.items()})
    if last is None:
        return None
    names = frozenset[Index]().union(*(node.free for node in walk(left, right)))
    index = fresh(Index("τ"), names | frozenset(statement.ranges))

    def change(node: Node) -> Node:
        if not isinstance(node, Element) or node not in places:
            return node
        return _at(opener, node, af.shift(af.of(index), places[node] - first))

    ranges = {**statement.ranges, index: Range(af.affine(first, {}), last)}
    general = Statement(rebuild(left, change), rebuild(right, change), ranges)
    proof = by_induction(opener, general, opener.any, index, DOWN)
    words = f"over time, for every time in place of {first}"
    return proof and replace(proof, steps=(words, *proof.steps[1:]), by=None)


def _places(opener: Opener, sides: tuple[Expr, ...]) -> dict[Element, int]:
    """The entries of recurrences that run down, at times that are numbers, with these."""
    found: dict[Element, int] = {}
    for entry in elements(*sides):
        when = opener.clock.time(entry.tensor)
        if when is not None and when.direction == DOWN:
            number = af.number(entry.args[when.axis])
            if number is not None:
                found[entry] = int(number)
    return found


def _at(opener: Opener, entry: Element, there: Affine) -> Element:
    """The entry at another time."""
    when = opener.clock.time(entry.tensor)
    assert when is not None
    return Element(entry.tensor, (*entry.args[: when.axis], there, *entry.args[when.axis + 1 :]))


def _last(opener: Opener, ahead: Mapping[Element, int]) -> Affine | None:
    """The last time at which all entries are in range, each so far ahead of it."""
    found: Affine | None = None
    for entry, steps in ahead.items():
        when = opener.clock.time(entry.tensor)
        assert when is not None
        last = af.shift(opener.model.definitions[entry.tensor].axes[when.axis].hi, -steps)
        if found is None or follows((), af.minus(found, last)):
            found = last
        elif not follows((), af.minus(last, found)):
            return None
    return found
