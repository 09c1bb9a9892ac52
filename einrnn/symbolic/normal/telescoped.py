"""Products over ranges that begin or end at different distances from one place.

``a prod_{r=0..t-1} f_r`` and ``prod_{r=0..t-2} f_r`` are compared by what the longer one has more:
``prod_{r=0..t-1} f_r = f_(t-1) prod_{r=0..t-2} f_r`` where the range reaches as far. An exponential
of a sum is such a product.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from einrnn.core import affine as af
from einrnn.core.build import apply
from einrnn.core.nodes import Affine, Apply, Expr, Index, Number, Pow, Reduce, ReduceOp
from einrnn.core.traverse import substitute
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.domain import follows, inequalities
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.terms import Poly, Term

_MOST_SPLIT = 4
_ANY = Index("·any")


class _Kind(NamedTuple):
    """What products have in common that differ at one end by a number only: how they are
    written, the ends without that number, and the body."""

    op: ReduceOp
    lo: Affine
    hi: Affine
    body: Expr


def telescoped(work: Normaliser, poly: Poly) -> Poly:
    """The polynomial with the last and the first factors of the longer products split off."""
    for end in (_Last, _First):
        poly = _brought_to_one(work, poly, end)
    return poly


class _Last(NamedTuple):
    """A product, or the sum whose exponential one is, seen from its last factor."""

    product: Reduce

    def kind(self) -> _Kind:
        hi = self.product.hi
        return _kind(self.product, self.product.lo, af.shift(hi, -hi.constant))

    def length(self) -> int:
        """How far it reaches, from a place that products of its kind have in common."""
        return self.product.hi.constant

    def parts(self, count: int) -> list[Expr]:
        """The product without so many factors, and those."""
        index, lo, hi, body = _fields(self.product)
        shorter = Reduce(self.product.op, index, lo, af.shift(hi, -count), body)
        ends = (substitute(body, {index: af.shift(hi, -n)}) for n in range(count))
        return _factors(self.product, [shorter, *ends])


class _First(NamedTuple):
    """The same, seen from its first factor."""

    product: Reduce

    def kind(self) -> _Kind:
        lo = self.product.lo
        return _kind(self.product, af.shift(lo, -lo.constant), self.product.hi)

    def length(self) -> int:
        """How far it reaches back, from a place that products of its kind have in common."""
        return -self.product.lo.constant

    def parts(self, count: int) -> list[Expr]:
        """The product without so many factors, and those."""
        index, lo, hi, body = _fields(self.product)
        shorter = Reduce(self.product.op, index, af.shift(lo, count), hi, body)
        ends = (substitute(body, {index: af.shift(lo, n)}) for n in range(count))
        return _factors(self.product, [shorter, *ends])


_End = type[_Last] | type[_First]


def _kind(product: Reduce, lo: Affine, hi: Affine) -> _Kind:
    return _Kind(product.op, lo, hi, substitute(product.body, {product.index: af.of(_ANY)}))


def _factors(product: Reduce, parts: list[Expr]) -> list[Expr]:
    return parts if product.op == "prod" else [apply("exp", part) for part in parts]


def _fields(product: Reduce) -> tuple[Index, Affine, Affine, Expr]:
    return product.index, product.lo, product.hi, product.body


def _brought_to_one(work: Normaliser, poly: Poly, end: _End) -> Poly:
    """The polynomial with products as long as the shortest of their kind."""
    shortest: dict[_Kind, int] = {}
    for term in poly:
        for seen in _products(term, end):
            kind, length = seen.kind(), seen.length()
            shortest[kind] = min(length, shortest.get(kind, length))
    rows: list[Poly] = []
    for term, coefficient in poly.items():
        rows.append(tm.scale(_shortened(work, term, shortest, end), coefficient))
    return tm.plus(rows)


def _products(term: Term, end: _End) -> list[_Last | _First]:
    found = (_as_product(atom) for atom, _ in term.factors)
    return [end(product) for product in found if product is not None]


def _as_product(atom: Expr) -> Reduce | None:
    """A product, or the sum whose exponential a factor is."""
    match atom:
        case Reduce("prod"):
            return atom
        case Apply("exp", (Reduce("sum") as exponent,)):
            return exponent
        case _:
            return None


def _shortened(work: Normaliser, term: Term, shortest: dict[_Kind, int], end: _End) -> Poly:
    """A term with its products as short as the shortest of their kind."""
    longer: dict[Expr, list[Expr]] = {}
    for atom, exponent in term.factors:
        product = _as_product(atom)
        # a root of a product need not be one of roots
        if product is None or (exponent.denominator != 1 and product is atom):
            continue
        seen = end(product)
        excess = seen.length() - shortest[seen.kind()]
        if 0 < excess <= _MOST_SPLIT and _reaches(work, term, product, excess):
            longer[atom] = seen.parts(excess)
    rest = tuple(pair for pair in term.factors if pair[0] not in longer)
    found: Poly = {Term(term.bound, term.conds, rest): Fraction(1)}
    for atom, exponent in term.factors:
        for part in longer.get(atom, ()):
            factor = work.poly(Pow(part, Number(exponent)))
            found = tm.plus(tm.scale(work.times(t, factor), c) for t, c in found.items())
    return found


def _reaches(work: Normaliser, term: Term, product: Reduce, excess: int) -> bool:
    """Whether a product surely has as many factors as are to be split off."""
    known = (*work.known, *inequalities(term.conds))
    return follows(known, af.shift(af.minus(product.hi, product.lo), 1 - excess))
