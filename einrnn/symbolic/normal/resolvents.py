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

_MOST_TRIED = 8


def vanishes_by_resolvent(work: Normaliser, poly: Poly) -> bool:
    """Whether a polynomial is 0 by the identity, applied to one of its terms, once denominators
    are cleared.

    Raises:
        TooLarge: the products have too many terms.
    """
    if not inverses(poly):
        return False
    whole = cleared(work, poly)
    return any(not work.canonical(new) for new in islice(_changed(work, whole), _MOST_TRIED))


def _changed(work: Normaliser, poly: Poly) -> Iterator[Poly]:
    """The polynomial with the only inverse in one of its terms written by another one."""
    found = inverses(poly)
    for term in sorted(poly, key=lambda term: len(term.factors)):
        own = [atom for atom in found if atom in dict(term.factors)]
        if len(own) != 1 or dict(term.factors)[own[0]] != 1:
            continue
        rest = Term(term.bound, term.conds, tuple(p for p in term.factors if p[0] is not own[0]))
        others = {t: c for t, c in poly.items() if t is not term}
        for written in _written(work, poly, own[0], found):
            new = work.times(rest, work.poly(written))
            yield tm.plus((others, tm.scale(new, poly[term])))


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
