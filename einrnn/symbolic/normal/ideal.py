"""Polynomials that are 0 wherever some others are, because they are made of multiples of those.

``s^3 - q s^2 - r s`` is ``s`` times ``s^2 - q s - r``. All multiples of the others up to a degree
are brought to echelon form (Macaulay's matrix); what that leaves of the polynomial has to be
nothing. What it is a polynomial in are entries, functions and whatever else normal forms multiply.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations_with_replacement
from math import comb

from einrnn.core.nodes import Expr
from einrnn.symbolic.normal.terms import Poly

_MOST_ROWS = 500
_MOST_SLACK = 2

Monomial = tuple[int, ...]
Sparse = dict[Monomial, Fraction]


def is_combination(poly: Poly, equations: Sequence[Poly]) -> bool:
    """Whether a polynomial without sums is found to be a combination of some others, where nothing
    that they are divided by is 0."""
    together = (poly, *equations)
    atoms = tuple({atom: None for p in together for term in p for atom, _ in term.factors})
    wanted, *rest = [_sparse(p, atoms) for p in together]
    others = [row for row in rest if row is not None]
    if wanted is None or not others:
        return False
    for slack in range(_MOST_SLACK + 1):
        degree = max(_degree(wanted), *map(_degree, others)) + slack
        room = [degree - _degree(other) for other in others]
        if sum(comb(len(atoms) + left, left) for left in room) > _MOST_ROWS:
            return False
        echelon: dict[Monomial, Sparse] = {}
        for other, left in zip(others, room, strict=True):
            for multiple in _multiples(other, left):
                rest = _left(multiple, echelon)
                if rest:
                    echelon[_lead(rest)] = rest
        if not _left(wanted, echelon):
            return True
    return False


def _sparse(poly: Poly, atoms: Sequence[Expr]) -> Sparse | None:
    """A polynomial by its exponents, times what it is divided by; None if it is none in these
    atoms, or 0."""
    found: Sparse = {}
    for term, coefficient in poly.items():
        powers = dict(term.factors)
        exponents = [powers.get(atom, Fraction(0)) for atom in atoms]
        if term.bound or term.conds or any(e.denominator > 1 for e in exponents):
            return None
        found[tuple(map(int, exponents))] = coefficient
    if not found:
        return None
    least = [min(0, *(monomial[at] for monomial in found)) for at in range(len(atoms))]
    return {
        tuple(e - low for e, low in zip(monomial, least, strict=True)): coefficient
        for monomial, coefficient in found.items()
    }


def _degree(row: Sparse) -> int:
    return max(map(sum, row))


def _multiples(row: Sparse, most: int) -> Iterator[Sparse]:
    """The multiples by all monomials up to a degree."""
    size = len(next(iter(row)))
    for degree in range(most + 1):
        for chosen in combinations_with_replacement(range(size), degree):
            more = [chosen.count(at) for at in range(size)]
            yield {tuple(map(sum, zip(m, more, strict=True))): c for m, c in row.items()}


def _lead(row: Sparse) -> Monomial:
    return max(row, key=lambda monomial: (sum(monomial), monomial))


def _left(row: Sparse, echelon: dict[Monomial, Sparse]) -> Sparse:
    """A row less the multiples of others that take its leading terms away, as far as they go."""
    row, done = dict(row), Sparse()
    while row:
        lead = _lead(row)
        other = echelon.get(lead)
        if other is None:
            done[lead] = row.pop(lead)
            continue
        times = row[lead] / other[lead]
        for monomial, coefficient in other.items():
            left = row.get(monomial, Fraction(0)) - times * coefficient
            if left:
                row[monomial] = left
            else:
                row.pop(monomial, None)
    return done
