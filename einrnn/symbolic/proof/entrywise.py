"""Matrices of fixed sizes entry by entry: ``A^2 - tr(A) A + det(A) 1 = 0`` of 2 by 2 matrices.

Sums over few positions are written out, determinants by Leibniz' formula, inverses by their
cofactors. What is left are polynomials, or quotients of them, in single entries.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import permutations

from einrnn.core import affine as af
from einrnn.core.build import ONE, neg, number, power
from einrnn.core.nodes import Add, Expr, Matrix, Mul, Node, Reduce
from einrnn.core.traverse import rebuild, substitute, walk
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.terms import TooLarge
from einrnn.symbolic.normal.zero import is_zero
from einrnn.symbolic.proof.entries import Chosen
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.statement import Proof, Statement, at_each_value

_MOST_POSITIONS = 4
_MOST_ENTRIES = 16
_MOST_SUMMANDS = 2_000


def by_entries(opener: Opener, statement: Statement, chosen: Chosen) -> Proof | None:
    """Equal entry by entry, with sums over positions of fixed axes written out."""
    opener = opener.hurried()
    rows = at_each_value(statement, _MOST_ENTRIES)
    try:
        if all(_is_true(opener, row, chosen) for row in rows):
            return Proof("normal form", ("entry by entry, at the sizes that are fixed",))
    except TooLarge:
        pass
    return None


def is_fixed(statement: Statement) -> bool:
    """Whether a statement is about a few entries, and what it sums has few summands."""
    ends = (af.number(af.minus(span.hi, span.lo)) for span in statement.ranges.values())
    sums = [n for n in walk(statement.left, statement.right) if isinstance(n, Reduce | Matrix)]
    few = all(end is not None and end < _MOST_POSITIONS for end in ends)
    return few and bool(sums) and all(map(_positions, sums))


def _is_true(opener: Opener, statement: Statement, chosen: Chosen) -> bool:
    if opener.expired():
        return False
    work = opener.normaliser(statement, ())
    # entries of definitions at numbers may be numbers
    ahead = [_summed_ahead(side) for side in (statement.left, statement.right)]
    sides = [opener.without(work, side, chosen) for side in ahead]
    opened = [expression(work.poly(side)) for side in sides]
    sums = (statement.left, statement.right, *sides, *opened)
    if not any(_positions(node) for node in walk(*sums)):
        return False
    left, right = map(_written_out, opened)
    return is_zero(work, work.poly(Add((left, neg(right)))))


def _summed_ahead(expr: Expr) -> Expr:
    """The expression with its sums written out, if that is not too much."""
    try:
        return rebuild(expr, _unrolled)
    except TooLarge:
        return expr


def _written_out(expr: Expr) -> Expr:
    summed = rebuild(expr, _unrolled)
    return rebuild(summed, _expanded)


def _positions(node: Node) -> range:
    """The few positions that a sum is over, or that an axis of a matrix has."""
    if isinstance(node, Reduce) and node.op == "sum":
        first, last = af.number(node.lo), af.number(node.hi)
    elif isinstance(node, Matrix):
        first, last = 0, af.number(af.last(node.size))
    else:
        return range(0)
    if first is None or last is None or not 0 < last - first < _MOST_POSITIONS:
        return range(0)
    return range(first, last + 1)


def _unrolled(node: Node) -> Node:
    if not isinstance(node, Reduce) or not _positions(node):
        return node
    terms = tuple(substitute(node.body, {node.index: af.of(at)}) for at in _positions(node))
    if sum(1 for _ in walk(*terms)) > _MOST_SUMMANDS:
        raise TooLarge
    return Add(terms)


def _expanded(node: Node) -> Node:
    """A determinant or an entry of an inverse by the entries of the matrix."""
    if not isinstance(node, Matrix) or not _positions(node) or node.op not in ("det", "inv"):
        return node
    places = [place for at in node.at if (place := af.number(at)) is not None]
    if len(places) < len(node.at):
        return node
    side = len(_positions(node))

    @cache
    def entry(row: int, column: int) -> Expr:
        return substitute(node.body, {node.row: af.of(row), node.column: af.of(column)})

    rows = tuple(range(side))
    whole = _determinant(entry, rows, rows)
    if node.op == "det":
        return whole
    row, column = places
    kept = tuple(r for r in rows if r != column), tuple(c for c in rows if c != row)
    cofactor = Mul((number((-1) ** (row + column)), _determinant(entry, *kept)))
    return Mul((cofactor, power(whole, -1)))


def _determinant(
    entry: Callable[[int, int], Expr], rows: tuple[int, ...], columns: tuple[int, ...]
) -> Expr:
    """Leibniz' formula."""
    terms: list[Expr] = []
    for order in permutations(range(len(columns))):
        factors = tuple(entry(r, columns[c]) for r, c in zip(rows, order, strict=True))
        product = Mul(factors) if len(factors) > 1 else factors[0] if factors else ONE
        terms.append(product if _is_even(order) else neg(product))
    return Add(tuple(terms)) if len(terms) > 1 else terms[0]


def _is_even(order: tuple[int, ...]) -> bool:
    pairs = ((a, b) for n, a in enumerate(order) for b in order[n + 1 :])
    return sum(a > b for a, b in pairs) % 2 == 0
