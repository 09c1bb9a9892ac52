"""Recurrences over two axes: a statement at each corner from those before it on either axis.

A table of sums over rectangles is ``S[i,j] = x[i,j] + S[i-1,j] + S[i,j-1] - S[i-1,j-1]``: what is
said of ``S[i,j]`` holds if it holds for all earlier ``i``, and at this ``i`` for all earlier ``j``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import permutations
from typing import NamedTuple

from einrnn.core import affine as af
from einrnn.core.build import sub
from einrnn.core.nodes import Affine, Element, Index
from einrnn.symbolic.normal.zero import is_zero
from einrnn.symbolic.proof.clock import DOWN, UP
from einrnn.symbolic.proof.entries import Chosen, unfold
from einrnn.symbolic.proof.induction import at_place, before, may_step
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.statement import Proof, Statement, as_rule

Prove = Callable[[Statement], "Proof | None"]


class _Axis(NamedTuple):
    """The index that a statement has on one axis of its left side, and the way of that axis."""

    letter: Index
    direction: int


def by_lattice(opener: Opener, statement: Statement, chosen: Chosen, prove: Prove) -> Proof | None:
    """True along both edges, and at each corner if before it on either axis."""
    for outer, inner in permutations(_axes(opener, statement), 2):
        if outer.letter is inner.letter or not _is_rectangle(statement, outer, inner):
            continue
        if _corner(opener, statement, chosen, outer, inner) and all(
            prove(at_place(statement, axis.letter, _first(statement, axis))) is not None
            for axis in (outer, inner)
        ):
            steps = f"over {outer.letter.name}, and over {inner.letter.name} at each of its values"
            return Proof("induction", (steps,))
    return None


def _axes(opener: Opener, statement: Statement) -> Iterator[_Axis]:
    """The axes along which the left side recurs by itself, with a letter of the statement each."""
    left, clock = statement.left, opener.clock
    if not isinstance(left, Element) or statement.condition is not None:
        return
    if left.tensor not in opener.model.definitions or not clock.recurs(left.tensor):
        return
    for direction in (UP, DOWN):
        for axis in clock.ways(clock.component(left.tensor), left.tensor, direction):
            letter = af.letter(left.args[axis])
            if letter is not None and letter in statement.ranges:
                yield _Axis(letter, direction)


def _is_rectangle(statement: Statement, *axes: _Axis) -> bool:
    """Whether the ranges of the indices hang on no index."""
    spans = (statement.ranges[axis.letter] for axis in axes)
    return not any(span.lo.free | span.hi.free for span in spans)


def _first(statement: Statement, axis: _Axis) -> Affine:
    span = statement.ranges[axis.letter]
    return span.lo if axis.direction == UP else span.hi


def _later(statement: Statement, axis: _Axis) -> Statement:
    """The statement but for the first value on an axis."""
    span = statement.ranges[axis.letter]
    first = af.shift(_first(statement, axis), axis.direction)
    rest = replace(span, lo=first) if axis.direction == UP else replace(span, hi=first)
    return replace(statement, ranges={**statement.ranges, axis.letter: rest})


def _corner(
    opener: Opener, statement: Statement, chosen: Chosen, outer: _Axis, inner: _Axis
) -> bool:
    """Whether the statement follows, away from the edges, from what is before it."""
    there = _later(_later(statement, outer), inner)
    hypotheses: list[Statement] = []
    for axis in (outer, inner):
        earlier = before(statement, axis.letter, axis.direction, _first(statement, axis))
        if not may_step(opener, there, axis.letter, earlier):
            return False
        hypotheses.append(earlier)
    # the outer index is where it is while the inner one goes back
    hypotheses[1] = replace(
        hypotheses[1],
        ranges={i: span for i, span in hypotheses[1].ranges.items() if i is not outer.letter},
    )
    work = opener.normaliser(there, tuple(map(as_rule, hypotheses)))
    corner = {outer.letter, inner.letter}

    def here(entry: Element) -> bool:
        return opener.clock.recurs(entry.tensor) and corner <= set(map(af.letter, entry.args))

    opened = unfold(sub(there.left, there.right), opener.model, here)
    return is_zero(work, work.poly(opener.without(work, opened, chosen)))
