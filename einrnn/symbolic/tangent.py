"""Derivatives along given directions: one tangent for each tensor, of the tensor's own axes.

The tangent of ``s`` along ``v``, a direction in the entries of ``W``, is
``ds[…]/dW[i,j] v[i,j]`` summed over ``i,j``. Its definition is the definition of ``s``
differentiated term by term, boundary values included, with ``v`` in place of the derivative of
``W`` and tangents in place of those of other tensors. No tensor has the axes of both ``s`` and
``W``, so that it costs a small multiple of computing ``s``, recurrences included. Of a gradient it
is the product of the Hessian with ``v`` (Pearlmutter 1994).
"""

from __future__ import annotations

from collections.abc import Mapping

from einrnn.core.build import ZERO
from einrnn.core.model import Clause, Definition, Derived, Model
from einrnn.core.nodes import Element, Expr
from einrnn.core.traverse import elements
from einrnn.symbolic import simplify as s
from einrnn.symbolic.derivative import differentiate
from einrnn.symbolic.match import fold
from einrnn.symbolic.ranges import Ranges
from einrnn.symbolic.tidy import tidy


def along(
    model: Model, expr: Expr, ranges: Ranges, directions: Mapping[str, str]
) -> tuple[Model, Expr]:
    """The derivative of an expression along directions, and the model with the tangents it needs.

    ``directions`` maps names of tensors to names of tensors with the same axes. Neither
    the expression nor the definitions it needs contain Derivative nodes.
    """
    work = _Tangents(model, directions)
    found = work.differentiated(expr, ranges)
    work.finish(found)
    return work.model, found


class _Tangents:
    def __init__(self, model: Model, directions: Mapping[str, str]) -> None:
        self.model = model
        self._directions = directions
        self._moved = _dependent(model, frozenset(directions))
        self._label = ", ".join(f"{name}={by}" for name, by in directions.items())

    def name(self, tensor: str) -> str:
        """What the tangent of a tensor is called."""
        return f"({tensor} along {self._label})"

    def finish(self, expr: Expr) -> None:
        """Define every tangent that an expression needs, directly or not."""
        own = {self.name(tensor): tensor for tensor in sorted(self._moved)}
        pending = [element.tensor for element in elements(expr)]
        seen: set[str] = set()
        while pending:
            name = pending.pop()
            if name not in own or name in seen:
                continue
            seen.add(name)
            found = self._tangent(name, own[name])
            meaning = Derived("total", own[name], next(iter(self._directions)))
            self.model = self.model.with_definitions({name: found}, {name: meaning})
            pending += [e.tensor for clause in found.clauses for e in elements(clause.body)]

    def _tangent(self, name: str, tensor: str) -> Definition:
        old = self.model.definitions[tensor]
        clauses: list[Clause] = []
        for clause in old.clauses:
            body = self.differentiated(clause.body, clause.ranges)
            if tensor in self._directions:
                body = s.add((Element(self._directions[tensor], clause.args), body))
            body = tidy(fold(body, old, clause.ranges), clause.ranges)
            clauses.append(Clause(clause.args, clause.ranges, body))
        return Definition(name, old.axes, tuple(clauses))

    def differentiated(self, expr: Expr, ranges: Ranges) -> Expr:
        """The expression along the directions, in terms of tangents."""

        def leaf(element: Element, inner: Ranges) -> Expr:
            del inner
            if element.tensor in self._moved:
                return Element(self.name(element.tensor), element.args)
            by = self._directions.get(element.tensor)
            return ZERO if by is None else Element(by, element.args)

        return tidy(differentiate(expr, leaf, frozenset(), ranges), ranges)


def _dependent(model: Model, names: frozenset[str]) -> frozenset[str]:
    """The definitions that are, or need, one of the names."""
    readers: dict[str, list[str]] = {}
    for name, definition in model.definitions.items():
        for clause in definition.clauses:
            for element in elements(clause.body):
                readers.setdefault(element.tensor, []).append(name)
    found = set(names & model.definitions.keys())
    pending = list(names)
    while pending:
        for reader in readers.get(pending.pop(), ()):
            if reader not in found:
                found.add(reader)
                pending.append(reader)
    return frozenset(found)
