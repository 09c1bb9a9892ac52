"""A whole expression in sympy: abstract, or all of its entries at concrete sizes."""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import sympy

from einrnn.core import affine as af
from einrnn.core.model import Model, Range
from einrnn.core.nodes import Affine, Dim, Expr, Index
from einrnn.errors import EvaluationError
from einrnn.sympy_backend.abstract import abstract
from einrnn.sympy_backend.entries import Entries


def abstract_of(model: Model, expr: Expr) -> sympy.Expr:
    """The expression with symbolic sizes and indices."""
    return abstract(expr, model)


def entries_of(
    model: Model, expr: Expr, ranges: Mapping[Index, Range], sizes: Mapping[str, int]
) -> dict[tuple[int, ...], sympy.Expr]:
    """The expression at every value of its free indices, derivatives written out.

    Raises:
        EvaluationError: E610, a size is missing or is not a positive whole number.
    """
    known = {name: number for name, number in model.dims.items() if number is not None}
    known |= sizes
    for name in model.dims:
        if known.get(name, 0) < 1:
            raise EvaluationError(
                "E610", f"the size {name} has no value", f"give it by name: {name}=2"
            )
    entries = Entries(model, known)
    letters = tuple(ranges)
    spans = [range(_at(r.lo, known), _at(r.hi, known) + 1) for r in ranges.values()]
    derived = frozenset(model.derived)
    return {
        position: entries.expression(expr, dict(zip(letters, position, strict=True)), derived)
        for position in product(*spans)
    }


def _at(value: Affine, sizes: Mapping[str, int]) -> int:
    result = value.constant
    for dim in af.dims(value):
        result += af.coefficient(value, Dim(dim.name)) * sizes[dim.name]
    return result
