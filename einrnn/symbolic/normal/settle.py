"""One term brought to its form: deltas carried out, conditions that follow dropped."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache

from einrnn.core import affine as af
from einrnn.core.build import is_bracket
from einrnn.core.nodes import Affine, Cond, Element, Expr, Index, Value
from einrnn.symbolic.normal.domain import (
    at_least_zero,
    divided,
    follows,
    inequalities,
    is_zero,
    side,
)
from einrnn.symbolic.normal.terms import (
    Poly,
    Term,
    plus,
    rename,
    scale,
    sorted_conds,
    sorted_factors,
)
from einrnn.symbolic.normal.total import Totality

_KEPT = 1 << 14


@lru_cache(maxsize=_KEPT)
def settle(term: Term, known: tuple[Affine, ...], total: Totality) -> Poly:
    """The term simplified, as a polynomial; ``known`` is what is at least zero outside it.

    Equalities pin indices: a bound one disappears, of free ones the later is replaced by
    the earlier. Conditions that follow from the others are dropped; a term whose
    conditions contradict each other is 0. A bound index that occurs in its range only
    becomes the length of the range.
    """
    while True:
        pinned = _pin(term)
        if pinned is None:
            return {}
        if pinned == term:
            break
        term = pinned
    conds = _needed(term.conds, known)
    if conds is None:
        return {}
    joined = _equalities(conds)
    if joined is not None:
        return settle(Term(term.bound, joined, term.factors), known, total)
    return _counted(Term(term.bound, conds, _idempotent(term.factors)), known, total)


def _pin(term: Term) -> Term | None:
    """The term after carrying out one equality, itself where none is left, None for 0."""
    for cond in term.conds:
        parts = side(cond)
        if parts is None:
            continue
        op, value = parts
        others = tuple(other for other in term.conds if other is not cond)
        if not value.terms:
            holds = value.constant == 0 if op == "==" else value.constant >= 0
            return Term(term.bound, others, term.factors) if holds else None
        smaller = divided(op, value)
        if smaller is None:
            return None
        if smaller is not value:
            reduced = is_zero(smaller) if op == "==" else at_least_zero(smaller)
            return Term(term.bound, sorted_conds((*others, reduced)), term.factors)
        if op != "==":
            continue
        for index in term.bound:
            solved = _solved(value, index)
            if solved is not None:
                bound = tuple(other for other in term.bound if other is not index)
                return rename(Term(bound, others, term.factors), {index: solved})
        replaced = _replace_free(term, cond, value)
        if replaced is not None and replaced != term:
            return replaced
    return term


def _replace_free(term: Term, cond: Cond, value: Affine) -> Term | None:
    """Of the free letters that an equality ties together, the last one replaced elsewhere."""
    letters = [a for a, _ in value.terms if isinstance(a, Index) and a not in term.bound]
    for index in sorted(letters, key=lambda i: i.name, reverse=True):
        solved = _solved(value, index)
        if solved is not None:
            others = tuple(other for other in term.conds if other is not cond)
            moved = rename(Term(term.bound, others, term.factors), {index: solved})
            return Term(moved.bound, sorted_conds((*moved.conds, cond)), moved.factors)
    return None


def _solved(value: Affine, index: Index) -> Affine | None:
    """The expression an index must have for the value to be 0."""
    times = af.coefficient(value, index)
    rest = af.plus(value, af.of(index), -times)
    if abs(times) != 1 or index in rest.free:
        return None
    return af.scale(rest, -times)


def _needed(conds: tuple[Cond, ...], known: tuple[Affine, ...]) -> tuple[Cond, ...] | None:
    """The conditions that do not follow from the others; None where they contradict."""
    kept = list(conds)
    for cond in conds:
        parts = side(cond)
        if parts is None:
            continue
        op, value = parts
        others = (*known, *inequalities(other for other in kept if other is not cond))
        below = af.shift(af.scale(value, -1), -1)
        if follows(others, below):
            return None
        if op == "==":
            if follows(others, af.shift(value, -1)):
                return None
        elif follows(others, value):
            kept.remove(cond)
    return tuple(kept)


def _equalities(conds: tuple[Cond, ...]) -> tuple[Cond, ...] | None:
    """Two opposite inequalities joined into an equality, where there are such."""
    values = {parts[1]: cond for cond in conds if (parts := side(cond)) and parts[0] == "<="}
    for value, cond in values.items():
        opposite = values.get(af.scale(value, -1))
        if opposite is not None:
            others = tuple(other for other in conds if other not in (cond, opposite))
            return sorted_conds((*others, is_zero(value)))
    return None


def _idempotent(factors: Iterable[tuple[Expr, Fraction]]) -> tuple[tuple[Expr, Fraction], ...]:
    return sorted_factors(
        (atom, Fraction(1) if is_bracket(atom) and exponent > 0 else exponent)
        for atom, exponent in factors
    )


def _counted(term: Term, known: tuple[Affine, ...], total: Totality) -> Poly:
    """The term with bound indices that nothing depends on replaced by their number. Over an empty
    range nothing is computed: what may have no value counts only where there is some."""
    for index in term.bound:
        if any(index in atom.free for atom, _ in term.factors):
            continue
        count = _count(term, index, known)
        if count is None:
            continue
        conds = tuple(cond for cond in term.conds if index not in cond.free)
        some, outer = af.shift(count, -1), (*known, *inequalities(conds))
        # what followed from the range of the index: 0 <= k where 0 <= l <= k
        implied = not follows(outer, count)
        if implied or (not follows(outer, some) and total.product_lacks(term.factors, known)):
            conds = sorted_conds((*conds, at_least_zero(some)))
        bound = tuple(other for other in term.bound if other is not index)
        rest = Term(bound, conds, term.factors)
        return plus(
            scale(settle(_times(rest, factor), known, total), Fraction(by))
            for factor, by in affine_parts(count)
        )
    return {term: Fraction(1)}


def _times(term: Term, factor: Expr | None) -> Term:
    if factor is None:
        return term
    powers = dict(term.factors)
    powers[factor] = powers.get(factor, Fraction(0)) + 1
    return Term(term.bound, term.conds, sorted_factors(powers.items()))


def affine_parts(value: Affine) -> list[tuple[Expr | None, int]]:
    """An index expression as atoms with coefficients; None stands for 1."""
    parts: list[tuple[Expr | None, int]] = []
    for atom, times in value.terms:
        single: Expr = atom if isinstance(atom, Element) else Value(af.of(atom))
        parts.append((single, times))
    if value.constant:
        parts.append((None, value.constant))
    return parts


def _count(term: Term, index: Index, known: tuple[Affine, ...]) -> Affine | None:
    """How many values an index has, where its range is known not to end before it begins, or moves
    with another bound index."""
    ends = span(term, index)
    if ends is None:
        return None
    count = af.shift(af.minus(ends[1], ends[0]), 1)
    outer = inequalities(cond for cond in term.conds if index not in cond.free)
    moves = bool(count.free & frozenset(term.bound))
    return count if moves or follows((*known, *outer), count) else None


def span(term: Term, index: Index) -> tuple[Affine, Affine] | None:
    """The first and last value of an index whose conditions are one lower and one upper bound."""
    lows: list[Affine] = []
    highs: list[Affine] = []
    for cond in term.conds:
        if index not in cond.free:
            continue
        parts = side(cond)
        if parts is None or parts[0] != "<=" or abs(af.coefficient(parts[1], index)) != 1:
            return None
        value = parts[1]
        times = af.coefficient(value, index)
        rest = af.plus(value, af.of(index), -times)
        if index in rest.free:
            return None
        (lows if times > 0 else highs).append(af.scale(rest, -times))
    return (lows[0], highs[0]) if len(lows) == len(highs) == 1 else None
