"""Sums with weights: ``Σ_i u[i] f(i)`` is 0 if ``f(i)`` is, for every ``i``.

What is said of a matrix for all entries is often claimed of a number made of it, ``u' inv(A) v``.
"""

from __future__ import annotations

from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core.nodes import Affine, Element, Index
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.inverses import inverses, vanishes_with_inverses
from einrnn.symbolic.normal.settle import span
from einrnn.symbolic.normal.terms import Poly, Term


def vanishes_unweighted(work: Normaliser, poly: Poly) -> bool:
    """Whether a polynomial with inverses in it is 0 without the vectors that all of its terms are
    summed with.

    Raises:
        TooLarge: the products have too many terms.
    """
    if not inverses(poly):
        return False
    freed = False
    for name in _weights(poly):
        # without another vector, its index may have become free
        without = _without(work, poly, name) if name in _weights(poly) else None
        if without is not None:
            work, poly = without
            freed = True
    return freed and vanishes_with_inverses(work, work.canonical(poly))


def _weights(poly: Poly) -> list[str]:
    """The vectors that are a factor of every term once, at a bound index."""
    names = [set(_places(term)) for term in poly]
    return sorted(set[str].intersection(*names)) if names else []


def _places(term: Term) -> dict[str, tuple[Element, Index]]:
    """The vectors among the factors at indices that a term sums, those that occur once."""
    rows: dict[str, list[tuple[Element, Index | None]]] = {}
    for atom, exponent in term.factors:
        if isinstance(atom, Element):
            letter = af.letter(atom.args[0]) if len(atom.args) == 1 and exponent == 1 else None
            rows.setdefault(atom.tensor, []).append((atom, letter))
    return {
        name: (found[0][0], found[0][1])
        for name, found in rows.items()
        if len(found) == 1 and found[0][1] is not None and found[0][1] in term.bound
    }


def _without(work: Normaliser, poly: Poly, name: str) -> tuple[Normaliser, Poly] | None:
    """The polynomial without a vector, its index free; None where that runs over other ranges."""
    free = work.fresh()
    rows: dict[Term, Fraction] = {}
    ranges: set[tuple[Affine, Affine] | None] = set()
    for term, times in poly.items():
        entry, index = _places(term)[name]
        ranges.add(span(term, index))
        bound = tuple(other for other in term.bound if other is not index)
        factors = tuple(pair for pair in term.factors if pair[0] is not entry)
        moved = tm.rename(Term(bound, term.conds, factors), {index: af.of(free)})
        rows[moved] = rows.get(moved, Fraction(0)) + times
    ends = ranges.pop()
    if ranges or ends is None or any(end.free for end in ends):
        return None
    low, high = af.minus(af.of(free), ends[0]), af.minus(ends[1], af.of(free))
    return work.inside(low, high), rows
