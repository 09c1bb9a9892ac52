"""Inverses, determinants and powers of matrices whose entries are products.

A matrix is a chain where each summed index stands in two factors: ``A[i,k] X[k,l] B[l,j]``.
If all matrices of a chain are square, ``det`` is the product of theirs and ``inv`` the
chain of theirs in reverse; where the inverse of the chain exists, so do those of its parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core.build import delta, total
from einrnn.core.nodes import (
    Affine,
    Expr,
    Index,
    Matrix,
    Mul,
    Number,
    Pow,
    Reduce,
    Value,
)
from einrnn.core.traverse import canonical, substitute
from einrnn.dataclass import dataclass
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.domain import at_least_zero, is_zero
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.powers import logarithm
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.slices import tensor_of
from einrnn.symbolic.normal.terms import Poly, Term

_MOST_POWER = 8


@dataclass(frozen=True)
class Entry:
    """A matrix by its entry: ``body`` in terms of ``row`` and ``column``."""

    row: Index
    column: Index
    body: Expr

    def at(self, row: Affine, column: Affine) -> Expr:
        """The entry at two positions."""
        return substitute(self.body, {self.row: row, self.column: column})


@dataclass(frozen=True)
class Chain:
    """A number times a product of square matrices."""

    scalar: Expr
    links: tuple[Entry, ...]


def matrix(work: Normaliser, expr: Matrix) -> Poly:
    """The normal form of a function of a matrix."""
    if expr.op == "logdet":
        return logarithm(work, matrix(work, _determinant(expr)))
    if expr.op == "matpow" and af.number(expr.power) == -1:
        inverse = Matrix("inv", expr.row, expr.column, expr.size, expr.body, af.ONE, expr.at)
        return matrix(work, inverse)
    row, column = _letters(expr.body)
    body = substitute(expr.body, {expr.row: af.of(row), expr.column: af.of(column)})
    inside = work.inside(*_within(row, expr.size), *_within(column, expr.size))
    poly = inside.poly(body)
    if expr.op == "matpow":
        return _matpow(work, expr, Entry(row, column, expression(poly)))
    diagonal = _diagonal(poly, row, column)
    if diagonal is not None:
        return work.poly(_of_diagonal(expr, Entry(row, column, diagonal)))
    chain = _chain(poly, row, column, expr.size)
    if chain is None:
        return _atom(work, inside, expr, Entry(row, column, expression(poly)))
    if len(chain.links) == 1 and chain.scalar is Number(Fraction(1)):
        return _link(work, inside, expr, chain.links[0])
    return _of_chain(work, expr, chain)


def _determinant(expr: Matrix) -> Matrix:
    return Matrix("det", expr.row, expr.column, expr.size, expr.body, expr.power, ())


def _letters(body: Expr) -> tuple[Index, Index]:
    """Names for row and column that do not occur in the body, the same for the same body:
    the order of its factors depends on them."""
    level = 0
    while Index(f"·row{level}") in body.free or Index(f"·col{level}") in body.free:
        level += 1
    return Index(f"·row{level}"), Index(f"·col{level}")


def _within(index: Index, size: Affine) -> tuple[Affine, Affine]:
    return af.of(index), af.minus(af.last(size), af.of(index))


def _same(expr: Matrix, entry: Entry, at: tuple[Affine, ...]) -> Matrix:
    """The function of another matrix of that size."""
    return Matrix(expr.op, entry.row, entry.column, expr.size, entry.body, expr.power, at)


def _atom(work: Normaliser, inside: Normaliser, expr: Matrix, entry: Entry) -> Poly:
    """A matrix or its transpose, whichever comes first; of a symmetric one the positions
    are interchangeable, which the naming of dummies uses."""
    swapped = {entry.row: af.of(entry.column), entry.column: af.of(entry.row)}
    transposed = Entry(entry.row, entry.column, inside.simple(substitute(entry.body, swapped)))
    first, second = (ordered(_same(expr, e, ())) for e in (entry, transposed))
    chosen, at = (entry, expr.at) if first.key <= second.key else (transposed, expr.at[::-1])
    atom = ordered(_same(expr, chosen, at))
    given = tensor_of(_same(expr, entry, ())) in work.facts.symmetric
    if first is second or given:
        work.symmetric.add(atom.body)
    return tm.atom(atom)


def ordered(expr: Matrix) -> Matrix:
    """The one node for all that differ in the names of row and column only."""
    return tm.in_order(canonical(expr))


def _link(work: Normaliser, inside: Normaliser, expr: Matrix, entry: Entry) -> Poly:
    """A function of one matrix, which may itself be an inverse or a power."""
    inner = entry.body
    if not isinstance(inner, Matrix) or inner.op not in ("inv", "matpow"):
        return _atom(work, inside, expr, entry)
    forward = inner.at == (af.of(entry.row), af.of(entry.column))
    backward = inner.at == (af.of(entry.column), af.of(entry.row))
    if not (forward or backward):
        return _atom(work, inside, expr, entry)
    power = af.of(-1) if inner.op == "inv" else inner.power
    if expr.op == "det":
        whole = Matrix("det", inner.row, inner.column, inner.size, inner.body, af.ONE, ())
        return work.poly(Pow(whole, Value(power)))
    row, column = expr.at if forward else expr.at[::-1]
    opposite = af.scale(power, -1)
    return matrix(
        work,
        Matrix("matpow", inner.row, inner.column, inner.size, inner.body, opposite, (row, column)),
    )


def _diagonal(poly: Poly, row: Index, column: Index) -> Expr | None:
    """The entries on the diagonal of a matrix that is 0 elsewhere, in terms of the row."""
    pinned = is_zero(af.minus(af.of(row), af.of(column)))
    if not poly or any(pinned not in term.conds for term in poly):
        return None
    rows = {
        Term(t.bound, tuple(c for c in t.conds if c is not pinned), t.factors): coefficient
        for t, coefficient in poly.items()
    }
    return substitute(expression(rows), {column: af.of(row)})


def _of_diagonal(expr: Matrix, entry: Entry) -> Expr:
    if expr.op == "inv":
        reciprocal = Pow(entry.at(expr.at[0], expr.at[0]), Number(Fraction(-1)))
        return Mul((delta(*expr.at), reciprocal))
    return Reduce("prod", entry.row, af.ZERO, af.last(expr.size), entry.body)


def _chain(poly: Poly, row: Index, column: Index, size: Affine) -> Chain | None:
    """The poly as a chain from the row to the column, where it is one product."""
    if len(poly) != 1:
        return None
    ((term, coefficient),) = poly.items()
    path = frozenset((row, column, *term.bound))
    if not _whole_ranges(term, size):
        return None
    scalar: list[Expr] = [Number(coefficient)]
    ends: list[tuple[frozenset[Index], Expr]] = []
    for atom, exponent in term.factors:
        touched = atom.free & path
        if not touched:
            scalar.append(atom if exponent == 1 else Pow(atom, Number(exponent)))
        elif exponent == 1 and len(touched) == 2:
            ends.append((touched, atom))
        else:
            return None
    links = _linked(ends, row, column)
    if links is None:
        return None
    return Chain(scalar[0] if len(scalar) == 1 else Mul(tuple(scalar)), links)


def _whole_ranges(term: Term, size: Affine) -> bool:
    """Whether the bound indices run over whole axes of this size, and nothing else is asked."""
    wanted = [
        at_least_zero(value)
        for index in term.bound
        for value in (af.of(index), af.minus(af.last(size), af.of(index)))
    ]
    return frozenset(wanted) == frozenset(term.conds)


def _linked(
    ends: Sequence[tuple[frozenset[Index], Expr]], row: Index, column: Index
) -> tuple[Entry, ...] | None:
    left = list(ends)
    here = row
    links: list[Entry] = []
    while here is not column:
        found = [pair for pair in left if here in pair[0]]
        if len(found) != 1:
            return None
        left.remove(found[0])
        touched, atom = found[0]
        (there,) = touched - {here}
        links.append(Entry(here, there, atom))
        here = there
    return None if left or not links else tuple(links)


def _of_chain(work: Normaliser, expr: Matrix, chain: Chain) -> Poly:
    if expr.op == "inv":
        at = [expr.at[0], *(af.of(work.fresh()) for _ in chain.links[1:]), expr.at[1]]
        factors = [
            _same(expr, link, (at[place], at[place + 1]))
            for place, link in enumerate(reversed(chain.links))
        ]
        body: Expr = Mul((Pow(chain.scalar, Number(Fraction(-1))), *factors))
        for position in at[1:-1]:
            letter = af.letter(position)
            assert letter is not None
            body = total(letter, expr.size, body)
        return work.poly(body)
    determinants = [
        Matrix("det", link.row, link.column, expr.size, link.body, af.ONE, ())
        for link in chain.links
    ]
    return work.poly(Mul((Pow(chain.scalar, Value(expr.size)), *determinants)))


def is_written_out(power: Affine) -> bool:
    """Whether a power is a number for which an inverse or a product is written instead."""
    number = af.number(power)
    return number is not None and -1 <= number <= _MOST_POWER


def _matpow(work: Normaliser, expr: Matrix, entry: Entry) -> Poly:
    """Small whole powers as products, the others as they are."""
    first, last = expr.at
    power = af.number(expr.power)
    if power == 0:
        return work.poly(delta(first, last))
    if power is None or not is_written_out(expr.power):
        return tm.atom(ordered(_same(expr, entry, expr.at)))
    between = [work.fresh() for _ in range(power - 1)]
    at = [first, *(af.of(index) for index in between), last]
    body: Expr = Mul(tuple(entry.at(at[n], at[n + 1]) for n in range(power)))
    for index in between:
        body = total(index, expr.size, body)
    return work.poly(body)
