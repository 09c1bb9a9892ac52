"""Brackets of values, decided sign by sign: ``[r > c] [r > -c] = [r > c]`` where ``c > 0``.

Each value is positive, zero or negative. What is left of a polynomial has to be 0 for every choice
that is possible: what excludes others are linear inequalities between products, in which each
product is a number by itself (Fourier and Motzkin). Absolute values and signs are decided
likewise, inside functions too: ``log(1 + exp(a)) = max(a, 0) + log(1 + exp(-|a|))``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import product
from typing import NamedTuple

from einrnn.core.build import ONE, ZERO, is_bracket
from einrnn.core.nodes import Apply, Cases, Compare, Expr, Mul, Node, Number
from einrnn.core.traverse import binds, rebuild, walk
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.domain import inequalities
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.quotients import vanishes_cleared
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.rules import solved
from einrnn.symbolic.normal.terms import Poly, Term

_MOST_VALUES = 4
_MOST_ROWS = 200
_MOST_DIVIDED = 4

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
    atoms = [atom for term in poly for atom, _ in term.factors]
    if all(_value(node) is None for node in walk(*atoms)):
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
    asked = {node: value for term in poly for node, value in _asked(term)}
    values = list(dict.fromkeys(asked.values()))
    if not 0 < len(values) <= _MOST_VALUES:
        return False
    polys = {value: work.poly(value) for value in values}
    facts = _facts(work, polys.values())
    for choice in product((1, 0, -1), repeat=len(values)):
        signs = dict(zip(values, choice, strict=True))
        if not _is_possible([*facts, *_said(polys, signs)]):
            continue
        answers = {node: _answer(node, signs[value]) for node, value in asked.items()}
        if not _vanishes(work, _answered(work, poly, answers), signs):
            return False
    return True


def _asked(term: Term) -> list[tuple[Expr, Expr]]:
    """What hangs on the sign of a value that no sum is over, with the value: brackets, absolute
    values and signs."""
    atoms = [atom for atom, _ in term.factors]
    inner = {index for node in walk(*atoms) for index in binds(node)}
    outside = frozenset((*term.bound, *inner))
    nodes = (node for node in walk(*atoms) if isinstance(node, Expr) and not node.free & outside)
    return [(node, value) for node in nodes if (value := _value(node)) is not None]


def _value(node: Node) -> Expr | None:
    match node:
        case Cases() if is_bracket(node):
            match node.branches[0][0]:
                case Compare(">" | "==", value, right) if right is ZERO:
                    return value
                case _:
                    return None
        case Apply("abs" | "sign", (value,)):
            return value
        case _:
            return None


def _answer(node: Expr, sign: int) -> Expr:
    """What something is where the value in it has a sign."""
    match node:
        case Cases(((Compare(">"), _),)):
            return ONE if sign > 0 else ZERO
        case Cases():
            return ONE if sign == 0 else ZERO
        case Apply("abs", (value,)):
            return Mul((Number(Fraction(sign)), value))
        case _:
            return Number(Fraction(sign))


def _answered(work: Normaliser, poly: Poly, answers: Mapping[Expr, Expr]) -> Poly:
    """A polynomial with what its brackets, absolute values and signs are."""

    def change(node: Node) -> Node:
        return answers.get(node, node) if isinstance(node, Expr) else node

    rows: list[Poly] = []
    for term, coefficient in poly.items():
        if any(answers.get(atom) is ZERO for atom, _ in term.factors):
            continue  # a bracket, beside which nothing need have a value
        factors = tuple(pair for pair in term.factors if answers.get(pair[0]) is not ONE)
        rest = {Term(term.bound, term.conds, factors): coefficient}
        if _asked(Term(term.bound, term.conds, factors)):
            rest = work.poly(rebuild(expression(rest), change))
        rows.append(rest)
    return work.canonical(tm.plus(rows))


def _vanishes(work: Normaliser, left: Poly, signs: Signs) -> bool:
    """Whether a polynomial is 0 where values have some signs."""
    for value, sign in signs.items():
        if left and sign == 0:
            left = _where_zero(work, left, value)
    return not left or vanishes_cleared(work, left)


def _where_zero(work: Normaliser, poly: Poly, value: Expr) -> Poly:
    """A polynomial where a value is 0: an entry in it, all of it, or its largest product replaced
    by what it is."""
    found = solved(work, value)
    entry, rest = (value, ZERO) if found is None else (found[0], expression(found[1]))

    def change(node: Node) -> Node:
        return rest if node is entry else node

    changed = work.poly(rebuild(expression(poly), change))
    return changed if found is not None else _without_product(work, changed, work.poly(value))


def _without_product(work: Normaliser, poly: Poly, value: Poly) -> Poly:
    """A polynomial where another one is 0, without the largest product of that."""
    products = [t for t in value if t.factors and not t.bound and not t.conds]
    if not products:
        return poly
    largest = max(products, key=tm.degree)
    others = {t: -c / value[largest] for t, c in value.items() if t is not largest}
    for _ in range(_MOST_DIVIDED):
        rows = [_divided(work, term, largest, others, times) for term, times in poly.items()]
        changed = work.canonical(tm.plus(rows))
        if changed == poly:
            break
        poly = changed
    return poly


def _divided(work: Normaliser, term: Term, product_: Term, rest: Poly, times: Fraction) -> Poly:
    """A term with a product in it replaced, as it is where it does not have that."""
    powers = dict(term.factors)
    for atom, exponent in product_.factors:
        powers[atom] = powers.get(atom, Fraction(0)) - exponent
        if exponent < 0 or powers[atom] < 0:
            return {term: times}
    left = Term(term.bound, term.conds, tm.sorted_factors(p for p in powers.items() if p[1]))
    return tm.scale(work.times(left, rest), times)


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
