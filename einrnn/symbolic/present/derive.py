"""Derivatives carried out and presented: as adjoint recurrences, or as sums over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from einrnn.core.model import Assumption, Model, Range
from einrnn.core.nodes import Derivative, Element, Expr, Index
from einrnn.core.traverse import elements, walk
from einrnn.symbolic.derived import Direction, complete, fewer_axes
from einrnn.symbolic.present.causal import narrowed, vanishing
from einrnn.symbolic.present.letters import time_letters
from einrnn.symbolic.present.recurrences import Shown, shown
from einrnn.symbolic.present.simplest import Style, present, style_of
from einrnn.symbolic.unfold import entry_body, recurrences, recurs, unfolded


@dataclass(frozen=True)
class Written:
    """A derivative written out over ``model``, which defines the derivatives it refers to."""

    model: Model
    expr: Expr
    ranges: Mapping[Index, Range]
    style: Style

    def recurrences(self) -> Sequence[Shown]:
        """The recurrences it refers to, in print."""
        return shown(self.model, self.expr, self.ranges, self.style)


def written(
    model: Model,
    expr: Expr,
    ranges: Mapping[Index, Range],
    form: Literal["adjoint", "sum"],
    granted: Sequence[Assumption] = (),
) -> Written:
    """The expression with its derivatives carried out, in the shortest form found."""
    policy = fewer_axes if form == "adjoint" else along_time
    closed, (ready,) = complete(model, [(expr, ranges)], policy)
    style = style_of(closed, _leading_to(model, expr), granted)
    plain = unfolded(closed, ready, ranges)
    if isinstance(plain, Element) and plain.tensor in closed.derived and plain is ready:
        plain = _one_step(closed, plain, ranges)
    if form == "sum":
        plain = _through_states(closed, plain, ranges)
    result = present(plain, ranges, style)
    names = [found.name for found in recurrences(closed, result)]
    if names:
        result = narrowed(result, ranges, vanishing(closed, names))
        result = time_letters(result, model, ranges)
    return Written(closed, result, ranges, style)


def along_time(model: Model, of: str, wrt: str) -> Direction:
    """Reverse for what recurs itself, which gives its sum over time; else forward."""
    return "reverse" if recurs(model, of) else "forward"


def _leading_to(model: Model, expr: Expr) -> list[str]:
    """The names that an expression is made of, directly or not, and all late names."""
    found: dict[str, None] = {}
    pending = [element.tensor for element in elements(expr)]
    pending += [node.tensor for node in walk(expr) if isinstance(node, Derivative)]
    pending += [name for name, known in model.definitions.items() if known.late]
    while pending:
        name = pending.pop()
        if name not in found and name in model.definitions:
            found[name] = None
            for clause in model.definitions[name].clauses:
                pending += [element.tensor for element in elements(clause.body)]
    return [name for name in model.definitions if name in found]


def _one_step(model: Model, element: Element, ranges: Mapping[Index, Range]) -> Expr:
    """The right side of a recurrence at an entry, where it has one clause."""
    definition = model.definitions[element.tensor]
    if len(definition.clauses) != 1:
        return element
    return entry_body(definition, element, ranges)


def _through_states(model: Model, expr: Expr, ranges: Mapping[Index, Range]) -> Expr:
    """Derivatives by late names written as derivatives by the states that contain them."""
    late = {
        name
        for name, meaning in model.derived.items()
        if name in model.definitions
        and meaning.wrt in model.definitions
        and model.definitions[meaning.wrt].late
        and len(model.definitions[name].clauses) == 1
    }
    return unfolded(model, expr, ranges, frozenset(late))
