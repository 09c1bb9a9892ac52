"""Inverses of two matrices beside each other: ``inv(P) = inv(Q) - inv(Q) (P - Q) inv(P)``.

A number such as ``s = x' inv(A + x x') x`` stands for itself and is not to be multiplied by what is
inverted. The identity, used once, is an equation for it: ``s = q - q s`` with ``q = x' inv(A) x``.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from einrnn.core import affine as af
from einrnn.core.build import sub, total
from einrnn.core.nodes import Affine, Expr, Matrix, Mul
from einrnn.core.traverse import substitute
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.inverses import inverses, surely_inverted
from einrnn.symbolic.normal.quotients import cleared
from einrnn.symbolic.normal.terms import Poly, Term

_MOST_TRIED = 12


def vanishes_by_resolvent(work: Normaliser, poly: Poly) -> bool:
    """Whether a polynomial is 0 by the identity, applied to one of its terms, or to all that have
    an inverse of one matrix, once denominators are cleared.

    Raises:
        TooLarge: the products have too many terms.
    """
    if not inverses(poly):
        return False
    whole = cleared(work, poly)
    return any(not work.canonical(new) for new in islice(_changed(work, whole), _MOST_TRIED))


def _changed(work: Normaliser, poly: Poly) -> Iterator[Poly]:
    """The polynomial with the only inverse in one of its terms written by another one, or with
    that in all terms that have one of the same matrix only."""
    found = inverses(poly)
    alone = [(term, own) for term in poly if (own := _only(term, found)) is not None]
    alone.sort(key=lambda pair: len(pair[0].factors))
    for term, own in alone:
        for written in _written(work, poly, own, found):
            yield _replaced(work, poly, {term: (own, written)})
    for body in dict.fromkeys(own.body for _, own in alone):
        same = [(term, own) for term, own in alone if own.body is body]
        ways = zip(*(_written(work, poly, own, found) for _, own in same), strict=True)
        for way in ways if len(same) > 1 else ():
            new = {term: (own, one) for (term, own), one in zip(same, way, strict=True)}
            yield _replaced(work, poly, new)


def _only(term: Term, found: list[Matrix]) -> Matrix | None:
    """The inverse that a term has, if it has one only, and that once."""
    powers = dict(term.factors)
    own = [atom for atom in found if atom in powers]
    return own[0] if len(own) == 1 and powers[own[0]] == 1 else None


def _replaced(work: Normaliser, poly: Poly, new: dict[Term, tuple[Matrix, Expr]]) -> Poly:
    rows: list[Poly] = []
    for term, coefficient in poly.items():
        if term not in new:
            rows.append({term: coefficient})
            continue
        own, written = new[term]
        rest = Term(term.bound, term.conds, tuple(p for p in term.factors if p[0] is not own))
        rows.append(tm.scale(work.times(rest, work.poly(written)), coefficient))
    return tm.plus(rows)


def _written(work: Normaliser, poly: Poly, atom: Matrix, found: list[Matrix]) -> Iterator[Expr]:
    """An entry of an inverse by the others of its size, with the identity from either side."""
    first, last = atom.at
    bodies = {other.body: other for other in found if other.size is atom.size}
    for other in bodies.values():
        if other.body is atom.body or not surely_inverted(work, poly, other):
            continue
        inner, outer = work.fresh(), work.fresh()
        k, m = af.of(inner), af.of(outer)
        gap = sub(_entry(atom, k, m), _entry(other, k, m))
        for left, right in ((other, atom), (atom, other)):
            body: Expr = Mul((_inverse(left, first, k), gap, _inverse(right, m, last)))
            summed = total(inner, atom.size, total(outer, atom.size, body))
            yield sub(_inverse(other, first, last), summed)


def _entry(inverse: Matrix, row: Affine, column: Affine) -> Expr:
    """The entry of what is inverted."""
    return substitute(inverse.body, {inverse.row: row, inverse.column: column})


def _inverse(matrix: Matrix, row: Affine, column: Affine) -> Matrix:
    return Matrix("inv", matrix.row, matrix.column, matrix.size, matrix.body, af.ONE, (row, column))
