"""What follows at once from assumptions, and is of use as a rule of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations

from einrnn.core import affine as af
from einrnn.core.build import ONE, ZERO, iverson
from einrnn.core.model import Assumption, Range
from einrnn.core.nodes import (
    Add,
    Affine,
    Cases,
    Compare,
    Cond,
    Element,
    Expr,
    Index,
    Matrix,
    Mul,
    Reduce,
    Value,
)
from einrnn.core.traverse import fresh, substitute


def consequences(assumption: Assumption) -> Iterator[Assumption]:
    """Instances for letters that may be the same, the other order of two inverse matrices, and sums
    with a gap as those before and after it."""
    yield from _merged(assumption)
    yield from _turned_round(assumption)
    left, right = (_parted(side, assumption.ranges) for side in (assumption.left, assumption.right))
    if left is not assumption.left or right is not assumption.right:
        yield replace(assumption, left=left, right=right)


def _parted(expr: Expr, ranges: Mapping[Index, Range]) -> Expr:
    """A sum ``sum[j: j != i] x[i,j]`` as two, also where other sums are around it."""
    match expr:
        case Reduce("sum", index, lo, hi, Cases(((cond, body),), other)) if other is ZERO:
            letter = _left_out(cond, index)
            if letter is None or ranges.get(letter) != Range(lo, hi):
                return expr
            before = Reduce("sum", index, lo, af.shift(af.of(letter), -1), body)
            return Add((before, Reduce("sum", index, af.shift(af.of(letter), 1), hi, body)))
        case Reduce("sum", index, lo, hi, body):
            inner = _parted(body, {**ranges, index: Range(lo, hi)})
            return expr if inner is body else Reduce("sum", index, lo, hi, inner)
        case _:
            return expr


def _merged(assumption: Assumption) -> Iterator[Assumption]:
    """``y[i]^2 = y[i]`` of ``y[i] y[j] = delta[i,j] y[i]``."""
    ranges = assumption.ranges
    for first, second in combinations(ranges, 2):
        if ranges[first] != ranges[second]:
            continue
        same = {second: af.of(first)}
        left, right = (substitute(side, same) for side in (assumption.left, assumption.right))
        if isinstance(left, Mul) and len(set(left.factors)) < len(left.factors):
            kept = {i: span for i, span in ranges.items() if i is not second}
            yield replace(assumption, ranges=kept, left=left, right=right)


def _left_out(cond: Cond, index: Index) -> Index | None:
    """The other letter of ``index != letter``."""
    match cond:
        case Compare("!=", Value(one), Value(two)):
            letters = [af.letter(one), af.letter(two)]
        case _:
            return None
    return next((i for i in letters if i is not index), None) if index in letters else None


def _turned_round(assumption: Assumption) -> Iterator[Assumption]:
    """``B A = 1`` and ``det(A) det(B) = 1`` of ``A B = 1``, where the matrices are square."""
    match assumption.left:
        case Reduce("sum", inner, lo, hi, Mul((Element() as first, Element() as second))):
            pass
        case _:
            return
    outer = _unit(assumption.right, assumption.ranges)
    span = Range(lo, hi)
    if outer is None or any(assumption.ranges[letter] != span for letter in outer):
        return
    row, column = outer if outer[0] in first.free else outer[::-1]
    if not (_is_matrix(first, row, inner, column) and _is_matrix(second, inner, column, row)):
        return
    swapped = Mul(
        (
            substitute(second, {inner: af.of(row), column: af.of(inner)}),
            substitute(first, {row: af.of(inner), inner: af.of(column)}),
        )
    )
    yield replace(assumption, left=Reduce("sum", inner, lo, hi, swapped))
    size = af.shift(af.minus(hi, lo), 1)
    rest = {i: r for i, r in assumption.ranges.items() if i not in (row, column)}
    if not lo.terms and lo.constant == 0:
        dets = (_det(first, row, inner, size), _det(second, inner, column, size))
        yield replace(assumption, ranges=rest, left=Mul(dets), right=ONE)


def _unit(right: Expr, ranges: Mapping[Index, Range]) -> tuple[Index, Index] | None:
    """The two letters of a delta."""
    for pair in combinations(ranges, 2):
        first, second = map(af.of, pair)
        for left, other in ((first, second), (second, first)):
            if right == iverson(Compare("==", Value(left), Value(other))):
                return pair
    return None


def _is_matrix(entry: Element, row: Index, column: Index, other: Index) -> bool:
    """Whether an entry is read at letters, once at each of two and at no other one of theirs."""
    letters = [af.letter(arg) for arg in entry.args]
    once = letters.count(row) == letters.count(column) == 1
    return once and None not in letters and other not in letters


def _det(matrix: Element, row: Index, column: Index, size: Affine) -> Expr:
    new = fresh(Index("r"), {row, column})
    other = fresh(Index("c"), {row, column, new})
    body = substitute(matrix, {row: af.of(new), column: af.of(other)})
    return Matrix("det", new, other, size, body, af.ONE, ())
