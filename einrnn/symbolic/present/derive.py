"""Derivatives carried out and presented: as adjoint recurrences, or as sums over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from einrnn.core import affine as af
from einrnn.core.build import compare
from einrnn.core.model import Assumption, Derived, Model, Range, Shown
from einrnn.core.nodes import Derivative, Element, Expr, Index
from einrnn.core.traverse import elements, walk
from einrnn.dataclass import dataclass
from einrnn.language.naming import Naming
from einrnn.symbolic.derived import Direction, complete, fewer_axes
from einrnn.symbolic.maxima import differentiated_by, one_each, with_one_each
from einrnn.symbolic.present.causal import narrowed, vanishing
from einrnn.symbolic.present.ends import with_ends
from einrnn.symbolic.present.letters import time_letters
from einrnn.symbolic.present.recurrences import shown
from einrnn.symbolic.present.simplest import Style, finished, present, style_of
from einrnn.symbolic.ranges import decide
from einrnn.symbolic.unfold import entry_body, recurrences, recurs, replaced_by_bodies, unfolded


@dataclass(frozen=True)
class Written:
    """A derivative written out over ``model``, which defines the derivatives it refers to.

    ``through`` are derivatives that are written as others, ``told`` is one whose recurrence
    the expression is itself.
    """

    model: Model
    expr: Expr
    ranges: Mapping[Index, Range]
    style: Style
    through: frozenset[str] = frozenset()
    told: str | None = None

    def recurrences(self) -> Sequence[Shown]:
        """All recurrences it refers to, directly or not, in print."""
        system = recurrences(self.model, self.expr, self.through)
        return shown(self.model, self.expr, self.ranges, system, self.style)


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
    by = differentiated_by(closed, (expr,))
    closed, ready = with_one_each(closed, by), one_each(ready, closed, by)
    style = style_of(closed, _leading_to(model, expr), granted)
    plain = unfolded(closed, ready, ranges)
    told = None
    if isinstance(plain, Element) and _asks_for(expr, closed.derived.get(plain.tensor)):
        letters = {letter for arg in plain.args if (letter := af.letter(arg))}
        told = plain.tensor if len(letters) == len(plain.args) else None
        plain = unfolded(closed, _one_step(closed, plain, ranges), ranges)
    result = present(plain, ranges, style)
    through = _by_late(closed) if form == "sum" else frozenset[str]()
    result = replaced_by_bodies(closed, through, result, ranges)
    system = {found.name: found for found in recurrences(closed, result)}
    if system:
        result = narrowed(result, ranges, vanishing(closed, system))
        result = time_letters(result, model, ranges)
    names = frozenset(index.name for index in ranges)
    result = Naming(closed, names).unique(finished(with_ends(result, ranges)))
    return Written(closed, result, ranges, style, through, told)


def _asks_for(expr: Expr, found: Derived | None) -> bool:
    """Whether an expression is a derivative as it was asked for, and not one of something else
    that comes to the same."""
    if found is None or not isinstance(expr, Derivative) or not isinstance(expr.body, Element):
        return False
    return (expr.body.tensor, expr.tensor) == (found.of, found.wrt)


def along_time(model: Model, of: str, wrt: str) -> Direction:
    """Reverse for what recurs itself, which gives its sum over time; forward down to that."""
    if recurs(model, of):
        return "reverse"
    below = _made_of(model, [of])
    return "forward" if any(recurs(model, name) for name in below) else fewer_axes(model, of, wrt)


def _leading_to(model: Model, expr: Expr) -> list[str]:
    """The names that an expression is made of, directly or not, and all late names."""
    roots = [element.tensor for element in elements(expr)]
    roots += [node.tensor for node in walk(expr) if isinstance(node, Derivative)]
    return _made_of(model, roots + [n for n, known in model.definitions.items() if known.late])


def _made_of(model: Model, roots: Sequence[str]) -> list[str]:
    """The definitions among these names and all that they need."""
    found: dict[str, None] = {}
    pending = list(roots)
    while pending:
        name = pending.pop()
        if name not in found and name in model.definitions:
            found[name] = None
            for clause in model.definitions[name].clauses:
                pending += [element.tensor for element in elements(clause.body)]
    return [name for name in model.definitions if name in found]


def _one_step(model: Model, element: Element, ranges: Mapping[Index, Range]) -> Expr:
    """The right side of a recurrence at an entry that its boundary clauses do not give."""
    definition = model.definitions[element.tensor]
    for clause in definition.clauses[:-1]:
        pairs = zip(element.args, clause.args, strict=True)
        apart = (decide(compare("==", a, b), ranges) is False for a, b in pairs)
        if not any(apart):
            return element
    return entry_body(replace(definition, clauses=definition.clauses[-1:]), element, ranges)


def _by_late(model: Model) -> frozenset[str]:
    """Derivatives by late names, which are written as derivatives by what contains those."""
    return frozenset(
        name
        for name, meaning in model.derived.items()
        if name in model.definitions
        and meaning.wrt in model.definitions
        and model.definitions[meaning.wrt].late
        and len(model.definitions[name].clauses) == 1
    )
