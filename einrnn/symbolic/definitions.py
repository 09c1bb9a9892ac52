"""The definitions of a document, simplified: with values where they had them, and nowhere else."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from einrnn.core import affine as af
from einrnn.core.model import Clause, Model
from einrnn.core.nodes import Expr, Index, Node
from einrnn.core.traverse import substitute
from einrnn.symbolic.normal.domain import known_from
from einrnn.symbolic.normal.places import places
from einrnn.symbolic.normal.stated import facts_of
from einrnn.symbolic.normal.total import Totality
from einrnn.symbolic.tidy import tidy

_ANY = Index("·any")


def tidy_definitions(model: Model) -> Model:
    """The model with the right side of every definition simplified.

    ``0 log(x)`` stays as it is written where ``x`` may be negative: an assumption that reads it
    grants nothing there.
    """

    def simplified(clause: Clause) -> Clause:
        body = tidy(clause.body, clause.ranges)
        if body is clause.body or _loses(facts_of(model).total, clause, body):
            return clause
        return replace(clause, body=body)

    return model.with_definitions(
        {
            name: replace(definition, clauses=tuple(map(simplified, definition.clauses)))
            for name, definition in model.definitions.items()
        }
    )


def _loses(total: Totality, clause: Clause, body: Expr) -> bool:
    """Whether something that may have no value is no longer computed, as far as can be told
    where indices have other names."""
    before, after = (_partial(total, clause, expr) for expr in (clause.body, body))
    return not before <= after


def _partial(total: Totality, clause: Clause, expr: Expr) -> Counter[Node]:
    """What may have no value, each once, without the names of its indices."""
    found = places(expr, known_from(clause.ranges))
    partial = {place.node for place in found if total.may_fail(place.node, place.known)}
    return Counter(_nameless(node) for node in partial)


def _nameless(node: Node) -> Node:
    return substitute(node, dict.fromkeys(node.free, af.of(_ANY)))
