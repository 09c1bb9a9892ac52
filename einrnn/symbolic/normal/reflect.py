"""Sums counted from either end: ``Σ_k w(K-1-k) x(n+k) = Σ_k w(k) x(n+K-1-k)``.

Which end a dummy is counted from means nothing. Of all choices in a term the one with the
least key is taken, so that terms which differ in that alone become one term.
"""

from __future__ import annotations

from collections.abc import Iterator

from einrnn.core import affine as af
from einrnn.core.intern import digest
from einrnn.core.nodes import Affine, Index
from einrnn.core.traverse import walk
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.dummies import canonical
from einrnn.symbolic.normal.settle import span
from einrnn.symbolic.normal.terms import Poly, Term

_MOST_REFLECTED = 3


def reflected(poly: Poly) -> Poly:
    """The polynomial with dummies counted from one end, where some are counted downwards.

    Raises:
        TooLarge: the indices are too symmetric to be told apart in the budget.
    """
    if not any(_downwards(term) for term in poly):
        return poly
    return tm.plus({_least(term): coefficient} for term, coefficient in poly.items())


def _downwards(term: Term) -> bool:
    """Whether a bound index is subtracted at some position."""
    bound = frozenset(term.bound)
    return any(
        times < 0 and atom in bound
        for factor, _ in term.factors
        for node in walk(factor)
        if isinstance(node, Affine)
        for atom, times in node.terms
    )


def _least(term: Term) -> Term:
    return min(map(canonical, _choices(term)), key=_key)


def _key(term: Term) -> bytes:
    powers = [part for atom, exponent in term.factors for part in (atom, str(exponent))]
    return digest(len(term.bound), *term.conds, *powers)


def _choices(term: Term) -> Iterator[Term]:
    """The term with every choice of the end that its dummies are counted from."""
    bound = frozenset(term.bound)
    turned: list[tuple[Index, Affine]] = []
    for index in term.bound:
        ends = span(term, index)
        if ends is not None and not (ends[0].free | ends[1].free) & bound:
            turned.append((index, af.minus(af.plus(*ends), af.of(index))))
    rows = [term]
    for index, other in turned[:_MOST_REFLECTED]:
        rows += [tm.rename(row, {index: other}) for row in rows]
    yield from rows
