"""Sums of equal length counted over one range: ``Σ_{t=0..T-2} f(t+1) = Σ_{t=1..T-1} f(t)``."""

from __future__ import annotations

from collections.abc import Mapping

from einrnn.core import affine as af
from einrnn.core.nodes import Affine, Index
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.settle import span
from einrnn.symbolic.normal.terms import Poly, Term

_Kind = tuple[Affine, Affine]  # where ranges begin, but for a number, and their length


def levelled(poly: Poly) -> Poly:
    """The polynomial with the dummies of sums whose ranges differ by a shift counted from where
    the last of them begins."""
    last: dict[_Kind, int] = {}
    for term in poly:
        for kind, start in _ranges(term).values():
            last[kind] = max(start, last.get(kind, start))
    return tm.plus({_shifted(term, last): times} for term, times in poly.items())


def _shifted(term: Term, last: Mapping[_Kind, int]) -> Term:
    moved = {
        index: af.shift(af.of(index), start - last[kind])
        for index, (kind, start) in _ranges(term).items()
        if start != last[kind]
    }
    return tm.rename(term, moved) if moved else term


def _ranges(term: Term) -> dict[Index, tuple[_Kind, int]]:
    """The dummies with ranges between ends that no other dummy moves."""
    bound, found = frozenset(term.bound), dict[Index, tuple[_Kind, int]]()
    for index in term.bound:
        ends = span(term, index)
        if ends is None or (ends[0].free | ends[1].free) & bound:
            continue
        low, high = ends
        kind = af.shift(low, -low.constant), af.minus(high, low)
        found[index] = kind, low.constant
    return found
