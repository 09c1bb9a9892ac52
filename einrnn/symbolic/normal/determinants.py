"""Determinants of sums of matrices by determinants of products.

``det(A + B) = det(A) det(1 + inv(A) B)`` where ``A`` has an inverse; ``det(1 + X Y)`` is
``det(1 + Y X)`` also where ``X`` and ``Y`` are not square (Weinstein and Aronszajn), and
``det(1 + u vᵀ) = 1 + vᵀ u``. Of all such forms the same one is taken for the same product.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core.build import delta, total
from einrnn.core.nodes import (
    Add,
    Affine,
    Apply,
    Expr,
    Index,
    Matrix,
    Mul,
    Node,
    Number,
    Pow,
    Reduce,
    Value,
)
from einrnn.core.traverse import rebuild, substitute, walk
from einrnn.dataclass import dataclass
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.cancel import whole_range
from einrnn.symbolic.normal.domain import is_zero
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.inverses import surely_inverted, vanishes_with_inverses
from einrnn.symbolic.normal.quotients import vanishes_cleared
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.settle import span
from einrnn.symbolic.normal.terms import Poly, Term

_ROW, _COLUMN = Index("·across"), Index("·down")
_ONE = Number(Fraction(1))


def vanishes_with_determinants(work: Normaliser, poly: Poly) -> bool:
    """Whether a polynomial is 0 once determinants of sums are those of products.

    Raises:
        TooLarge: the products have too many terms.
    """
    found = {d for term in poly for atom, _ in term.factors for d in _determinants(atom)}
    images = {atom: _image(work, poly, atom) for atom in sorted(found, key=lambda a: a.key)}
    changed = {atom: image for atom, image in images.items() if image is not None}
    if not changed:
        return False
    rows: list[Poly] = []
    for term, coefficient in poly.items():
        meant = [
            pair for pair in term.factors if not changed.keys().isdisjoint(_determinants(pair[0]))
        ]
        rest = Term(term.bound, term.conds, tuple(p for p in term.factors if p not in meant))
        powers = [Pow(_with_images(atom, changed), Number(e)) for atom, e in meant]
        rows.append(work.times(rest, work.poly(Mul((Number(coefficient), *powers)))))
    left = work.canonical(tm.plus(rows))
    return not left or vanishes_cleared(work, left) or vanishes_with_inverses(work, left)


def _determinants(atom: Expr) -> list[Matrix]:
    """The determinant that an atom is, or those that it is the logarithm of."""
    if not isinstance(atom, Matrix | Apply) or (isinstance(atom, Apply) and atom.function != "log"):
        return []
    return [node for node in walk(atom) if isinstance(node, Matrix) and node.op == "det"]


def _with_images(atom: Expr, images: Mapping[Matrix, Expr]) -> Expr:
    def change(node: Node) -> Node:
        return images.get(node, node) if isinstance(node, Matrix) else node

    return rebuild(atom, change)


@dataclass(frozen=True)
class _Part:
    """A summand of a matrix that has an inverse: its determinant, and the entries of its
    inverse between two places."""

    det: Expr
    inverse: Expr


def _image(work: Normaliser, poly: Poly, atom: Matrix) -> Expr | None:
    """The determinant of a sum as that of a product, None where it is none or no summand is
    known to have an inverse."""
    body = substitute(atom.body, {atom.row: af.of(_ROW), atom.column: af.of(_COLUMN)})
    inside = work.inside(*_whole(_ROW, atom.size), *_whole(_COLUMN, atom.size))
    entries = inside.poly(body)
    if len(entries) < 2:
        return None
    forms: list[Expr] = []
    for term, coefficient in tm.sorted_terms(entries):
        part = _inverted(work, poly, atom, term, coefficient)
        if part is not None:
            others = {t: c for t, c in entries.items() if t is not term}
            forms.append(_of_product(inside, atom.size, part, expression(others)))
    return min(forms, key=lambda form: form.key) if forms else None


def _whole(index: Index, size: Affine) -> tuple[Affine, Affine]:
    return af.of(index), af.minus(af.last(size), af.of(index))


def _inverted(
    work: Normaliser, poly: Poly, atom: Matrix, term: Term, coefficient: Fraction
) -> _Part | None:
    """A summand as a matrix that has an inverse: a multiple of 1, or one whose inverse is
    surely computed in the polynomial."""
    pinned = is_zero(af.minus(af.of(_ROW), af.of(_COLUMN)))
    if not term.bound and term.conds == (pinned,):
        return _diagonal(work, atom.size, expression({Term((), (), term.factors): coefficient}))
    if not {_ROW, _COLUMN} <= term.indices:
        return None
    own = expression({term: coefficient})
    at = (af.of(_ROW), af.of(_COLUMN))
    inverse = Matrix("inv", _ROW, _COLUMN, atom.size, own, af.ONE, at)
    joints = {_ROW, _COLUMN, *term.bound}
    scalars = [atom for atom, _ in term.factors if not atom.free & joints]
    if not all(map(work.is_above, scalars)) or not surely_inverted(work, poly, inverse):
        return None
    return _Part(Matrix("det", _ROW, _COLUMN, atom.size, own, af.ONE, ()), inverse)


def _diagonal(work: Normaliser, size: Affine, entry: Expr) -> _Part | None:
    """A diagonal matrix whose entries are surely not 0."""
    reciprocal = Mul((Pow(entry, Number(Fraction(-1))), delta(af.of(_ROW), af.of(_COLUMN))))
    free = entry.free & {_ROW, _COLUMN}
    if not free:
        if isinstance(entry, Number) or work.is_above(entry):
            return _Part(Pow(entry, Value(size)), reciprocal)
        return None
    entry = substitute(entry, dict.fromkeys(free, af.of(_ROW)))
    if not work.is_above(entry):
        return None
    return _Part(Reduce("prod", _ROW, af.ZERO, af.last(size), entry), reciprocal)


def _of_product(work: Normaliser, size: Affine, part: _Part, others: Expr) -> Expr:
    """det(A) det(1 + inv(A) B) in its one form."""
    between = Index("·between")
    here = af.of(between)
    inverse = substitute(part.inverse, {_COLUMN: here})
    product = total(between, size, Mul((inverse, substitute(others, {_ROW: here}))))
    entries = work.poly(product)
    if _has_rank_one(entries):
        trace = substitute(expression(entries), {_COLUMN: af.of(_ROW)})
        return Mul((part.det, Add((_ONE, total(_ROW, size, trace)))))
    if len(entries) == 1:
        ((term, coefficient),) = entries.items()
        turned = list(_turned(term, coefficient, size))
    else:
        turned = [(size, expression(entries))]
    forms = [work.simple(_one_and(length, body)) for length, body in turned]
    return Mul((part.det, min(forms, key=lambda form: form.key)))


def _one_and(size: Affine, body: Expr) -> Expr:
    """det(1 + X)."""
    unit = delta(af.of(_ROW), af.of(_COLUMN))
    return Matrix("det", _ROW, _COLUMN, size, Add((unit, body)), af.ONE, ())


def _has_rank_one(entries: Poly) -> bool:
    """Whether a matrix is a number times one column times one row."""
    if any(_joined(term) for term in entries):
        return False
    return len({_without_scalars(term) for term in entries}) == 1


def _without_scalars(term: Term) -> Term:
    """A summand without the factors that are the same in all entries."""
    joints = {_ROW, _COLUMN, *term.bound}
    return Term(term.bound, term.conds, tuple(p for p in term.factors if p[0].free & joints))


def _joined(term: Term) -> bool:
    """Whether factors join the row of a product to its column, from index to index."""
    reached = {_ROW}
    joints = {_ROW, _COLUMN, *term.bound}
    nodes = [*(atom for atom, _ in term.factors), *term.conds]
    ends = [node.free & joints for node in nodes]
    while True:
        grown = reached.union(*(end for end in ends if end & reached))
        if grown == reached:
            return _COLUMN in reached
        reached = grown


def _turned(term: Term, coefficient: Fraction, size: Affine) -> Iterator[tuple[Affine, Expr]]:
    """A product of matrices from row to column, and those that begin at a later factor."""
    yield size, expression({term: coefficient})
    if any(cond.free & {_ROW, _COLUMN} for cond in term.conds):
        return
    for cut in term.bound:
        length = _length(term, cut)
        before = _before(term, cut)
        if length is None or before is None or not _only_ranges(term, cut, length):
            continue
        joint = Index("·joint")
        moved: list[tuple[Expr, Fraction]] = []
        for atom, exponent in term.factors:
            near = {_ROW: af.of(joint), cut: af.of(_COLUMN)}
            far = {_COLUMN: af.of(joint), cut: af.of(_ROW)}
            moved.append((tm.moved(atom, near if atom in before else far), exponent))
        conds = [cond for cond in term.conds if cut not in cond.free]
        conds += whole_range(joint, size)
        bound = tuple(joint if index is cut else index for index in term.bound)
        turned = Term(bound, tm.sorted_conds(conds), tm.sorted_factors(moved))
        yield length, expression({turned: coefficient})


def _length(term: Term, index: Index) -> Affine | None:
    """The size of the axis that a bound index runs over, where it runs over a whole one."""
    ends = span(term, index)
    if ends is None or af.number(ends[0]) != 0 or ends[1].free:
        return None
    return af.shift(ends[1], 1)


def _only_ranges(term: Term, cut: Index, length: Affine) -> bool:
    """Whether no condition joins indices: those on either side of the cut could not be told."""
    plain = {cond for cond in term.conds if cut in cond.free} == set(whole_range(cut, length))
    joints = {_ROW, _COLUMN, *term.bound}
    return plain and all(len(cond.free & joints) < 2 for cond in term.conds)


def _before(term: Term, cut: Index) -> frozenset[Expr] | None:
    """The factors between the row and an index, where that index parts them from the rest."""
    joints = {_ROW, _COLUMN, *term.bound} - {cut}
    reached, found = {_ROW}, set[Expr]()
    while True:
        more = {a for a, _ in term.factors if a.free & reached} - found
        if not more:
            break
        found |= more
        reached |= {index for atom in more for index in atom.free & joints}
    if _COLUMN in reached:
        return None
    meets = [atom for atom, _ in term.factors if cut in atom.free and atom.free & joints]
    near = [atom for atom in meets if atom in found]
    return frozenset(found) if len(meets) == 2 and len(near) == 1 else None
