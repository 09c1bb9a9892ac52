"""A whole expression in sympy: abstract, or all of its entries at concrete sizes."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import sympy

from einrnn.core import affine as af
from einrnn.core.model import Model, Range
from einrnn.core.nodes import Affine, Expr, Index, Node
from einrnn.core.sizes import with_defaults
from einrnn.core.traverse import elements, walk
from einrnn.errors import EvaluationError
from einrnn.sympy_backend.abstract import abstract
from einrnn.sympy_backend.entries import Entries


def abstract_of(model: Model, expr: Expr) -> sympy.Expr:
    """The expression with symbolic sizes and indices."""
    return abstract(expr, model)


def entries_of(
    model: Model, expr: Expr, ranges: Mapping[Index, Range], sizes: Mapping[str, int]
) -> Any:
    """The expression at every value of its free indices, derivatives written out.

    An array with an axis for each free index, or an expression where there is none.

    Raises:
        EvaluationError: E610, a size is missing or is not a positive whole number.
    """
    known = _sizes(model, expr, ranges, sizes)
    entries = Entries(model, known)
    letters = tuple(ranges)
    spans = [
        range(entries.places.index(r.lo, {}), entries.places.index(r.hi, {}) + 1)
        for r in ranges.values()
    ]
    derived = frozenset(model.derived)
    values = [
        entries.expression(expr, dict(zip(letters, position, strict=True)), derived)
        for position in product(*spans)
    ]
    return sympy.Array(values, tuple(len(span) for span in spans)) if spans else values[0]


def _sizes(
    model: Model, expr: Expr, ranges: Mapping[Index, Range], given: Mapping[str, int]
) -> dict[str, int]:
    """A number for every size; those that play no part are 1."""
    known = with_defaults(model, given)
    for name in sorted(_needed(model, expr, ranges)):
        if known.get(name, 0) < 1:
            message = f"the size {name} has no positive value"
            raise EvaluationError("E610", message, f"give it by name: {name}=2")
    return {name: known.get(name, 1) for name in model.dims}


def _needed(model: Model, expr: Expr, ranges: Mapping[Index, Range]) -> frozenset[str]:
    """The sizes in an expression, its ranges, and the tensors it needs."""
    nodes: list[Node] = [expr, *(end for r in ranges.values() for end in (r.lo, r.hi))]
    pending, seen = [element.tensor for element in elements(expr)], set[str]()
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        nodes += [end for r in model.axes(name) for end in (r.lo, r.hi)]
        if name in model.derived:
            bodies = [clause.body for clause in model.definitions[name].clauses]
            nodes += bodies
            pending += [element.tensor for element in elements(*bodies)]
    values = [node for node in walk(*nodes) if isinstance(node, Affine)]
    return frozenset(dim.name for value in values for dim in af.dims(value))
