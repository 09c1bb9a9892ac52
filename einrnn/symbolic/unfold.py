"""Derivatives written out: derived tensors replaced by their definitions where they do not
recur, and named where they do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from einrnn.core import affine as af
from einrnn.core.model import Definition, Model, Range
from einrnn.core.nodes import Element, Expr, Index, Node, Reduce
from einrnn.core.trampoline import Steps, trampoline
from einrnn.core.traverse import elements, parts, substitute, with_parts
from einrnn.symbolic.ranges import within
from einrnn.symbolic.simplify import guard
from einrnn.symbolic.tidy import tidy

_ROUNDS = 50


def recurs(model: Model, name: str) -> bool:
    """Whether a definition needs itself, directly or through others."""
    seen: set[str] = set()
    pending = _needs(model, name)
    while pending:
        other = pending.pop()
        if other == name:
            return True
        if other not in seen:
            seen.add(other)
            pending += _needs(model, other)
    return False


def _needs(model: Model, name: str) -> list[str]:
    if name not in model.definitions:
        return []
    clauses = model.definitions[name].clauses
    return [element.tensor for clause in clauses for element in elements(clause.body)]


def unfolded(model: Model, expr: Expr, ranges: Mapping[Index, Range]) -> Expr:
    """The expression with every derived tensor that does not recur written out, simplified."""
    names = {
        name
        for name in model.derived
        if name in model.definitions
        and len(model.definitions[name].clauses) == 1
        and not recurs(model, name)
    }
    for _ in range(_ROUNDS):
        if not any(element.tensor in names for element in elements(expr)):
            return tidy(expr, ranges)
        expr = tidy(cast(Expr, _unfold(expr, model, names, dict(ranges))), ranges)
    return expr


@trampoline
def _unfold(
    node: Node, model: Model, names: set[str], ranges: Mapping[Index, Range]
) -> Steps[Node]:
    inner = dict(ranges)
    if isinstance(node, Reduce):
        inner[node.index] = Range(node.lo, node.hi)
    new: list[Node] = []
    for part in parts(node):
        new.append((yield _unfold.steps(part, model, names, inner)))
    rebuilt = node if tuple(new) == parts(node) else with_parts(node, tuple(new))
    if isinstance(rebuilt, Element) and rebuilt.tensor in names:
        return entry_body(model.definitions[rebuilt.tensor], rebuilt, ranges)
    return rebuilt


def entry_body(definition: Definition, element: Element, ranges: Mapping[Index, Range]) -> Expr:
    """The right side of a one-clause definition at an entry, 0 outside the clause's range."""
    (clause,) = definition.clauses
    letters = [cast(Index, af.letter(arg)) for arg in clause.args]
    mapping = dict(zip(letters, element.args, strict=True))
    body = substitute(clause.body, mapping)
    for letter, arg in mapping.items():
        body = guard(within(arg, clause.ranges[letter], ranges), body, ranges)
    return body


def recurrences(model: Model, expr: Expr) -> list[Definition]:
    """The definitions of derived tensors that an expression refers to, directly or not."""
    found: dict[str, Definition] = {}
    pending = [element.tensor for element in elements(expr)]
    while pending:
        name = pending.pop(0)
        if name not in found and name in model.derived:
            found[name] = model.definitions[name]
            pending += _needs(model, name)
    return list(found.values())
