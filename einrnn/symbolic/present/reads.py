"""Entries of tensors together with the ranges that hold where they are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from einrnn.core.nodes import Element, Expr, Node
from einrnn.core.trampoline import Steps, trampoline
from einrnn.core.traverse import parts, with_parts
from einrnn.symbolic.ranges import Ranges, inside
from einrnn.symbolic.tidy import scopes

Change = Callable[[Element, Ranges], Expr]


def replaced(expr: Expr, ranges: Ranges, change: Change) -> Expr:
    """The expression with every entry changed; ``change`` sees it with the ranges around it."""
    return cast(Expr, _replaced(expr, ranges, change))


@trampoline
def _replaced(node: Node, ranges: Ranges, change: Change) -> Steps[Node]:
    if isinstance(node, Element):
        return change(node, ranges)
    inner = inside(node, ranges)
    new: list[Node] = []
    for part, known in zip(parts(node), scopes(node, inner), strict=True):
        new.append((yield _replaced.steps(part, known, change)))
    return node if tuple(new) == parts(node) else with_parts(node, tuple(new))


def reads(expr: Expr, ranges: Ranges) -> list[tuple[Element, Ranges]]:
    """Every entry that is read, with the ranges around it."""
    found: list[tuple[Element, Ranges]] = []

    def note(element: Element, known: Ranges) -> Expr:
        found.append((element, known))
        return element

    replaced(expr, ranges, note)
    return found
