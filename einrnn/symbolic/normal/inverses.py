"""Inverses of sums of matrices: what a polynomial with them in it comes to.

Of ``P = inv(Q)`` with ``Q = A + B`` nothing is known but ``Q P = P Q = 1``. It is used in two
ways. A product in which the largest summand of ``Q`` stands beside ``P`` is replaced by what
the rest leaves: ``A P = 1 - B P``. And a polynomial with ``P[i,k]`` in it, ``i`` free, is 0 for
every ``i`` if and only if its product with ``Q``, summed over ``i``, is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import islice

from einrnn.core import affine as af
from einrnn.core.nodes import (
    Add,
    Affine,
    Apply,
    Cases,
    Cond,
    Element,
    Expr,
    Index,
    Matrix,
    Mul,
    Node,
    Pow,
    Reduce,
)
from einrnn.core.traverse import parts, substitute
from einrnn.dataclass import dataclass
from einrnn.symbolic.match import match
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.cancel import whole_range
from einrnn.symbolic.normal.domain import follows, inequalities, is_zero
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.quotients import vanishes_cleared
from einrnn.symbolic.normal.slices import tensor_of
from einrnn.symbolic.normal.spans import guards, is_computed
from einrnn.symbolic.normal.terms import Poly, Term

_MOST_REPLACED = 40
_MOST_CLEARED = 5
_MOST_CHOICES = 3
_MOST_TRIED = 10
_MOST_LINKS = 6

Binding = Mapping[Index, Affine]


def inverses(poly: Poly) -> list[Matrix]:
    """The inverses among the factors of a polynomial, in a fixed order, each once."""
    found = {
        atom
        for term in poly
        for atom, _ in term.factors
        if isinstance(atom, Matrix) and atom.op == "inv"
    }
    return sorted(found, key=lambda atom: atom.key)


def vanishes_with_inverses(work: Normaliser, poly: Poly) -> bool:
    """Whether a polynomial with inverses in it is 0 by what inverts them.

    Raises:
        TooLarge: the products have too many terms.
    """
    if not inverses(poly):
        return False
    pending = [(work, poly, 0)]
    for _ in range(_MOST_TRIED):
        if not pending:
            break
        work, poly, depth = pending.pop()
        # a matrix may have been found symmetric after terms with its inverse were ordered
        poly = work.canonical(_replaced(work, poly))
        if not poly or vanishes_cleared(work, poly):
            return True
        if depth < _MOST_CLEARED:
            # the first choice is tried to the end before the next
            choices = list(islice(_cleared(work, poly), _MOST_CHOICES))
            pending += [(*choice, depth + 1) for choice in reversed(choices)]
    return False


# ------------------------------------------------------------------ A P = 1 - B P


@dataclass(frozen=True)
class Product:
    """A product of powers of atoms, with what else has to hold, that stands for part of a matrix.

    ``inner`` are the indices summed in it, under ``conds``.
    """

    powers: tm.Factors
    inner: tuple[Index, ...]
    conds: frozenset[Cond]

    @property
    def variables(self) -> frozenset[Index]:
        """The indices whose places are looked for."""
        return frozenset((*self.inner, _OUTER))


_HERE = Index("·here")
_OUTER = Index("·outer")


def _replaced(work: Normaliser, poly: Poly) -> Poly:
    """The polynomial after replacing products that inverses meet, until there are none."""
    for _ in range(_MOST_REPLACED):
        for term, coefficient in tm.sorted_terms(poly):
            found = _replaced_in(work, term)
            if found is not None:
                others = {t: c for t, c in poly.items() if t is not term}
                new = work.canonical(tm.scale(found, coefficient))
                poly = tm.plus((others, new))
                break
        else:
            return poly
    return poly


def _replaced_in(work: Normaliser, term: Term) -> Poly | None:
    """The term after one replacement, None where no inverse meets what it inverts."""
    for atom, exponent in term.factors:
        if not isinstance(atom, Matrix) or atom.op != "inv" or exponent != 1:
            continue
        for side in (0, 1):
            index = af.letter(atom.at[side])
            if index is None or index not in term.bound or _elsewhere(atom, side, index):
                continue
            if not set(whole_range(index, atom.size)) <= set(term.conds):
                continue
            found = _beside(work, term, atom, side, index)
            if found is not None:
                return found
    return None


def _elsewhere(atom: Matrix, side: int, index: Index) -> bool:
    """Whether an index occurs in an entry of a matrix at another place than this side."""
    return index in atom.at[1 - side].free or index in atom.body.free


def _beside(work: Normaliser, term: Term, atom: Matrix, side: int, index: Index) -> Poly | None:
    """The term with what meets an inverse at an index replaced by what the rest leaves."""
    body = _entries(work, atom, side)
    leading = _leading(body)
    if leading is None:
        return None
    (largest, coefficient), product = leading
    scalars = _scalars(largest)
    if not _may_divide(work, term, scalars):
        return None
    for used, binding in _instances(work, term, atom, index, product):
        outer = binding[_OUTER]
        left = tm.sorted_factors(pair for pair in term.factors if pair[0] not in used)
        gone = {index, *(i for a in product.inner if (i := af.letter(binding[a])) is not None)}
        rest = Term(
            tuple(i for i in term.bound if i not in gone),
            tuple(cond for cond in term.conds if not cond.free & gone),
            tuple(pair for pair in left if pair[0] is not atom),
        )
        others = {t: c for t, c in body.items() if t is not largest}
        met = _met(work, atom, side, others, outer)
        unit: Poly = {Term((), (is_zero(af.minus(outer, atom.at[1 - side])),), ()): Fraction(1)}
        image = tm.plus((unit, tm.scale(met, Fraction(-1))))
        less = tm.sorted_factors((atom, -exponent) for atom, exponent in scalars)
        rest = Term(rest.bound, rest.conds, tm.merged(rest.factors, less))
        return tm.scale(work.times(rest, image), 1 / coefficient)
    return None


def _scalars(summand: Term) -> tm.Factors:
    """The factors of a summand of a matrix that all its entries share."""
    joints = {_HERE, _OUTER, *summand.bound}
    return tuple(pair for pair in summand.factors if not pair[0].free & joints)


def _may_divide(work: Normaliser, term: Term, scalars: tm.Factors) -> bool:
    """Whether a term may be divided by some factors: it has them, or they are not 0."""
    own = dict(term.factors)
    return all(
        own.get(atom, 0) >= exponent > 0 or work.is_above(atom) for atom, exponent in scalars
    )


def _entries(work: Normaliser, atom: Matrix, side: int) -> Poly:
    """The entries of what an inverse inverts, in the two letters of a product: where its side
    is 0, the matrix is to its left, and its column is here."""
    row, column = (_OUTER, _HERE) if side == 0 else (_HERE, _OUTER)
    known = [
        value
        for letter in (row, column)
        for value in (af.of(letter), af.minus(af.last(atom.size), af.of(letter)))
    ]
    body = substitute(atom.body, {atom.row: af.of(row), atom.column: af.of(column)})
    return work.inside(*known).poly(body)


def _leading(body: Poly) -> tuple[tuple[Term, Fraction], Product] | None:
    """The largest summand of a matrix, as a product to look for: what is left is smaller, so
    that replacing comes to an end."""
    products = [term for term in body if _is_product(term)]
    if not products:
        return None
    largest = max(products, key=_size)
    # names that no term has: those of a term are what they are matched with
    names = {index: af.of(Index(f"·in{n}")) for n, index in enumerate(largest.bound)}
    scalars = _scalars(largest)
    joined = tuple(pair for pair in largest.factors if pair not in scalars)
    pattern = tm.rename(Term(largest.bound, largest.conds, joined), names)
    product = Product(pattern.factors, pattern.bound, frozenset(pattern.conds))
    return (largest, body[largest]), product


def _is_product(term: Term) -> bool:
    """Whether a summand of a matrix is a product that reaches from its row to its column."""
    if len(term.factors) > _MOST_LINKS:
        return False
    if any(not cond.free <= frozenset(term.bound) for cond in term.conds):
        return False
    return all(any(end in atom.free for atom, _ in term.factors) for end in (_HERE, _OUTER))


def _size(term: Term) -> tuple[int, int, tuple[bytes, ...]]:
    return (
        len(term.bound),
        len(term.factors),
        tuple(atom.key for atom, _ in term.factors),
    )


def _instances(
    work: Normaliser, term: Term, inverse: Matrix, index: Index, product: Product
) -> Iterator[tuple[frozenset[Expr], Binding]]:
    """Where factors of a term are the atoms of a product at an index that nothing else has."""
    factors = [pair for pair in term.factors if pair[0] is not inverse]
    start: dict[Index, Affine] = {_HERE: af.of(index)}
    for used, binding in _assigned(work, product.variables, product.powers, factors, start):
        apart = _is_apart(term, inverse, index, product, used, binding)
        if apart and _lies_inside(work, term, inverse.size, binding[_OUTER]):
            yield used, binding


def _assigned(
    work: Normaliser,
    variables: frozenset[Index],
    powers: Sequence[tuple[Expr, Fraction]],
    factors: Sequence[tuple[Expr, Fraction]],
    binding: Binding,
) -> Iterator[tuple[frozenset[Expr], Binding]]:
    """Ways to find powers of atoms among the factors, those with known places first."""
    if not powers:
        yield frozenset(), binding
        return
    power = max(powers, key=lambda pair: (len(pair[0].free & binding.keys()), pair[0].key))
    atom, exponent = power
    others = [other for other in powers if other is not power]
    unplaced = (atom.free & variables) - binding.keys()
    placed = substitute(atom, binding)
    for factor in factors:
        if factor[1] != exponent:
            continue
        for form in _forms(work, factor[0]):
            found = match(placed, form, unplaced)
            if found is None:
                continue
            left = [other for other in factors if other is not factor]
            for used, whole in _assigned(work, variables, others, left, {**binding, **found}):
                yield used | {factor[0]}, whole


def _forms(work: Normaliser, factor: Expr) -> Iterator[Expr]:
    """A factor, and with its last two positions exchanged where that is the same."""
    yield factor
    if not work.interchangeable(factor):
        return
    if isinstance(factor, Element):
        *first, second, third = factor.args
        yield Element(factor.tensor, (*first, third, second))
    elif isinstance(factor, Matrix):
        row, column = factor.at
        yield Matrix(
            factor.op,
            factor.row,
            factor.column,
            factor.size,
            factor.body,
            factor.power,
            (column, row),
        )


def _is_apart(
    term: Term,
    inverse: Matrix,
    index: Index,
    product: Product,
    used: frozenset[Expr],
    binding: Binding,
) -> bool:
    """Whether the summed indices of an instance are different bound indices that occur in it
    only, and run over what the product's do."""
    inner = [af.letter(binding[i]) if i in binding else None for i in product.inner]
    if None in inner or len({*inner, index}) != len(inner) + 1:
        return False
    gone = frozenset(i for i in (*inner, index) if i is not None)
    outer = binding.get(_OUTER)
    if outer is None or outer.free & gone or not gone <= frozenset(term.bound):
        return False
    others = [a for a, _ in term.factors if a not in used and a is not inverse]
    if any(atom.free & gone for atom in others) or inverse.free & gone != frozenset((index,)):
        return False
    theirs = {substitute(cond, binding) for cond in product.conds}
    theirs |= set(whole_range(index, inverse.size))
    return theirs == {cond for cond in term.conds if cond.free & gone}


