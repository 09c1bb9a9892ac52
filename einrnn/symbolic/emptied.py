"""Products with a sum over what may be no range, guarded where their other factors need it.

``Σ_{i>j} w[j+1] g[i]`` is ``w[j+1] Σ_{i>j} g[i]``, but for the last ``j``: there the sum is over
nothing, and ``w[j+1]`` is not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import cast

from einrnn.core import affine as af
from einrnn.core.build import ZERO, compare
from einrnn.core.model import Definition, Model, Range
from einrnn.core.nodes import And, Cases, Cond, Expr, Mul, Node, Reduce
from einrnn.core.trampoline import Steps, trampoline
from einrnn.core.traverse import parts, walk, with_parts
from einrnn.symbolic.arguments import is_in_range
from einrnn.symbolic.ranges import Ranges, at_least_zero, bind, inside, refined
from einrnn.symbolic.tidy import scopes


def with_guards(model: Model) -> Model:
    """The model with such products under the condition that their sums are over something."""
    found: dict[str, Definition] = {}
    for name, definition in model.definitions.items():
        clauses = tuple(
            replace(c, body=guarded(model, c.body, c.ranges)) for c in definition.clauses
        )
        if any(new.body is not c.body for new, c in zip(clauses, definition.clauses, strict=True)):
            found[name] = replace(definition, clauses=clauses)
    return model.with_definitions(found) if found else model


def guarded(model: Model, expr: Expr, ranges: Ranges) -> Expr:
    """The same of an expression with the ranges of its free indices."""
    if not any(map(_may_be_empty, walk(expr))):
        return expr
    return cast(Expr, _guarded(model, expr, ranges))


@trampoline
def _guarded(model: Model, node: Node, ranges: Ranges) -> Steps[Node]:
    new: list[Node] = []
    for part, known in zip(parts(node), scopes(node, inside(node, ranges)), strict=True):
        new.append((yield _guarded.steps(model, part, known)))
    changed = node if tuple(new) == parts(node) else with_parts(node, tuple(new))
    if not isinstance(changed, Mul):
        return changed
    conds = tuple(_needed(model, changed.factors, ranges))
    if not conds:
        return changed
    return Cases(((conds[0] if len(conds) == 1 else And(conds), changed),), ZERO)


def _needed(model: Model, factors: Iterable[Expr], ranges: Ranges) -> Iterator[Cond]:
    """That the sums among some factors are over something, where that may not be so and another
    factor may read what is not there."""
    factors = tuple(factors)
    for factor in factors:
        if not isinstance(factor, Reduce) or factor.op != "sum":
            continue
        span = _extent(factor, ranges)
        if at_least_zero(af.minus(span.hi, span.lo), ranges):
            continue
        others = (other for other in factors if other is not factor)
        if not all(is_in_range(model, other, ranges) for other in others):
            yield compare("<=", span.lo, span.hi)


def _may_be_empty(node: Node) -> bool:
    """Whether a node is a sum whose range other indices move, by its ends or by a condition."""
    if not isinstance(node, Reduce):
        return False
    return bool(node.lo.free | node.hi.free) or isinstance(node.body, Cases)


def _extent(node: Reduce, ranges: Ranges) -> Range:
    """Where the summands of a sum may differ from 0, as far as a condition on its index says."""
    span = Range(node.lo, node.hi)
    match node.body:
        case Cases(((cond, _),), otherwise) if otherwise is ZERO:
            return refined(bind(ranges, {node.index: span}), cond)[node.index]
        case _:
            return span
