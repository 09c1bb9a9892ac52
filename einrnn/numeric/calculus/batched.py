"""A formula over a batch: some inputs get an index in front, and all that depends on them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from einrnn.core import affine as af
from einrnn.core.model import Clause, Definition, Model, Range
from einrnn.core.nodes import Dim, Element, Expr, Index, Node
from einrnn.core.traverse import elements, fresh, rebuild, walk
from einrnn.numeric.formula import Formula


def batched(formula: Formula, inputs: Collection[str]) -> Formula:
    """The outputs for every position of a new first axis of ``inputs``.

    Outputs that do not depend on these inputs have the axis too: they are the same at every
    position. Derivatives are carried out first: each position has its own.
    """
    done = formula.completed()
    model = done.model
    dim = Dim(_unused("batch", model))
    depending = _depending(model, set(inputs))
    letter = fresh(Index("batch"), _letters(done))

    def change(node: Node) -> Node:
        if isinstance(node, Element) and node.tensor in depending:
            return Element(node.tensor, (af.of(letter), *node.args))
        return node

    span = Range(af.ZERO, af.last(af.of(dim)))
    given = {
        name: replace(
            old,
            axes=(af.of(dim), *old.axes),
            facts=tuple(
                f if f.axis is None else replace(f, axis=f.axis + 1)
                for f in old.facts
                if f.axis is not None or f.name in ("integer", "boolean", "positive", "constant")
            ),
        )
        for name, old in model.inputs.items()
        if name in depending
    }
    definitions: dict[str, Definition] = {}
    for name, old in model.definitions.items():
        if name not in depending:
            continue
        clauses = tuple(
            Clause((af.of(letter), *c.args), {letter: span, **c.ranges}, rebuild(c.body, change))
            for c in old.clauses
        )
        definitions[name] = Definition(name, (span, *old.axes), clauses, old.late)
    model = replace(
        model.with_definitions(definitions),
        dims={**model.dims, dim.name: None},
        inputs={**model.inputs, **given},
        derived={name: meaning for name, meaning in model.derived.items() if name not in depending},
    )
    roots: dict[str, tuple[Expr, dict[Index, Range]]] = {}
    for name, (expr, ranges) in done.roots.items():
        roots[name] = rebuild(expr, change), {letter: span, **ranges}
    return Formula(model, roots)


def _depending(model: Model, names: set[str]) -> set[str]:
    """The tensors that depend on some of these, themselves included."""
    found = set(names)
    reads = {
        name: {e.tensor for clause in definition.clauses for e in elements(clause.body)}
        for name, definition in model.definitions.items()
    }
    changed = True
    while changed:
        new = {name for name, read in reads.items() if name not in found and read & found}
        changed = bool(new)
        found |= new
    return found


def _unused(name: str, model: Model) -> str:
    while name in model.dims:
        name += "'"
    return name


def _letters(formula: Formula) -> set[Index]:
    """Every index that occurs, bound or free."""
    found: set[Index] = set()
    bodies: list[Node] = [expr for expr, _ in formula.roots.values()]
    for _, ranges in formula.roots.values():
        found |= set(ranges)
    for definition in formula.model.definitions.values():
        for clause in definition.clauses:
            found |= set(clause.ranges)
            bodies.append(clause.body)
    for node in walk(*bodies):
        found |= node.free
    return found
