"""Brackets of values, decided sign by sign: ``[r > c] [r > -c] = [r > c]`` where ``c > 0``.

Each value is positive, zero or negative. What is left of a polynomial has to be 0 for every choice
that is possible: what excludes others are linear inequalities between products, in which each
product is a number by itself (Fourier and Motzkin).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import product
from typing import NamedTuple

from einrnn.core.build import ZERO, is_bracket
from einrnn.core.nodes import Compare, Expr, Node
from einrnn.core.traverse import rebuild
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.domain import inequalities
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.quotients import vanishes_cleared
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.rules import solved
from einrnn.symbolic.normal.terms import Poly, Term

_MOST_VALUES = 4
_MOST_ROWS = 200

Signs = Mapping[Expr, int]


class _Row(NamedTuple):
    """A sum of multiples of products that is at least 0, or above it."""

    terms: Mapping[Term, Fraction]
    strict: bool


def vanishes_by_signs(work: Normaliser, poly: Poly) -> bool:
    """Whether a polynomial is 0 whatever signs the values in its brackets have: the whole, or the
    summands of all that is summed in the same way.

    Raises:
        TooLarge: what is left in some case has too many terms.
    """
    if not any(is_bracket(a) for term in poly for a, _ in term.factors):
        return False
    return _by_signs(work, poly) or all(_by_signs(*group) for group in _summands(work, poly))


def _summands(work: Normaliser, poly: Poly) -> list[tuple[Normaliser, Poly]]:
    """What is summed in the same way, where its indices have some values."""
    groups: dict[tuple[object, ...], tuple[Normaliser, dict[Term, Fraction]]] = {}
    for term, coefficient in poly.items():
        conds = term.conds if term.bound else ()
        key = (term.bound, conds)
        if key not in groups:
            groups[key] = work.inside(*inequalities(conds)), {}
        summand = Term((), () if term.bound else term.conds, term.factors)
        groups[key][1][summand] = coefficient
    return list(groups.values())


def _by_signs(work: Normaliser, poly: Poly) -> bool:
    values = list(dict.fromkeys(value for _, value, _ in _brackets(poly)))
    if not 0 < len(values) <= _MOST_VALUES:
        return False
    polys = {value: work.poly(value) for value in values}
    facts = _facts(work, polys.values())
    for choice in product((1, 0, -1), repeat=len(values)):
        signs = dict(zip(values, choice, strict=True))
        if _is_possible([*facts, *_said(polys, signs)]) and not _vanishes(work, poly, signs):
            return False
    return True


def _brackets(poly: Poly) -> Iterator[tuple[Expr, Expr, str]]:
    """The brackets among the factors, each with its value and what it says of that."""
    for term in poly:
        for atom, _ in term.factors:
            if is_bracket(atom):
                match atom.branches[0][0]:
                    case Compare(">" | "==" as op, value, right) if right is ZERO:
                        if not atom.free & frozenset(term.bound):
                            yield atom, value, op
                    case _:
                        pass


def _vanishes(work: Normaliser, poly: Poly, signs: Signs) -> bool:
    """Whether a polynomial is 0 where values have some signs."""
    said = {atom: signs[value] == (1 if op == ">" else 0) for atom, value, op in _brackets(poly)}
    rows: list[Poly] = []
    for term, coefficient in poly.items():
        if all(said.get(atom, True) for atom, _ in term.factors):
            factors = tuple(pair for pair in term.factors if pair[0] not in said)
            rows.append({Term(term.bound, term.conds, factors): coefficient})
    left = work.canonical(tm.plus(rows))
    for value, sign in signs.items():
        if left and sign == 0:
            left = _where_zero(work, left, value)
    return not left or vanishes_cleared(work, left)


def _where_zero(work: Normaliser, poly: Poly, value: Expr) -> Poly:
    """A polynomial where a value is 0, an entry in it replaced by the rest."""
    found = solved(work, value)
    if found is None:
        return poly
    entry, rest = found[0], expression(found[1])

    def change(node: Node) -> Node:
        return rest if node is entry else node

    return work.poly(rebuild(expression(poly), change))


def _facts(work: Normaliser, polys: Iterable[Poly]) -> list[_Row]:
    """What is known of the products in some polynomials."""
    products = dict.fromkeys(term for poly in polys for term in poly if term != tm.UNIT)
    above = [
        term
        for term in products
        if not term.bound
        and not term.conds
        and all(work.facts.total.is_above(atom, work.known) for atom, _ in term.factors)
    ]
    return [_Row({term: Fraction(1)}, strict=True) for term in above]


def _said(polys: Mapping[Expr, Poly], signs: Signs) -> Iterator[_Row]:
    """What the signs of values say."""
    for value, sign in signs.items():
        if sign >= 0:
            yield _Row(polys[value], strict=sign > 0)
        if sign <= 0:
            yield _Row(tm.scale(polys[value], Fraction(-1)), strict=sign < 0)


def _is_possible(rows: list[_Row]) -> bool:
    """Whether inequalities do not contradict each other, the products in them being any numbers."""
    products = dict.fromkeys(term for row in rows for term in row.terms if term != tm.UNIT)
    for term in products:
        below = [row for row in rows if row.terms.get(term, 0) > 0]
        above = [row for row in rows if row.terms.get(term, 0) < 0]
        rows = [row for row in rows if not row.terms.get(term, 0)]
        rows += [_added(low, high, term) for low in below for high in above]
        if len(rows) > _MOST_ROWS:
            return True
    numbers = ((row.terms.get(tm.UNIT, Fraction(0)), row.strict) for row in rows)
    return all(number > 0 or (number == 0 and not strict) for number, strict in numbers)


def _added(low: _Row, high: _Row, term: Term) -> _Row:
    """The sum of multiples of two inequalities in which a product cancels."""
    first = tm.scale(low.terms, 1 / low.terms[term])
    second = tm.scale(high.terms, -1 / high.terms[term])
    return _Row(tm.plus((first, second)), low.strict or high.strict)
