"""The nodes of an expression, each with what is known of indices where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from einrnn.core import affine as af
from einrnn.core.build import is_bracket
from einrnn.core.nodes import (
    Add,
    Affine,
    And,
    Cases,
    Compare,
    Cond,
    Expr,
    Index,
    Mul,
    Node,
    Number,
    Reduce,
    Value,
)
from einrnn.core.traverse import binds, canonical, parts

Known = tuple[Affine, ...]


def as_index(expr: Expr) -> Affine | None:
    """The whole number that a sum of indices, sizes and whole numbers is; None for others."""
    match expr:
        case Value(index):
            return index
        case Number(value) if value.denominator == 1:
            return af.of(int(value))
        case Mul((Number(times), Value(index))) if times.denominator == 1:
            return af.scale(index, int(times))
        case Add(terms):
            found = af.ZERO
            for term in terms:
                index = as_index(term)
                if index is None:
                    return None
                found = af.plus(found, index)
            return found
        case _:
            return None


def _said(cond: Cond) -> Known:
    """What relations between indices say is at least zero where all of them hold."""
    match cond:
        case And(parts_):
            return tuple(value for part in parts_ for value in _said(part))
        case Compare(op, first, second):
            left, right = as_index(first), as_index(second)
            if left is None or right is None:
                return ()
            ahead, behind = af.minus(right, left), af.minus(left, right)
            by_relation = {
                "<=": (ahead,),
                "<": (af.shift(ahead, -1),),
                ">=": (behind,),
                ">": (af.shift(behind, -1),),
                "==": (ahead, behind),
            }
            return by_relation.get(op, ())
        case _:
            return ()


class Place(NamedTuple):
    """A node, what is known of indices there, the indices on which it depends whether the node
    is computed, and those that are bound around it."""

    node: Node
    known: Known
    guards: frozenset[Index]
    bound: frozenset[Index]


def places(expr: Node, known: Known) -> Iterator[Place]:
    """Every node, where it is; bound indices have names of their own."""
    stack = [Place(canonical(expr), known, frozenset(), frozenset())]
    while stack:
        place = stack.pop()
        yield place
        node, guards, bound = place.node, place.guards, place.bound
        if isinstance(node, Reduce):
            letter = af.of(node.index)
            inner = (*place.known, af.minus(letter, node.lo), af.minus(node.hi, letter))
            guards |= node.lo.free | node.hi.free
            stack.append(Place(node.body, inner, guards, bound | {node.index}))
            continue
        if isinstance(node, Cases):
            guards = guards.union(*(cond.free for cond, _ in node.branches))
            for cond, branch in node.branches:
                stack.append(place._replace(node=cond, guards=guards))
                there = (*place.known, *_said(cond))
                stack.append(place._replace(node=branch, known=there, guards=guards))
            stack.append(place._replace(node=node.otherwise, guards=guards))
            continue
        if isinstance(node, Mul):
            # what a bracket that is 0 multiplies is not computed
            conds = [f.branches[0][0] for f in node.factors if is_bracket(f)]
            guards = guards.union(*(cond.free for cond in conds))
            said = (value for cond in conds for value in _said(cond))
            place = place._replace(known=(*place.known, *said))
        bound = bound.union(binds(node))
        stack += [place._replace(node=part, guards=guards, bound=bound) for part in parts(node)]
