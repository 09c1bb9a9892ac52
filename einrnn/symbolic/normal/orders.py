"""Sums over what comes before or after an index, in terms of sums over all and up to it.

``Σ_{j>i} f(j) = Σ_j f(j) - Σ_{j<=i} f(j)``; of pairs
``Σ_{i>j} f(i,j) = Σ_{i,j} f(i,j) - Σ_i f(i,i) - Σ_{i<j} f(i,j)``; and where both orders mean the
same ``Σ_{i<j} f(i,j) = (Σ_{i,j} f(i,j) - Σ_i f(i,i)) / 2``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import permutations

from einrnn.core import affine as af
from einrnn.core.nodes import Affine, Cond, Index
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.domain import at_least_zero, side
from einrnn.symbolic.normal.dummies import Swaps, all_turned
from einrnn.symbolic.normal.terms import Poly, Term

_HALF = Fraction(1, 2)
_MOST_SPLIT = 3
_ONE, _OTHER = Index("·one"), Index("·other")


def ordered(poly: Poly, known: Sequence[Affine], may_swap: Swaps) -> Poly:
    """The polynomial with all such sums rewritten; ``known`` is at least zero, and ``may_swap``
    tells of which entries the last two positions may be exchanged."""
    rows: list[Poly] = []
    for term, coefficient in poly.items():
        for split, sign in _up_to(term, known, _MOST_SPLIT):
            rows += [tm.scale(_pairs(split, may_swap), sign * coefficient)]
    return tm.plus(rows)


def _up_to(term: Term, known: Sequence[Affine], most: int) -> Iterator[tuple[Term, int]]:
    """The term without sums from a free index on, each part with its sign."""
    found = _from(term, known) if most else None
    if found is None:
        yield term, 1
        return
    cond, value, lowest = found
    others = tuple(other for other in term.conds if other is not cond)
    for sign, conds in ((1, (lowest,)), (-1, (lowest, _negated(value)))):
        part = Term(term.bound, tm.sorted_conds((*others, *conds)), term.factors)
        for split, inner in _up_to(part, known, most - 1):
            yield split, sign * inner


def _from(term: Term, known: Sequence[Affine]) -> tuple[Cond, Affine, Cond] | None:
    """A condition that a bound index is at least a free one, and where the index begins
    without it."""
    bound = frozenset(term.bound)
    for cond in term.conds:
        value = _at_least(cond)
        if value is None or len(value.free & bound) != 1 or not value.free - bound:
            continue
        (index,) = value.free & bound
        if af.coefficient(value, index) != 1:
            continue
        others = (_at_least(other) for other in term.conds if other is not cond)
        # with what is known the condition itself may say where the index begins
        for begin in (*others, *(af.plus(value, fact) for fact in known)):
            if begin is None or begin.free != frozenset((index,)):
                continue
            if af.coefficient(begin, index) == 1:
                # 1 <= j, from i < j, is as good as 0 <= j, where most sums begin
                begin = af.of(index) if len(begin.terms) == 1 and begin.constant < 0 else begin
                return cond, value, at_least_zero(begin)
    return None


def _at_least(cond: Cond) -> Affine | None:
    """What a condition says to be at least zero."""
    parts = side(cond)
    return parts[1] if parts is not None and parts[0] == "<=" else None


def _negated(value: Affine) -> Cond:
    return at_least_zero(af.shift(af.scale(value, -1), -1))


def _pairs(term: Term, may_swap: Swaps) -> Poly:
    """A sum over ordered pairs by that over all pairs, where both orders mean the same or the
    smaller index is not the one that is read first; else by pairs that differ."""
    for first, second in permutations(term.bound, 2):
        found = _ordered_pair(term, first, second)
        if found is None:
            continue
        strict, low, high, others = found
        rest = tuple(index for index in term.bound if index is not second)
        ends = _within(first, low, high)
        both = (*others, *ends, *_within(second, low, high))
        every = _summed(term, both)
        equal = Term(rest, tm.sorted_conds((*others, *ends)), term.factors)
        equal = tm.rename(equal, {second: af.of(first)})
        if _is_the_same(term, first, second, may_swap):
            return tm.plus([{every: _HALF}, {equal: -_HALF if strict else _HALF}])
        if _read_first(term, first, second) is second:
            after = _summed(term, (*both, at_least_zero(_gap(second, first, 1))))
            rows: list[Poly] = [{every: Fraction(1)}, {after: Fraction(-1)}]
            return tm.plus([*rows, {equal: Fraction(-1)}] if strict else rows)
        if not strict:
            before = _summed(term, (*both, at_least_zero(_gap(first, second, 1))))
            return tm.plus([{before: Fraction(1)}, {equal: Fraction(1)}])
    return {term: Fraction(1)}


def _summed(term: Term, conds: tuple[Cond, ...]) -> Term:
    return Term(term.bound, tm.sorted_conds(conds), term.factors)


def _is_the_same(term: Term, first: Index, second: Index, may_swap: Swaps) -> bool:
    """Whether the factors are the same with two indices exchanged."""
    here = Term((), (), term.factors)
    swapped = tm.rename(here, {first: af.of(second), second: af.of(first)})
    pair = (all_turned(here, may_swap).factors, all_turned(swapped, may_swap).factors)
    return frozenset(pair[0]) == frozenset(pair[1])


def _read_first(term: Term, first: Index, second: Index) -> Index:
    """Which of two indices comes first in the factors, whatever their names are."""
    here, there = (
        [(factor.key, exponent) for factor, exponent in tm.rename(bare, mapping).factors]
        for bare in (Term((), (), term.factors),)
        for mapping in (
            {first: af.of(_ONE), second: af.of(_OTHER)},
            {first: af.of(_OTHER), second: af.of(_ONE)},
        )
    )
    return first if here <= there else second


def _ordered_pair(
    term: Term, first: Index, second: Index
) -> tuple[bool, Affine, Affine, list[Cond]] | None:
    """Whether ``first < second`` (or ``<=``), the range of both, and the other conditions;
    None where the two are not so."""
    pair = frozenset((first, second))
    strict = False
    gaps = {_gap(first, second, by): by == 1 for by in (0, 1)}
    ends: dict[tuple[Index, int], Affine] = {}
    others: list[Cond] = []
    for cond in term.conds:
        value = _at_least(cond)
        here = cond.free & pair
        if not here:
            others.append(cond)
        elif value in gaps:
            strict, gaps = gaps[value], {}
        elif value is not None and len(here) == 1 and (end := _end(value, *here)) is not None:
            if end[0] in ends:
                return None
            ends[end[0]] = end[1]
        else:
            return None
    low, high = ends.pop((first, 1), None), ends.pop((second, -1), None)
    if gaps or low is None or high is None or (low.free | high.free) & pair:
        return None
    # what else is said of the two must follow from their order
    between = {(second, 1): (low, af.shift(low, 1)), (first, -1): (high, af.shift(high, -1))}
    if any(value not in between[end][: 1 + strict] for end, value in ends.items()):
        return None
    return strict, low, high, others


def _end(value: Affine, index: Index) -> tuple[tuple[Index, int], Affine] | None:
    """The bound of an index that a value at least zero is: the lower (1) or the upper one."""
    times = af.coefficient(value, index)
    if abs(times) != 1:
        return None
    return (index, times), af.scale(af.plus(value, af.of(index), -times), -times)


def _gap(first: Index, second: Index, by: int) -> Affine:
    return af.shift(af.minus(af.of(second), af.of(first)), -by)


def _within(index: Index, low: Affine, high: Affine) -> tuple[Cond, Cond]:
    here = af.of(index)
    return at_least_zero(af.minus(here, low)), at_least_zero(af.minus(high, here))
