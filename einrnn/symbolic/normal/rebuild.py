"""Polynomials back to expressions, one expression for each polynomial."""

from __future__ import annotations

from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core.build import ONE, ZERO
from einrnn.core.nodes import (
    Add,
    Affine,
    And,
    Cases,
    Cond,
    Expr,
    Index,
    Mul,
    Number,
    Pow,
    Reduce,
)
from einrnn.core.traverse import binder_depth
from einrnn.symbolic.normal.domain import side
from einrnn.symbolic.normal.terms import Poly, Term, TooLarge, rename


def expression(poly: Poly) -> Expr:
    """The expression with this normal form; terms and factors in their fixed order.

    Raises:
        TooLarge: a bound index has no lower or no upper bound with coefficient 1.
    """
    parts = [_scaled(term_expression(term), coefficient) for term, coefficient in poly.items()]
    parts.sort(key=lambda part: (not isinstance(part, Number), part.key))
    if not parts:
        return ZERO
    return parts[0] if len(parts) == 1 else Add(tuple(parts))


def _scaled(expr: Expr, coefficient: Fraction) -> Expr:
    if coefficient == 1:
        return expr
    if expr is ONE:
        return Number(coefficient)
    rest = expr.factors if isinstance(expr, Mul) else (expr,)
    return Mul((Number(coefficient), *rest))


def term_expression(term: Term) -> Expr:
    """A term as sums over cases over a product; each sum between two of its bounds.

    Bound indices are numbered from the inside out, as :func:`einrnn.core.traverse.canonical`
    does, so that equal terms are one expression.
    """
    given = term
    if term.bound:
        term = _numbered(term)
    factors = sorted((_power(b, e) for b, e in term.factors), key=lambda factor: factor.key)
    body: Expr = ONE if not factors else factors[0] if len(factors) == 1 else Mul(tuple(factors))
    conds = list(term.conds)
    ranges: list[tuple[Index, Affine, Affine]] = []
    inner = set(term.bound)
    for index in term.bound:
        inner.discard(index)
        low = _take(conds, index, 1, frozenset(inner)) or _implied(conds, index, 1, inner)
        high = _take(conds, index, -1, frozenset(inner)) or _implied(conds, index, -1, inner)
        if low is None or high is None:
            other = _outside_in(given)
            if other is given:
                raise TooLarge  # its bounds are conditions that no single range can say
            return term_expression(other)
        ranges.append((index, low, high))
    if conds:
        cond: Cond = conds[0] if len(conds) == 1 else And(tuple(conds))
        body = Cases(((cond, body),), ZERO)
    for index, low, high in reversed(ranges):
        body = Reduce("sum", index, low, high, body)
    return body


def _outside_in(term: Term) -> Term:
    """The term with each bound index after those that its bounds depend on, if there is another
    such order: a window ``m=2n..2n+K-1`` comes inside the sum over ``n``."""
    left, order = list(term.bound), list[Index]()
    while left:
        bounded = (i for i in left if _is_bounded(term, i, frozenset(left) - {i}))
        index = next(bounded, None)
        if index is None:
            return term
        left.remove(index)
        order.append(index)
    return term if tuple(order) == term.bound else Term(tuple(order), term.conds, term.factors)


def _is_bounded(term: Term, index: Index, inner: frozenset[Index]) -> bool:
    """Whether an index has a lower and an upper bound without the indices further in."""
    conds = list(term.conds)
    ends = (_take(conds, index, sign, inner) for sign in (1, -1))
    return all(end is not None for end in ends)


def _numbered(term: Term) -> Term:
    nodes = (*term.conds, *(base for base, _ in term.factors))
    first = max((binder_depth(node) for node in nodes), default=0)
    last = first + len(term.bound) - 1
    names = {old: af.of(Index(f"_{last - place}")) for place, old in enumerate(term.bound)}
    return rename(term, names)


def _take(conds: list[Cond], index: Index, sign: int, inner: frozenset[Index]) -> Affine | None:
    """A bound of the index that no index further in occurs in, taken off the conditions."""
    for cond in conds:
        parts = side(cond)
        if parts is None or parts[0] != "<=" or af.coefficient(parts[1], index) != sign:
            continue
        rest = af.plus(parts[1], af.of(index), -sign)
        if rest.free & inner or index in rest.free:
            continue
        conds.remove(cond)
        return af.scale(rest, -sign)
    return None


def _implied(conds: list[Cond], index: Index, sign: int, inner: set[Index]) -> Affine | None:
    """A bound that follows from two conditions by way of an index further in, which both stay:
    ``t <= r`` and ``r <= T-1`` give ``t <= T-1``."""
    values = [parts[1] for parts in map(side, conds) if parts is not None and parts[0] == "<="]
    for value in values:
        between = [i for i in inner if i in value.free]
        if af.coefficient(value, index) != sign or len(between) != 1:
            continue
        times = af.coefficient(value, between[0])
        for other in values:
            if abs(times) == 1 and af.coefficient(other, between[0]) == -times:
                both = af.plus(value, other)
                rest = af.plus(both, af.of(index), -sign)
                if af.coefficient(both, index) == sign and not rest.free & (inner | {index}):
                    return af.scale(rest, -sign)
    return None


def _power(base: Expr, exponent: Fraction) -> Expr:
    return base if exponent == 1 else Pow(base, Number(exponent))
