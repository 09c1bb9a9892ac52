"""What facts say of the entries of inputs, as equations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from einrnn.core import affine as af
from einrnn.core.build import ONE, compare, iverson
from einrnn.core.model import Assumption, Fact, Input, Model, Range
from einrnn.core.nodes import Element, Expr, Index, Mul, Reduce

_SUMMED = Index("·summed")


def equations(model: Model, names: Iterable[str]) -> tuple[Assumption, ...]:
    """The equations that hold between the entries of some inputs: of symmetric ones, of
    orthogonal ones, and of those that add up to 1."""
    return tuple(
        equation
        for name in names
        for fact in model.inputs[name].facts
        for equation in _of(model.inputs[name], fact)
    )


def _of(given: Input, fact: Fact) -> Iterator[Assumption]:
    letters = tuple(Index(f"·at{axis}") for axis in range(len(given.axes)))
    ranges = {i: Range(af.ZERO, af.last(size)) for i, size in zip(letters, given.axes, strict=True)}
    at = tuple(map(af.of, letters))
    if fact.name in ("symmetric", "spd"):
        left, right = Element(given.name, at), Element(given.name, (*at[:-2], at[-1], at[-2]))
        yield _equation(given, fact, ranges, left, right)
    elif fact.name == "probability" and fact.axis is not None:
        summed = letters[fact.axis]
        span = ranges.pop(summed)
        total = Reduce("sum", summed, span.lo, span.hi, Element(given.name, at))
        yield _equation(given, fact, ranges, total, ONE)
    elif fact.name == "orthogonal":
        row, column = letters[-2:]
        span = ranges[row]
        pair = [Element(given.name, (*at[:-2], af.of(_SUMMED), af.of(i))) for i in (row, column)]
        product = Reduce("sum", _SUMMED, span.lo, span.hi, Mul(tuple(pair)))
        unit = iverson(compare("==", at[-2], at[-1]))
        yield _equation(given, fact, ranges, product, unit)


def _equation(
    given: Input, fact: Fact, ranges: dict[Index, Range], left: Expr, right: Expr
) -> Assumption:
    words = f"{given.name} is {fact.name}"
    return Assumption(words, ranges, left, right, words)