def _lies_inside(work: Normaliser, term: Term, size: Affine, place: Affine) -> bool:
    """Whether a place is one of the matrix: its entries may go on outside it."""
    known = (*work.known, *inequalities(term.conds))
    return follows(known, place) and follows(known, af.minus(af.last(size), place))


def _met(work: Normaliser, atom: Matrix, side: int, body: Poly, outer: Affine) -> Poly:
    """Entries of a matrix, with its outer place given, times the inverse, summed."""
    here = work.fresh()
    at = (af.of(here), atom.at[1]) if side == 0 else (atom.at[0], af.of(here))
    met = Matrix(atom.op, atom.row, atom.column, atom.size, atom.body, atom.power, at)
    factor = Term((here,), whole_range(here, atom.size), ((met, Fraction(1)),))
    mapping = {_HERE: af.of(here), _OUTER: outer}
    placed = tm.plus({tm.rename(t, mapping): c} for t, c in _apart(work, body, outer).items())
    return work.times(factor, placed)


def _apart(work: Normaliser, body: Poly, outer: Affine) -> Poly:
    """A polynomial with its bound indices different from those of an index expression."""
    return tm.plus({tm.apart(t, outer.free): c} for t, c in body.items())


# ------------------------------------------------------------------ times Q


def _cleared(work: Normaliser, poly: Poly) -> Iterator[tuple[Normaliser, Poly]]:
    """The polynomial times what an inverse at a free index inverts, summed over that index, for
    each such inverse."""
    for atom in sorted(inverses(poly), key=lambda atom: (not _is_sum(atom.body), atom.key)):
        for side in (0, 1):
            index = af.letter(atom.at[side])
            if index is None or _elsewhere(atom, side, index):
                continue
            if not _is_free(work, poly, index, atom.size) or not _surely(work, poly, atom):
                continue
            if not all(_is_alone(t, atom, index) for t in poly if atom in dict(t.factors)):
                continue  # the inverse would stay
            yield _times(work, poly, atom, side, index)


