"""Bounds among the conditions of a sum as the ends of its range."""

from __future__ import annotations

from typing import cast

from einrnn.core.model import Range
from einrnn.core.nodes import Expr, Node, Reduce
from einrnn.core.trampoline import Steps, trampoline
from einrnn.core.traverse import parts, with_parts
from einrnn.symbolic import simplify as s
from einrnn.symbolic.ranges import Ranges, bind, conjunction, inside, refined


def with_ends(expr: Expr, ranges: Ranges) -> Expr:
    """``sum[k: 0 < k] a[k]`` as ``sum[k=1..N-1] a[k]``, at all depths."""
    return cast(Expr, _with_ends(expr, ranges))


@trampoline
def _with_ends(node: Node, ranges: Ranges) -> Steps[Node]:
    here = _narrowed(node, ranges) if isinstance(node, Reduce) and node.op == "sum" else node
    inner = inside(here, ranges)
    new: list[Node] = []
    for part in parts(here):
        new.append((yield _with_ends.steps(part, inner)))
    return here if tuple(new) == parts(here) else with_parts(here, tuple(new))


def _narrowed(node: Reduce, ranges: Ranges) -> Reduce:
    cond, rest = s.split_guard(node.body)
    inner = bind(ranges, {node.index: Range(node.lo, node.hi)})
    ends = refined(inner, cond)[node.index]
    if node.index in ends.lo.free | ends.hi.free:
        return node
    known = {**inner, node.index: ends}
    body = s.guard(conjunction((cond,), known), rest, known)
    return Reduce(node.op, node.index, ends.lo, ends.hi, body)
