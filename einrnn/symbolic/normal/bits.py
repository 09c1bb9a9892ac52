"""Functions of entries that are 0 or 1: ``exp(m x) = 1 - m + m exp(x)``."""

from __future__ import annotations

from collections.abc import Container, Sequence
from fractions import Fraction
from typing import NamedTuple

from einrnn.core.nodes import Element
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.brackets import complement
from einrnn.symbolic.normal.terms import Poly, Term

# with a value everywhere
_TOTAL = frozenset(
    [
        "exp",
        "tanh",
        "sigmoid",
        "softplus",
        "sin",
        "cos",
        "sinh",
        "cosh",
        "atan",
        "erf",
        "abs",
        "sign",
        "relu",
        "step",
        "max",
        "min",
    ]
)
_MOST = 2


class Split(NamedTuple):
    """An entry that is 0 or 1, and the arguments of a function where it is the one or the other."""

    entry: Element
    at_0: Sequence[Poly]
    at_1: Sequence[Poly]

    @property
    def factors(self) -> tuple[Poly, Poly]:
        """What is 1 where the entry is 0, and where it is 1."""
        bit = tm.atom(self.entry)
        return complement(bit), bit


def by_bit(function: str, arguments: Sequence[Poly], bits: Container[str]) -> Split | None:
    """The arguments of a function by an entry of one of the tensors ``bits`` that is in them."""
    if function not in _TOTAL:
        return None
    found = dict.fromkeys(
        atom
        for poly in arguments
        for term in poly
        for atom, _ in term.factors
        if isinstance(atom, Element) and atom.tensor in bits and not atom.free & {*term.bound}
    )
    if not found or len(found) > _MOST:
        return None
    entry = next(iter(found))
    if any(dict(term.factors).get(entry, Fraction(1)) < 0 for poly in arguments for term in poly):
        return None  # nothing is divided by 0
    at_0 = [{t: c for t, c in poly.items() if entry not in dict(t.factors)} for poly in arguments]
    at_1 = [tm.plus({_without(t, entry): c} for t, c in poly.items()) for poly in arguments]
    return Split(entry, at_0, at_1)


def _without(term: Term, entry: Element) -> Term:
    factors = tuple(pair for pair in term.factors if pair[0] is not entry)
    return Term(term.bound, term.conds, factors)