def _is_alone(term: Term, atom: Matrix, index: Index) -> bool:
    """Whether an index occurs in a term in one inverse only, which is a factor once."""
    others = (*term.conds, *(a for a, _ in term.factors if a is not atom))
    return dict(term.factors).get(atom) == 1 and not any(index in node.free for node in others)


def _is_sum(expr: Expr) -> bool:
    return isinstance(expr, Add | Reduce | Cases)


def _is_free(work: Normaliser, poly: Poly, index: Index, size: Affine) -> bool:
    """Whether an index is free and all that is known of it is that it runs over a whole axis:
    the polynomial may then be taken to be 0 at each of its values."""
    if any(index in term.bound for term in poly):
        return False
    here = af.of(index)
    known = {value for value in work.known if index in value.free}
    return known == {here, af.minus(af.last(size), here)}


def _surely(work: Normaliser, poly: Poly, atom: Matrix) -> bool:
    """Whether the inverse is computed whatever the free indices are."""
    return any(
        dict(term.factors).get(atom) == 1
        and not guards(term, work.facts.bits)
        and is_computed(term, work.known)
        for term in poly
    )


def surely_inverted(work: Normaliser, poly: Poly, inverse: Matrix) -> bool:
    """Whether a matrix surely has an inverse: that of an input is given to have one, or the
    polynomial computes it whatever the free indices are."""
    found = work.poly(inverse)
    if len(found) != 1:
        return False
    ((term, _),) = found.items()
    if guards(term, work.facts.bits) or not all(
        _is_no_divisor(work, *pair) for pair in term.factors
    ):
        return False
    there = {
        (node.size, node.body)
        for other in poly
        if not guards(other, work.facts.bits) and is_computed(other, work.known)
        for atom, _ in other.factors
        for node in _computed(atom)
    }
    return all(
        (atom.size, atom.body) in there or _given(work, atom)
        for atom, _ in term.factors
        if isinstance(atom, Matrix) and atom.op == "inv"
    )


