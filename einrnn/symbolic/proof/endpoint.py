"""A statement about the last time, proved for every time in its place.

``x[T-1] = x[0] + Σ_{t=1..T-1} u[t]`` is what ``x[τ] = x[0] + Σ_{t=1..τ} u[t]`` says at
``τ = T-1``: the size becomes ``τ + 1`` wherever the statement has it. The general statement may
be false where the one about the last time is true; then nothing is proved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from einrnn.core import affine as af
from einrnn.core.model import Range
from einrnn.core.nodes import Affine, Dim, Index, Node
from einrnn.core.traverse import elements, fresh, rebuild, walk
from einrnn.symbolic.normal.domain import follows
from einrnn.symbolic.proof.clock import UP
from einrnn.symbolic.proof.induction import by_induction
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.statement import Proof, Statement

_MOST_STEPS = 4


def by_every_time(
    opener: Opener,
    statement: Statement,
    helped: Callable[[Statement, Index, int], Proof | None],
) -> Proof | None:
    """Induction over the time that a statement about the last one leaves open, by itself or
    ``helped`` by what has been proved before."""
    work = opener.normaliser(statement, ())
    if statement.condition is not None:
        if statement.condition.free:
            return None
        statement = replace(statement, condition=None)
    if not any(_last_times(opener, statement)):  # what it speaks of may read recurrences there
        left, right = (
            opener.without(work, side, opener.any) for side in (statement.left, statement.right)
        )
        statement = replace(statement, left=left, right=right)
    for size, axis in _last_times(opener, statement):
        for span in _from_some_time(axis, work.known):
            general, index = _at_any_time(statement, size, span)
            proof = by_induction(opener, general, opener.any, index, UP)
            proof = proof or helped(general, index, UP)
            if proof is not None:
                words = f"over time, for every time in place of {size.name}-1"
                return replace(proof, steps=(words, *proof.steps[1:]), by=None)
    return None


def _from_some_time(axis: Range, known: tuple[Affine, ...]) -> Iterator[Range]:
    """The times of a recurrence, and those from one of the first on where the last one surely is
    among them: a derivative of what is given is 0, one by what comes later too."""
    for steps in range(_MOST_STEPS):
        later = af.shift(axis.lo, steps)
        if steps == 0 or follows(known, af.minus(axis.hi, later)):
            yield Range(later, axis.hi)


def _last_times(opener: Opener, statement: Statement) -> Iterator[tuple[Dim, Range]]:
    """The sizes whose last position recurrences are read at, with the range of their time."""
    seen: set[Dim] = set()
    for element in elements(statement.left, statement.right):
        when = opener.clock.time(element.tensor)
        if when is None or when.direction != UP:
            continue
        there = element.args[when.axis]
        axis = opener.model.definitions[element.tensor].axes[when.axis]
        sizes = af.dims(axis.hi)
        whole = len(sizes) == 1 and axis.hi is af.last(af.of(sizes[0]))
        if there is axis.hi and whole and sizes[0] not in seen:
            seen.add(sizes[0])
            yield sizes[0], axis


def _at_any_time(statement: Statement, size: Dim, axis: Range) -> tuple[Statement, Index]:
    """The statement with an index more, which is the last time of all that it speaks of."""
    sides = (statement.left, statement.right)
    # a node is free in its parts, so that these are all letters, bound ones too
    names = frozenset[Index]().union(*(node.free for node in walk(*sides)))
    index = fresh(Index("τ"), names | frozenset(statement.ranges))
    count = af.shift(af.of(index), 1)

    def change(node: Node) -> Node:
        times = af.coefficient(node, size) if isinstance(node, Affine) else 0
        if not times:
            return node
        assert isinstance(node, Affine)
        return af.plus(af.plus(node, af.of(size), -times), count, times)

    ranges = {
        i: Range(rebuild(span.lo, change), rebuild(span.hi, change))
        for i, span in statement.ranges.items()
    }
    ranges[index] = axis
    left, right = (rebuild(side, change) for side in sides)
    return Statement(left, right, ranges), index
