"""Sums over a long range that a condition cuts down to a short one.

What a convolution's input does, ``sum[i] d[i] w[n-i] [0 <= n-i < R]``, is a sum over all ``i``, of
which ``R`` count: it is one over the place in the window, ``sum[p=0..R-1] d[n-p] w[p]``, where
``n-p`` is a place of ``d``. Which of the two is shorter is known with the sizes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import permutations

from einrnn.core import affine as af
from einrnn.core.build import ZERO
from einrnn.core.model import Clause, Definition, Model
from einrnn.core.nodes import (
    Affine,
    And,
    Cases,
    Compare,
    Cond,
    Expr,
    Index,
    Node,
    Reduce,
    Value,
)
from einrnn.core.reach import reached
from einrnn.core.traverse import rebuild, substitute
from einrnn.numeric.bounds import at_most_zero, fixed

Sizes = Mapping[str, int]

# a sum of half as many summands is worth that they are looked up
_WORTH = 2


def windowed(model: Model, sizes: Sizes) -> Model:
    """The model with the sums of its definitions over windows, where these are shorter.

    A recurrence stays as it is: its order hangs on what it reads.
    """
    changed: dict[str, Definition] = {}
    for name, definition in model.definitions.items():
        clauses = tuple(_clause(clause, sizes) for clause in definition.clauses)
        same = all(new.body is c.body for new, c in zip(clauses, definition.clauses, strict=True))
        if not same and name not in reached(model, tuple(c.body for c in definition.clauses)):
            changed[name] = replace(definition, clauses=clauses)
    return model.with_definitions(changed) if changed else model


def over_windows(expr: Expr, sizes: Sizes) -> Expr:
    """The expression with its sums over windows, where these are shorter."""

    def change(node: Node) -> Node:
        return _narrowed(node, sizes) if isinstance(node, Reduce) else node

    return rebuild(expr, change)


def _clause(clause: Clause, sizes: Sizes) -> Clause:
    return replace(clause, body=over_windows(clause.body, sizes))


def _narrowed(node: Reduce, sizes: Sizes) -> Reduce:
    sums, inner = _sums(node)
    match inner:
        case Cases(((cond, body),), otherwise) if otherwise is ZERO and sums:
            pass
        case _:
            return node
    length = number_of_sizes(af.minus(node.hi, node.lo), sizes)
    bound = frozenset(other.index for other in sums[1:])
    conds = cond.parts if isinstance(cond, And) else (cond,)
    for first, second in permutations(conds, 2):
        window = _window(first, second, node.index, bound)
        last = None if window is None else number_of_sizes(window[1], sizes)
        if window is None or length is None or last is None:
            continue
        if not 0 <= _WORTH * (last + 1) <= length + 1:
            continue
        place, end = window
        mapping = {node.index: place}
        others = (substitute(c, mapping) for c in conds if c is not first and c is not second)
        lo, hi = Value(node.lo), Value(node.hi)
        # in front: the other conditions may look up what is at the place
        there = (Compare("<=", lo, Value(place)), Compare("<=", Value(place), hi))
        found: Expr = Cases(((And((*there, *others)), substitute(body, mapping)),), ZERO)
        for other in reversed(sums[1:]):
            low, high = substitute(other.lo, mapping), substitute(other.hi, mapping)
            found = Reduce("sum", other.index, low, high, found)
        return Reduce("sum", node.index, af.ZERO, end, found)
    return node


def _sums(node: Reduce) -> tuple[list[Reduce], Expr]:
    """The sums that are directly inside one another, and what they are of."""
    sums: list[Reduce] = []
    inner: Expr = node
    while isinstance(inner, Reduce) and inner.op == "sum":
        sums.append(inner)
        inner = inner.body
    return sums, inner


def _window(
    first: Cond, second: Cond, index: Index, bound: frozenset[Index]
) -> tuple[Affine, Affine] | None:
    """An index by its place in the window that two conditions leave, and the last such place."""
    begin, end = room(first), room(second)
    if begin is None or end is None:
        return None
    times = af.coefficient(begin, index)
    rest = af.plus(begin, af.of(index), -times)
    last = af.plus(begin, end)
    if abs(times) != 1 or rest.free & (bound | {index}) or last.free:
        return None
    return af.scale(af.minus(af.of(index), rest), times), last


def room(cond: Cond) -> Affine | None:
    """What a condition says to be at least zero, if that is one index expression."""
    found = at_most_zero(cond) if isinstance(cond, Compare) else []
    return af.scale(found[0], -1) if len(found) == 1 else None


def number_of_sizes(value: Affine, sizes: Sizes) -> int | None:
    """An index expression of sizes alone."""
    return af.number(fixed(value, sizes))
