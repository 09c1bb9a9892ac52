"""Derivatives written out: derived tensors replaced by their definitions where they do not
recur, and named where they do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import cast

from einrnn.core import affine as af
from einrnn.core.build import ONE, iverson
from einrnn.core.model import Definition, Model, Range
from einrnn.core.nodes import (
    Cases,
    Compare,
    Cond,
    Element,
    Expr,
    Index,
    Mul,
    Node,
    Number,
    Value,
)
from einrnn.core.trampoline import Steps, trampoline
from einrnn.core.traverse import elements, parts, rebuild, substitute, tensors, with_parts
from einrnn.symbolic.ranges import conjuncts, inside, within
from einrnn.symbolic.simplify import guard, mul
from einrnn.symbolic.tidy import Seen, scopes, tidy

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
    return [tensor for clause in clauses for tensor in sorted(tensors(clause.body))]


def unfolded(
    model: Model,
    expr: Expr,
    ranges: Mapping[Index, Range],
) -> Expr:
    """The expression with every derived tensor that does not recur written out, simplified."""
    return _without(model, plain(model), expr, ranges)


def replaced_by_bodies(
    model: Model, names: frozenset[str], expr: Expr, ranges: Mapping[Index, Range]
) -> Expr:
    """The expression with entries of these one-clause definitions replaced by their right
    sides, and nothing else changed but products in products."""

    def flat(node: Node) -> Node:
        return mul(node.factors) if isinstance(node, Mul) else node

    return rebuild(cast(Expr, _unfold(expr, model, names, dict(ranges), {})), flat)


def plain(model: Model) -> frozenset[str]:
    """The derived tensors of one clause that do not recur."""
    return frozenset(
        name
        for name in model.derived
        if name in model.definitions
        and len(model.definitions[name].clauses) == 1
        and not recurs(model, name)
    )


def _without(
    model: Model, names: frozenset[str], expr: Expr, ranges: Mapping[Index, Range]
) -> Expr:
    *_, last = unfoldings(model, names, expr, ranges)
    return last


def unfoldings(
    model: Model, names: frozenset[str], expr: Expr, ranges: Mapping[Index, Range]
) -> Iterator[Expr]:
    """The expression with one more layer of these derived tensors written out at each step."""
    for _ in range(_ROUNDS):
        if not any(element.tensor in names for element in elements(expr)):
            yield with_deltas(tidy(expr, ranges))
            return
        expr = tidy(cast(Expr, _unfold(expr, model, names, dict(ranges), {})), ranges)
        yield expr


def with_deltas(expr: Expr) -> Expr:
    """``{ f if i == j ; 0 otherwise }`` written as ``delta[i,j] f``."""

    def change(node: Node) -> Node:
        match node:
            case Cases(((cond, body),), Number(zero)) if zero == 0:
                equalities = conjuncts(cond)
                if body is ONE and len(equalities) == 1:
                    return node
                if all(_is_equality(part) for part in equalities):
                    return mul((*(iverson(part) for part in equalities), body))
                return node
            case _:
                return node

    return rebuild(expr, change)


def _is_equality(cond: Cond) -> bool:
    return isinstance(cond, Compare) and cond.op == "==" and isinstance(cond.left, Value)


@trampoline
def _unfold(
    node: Node, model: Model, names: frozenset[str], ranges: Mapping[Index, Range], seen: Seen
) -> Steps[Node]:
    found = seen.get((node, id(ranges)))
    if found is not None:
        return found[1]
    inner = inside(node, ranges)
    new: list[Node] = []
    for part, known in zip(parts(node), scopes(node, inner), strict=True):
        new.append((yield _unfold.steps(part, model, names, known, seen)))
    result = node if tuple(new) == parts(node) else with_parts(node, tuple(new))
    if isinstance(result, Element) and result.tensor in names:
        result = entry_body(model.definitions[result.tensor], result, ranges)
    seen[node, id(ranges)] = ranges, result
    return result


def entry_body(definition: Definition, element: Element, ranges: Mapping[Index, Range]) -> Expr:
    """The right side of a one-clause definition at an entry, 0 outside the clause's range."""
    (clause,) = definition.clauses
    letters = [cast(Index, af.letter(arg)) for arg in clause.args]
    mapping = dict(zip(letters, element.args, strict=True))
    body = substitute(clause.body, mapping)
    for letter, arg in mapping.items():
        body = guard(within(arg, clause.ranges[letter], ranges), body, ranges)
    return body


def recurrences(model: Model, expr: Expr, also: frozenset[str] = frozenset()) -> list[Definition]:
    """The recurrences of derived tensors that an expression refers to, directly or not,
    with what does not recur, and the names in ``also``, written out in them."""
    names = plain(model) | also
    found: dict[str, Definition] = {}
    pending = [element.tensor for element in elements(expr)]
    while pending:
        name = pending.pop(0)
        if name in found or name not in model.derived:
            continue
        definition = model.definitions[name]
        clauses = tuple(
            replace(c, body=_without(model, names, c.body, c.ranges)) for c in definition.clauses
        )
        found[name] = replace(definition, clauses=clauses)
        pending += [e.tensor for clause in clauses for e in elements(clause.body)]
    return list(found.values())
