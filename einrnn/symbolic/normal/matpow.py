"""Powers of matrices in products: ``A^m A^n = A^(m + n)``, ``A A^n = A^(n + 1)``, and those of
inverses, ``inv(A) A^n = A^(n - 1)``.

Small powers that are numbers are products of entries (:mod:`.matrices`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core.nodes import Affine, Element, Expr, Index, Matrix, Mul, Reduce
from einrnn.core.traverse import substitute
from einrnn.symbolic.match import match
from einrnn.symbolic.normal.cancel import parts_by_index, whole_range
from einrnn.symbolic.normal.domain import follows
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.finish import one_by_one
from einrnn.symbolic.normal.matrices import is_written_out, matrix, ordered
from einrnn.symbolic.normal.terms import Poly, Term, plus, scale, unused

_MOST_LOWERED = 3
_NOWHERE = (af.ZERO, af.ZERO)


def matrix_powers(work: Normaliser, term: Term) -> Poly | None:
    """One step towards one power for each chain of powers of a matrix."""
    found = [a for a, e in term.factors if isinstance(a, Matrix) and a.op == "matpow" and e == 1]
    if not found:
        return None
    for atom in found:
        if is_written_out(atom.power):
            return work.times(_without(term, atom), matrix(work, atom))
    for part, rest in parts_by_index(term):
        joined = _joined(work, part)
        if joined is not None:
            return work.times(rest, matrix(work, joined))
    return None


def few_powers(poly: Poly) -> Poly:
    """The polynomial with sums over a few powers of a matrix written out."""
    return plus(scale(_written_out(term), times) for term, times in poly.items())


def lowered(work: Normaliser, poly: Poly) -> Poly:
    """The polynomial with powers of a sum of matrices brought to the lowest there is of it:
    ``B^(n + 1) = (I - A) B^n`` for ``B = I - A``, whose product with a power is spread out."""
    lowest: dict[Expr, Affine] = {}
    for atom in {a for term in poly for a, _ in term.factors if _is_of_sum(a)}:
        assert isinstance(atom, Matrix)
        before = lowest.setdefault(_raised(atom, af.ZERO, _NOWHERE), atom.power)
        if (af.number(af.minus(before, atom.power)) or 0) > 0:
            lowest[_raised(atom, af.ZERO, _NOWHERE)] = atom.power
    rows = [scale(_lowered(work, term, lowest), times) for term, times in poly.items()]
    return plus(rows)


def _lowered(work: Normaliser, term: Term, lowest: Mapping[Expr, Affine]) -> Poly:
    for atom, exponent in term.factors:
        if exponent != 1 or not _is_of_sum(atom):
            continue
        assert isinstance(atom, Matrix)
        power = lowest[_raised(atom, af.ZERO, _NOWHERE)]
        above = af.number(af.minus(atom.power, power)) or 0
        if not 0 < above <= _MOST_LOWERED or not follows(work.known_for(term), power):
            continue
        index = next(unused("·m", term.indices | work.spoken_for))
        here = af.of(index)
        entry = substitute(atom.body, {atom.row: atom.at[0], atom.column: here})
        rest = _raised(atom, af.shift(atom.power, -1), (here, atom.at[1]))
        product = Reduce("sum", index, af.ZERO, af.last(atom.size), Mul((entry, rest)))
        spread = work.times(_without(term, atom), work.poly(product))
        return plus(scale(_lowered(work, t, lowest), times) for t, times in spread.items())
    return {term: Fraction(1)}


def _is_of_sum(atom: Expr) -> bool:
    """Whether an atom is a power of a matrix that is no entry of a tensor."""
    return isinstance(atom, Matrix) and atom.op == "matpow" and not isinstance(atom.body, Element)


def _written_out(term: Term) -> Poly:
    for atom, _ in term.factors:
        if isinstance(atom, Matrix) and atom.op == "matpow":
            counted = next((index for index in term.bound if index in atom.power.free), None)
            rows = None if counted is None else one_by_one(term, counted)
            if rows is not None:
                return rows
    return {term: Fraction(1)}


def _without(term: Term, atom: Expr) -> Term:
    return Term(term.bound, term.conds, tuple(pair for pair in term.factors if pair[0] is not atom))


def _joined(work: Normaliser, part: Term) -> Matrix | None:
    """A power and what it is multiplied by along a summed index as one power."""
    (index,) = part.bound
    if len(part.factors) != 2 or any(exponent != 1 for _, exponent in part.factors):
        return None
    pair = [atom for atom, _ in part.factors]
    for first, second in (pair, pair[::-1]):
        if not isinstance(first, Matrix) or first.op != "matpow" or index in first.power.free:
            continue
        if part.conds != whole_range(index, first.size):
            continue
        powers = (_powers(first, other, index) for other in _as_powers(second))
        joined = next(filter(None, powers), None)
        joined = joined or _power_and_entry(work, first, second, index)
        if joined is not None:
            return joined
    return None


def _as_powers(expr: Expr) -> Iterator[Expr]:
    """An entry itself, and where it is one of an inverse, as a power of the matrix; the matrix may
    be the transpose of the one that is inverted."""
    yield expr
    if isinstance(expr, Matrix) and expr.op == "inv":
        row, column, at = expr.row, expr.column, expr.at
        for first, second, positions in ((row, column, at), (column, row, at[::-1])):
            power = af.of(-1)
            yield ordered(Matrix("matpow", first, second, expr.size, expr.body, power, positions))


def _powers(first: Matrix, second: Expr, index: Index) -> Matrix | None:
    """A^m[i,k] A^n[k,j] summed over k is A^(m + n)[i,j]."""
    here = af.of(index)
    if not isinstance(second, Matrix) or second.op != "matpow" or index in second.power.free:
        return None
    if first.at[1] is not here or second.at[0] is not here or first.at[0] is here:
        return None
    if second.at[1] is here or _raised(second, first.power, first.at) is not first:
        return None
    return _raised(first, af.plus(first.power, second.power), (first.at[0], second.at[1]))


def _power_and_entry(work: Normaliser, first: Matrix, second: Expr, index: Index) -> Matrix | None:
    """A^n[i,k] A[k,j] and A[i,k] A^n[k,j] summed over k are A^(n + 1)[i,j]."""
    here, variable = af.of(index), Index("·v")
    for at in (0, 1):
        outer = first.at[1 - at]
        if first.at[at] is not here or index in outer.free:
            continue
        row, column = (here, af.of(variable)) if at else (af.of(variable), here)
        body = substitute(first.body, {first.row: row, first.column: column})
        binding = match(work.simple(body), second, frozenset((variable,)))
        if binding is None or index in binding[variable].free:
            continue
        other = binding[variable]
        positions = (outer, other) if at else (other, outer)
        return _raised(first, af.shift(first.power, 1), positions)
    return None


def _raised(of: Matrix, power: Affine, at: tuple[Affine, ...]) -> Matrix:
    """Another power of the same matrix."""
    return Matrix(of.op, of.row, of.column, of.size, of.body, power, at)
