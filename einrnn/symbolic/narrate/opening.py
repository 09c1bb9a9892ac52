"""Entries of definitions written out, one layer at a time, and what is known to vanish."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from einrnn.core.build import ZERO
from einrnn.core.model import Model, Range
from einrnn.core.nodes import Add, Apply, Cases, Element, Expr, Mul, Node, Reduce
from einrnn.core.trampoline import Steps, trampoline
from einrnn.core.traverse import parts, rebuild, with_parts
from einrnn.symbolic import simplify as s
from einrnn.symbolic.narrate.scene import Scene
from einrnn.symbolic.present.reads import reads, replaced
from einrnn.symbolic.proof.entries import instance
from einrnn.symbolic.ranges import Ranges, at_least_zero, bind, inside, refined
from einrnn.symbolic.tidy import scopes, tidy
from einrnn.symbolic.unfold import with_deltas


def readings(scene: Scene, expr: Expr) -> list[Element]:
    """The entries of definitions in an expression, each once."""
    found = (element for element, _ in reads(expr, scene.ranges))
    return list(dict.fromkeys(e for e in found if e.tensor in scene.model.definitions))


def opened(scene: Scene, expr: Expr, wanted: Iterable[Element]) -> Expr:
    """The expression with some entries written out and nothing else done but products in
    products spliced."""
    chosen = frozenset(wanted)

    def change(element: Element, ranges: Ranges) -> Expr:
        return _body(scene.model, element, ranges) if element in chosen else element

    return spliced(settled(replaced(expr, scene.ranges, change), scene.ranges))


def _body(model: Model, element: Element, ranges: Ranges) -> Expr:
    """What the definition says of an entry; derivatives off the ends are 0."""
    branches = [instance(c, element.args) for c in model.definitions[element.tensor].clauses]
    outside = ZERO if element.tensor in model.derived else Apply("undefined", ())
    return s.cases(branches, outside, ranges)


def spliced(expr: Expr) -> Expr:
    """Products in products and sums in sums as one, and deltas as factors."""

    def change(node: Node) -> Node:
        match node:
            case Mul(factors):
                return s.mul(factors)
            case Add(terms):
                return s.add(terms)
            case Reduce("sum", body=body) if body is ZERO:
                return ZERO
            case _:
                return node

    return rebuild(with_deltas(expr), change)


def settled(expr: Expr, ranges: Ranges) -> Expr:
    """The expression with the conditions that its ranges decide carried out, and no other."""
    return cast(Expr, _settled(expr, ranges))


@trampoline
def _settled(node: Node, ranges: Ranges) -> Steps[Node]:
    inner = inside(node, ranges)
    new: list[Node] = []
    for part, known in zip(parts(node), scopes(node, inner), strict=True):
        new.append((yield _settled.steps(part, known)))
    rebuilt = node if tuple(new) == parts(node) else with_parts(node, tuple(new))
    if not isinstance(rebuilt, Cases):
        return rebuilt
    return s.cases(rebuilt.branches, rebuilt.otherwise, ranges)


def with_ranges(expr: Expr, ranges: Ranges) -> Expr:
    """Sums under conditions that bound their indices, over the ranges which that leaves."""
    return cast(Expr, _with_ranges(expr, ranges))


@trampoline
def _with_ranges(node: Node, ranges: Ranges) -> Steps[Node]:
    inner = inside(node, ranges)
    new: list[Node] = []
    for part, known in zip(parts(node), scopes(node, inner), strict=True):
        new.append((yield _with_ranges.steps(part, known)))
    rebuilt = node if tuple(new) == parts(node) else with_parts(node, tuple(new))
    match rebuilt:
        case Reduce("sum", index, lo, hi, Cases(((cond, body),), otherwise)) if otherwise is ZERO:
            known = refined(bind(ranges, {index: Range(lo, hi)}), cond)
            span = known[index]
            if span == Range(lo, hi):
                return rebuilt
            rest = s.guard(cond, body, known)
            return Reduce("sum", index, span.lo, span.hi, rest)
        case _:
            return rebuilt


def collapsed(scene: Scene, expr: Expr) -> Expr:
    """The expression after its deltas, without what comes too late to matter."""

    def change(element: Element, ranges: Ranges) -> Expr:
        return ZERO if _is_late(scene, element, ranges) else element

    return tidy(replaced(tidy(expr, scene.ranges), scene.ranges, change), scene.ranges)


def _is_late(scene: Scene, element: Element, ranges: Ranges) -> bool:
    """Whether an entry is a total derivative by what comes later."""
    places = scene.opener.clock.precedes(element.tensor)
    return any(at_least_zero(place.by_later(element.args), ranges) for place in places)
