"""Products over ranges, cut where others of the same factors begin and end.

``prod_{q=0..t} f_q = prod_{q=0..r-1} f_q f_r prod_{q=r+1..t} f_q`` for ``0 <= r <= t``: the
derivative of a product by one factor is the product of the others.
"""

from __future__ import annotations

from collections.abc import Iterator

from einrnn.core import affine as af
from einrnn.core.nodes import Affine, Expr, Index, Number, Pow, Reduce
from einrnn.core.traverse import substitute
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.domain import follows, inequalities
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.terms import Poly, Term

_MOST_CUTS = 8
_ANY = Index("·any")

Cuts = dict[Expr, dict[Affine, None]]


def cut(work: Normaliser, poly: Poly) -> Poly:
    """The polynomial with its products cut at the ends of the others."""
    cuts: Cuts = {}
    for term in poly:
        for product in _products(term):
            places = cuts.setdefault(_factor(product), {})
            places |= dict.fromkeys((product.lo, af.shift(product.hi, 1)))
    if not any(2 < len(places) <= _MOST_CUTS for places in cuts.values()):
        return poly
    return tm.plus(tm.scale(_cut(work, term, cuts), times) for term, times in poly.items())


def first_empty(poly: Poly, known: tuple[Affine, ...]) -> Affine | None:
    """By how much the end of a product lies after its beginning, where it may just be empty:
    that is -1 or at least 0. None where there is no such product."""
    found = {af.minus(p.hi, p.lo) for term in poly for p in _products(term)}
    bound = frozenset(index for term in poly for index in term.bound)
    for room in sorted(found, key=lambda value: value.key):
        if room.free & bound or follows(known, room):
            continue
        if follows(known, af.shift(room, 1)):
            return room
    return None


def _products(term: Term) -> Iterator[Reduce]:
    for atom, exponent in term.factors:
        # a root of a product need not be one of roots
        if isinstance(atom, Reduce) and atom.op == "prod" and exponent.denominator == 1:
            yield atom


def _factor(product: Reduce) -> Expr:
    """What is multiplied, whatever the name of the index."""
    return substitute(product.body, {product.index: af.of(_ANY)})


def _cut(work: Normaliser, term: Term, cuts: Cuts) -> Poly:
    known = (*work.known, *inequalities(term.conds))
    pieces: dict[Reduce, list[Reduce]] = {}
    for product in _products(term):
        places = list(cuts[_factor(product)])
        found = _pieces(product, places, known) if len(places) <= _MOST_CUTS else [product]
        if len(found) > 1:
            pieces[product] = found
    rest = tuple(pair for pair in term.factors if pair[0] not in pieces)
    whole: Poly = {Term(term.bound, term.conds, rest): tm.Fraction(1)}
    for atom, exponent in term.factors:
        for piece in pieces.get(atom, ()) if isinstance(atom, Reduce) else ():
            factor = work.inside(*inequalities(term.conds)).poly(Pow(piece, Number(exponent)))
            whole = tm.plus(tm.scale(work.times(t, factor), times) for t, times in whole.items())
    return whole


def _pieces(product: Reduce, places: list[Affine], known: tuple[Affine, ...]) -> list[Reduce]:
    """A product as those from each place that surely lies in its range, or just after it, to the
    next."""
    index, lo, hi, body = product.index, product.lo, product.hi, product.body
    end = af.shift(hi, 1)
    for number, place in enumerate(places):
        if place is lo or place is end or not follows(known, af.minus(place, lo)):
            continue
        if follows(known, af.minus(end, place)):
            before = Reduce("prod", index, lo, af.shift(place, -1), body)
            after = Reduce("prod", index, place, hi, body)
            # one place may be another under another name: each cuts once
            rest = places[number + 1 :]
            return [*_pieces(before, rest, known), *_pieces(after, rest, known)]
    return [product]
