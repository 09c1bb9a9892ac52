"""One pass of simplification over a whole expression, from the leaves up."""

from __future__ import annotations

from typing import cast

from einrnn.core.model import Range
from einrnn.core.nodes import (
    Add,
    Affine,
    Apply,
    Cases,
    Compare,
    Cond,
    Expr,
    Mul,
    Node,
    Pow,
    Reduce,
    Value,
)
from einrnn.core.trampoline import Steps, trampoline
from einrnn.core.traverse import parts, with_parts
from einrnn.symbolic import simplify as s
from einrnn.symbolic.ranges import Ranges, inside, refined

_ROUNDS = 8

# what became of a node in a scope, which is kept with it: expressions share their parts
Seen = dict[tuple[Node, int], tuple[Ranges, Node]]


def tidy(expr: Expr, ranges: Ranges) -> Expr:
    """An equal, simpler expression; ``ranges`` gives the ranges of its free indices.

    A delta that is carried out may settle a condition further in, so the pass is repeated
    until nothing changes.
    """
    for _ in range(_ROUNDS):
        simpler = cast(Expr, _tidy(expr, ranges, {}))
        if simpler is expr:
            break
        expr = simpler
    return expr


@trampoline
def _tidy(node: Node, ranges: Ranges, seen: Seen) -> Steps[Node]:
    if isinstance(node, Affine):
        return node
    if isinstance(node, Compare) and isinstance(node.left, Value):
        return node  # a relation between positions stays one, numbers included
    found = seen.get((node, id(ranges)))
    if found is not None:
        return found[1]
    inner = inside(node, ranges)
    new: list[Node] = []
    for part, known in zip(parts(node), scopes(node, inner), strict=True):
        new.append((yield _tidy.steps(part, known, seen)))
    result = again(node, tuple(new), ranges)
    seen[node, id(ranges)] = ranges, result
    return result


def scopes(node: Node, ranges: Ranges) -> list[Ranges]:
    """The ranges in each part of a node: a branch of cases is looked at where its condition
    holds."""
    if not isinstance(node, Cases):
        return [ranges for _ in parts(node)]
    rows: list[Ranges] = []
    for cond, _ in node.branches:
        rows += (ranges, refined(ranges, cond))
    return [*rows, ranges]


def again(node: Node, new: tuple[Node, ...], ranges: Ranges) -> Node:
    """The node over simplified parts, through the builder of its kind."""
    exprs = cast("tuple[Expr, ...]", new)
    match node:
        case Add():
            return s.add(exprs)
        case Mul():
            return s.mul(exprs)
        case Pow():
            return s.pow_(exprs[0], exprs[1])
        case Apply(function):
            return s.apply(function, exprs)
        case Value(index):
            return s.value(index)
        case Reduce(op, index, lo, hi, _):
            return s.reduce(op, index, Range(lo, hi), exprs[-1], ranges)
        case Cases():
            branches = zip(cast("tuple[Cond, ...]", new[:-1:2]), exprs[1::2], strict=True)
            return s.cases(branches, exprs[-1], ranges)
        case _:
            return with_parts(node, new)
