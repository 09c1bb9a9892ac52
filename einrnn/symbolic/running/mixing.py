"""Sums of a matrix to the power of how far it is: each step multiplies by the matrix.

``y[t] = sum[s=0..t] sum[i,j] c[i] matpow(A, t-s)[i,j] b[j] u[s]`` is ``sum[i] c[i] R[t,i]`` with
``R[q,i] = sum[j] A[i,j] R[q-1,j] + b[i] u[q]``: the kernel of a state space as its recurrence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from einrnn.core import affine as af
from einrnn.core.model import Range
from einrnn.core.nodes import Expr, Index, Matrix, Mul, Reduce
from einrnn.core.traverse import substitute
from einrnn.symbolic import simplify as s
from einrnn.symbolic.running.ends import Stretch
from einrnn.symbolic.running.growth import steps_of


class Mixing(NamedTuple):
    """``summed`` becomes ``kept`` by the entries of a matrix."""

    matrix: Matrix
    kept: Index
    summed: Index

    def moved(self, of: Expr) -> Expr:
        """The matrix times what is at ``kept``."""
        inside = substitute(of, {self.kept: af.of(self.summed)})
        return Reduce("sum", self.summed, self.span.lo, self.span.hi, Mul((self._entry, inside)))

    @property
    def span(self) -> Range:
        """The values of both indices."""
        return Range(af.ZERO, af.last(self.matrix.size))

    @property
    def _entry(self) -> Expr:
        at = dict(zip((self.matrix.row, self.matrix.column), self.matrix.at, strict=True))
        return substitute(self.matrix.body, at)


class Beside(NamedTuple):
    """The other factors of a sum: those around it, those at its places, and the sums inside."""

    outside: list[Expr]
    own: list[Expr]
    inner: list[Reduce]


class Mixed(NamedTuple):
    """The factors around a sum, what it adds up at its places, the sums that are done afterwards,
    and the matrix."""

    outside: tuple[Expr, ...]
    own: Expr
    inner: tuple[Reduce, ...]
    mixing: Mixing


def mixed(
    power: Matrix, of: Stretch, beside: Beside, ranges: Mapping[Index, Range]
) -> Mixed | None:
    """The parts of a sum that has ``power`` as a factor beside others; None where it is not
    a power of the distance, or its entries are not summed."""
    steps = steps_of(power.power, of)
    row, column = map(af.letter, power.at)
    if steps is None or steps[0] != 1 or row is None or column is None or row is column:
        return None
    if power.body.free & {of.at, of.place}:
        return None
    outside, own, inner = beside
    sums = {one.index for one in inner}
    for kept, summed in ((row, column), (column, row)):
        around = [f for f in own if kept in f.free]
        apart = not any(of.place in f.free or summed in f.free for f in around)
        mixing = Mixing(power, kept, summed)
        whole = ranges.get(kept) == ranges.get(summed) == mixing.span
        if summed not in sums or not whole or not apart:
            continue
        if any(summed in f.free for f in outside):
            continue
        first = s.mul(f for f in own if f not in around)
        at_kept = substitute(first, {summed: af.of(kept)})
        times = af.number(steps[1])
        if times not in (0, 1):
            continue
        rest = tuple(one for one in inner if one.index is not summed)
        ahead = at_kept if times == 0 else mixing.moved(at_kept)
        return Mixed((*outside, *around), ahead, rest, mixing)
    return None
