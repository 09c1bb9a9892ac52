"""What is known to be a symmetric positive definite matrix, whose determinant is positive."""

from __future__ import annotations

from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core.nodes import Element, Expr, Index, Matrix
from einrnn.core.traverse import substitute
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.domain import is_zero
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.slices import is_plain
from einrnn.symbolic.normal.terms import Term

_ROW, _COLUMN = Index("·across"), Index("·down")


def is_definite(work: Normaliser, matrix: Matrix) -> bool:
    """Whether a matrix is a sum of one that is positive definite and others that have no negative
    eigenvalues: inputs declared so, multiples of 1, and ``X P Xᵀ`` with ``P`` one of those or 1."""
    entries = entries_of(work, matrix)
    kinds = [_kind(work, term, times) for term, times in entries.items()]
    return None not in kinds and "definite" in kinds


def entries_of(work: Normaliser, matrix: Matrix) -> tm.Poly:
    """The entry of a matrix between two places."""
    body = substitute(matrix.body, {matrix.row: af.of(_ROW), matrix.column: af.of(_COLUMN)})
    last = af.last(matrix.size)
    bounds = [b for i in (_ROW, _COLUMN) for b in (af.of(i), af.minus(last, af.of(i)))]
    return work.inside(*bounds).poly(body)


def _kind(work: Normaliser, term: Term, times: Fraction) -> str | None:
    """A summand of a matrix: definite, without negative eigenvalues, or None for neither."""
    if times < 0:
        return None
    diagonal = is_zero(af.minus(af.of(_ROW), af.of(_COLUMN)))
    if diagonal in term.conds:
        others = tuple(cond for cond in term.conds if cond is not diagonal)
        positive = _is_above(work, [atom for atom, _ in term.factors])
        return "definite" if positive and not others and not term.bound else None
    if any(cond.free & {_ROW, _COLUMN} for cond in term.conds):
        return None
    ends = [a for a, _ in term.factors if a.free & {_ROW, _COLUMN}]
    rest = [a for a, _ in term.factors if a not in ends]
    if any(e != 1 for a, e in term.factors if a in ends):
        return None
    if len(ends) == 1 and _is_definite_at(work, ends[0], _ROW, _COLUMN):
        return "definite" if not (term.bound or term.conds) and _is_above(work, rest) else None
    if len(ends) != 2:
        return None
    return "semidefinite" if _is_congruent(work, term, ends, rest) else None


def _is_above(work: Normaliser, atoms: list[Expr]) -> bool:
    """Whether values surely are above 0: a multiple by 0 has no inverse."""
    return all(work.facts.total.is_above(atom, work.known) for atom in atoms)


def _is_definite_at(work: Normaliser, atom: Expr, row: Index, column: Index) -> bool:
    """Whether an atom is the entry of a definite matrix, or of its inverse."""
    if isinstance(atom, Element):
        return atom.tensor in work.facts.definite and is_plain(atom, row, column)
    if isinstance(atom, Matrix) and atom.op == "inv":
        return {af.letter(at) for at in atom.at} == {row, column} and is_definite(work, atom)
    return False


def _is_congruent(work: Normaliser, term: Term, ends: list[Expr], rest: list[Expr]) -> bool:
    """Whether a term is ``Σ x(row,k) P(k,l) x(column,l)``, with P definite, or 1 or positive."""
    first, second = ends
    if _ROW not in first.free:
        first, second = second, first
    own = [i for i in term.bound if i in first.free]
    theirs = [i for i in term.bound if i in second.free]
    if _COLUMN in first.free or _ROW in second.free or len(own) != 1 or len(theirs) != 1:
        return False
    moved = {_ROW: af.of(_COLUMN), own[0]: af.of(theirs[0])}
    if tm.in_order(substitute(first, moved)) is not tm.in_order(second):
        return False
    if own != theirs and not _same_ranges(term, own[0], theirs[0]):
        return False
    between = [a for a in rest if a.free & frozenset((own[0], theirs[0]))]
    others = [a for a in rest if a not in between]
    if own == theirs:
        return all(map(work.is_positive, rest))
    return (
        len(between) == 1
        and _is_definite_at(work, between[0], own[0], theirs[0])
        and all(map(work.is_positive, others))
    )


def _same_ranges(term: Term, first: Index, second: Index) -> bool:
    """Whether two bound indices run over the same, and nothing ties them together."""
    rows = [{cond for cond in term.conds if i in cond.free} for i in (first, second)]
    moved = {substitute(cond, {first: af.of(second)}) for cond in rows[0]}
    return moved == rows[1] and not rows[0] & rows[1]
