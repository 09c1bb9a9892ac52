"""The reverse derivative of a program as a program: cotangents of outputs to those of inputs.

With a cotangent ``g`` for every output ``f``, the sum of all ``g f`` is a number whose
gradients are what reverse mode asks for. They are derived as any gradient in a document
is: recurrences become adjoint recurrences. What the program computes on its way and the
gradients read again is kept between the two.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from einrnn.core import affine as af
from einrnn.core import build
from einrnn.core.model import Clause, Definition, Input, Model
from einrnn.core.nodes import And, Cases, Derivative, Element, Expr, Index, Mul, Reduce
from einrnn.core.traverse import fresh
from einrnn.dataclass import dataclass
from einrnn.numeric.calculus.given import read_inputs, unused, with_given, within
from einrnn.numeric.formula import Formula
from einrnn.numeric.references import needed
from einrnn.symbolic import simplify as s
from einrnn.symbolic.ranges import Ranges


@dataclass(frozen=True)
class Pullback:
    """``forward`` has the outputs and those of ``kept``: an output for each tensor.

    ``backward`` takes the inputs, the kept tensors by their own names and the cotangents of
    outputs by the names in ``seeds``; its outputs are named as the inputs that it has the
    cotangents of.
    """

    forward: Formula
    backward: Formula
    seeds: Mapping[str, str]
    kept: Mapping[str, str]


def pullback(
    formula: Formula,
    seeds: Sequence[str],
    wanted: Sequence[str],
    available: Collection[str] | None = None,
) -> Pullback:
    """The derivative of the outputs ``seeds`` by the inputs ``wanted``.

    Of the definitions that the outputs need, those are kept that the derivative reads and,
    where ``available`` is given, that are in it.

    Raises:
        LanguageError: E510, a definition contains a derivative of itself.
    """
    names = {name: unused(f"cotangent of {name}", formula.model) for name in seeds}
    total = unused("total of cotangents", formula.model)
    model = _with_total(formula, names, total)
    closed = Formula(model, {name: _gradient(model, total, name) for name in wanted}).completed()
    done = formula.completed()
    shared = set(needed(done.model, [expr for expr, _ in done.roots.values()]))
    shared &= set(formula.model.definitions)
    shared = shared if available is None else shared & set(available)
    backward = with_given(closed, within(closed, shared))
    kept = _places(sorted(shared & read_inputs(backward)), formula.roots)
    roots = {place: _whole(done.model, name) for name, place in kept.items()}
    return Pullback(replace(formula, roots={**formula.roots, **roots}), backward, names, kept)


def _with_total(formula: Formula, names: Mapping[str, str], total: str) -> Model:
    """The model with an input for each cotangent, and the number that is differentiated."""
    inputs: dict[str, Input] = {}
    terms: list[Expr] = []
    for name, given in names.items():
        expr, ranges = formula.roots[name]
        sizes = tuple(af.shift(af.minus(span.hi, span.lo), 1) for span in ranges.values())
        inputs[given] = Input(given, sizes)
        at = tuple(af.minus(af.of(index), span.lo) for index, span in ranges.items())
        body: Expr = Mul((Element(given, at), expr))
        for index, span in reversed(list(ranges.items())):
            body = Reduce("sum", index, span.lo, span.hi, body)
        terms.append(body)
    model = replace(formula.model, inputs={**formula.model.inputs, **inputs})
    return model.with_definitions({total: Definition(total, (), (Clause((), {}, s.add(terms)),))})


def _gradient(model: Model, total: str, name: str) -> tuple[Expr, Ranges]:
    letters = _letters(len(model.axes(name)))
    args = tuple(af.of(letter) for letter in letters)
    ranges = dict(zip(letters, model.axes(name), strict=True))
    return Derivative("total", Element(total, ()), name, args), ranges


def _places(names: Sequence[str], taken: Collection[str]) -> dict[str, str]:
    """Outputs for what is kept, none of them ``taken``: a formula that is itself the forward
    part of a pullback has such outputs already."""
    mark = "kept: "
    while any(mark + name in taken for name in names):
        mark += "kept: "
    return {name: mark + name for name in names}


def _whole(model: Model, name: str) -> tuple[Expr, Ranges]:
    """All entries of a definition; the condition says that some may not be defined, which
    an output may read under a condition only."""
    letters = _letters(len(model.axes(name)))
    ranges = dict(zip(letters, model.axes(name), strict=True))
    element = Element(name, tuple(af.of(letter) for letter in letters))
    exist = tuple(build.compare("<=", span.lo, af.of(index)) for index, span in ranges.items())
    return Cases(((And(exist), element),), build.ZERO) if exist else element, ranges


def _letters(count: int) -> tuple[Index, ...]:
    found: list[Index] = []
    for _ in range(count):
        found.append(fresh(Index("i"), set(found)))
    return tuple(found)
