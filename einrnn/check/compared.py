"""Inputs at which the values that conditions compare are the same: ``[x + 7*y == 33]``.

Random numbers are never there, nor are simple ones where the numbers in a condition are not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from einrnn.core.build import sub
from einrnn.core.model import Model
from einrnn.core.nodes import Compare, Element, Expr
from einrnn.core.traverse import elements, walk
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.terms import Poly, Term, TooLarge

Array = npt.NDArray[np.generic]

# an input, what its entry is times where two values are the same, and the other summands
Equation = tuple[str, Fraction, Poly]

_FREE = frozenset(("positive", "constant"))


def equations(model: Model) -> list[Equation]:
    """For each comparison of values an input that can make them the same, as far as it is a number
    or they are one beside it."""
    found: dict[Expr, Equation] = {}
    for node in _compared(model):
        difference = sub(node.left, node.right)
        if difference not in found:
            equation = next(_solved(model, difference), None)
            if equation is not None:
                found[difference] = equation
    return list(found.values())


def _compared(model: Model) -> Iterator[Compare]:
    """The comparisons in a document."""
    sides = [side for claim in model.claims for side in (claim.left, claim.right)]
    sides += [side for given in model.assumptions for side in (given.left, given.right)]
    bodies = [c.body for one in model.definitions.values() for c in one.clauses]
    for node in walk(*sides, *bodies):
        if isinstance(node, Compare) and elements(node):
            yield node


def _solved(model: Model, difference: Expr) -> Iterator[Equation]:
    try:
        poly = Normaliser().poly(difference)
    except TooLarge:
        return
    # what is divided by 1 is exact
    for term, coefficient in sorted(poly.items(), key=lambda pair: abs(pair[1]) != 1):
        if term.bound or term.conds or len(term.factors) != 1 or term.factors[0][1] != 1:
            continue
        entry = term.factors[0][0]
        if not isinstance(entry, Element) or entry.tensor not in model.inputs:
            continue
        facts = {fact.name for fact in model.inputs[entry.tensor].facts}
        others = {t: c for t, c in poly.items() if t is not term}
        if facts <= _FREE and all(_is_number(model, t, entry) for t in others):
            yield entry.tensor, coefficient, others


def _is_number(model: Model, term: Term, entry: Element) -> bool:
    """Whether a summand is a product of inputs without axes; beside an entry only a number."""
    if term.bound or term.conds or (entry.args and term.factors):
        return False
    return all(
        isinstance(a, Element)
        and a.tensor in model.inputs
        and not a.args
        and a is not entry
        and e.denominator == 1
        for a, e in term.factors
    )


def made_equal(
    model: Model, found: Iterable[Equation], arrays: Mapping[str, Array], rng: np.random.Generator
) -> dict[str, Array]:
    """Arrays of Fractions with inputs changed so that compared values are the same; of an input
    with axes about half of the entries."""
    result = dict(arrays)
    for name, coefficient, others in found:
        try:
            rest = sum((_value(t, c, result) for t, c in others.items()), Fraction(0))
        except ZeroDivisionError:
            continue
        value = -rest / coefficient
        if model.inputs[name].has("positive") and value <= 0:
            continue
        array = np.array(result[name], dtype=object)
        for place in np.ndindex(array.shape):
            if not place or rng.random() < 0.5:
                array[place] = value
        result[name] = array
    return result


def _value(term: Term, coefficient: Fraction, arrays: Mapping[str, Array]) -> Fraction:
    """What a product of numbers is.

    Raises:
        ZeroDivisionError: something is divided by 0.
    """
    value = coefficient
    for atom, exponent in term.factors:
        assert isinstance(atom, Element)
        value *= Fraction(arrays[atom.tensor].item()) ** int(exponent)
    return value
