"""A definition that is a plain sum of products of inputs, as a network with named operands."""

from __future__ import annotations

from collections.abc import Mapping

from einrnn.core import affine as af
from einrnn.core.model import Model
from einrnn.core.nodes import Affine, Element, Expr, Index, Mul, Reduce
from einrnn.core.sizes import with_defaults
from einrnn.numeric import binding, bounds
from einrnn.pathfinder.mirror import last_two
from einrnn.pathfinder.network import Network


def product_network(model: Model, name: str, sizes: Mapping[str, int]) -> Network | None:
    """The network of a definition, operands called by their names and equal where the names
    are; None where it is more than one contraction of whole inputs.

    Raises EvaluationError (E610) for a size that is missing.
    """
    definition = model.definitions[name]
    if len(definition.clauses) != 1:
        return None
    (clause,) = definition.clauses
    output = [af.letter(arg) for arg in clause.args]
    ranges = {index: (span.lo, span.hi) for index, span in clause.ranges.items()}
    factors = _factors(clause.body, ranges)
    if factors is None or None in output:
        return None
    known = {name: size for name, size in sizes.items() if name in model.dims}
    full = with_defaults(model, binding.solve(model, known, {}))
    terms = [_term(model, factor, ranges, full) for factor in factors]
    if any(term is None for term in terms):
        return None
    names = [factor.tensor for factor in factors]
    return Network.of(
        [term for term in terms if term is not None],
        [letter for letter in output if letter is not None],
        {index: bounds.number(hi, full) + 1 for index, (_, hi) in ranges.items()},
        labels=names,
        identities=names,
        symmetric={
            name: (last_two(len(given.axes)),)
            for name, given in model.inputs.items()
            if name in names and (given.has("symmetric") or given.has("spd"))
        },
    )


def _factors(body: Expr, ranges: dict[Index, tuple[Affine, Affine]]) -> tuple[Element, ...] | None:
    """The factors of a product under sums, whose ranges are put with the others."""
    pending, found = [body], list[Element]()
    while pending:
        match pending.pop():
            case Reduce("sum", index, lo, hi, inner) if index not in ranges:
                ranges[index] = lo, hi
                pending.append(inner)
            case Mul(factors):
                pending += reversed(factors)
            case Element() as element:
                found.append(element)
            case _:
                return None
    return tuple(found) if found else None


def _term(
    model: Model,
    factor: Element,
    ranges: Mapping[Index, tuple[Affine, Affine]],
    sizes: Mapping[str, int],
) -> tuple[Index, ...] | None:
    """The letters of a factor that is an input read from end to end."""
    given = model.inputs.get(factor.tensor)
    letters = [af.letter(arg) for arg in factor.args]
    if given is None:
        return None
    found: list[Index] = []
    for letter, size in zip(letters, given.axes, strict=True):
        if letter is None or letter not in ranges:
            return None
        lo, hi = (bounds.number(end, sizes) for end in ranges[letter])
        if lo != 0 or hi + 1 != bounds.number(size, sizes):
            return None
        found.append(letter)
    return tuple(found)
