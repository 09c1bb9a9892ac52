"""Definitions made inputs, so that what one program computes another one takes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from einrnn.core import affine as af
from einrnn.core.model import Input, Model
from einrnn.core.nodes import Element, Expr, Node
from einrnn.core.traverse import elements, rebuild
from einrnn.numeric.formula import Formula
from einrnn.numeric.references import needed


def with_given(formula: Formula, names: Collection[str]) -> Formula:
    """The formula reading the definitions ``names`` as inputs of the same names.

    The positions of an input count from 0; those of a definition may begin below.
    """
    model = formula.model
    starts = {name: tuple(axis.lo for axis in model.axes(name)) for name in names}

    def change(node: Node) -> Node:
        if not isinstance(node, Element) or node.tensor not in starts:
            return node
        pairs = zip(node.args, starts[node.tensor], strict=True)
        return Element(node.tensor, tuple(af.minus(arg, lo) for arg, lo in pairs))

    given = {name: Input(name, _sizes(model, name)) for name in names}
    definitions = {
        name: replace(
            old,
            clauses=tuple(replace(c, body=rebuild(c.body, change)) for c in old.clauses),
        )
        for name, old in model.definitions.items()
        if name not in given
    }
    model = replace(model, inputs={**model.inputs, **given}, definitions=definitions)
    exprs: list[Expr] = [rebuild(expr, change) for expr, _ in formula.roots.values()]
    return formula.over(model, exprs)


def _sizes(model: Model, name: str) -> tuple[af.Affine, ...]:
    return tuple(af.shift(af.minus(axis.hi, axis.lo), 1) for axis in model.axes(name))


def unused(name: str, model: Model) -> str:
    """The name, or one like it that no tensor has."""
    while name in model.inputs or name in model.definitions:
        name += "'"
    return name


def within(formula: Formula, names: Collection[str]) -> set[str]:
    """Those of the definitions that the outputs need."""
    return set(names) & set(needed(formula.model, [e for e, _ in formula.roots.values()]))


def read_inputs(formula: Formula) -> set[str]:
    """The inputs that the outputs read, directly or not."""
    exprs = [expr for expr, _ in formula.roots.values()]
    bodies = [
        clause.body
        for name in needed(formula.model, list(exprs))
        for clause in formula.model.definitions[name].clauses
    ]
    return {e.tensor for e in elements(*exprs, *bodies)} & formula.model.inputs.keys()
