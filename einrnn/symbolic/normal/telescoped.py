"""Products over ranges that end at different distances from one place.

``a prod_{r=0..t-1} f_r`` and ``prod_{r=0..t-2} f_r`` are compared by what the longer one has more:
``prod_{r=0..t-1} f_r = f_(t-1) prod_{r=0..t-2} f_r`` where the range reaches as far.
"""

from __future__ import annotations

from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core.nodes import Affine, Expr, Index, Number, Pow, Reduce
from einrnn.core.traverse import substitute
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.domain import follows, inequalities
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.terms import Poly, Term

_MOST_SPLIT = 4

_Kind = tuple[Affine, Expr, Affine]


def telescoped(work: Normaliser, poly: Poly) -> Poly:
    """The polynomial with the last factors of the longer products split off."""
    shortest: dict[_Kind, int] = {}
    for term in poly:
        for atom, _ in term.factors:
            if isinstance(atom, Reduce) and atom.op == "prod":
                kind, end = _kind(atom), atom.hi.constant
                shortest[kind] = min(end, shortest.get(kind, end))
    rows: list[Poly] = []
    for term, coefficient in poly.items():
        rows.append(tm.scale(_shortened(work, term, shortest), coefficient))
    return tm.plus(rows)


def _kind(product: Reduce) -> _Kind:
    """What products have in common that differ in their ends by a number only."""
    body = substitute(product.body, {product.index: af.of(_ANY)})
    return product.lo, body, af.shift(product.hi, -product.hi.constant)


_ANY = Index("·any")


def _shortened(work: Normaliser, term: Term, shortest: dict[_Kind, int]) -> Poly:
    """A term with its products as short as the shortest of their kind."""
    longer: list[tuple[Reduce, Fraction, int]] = []
    for atom, exponent in term.factors:
        if isinstance(atom, Reduce) and atom.op == "prod":
            excess = atom.hi.constant - shortest[_kind(atom)]
            if 0 < excess <= _MOST_SPLIT and _reaches(work, term, atom, excess):
                longer.append((atom, exponent, excess))
    gone = {atom for atom, _, _ in longer}
    rest = tuple(pair for pair in term.factors if pair[0] not in gone)
    found: Poly = {Term(term.bound, term.conds, rest): Fraction(1)}
    for atom, exponent, excess in longer:
        for part in _parts(atom, excess):
            factor = work.poly(Pow(part, Number(exponent)))
            found = tm.plus(tm.scale(work.times(t, factor), c) for t, c in found.items())
    return found


def _reaches(work: Normaliser, term: Term, product: Reduce, excess: int) -> bool:
    """Whether a product surely has as many factors as are to be split off."""
    known = (*work.known, *inequalities(term.conds))
    return follows(known, af.shift(af.minus(product.hi, product.lo), 1 - excess))


def _parts(product: Reduce, excess: int) -> list[Expr]:
    """A product without its last factors, and those."""
    last = [af.shift(product.hi, -step) for step in range(excess + 1)]
    shorter = Reduce("prod", product.index, product.lo, last[-1], product.body)
    return [shorter, *(substitute(product.body, {product.index: at}) for at in last[:-1])]
