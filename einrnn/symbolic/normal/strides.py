"""Sums over strides, and conditions that leave an index few places.

``Σ_{m=0..2N-1} f(m) = Σ_{n=0..N-1} (f(2n) + f(2n+1))``, as pooling over windows of two has it, and
``[0 <= k-2n <= 1] = [k == 2n] + [k == 2n+1]``, as its derivative has.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from einrnn.core import affine as af
from einrnn.core.nodes import Affine, Cond, Index
from einrnn.core.traverse import walk
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.domain import is_zero, side
from einrnn.symbolic.normal.finish import unrolled
from einrnn.symbolic.normal.settle import span
from einrnn.symbolic.normal.terms import Poly, Term

_MOST_STRIDE = 8
_MOST_PLACES = 4


def by_strides(poly: Poly) -> Iterator[Poly]:
    """The polynomial with sums over ``P N`` values split into P of N, and those over a few
    numbers written out, for each stride P that its other terms have."""
    for stride in sorted({stride for term in poly for stride in _strides(term)}):
        if stride <= _MOST_STRIDE:
            rows = [tm.scale(_split(term, stride), times) for term, times in poly.items()]
            yield unrolled(tm.plus(rows))


def by_places(poly: Poly) -> Poly:
    """The polynomial with conditions that leave an index expression few values one value at a
    time; as it is where none of its terms is for one value."""
    if not any(_is_equality(cond) for term in poly for cond in term.conds):
        return poly
    return tm.plus(tm.scale(_one_by_one(term), times) for term, times in poly.items())


def _strides(term: Term) -> Iterator[int]:
    """The numbers above 1 that bound indices are multiplied by where they stand."""
    bound = frozenset(term.bound)
    for node in walk(*(atom for atom, _ in term.factors)):
        if isinstance(node, Affine) and node.free & bound:
            yield from (abs(times) for atom, times in node.terms if atom in bound and times**2 > 1)


def _split(term: Term, stride: int) -> Poly:
    found = [index for index in term.bound if _is_split(term, index, stride)]
    rows = [term]
    for index in found:
        places = [af.shift(af.scale(af.of(index), stride), start) for start in range(stride)]
        rows = [tm.rename(row, {index: place}) for row, place in product(rows, places)]
    return tm.plus({row: tm.Fraction(1)} for row in rows)


def _is_split(term: Term, index: Index, stride: int) -> bool:
    """Whether an index runs over a multiple of the stride."""
    ends = span(term, index)
    if ends is None or ends[0] is not af.ZERO or not ends[1].terms:
        return False
    count = af.shift(ends[1], 1)
    return all(times % stride == 0 for times in (count.constant, *(t for _, t in count.terms)))


def _is_equality(cond: Cond) -> bool:
    parts = side(cond)
    return parts is not None and parts[0] == "=="


def _one_by_one(term: Term) -> Poly:
    """A term with its narrow conditions as a sum of equalities."""
    values = {parts[1]: cond for cond in term.conds if (parts := side(cond)) and parts[0] == "<="}
    for low, cond in values.items():
        for high, other in values.items():
            between = af.plus(low, high)
            if between.terms or not 0 < between.constant < _MOST_PLACES:
                continue
            others = tuple(c for c in term.conds if c not in (cond, other))
            rows = [
                Term(
                    term.bound,
                    tm.sorted_conds((*others, is_zero(af.shift(low, -step)))),
                    term.factors,
                )
                for step in range(between.constant + 1)
            ]
            return tm.plus(_one_by_one(row) for row in rows)
    return {term: tm.Fraction(1)}
