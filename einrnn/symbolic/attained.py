"""Names for that of which the largest or the smallest value is taken.

A derivative asks which of the values attains it. Computed once more, in another order, they may
differ from what the largest was taken of in their last digit, and none would: with a name they
are computed once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import count
from typing import cast

from einrnn.core import affine as af
from einrnn.core.build import ZERO, compare
from einrnn.core.model import Clause, Definition, Model, Range
from einrnn.core.nodes import (
    Affine,
    And,
    Cases,
    Cond,
    Dim,
    Element,
    Expr,
    Index,
    Node,
    Not,
    Number,
    Reduce,
)
from einrnn.core.trampoline import Steps, trampoline
from einrnn.core.traverse import parts, walk, with_parts
from einrnn.symbolic.ranges import Ranges, inside

_EXTREMES = ("max", "min")


def with_named_values(
    model: Model, roots: Mapping[str, tuple[Expr, Ranges]]
) -> tuple[Model, dict[str, tuple[Expr, Ranges]]]:
    """The model and expressions over it in which the values are entries of definitions."""
    work = _Named(model)
    for name, definition in model.definitions.items():
        clauses = tuple(
            replace(c, body=work.named(c.body, c.ranges, name)) for c in definition.clauses
        )
        if any(new.body is not c.body for new, c in zip(clauses, definition.clauses, strict=True)):
            work.found[name] = replace(definition, clauses=clauses)
    exprs = {
        name: (work.named(expr, ranges, name), ranges) for name, (expr, ranges) in roots.items()
    }
    return (model.with_definitions(work.found) if work.found else model), exprs


class _Named:
    """The definitions that are found on the way."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.found: dict[str, Definition] = {}

    def named(self, expr: Expr, ranges: Ranges, stem: str) -> Expr:
        """An expression without values of an extreme that are no entries, inner ones first."""
        return cast(Expr, _steps(self, expr, ranges, (), stem))

    def entry(self, values: Expr, ranges: Ranges, given: tuple[Cond, ...], stem: str) -> Expr:
        """The values as an entry of a definition of their own, computed where the conditions that
        are ``given`` hold; as they are where their indices have no ranges that are known."""
        wanted = _with_ends(values.free.union(*(cond.free for cond in given)), ranges)
        letters = [index for index in ranges if index in wanted]
        known = wanted <= ranges.keys()
        spans = {i: span for i in letters if (span := _widest(ranges[i], ranges)) is not None}
        if not known or len(spans) < len(letters):
            return values
        inside_ = (c for i in letters if spans[i] != ranges[i] for c in _between(i, ranges[i]))
        conds = (*given, *inside_)
        body = Cases(((_all(conds), values),), ZERO) if conds else values
        args: tuple[Affine, ...] = tuple(af.of(letter) for letter in letters)
        taken = {**self._model.definitions, **self._model.inputs, **self.found}
        number = next(n for n in count(1) if f"values {n} of {stem}" not in taken)
        name = f"values {number} of {stem}"
        clause = Clause(args, spans, body)
        self.found[name] = Definition(name, tuple(spans.values()), (clause,), False)
        return Element(name, args)


@trampoline
def _steps(
    work: _Named, node: Node, ranges: Ranges, given: tuple[Cond, ...], stem: str
) -> Steps[Node]:
    if not any(isinstance(part, Reduce) for part in walk(node)):
        return node
    within = inside(node, ranges)
    new: list[Node] = []
    for part, conds in zip(parts(node), _conditions(node), strict=True):
        new.append((yield _steps.steps(work, part, within, (*given, *conds), stem)))
    changed = node if tuple(new) == parts(node) else with_parts(node, tuple(new))
    if not isinstance(changed, Reduce) or changed.op not in _EXTREMES:
        return changed
    if isinstance(changed.body, Element | Number):
        return changed
    body = work.entry(changed.body, within, given, stem)
    return Reduce(changed.op, changed.index, changed.lo, changed.hi, body)


def _conditions(node: Node) -> list[tuple[Cond, ...]]:
    """What holds where each part of a node is looked at, beside what holds around it."""
    if not isinstance(node, Cases):
        return [() for _ in parts(node)]
    rows: list[tuple[Cond, ...]] = []
    before: tuple[Cond, ...] = ()
    for cond, _ in node.branches:
        rows += [before, (*before, cond)]
        before = (*before, Not(cond))
    return [*rows, before]


def _with_ends(letters: frozenset[Index], ranges: Ranges) -> frozenset[Index]:
    """Some indices, and those that the ends of their ranges depend on."""
    while True:
        spans = [ranges[letter] for letter in letters if letter in ranges]
        more = letters.union(*(span.lo.free | span.hi.free for span in spans))
        if more == letters:
            return letters
        letters = more


def _widest(span: Range, ranges: Ranges) -> Range | None:
    """A range that has all values of one whose ends other indices move."""
    lo, hi = _end(span.lo, ranges, -1), _end(span.hi, ranges, 1)
    return None if lo is None or hi is None else Range(lo, hi)


def _end(value: Affine, ranges: Ranges, direction: int) -> Affine | None:
    """The smallest (or the largest) that an index expression can be."""
    for _ in range(len(ranges) + 1):
        index = next((atom for atom, _ in value.terms if not isinstance(atom, Dim)), None)
        if index is None:
            return value
        if not isinstance(index, Index) or index not in ranges:
            return None
        times = af.coefficient(value, index)
        end = ranges[index].hi if times * direction > 0 else ranges[index].lo
        value = af.plus(af.plus(value, af.of(index), -times), end, times)
    return None


def _between(index: Index, span: Range) -> Iterator[Cond]:
    yield compare("<=", span.lo, af.of(index))
    yield compare("<=", af.of(index), span.hi)


def _all(conds: tuple[Cond, ...]) -> Cond:
    return conds[0] if len(conds) == 1 else And(conds)
