"""The forward derivative of a program as a program: tangents of inputs to those of outputs.

With a tangent for each of some inputs, the derivative of an output along them is one
tangent for each tensor on the way, of the tensor's own axes: recurrences get a recurrence
that runs beside them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from einrnn.core import affine as af
from einrnn.core.build import ZERO
from einrnn.core.model import Input, Model
from einrnn.core.nodes import Cases, Expr
from einrnn.dataclass import dataclass
from einrnn.numeric.calculus.given import read_inputs, unused, with_given, within
from einrnn.numeric.formula import Formula
from einrnn.symbolic.ranges import Ranges
from einrnn.symbolic.sweep.sweep import swept
from einrnn.symbolic.tangent import along


@dataclass(frozen=True)
class Pushforward:
    """``formula`` takes the inputs, the tensors ``kept`` by their own names, and the tangents of
    inputs by the names in ``directions``; its outputs are the tangents of the outputs."""

    formula: Formula
    directions: Mapping[str, str]
    kept: tuple[str, ...]


def pushforward(
    formula: Formula, wanted: Sequence[str], available: Collection[str] = ()
) -> Pushforward:
    """The derivative of all outputs along tangents of the inputs ``wanted``.

    Definitions in ``available`` are read as inputs instead of being computed again.

    Raises:
        LanguageError: E510, a definition contains a derivative of itself.
    """
    done = formula.completed()
    model, exprs = swept(done.model, list(done.roots.values()))
    directions = {name: unused(f"tangent of {name}", formula.model) for name in wanted}
    model = _with_directions(model, directions)
    found: list[Expr] = []
    for expr, (_, ranges) in zip(exprs, done.roots.values(), strict=True):
        model, tangent = _along(model, expr, ranges, directions)
        found.append(tangent)
    closed = formula.over(model, found)
    shared = set(available) & set(formula.model.definitions)
    result = with_given(closed, within(closed, shared))
    return Pushforward(result, directions, tuple(sorted(shared & read_inputs(result))))


def _along(
    model: Model, expr: Expr, ranges: Ranges, directions: Mapping[str, str]
) -> tuple[Model, Expr]:
    """The tangent of an expression, under the condition that this stands under: that of a whole
    tensor says where its entries are defined, which those of the tangent are not elsewhere."""
    match expr:
        case Cases(((cond, body),), otherwise) if otherwise is ZERO:
            model, tangent = along(model, body, ranges, directions)
            return model, ZERO if tangent is ZERO else Cases(((cond, tangent),), ZERO)
        case _:
            return along(model, expr, ranges, directions)


def _with_directions(model: Model, directions: Mapping[str, str]) -> Model:
    inputs: dict[str, Input] = {}
    for name, given in directions.items():
        axes = tuple(af.shift(af.minus(axis.hi, axis.lo), 1) for axis in model.axes(name))
        inputs[given] = Input(given, axes)
    return replace(model, inputs={**model.inputs, **inputs})
