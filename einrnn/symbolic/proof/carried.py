"""Sums that are not 0 where another one is not: what that is made of has a factor of theirs.

Of entries that are at least 0, ``Σ_i a[t-1,i]`` is 0 only where all of them are, and then so is
``Σ_j a[t,j]`` if ``a[t,j] := b[t,j] Σ_i a[t-1,i] A[i,j]``.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from einrnn.core import affine as af
from einrnn.core.model import Model
from einrnn.core.nodes import Add, Affine, Apply, Cases, Element, Expr, Mul, Number, Pow, Reduce
from einrnn.core.traverse import canonical
from einrnn.symbolic.normal.clauses import body_of, surely_not
from einrnn.symbolic.normal.places import Known
from einrnn.symbolic.normal.signs import signs_of

_DEPTH = 2
_UNDEFINED = Apply("undefined", ())


class _Row(NamedTuple):
    """The entries of a tensor along one axis."""

    tensor: str
    axis: int
    args: tuple[Affine, ...]

    def has(self, entry: Element) -> bool:
        """Whether an entry is one of them."""
        return entry.tensor == self.tensor and all(
            own is there
            for number, (own, there) in enumerate(zip(self.args, entry.args, strict=True))
            if number != self.axis
        )


class Carried:
    """What is not 0 in a model where something else is not."""

    def __init__(self, model: Model) -> None:
        self._model = model

    @cached_property
    def _at_least_zero(self) -> frozenset[str]:
        return signs_of(self._model).positive

    def is_nonzero_with(self, total: Expr, other: Expr, known: Known) -> bool:
        """Whether a sum of all entries along an axis is not 0 where another value is not."""
        row = self._row(total)
        return row is not None and self._vanishes(canonical(other), row, known, _DEPTH)

    def _row(self, total: Expr) -> _Row | None:
        if not (isinstance(total, Reduce) and total.op == "sum"):
            return None
        entry = total.body
        if not isinstance(entry, Element) or entry.tensor not in self._at_least_zero:
            return None
        there = [n for n, arg in enumerate(entry.args) if total.index in arg.free]
        if len(there) != 1 or af.letter(entry.args[there[0]]) is not total.index:
            return None
        span = self._model.axes(entry.tensor)[there[0]]
        whole = total.lo is span.lo and total.hi is span.hi
        return _Row(entry.tensor, there[0], entry.args) if whole else None

    def _vanishes(self, expr: Expr, row: _Row, known: Known, depth: int) -> bool:
        """Whether a value is 0 where all entries of a row are."""
        match expr:
            case Number(value):
                return not value
            case Add(terms):
                return all(self._vanishes(term, row, known, depth) for term in terms)
            case Mul(factors):
                return any(self._vanishes(factor, row, known, depth) for factor in factors)
            case Pow(base, Number(exponent)):
                return exponent > 0 and self._vanishes(base, row, known, depth)
            case Reduce("sum", _, _, _, body):
                return self._vanishes(body, row, known, depth)
            case Cases(branches, otherwise):
                rest = () if otherwise is _UNDEFINED else (otherwise,)
                every = (*(branch for _, branch in branches), *rest)
                return all(self._vanishes(branch, row, known, depth) for branch in every)
            case Element():
                return row.has(expr) or self._by_clauses(expr, row, known, depth)
            case _:
                return False

    def _by_clauses(self, entry: Element, row: _Row, known: Known, depth: int) -> bool:
        definition = self._model.definitions.get(entry.tensor)
        if definition is None or not depth:
            return False
        return all(
            self._vanishes(body_of(clause, entry), row, known, depth - 1)
            for clause in definition.clauses
            if not surely_not(clause, entry, known)
        )