def _is_no_divisor(work: Normaliser, atom: Expr, exponent: Fraction) -> bool:
    """Whether a factor is none that something is divided by, or is known not to be 0."""
    if isinstance(atom, Pow) and not work.is_above(atom.base):
        return False
    return exponent > 0 or work.is_above(atom)


def _given(work: Normaliser, atom: Matrix) -> bool:
    return work.facts.invertible.get(tensor_of(atom) or "") is atom.size


def _computed(expr: Expr) -> Iterator[Matrix]:
    """The inverses that an expression computes whatever the values in it are."""
    stack: list[Node] = [expr]
    while stack:
        node = stack.pop()
        if isinstance(node, Matrix) and node.op == "inv":
            yield node
        whole = isinstance(node, Reduce) and follows((), af.minus(node.hi, node.lo))
        # what is beside a condition may be left out
        every = isinstance(node, Mul) and not any(isinstance(f, Cases) for f in node.factors)
        if whole or every or isinstance(node, Add | Pow | Apply | Matrix):
            stack += parts(node)


def _times(
    work: Normaliser, poly: Poly, atom: Matrix, side: int, index: Index
) -> tuple[Normaliser, Poly]:
    """Σ_i Q[m,i] p[i] for a new free index m; by side 1, Σ_i p[i] Q[i,m]."""
    outer, here = work.fresh(), work.fresh()
    place = af.of(outer)
    body = _entries(work, atom, side)
    moved = tm.plus(
        {tm.rename(term, {_HERE: af.of(here), _OUTER: place}): coefficient}
        for term, coefficient in body.items()
    )
    span = (place, af.minus(af.last(atom.size), place))
    kept = tuple(value for value in work.known if index not in value.free)
    inside = work.where(*kept, *span)
    rows: list[Poly] = []
    for term, coefficient in poly.items():
        rows.append(
            tm.scale(_product(inside, term, atom, side, index, here, place, moved), coefficient)
        )
    return inside, inside.canonical(tm.plus(rows))


def _product(
    work: Normaliser,
    term: Term,
    atom: Matrix,
    side: int,
    index: Index,
    here: Index,
    place: Affine,
    matrix: Poly,
) -> Poly:
    """Σ_i Q[m,i] of one term, where Q meets the inverse directly as δ."""
    conds = whole_range(here, atom.size)
    others = tuple(pair for pair in term.factors if pair[0] is not atom)
    if _is_alone(term, atom, index):
        pinned = is_zero(af.minus(place, atom.at[1 - side]))
        return {Term(term.bound, tm.sorted_conds((*term.conds, pinned)), others): Fraction(1)}
    summed = tm.rename(term, {index: af.of(here)})
    whole = Term((here, *summed.bound), tm.sorted_conds((*summed.conds, *conds)), summed.factors)
    return work.times(whole, matrix)
