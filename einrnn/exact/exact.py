"""Comparing two expressions at random points modulo primes.

This tier shares no code with the prover, the compiler or the naive interpreter. See
:mod:`einrnn.exact.field` for the primes and :mod:`einrnn.exact.modular` for the functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import Literal

import numpy as np

from einrnn.core.model import Assumption, Model, Range
from einrnn.core.nodes import NOTHING, Cond, Expr, Index
from einrnn.dataclass import dataclass
from einrnn.exact.evaluate import Evaluator, order_of
from einrnn.exact.field import PRIMES
from einrnn.exact.granted import Granted
from einrnn.exact.inputs import Inputs
from einrnn.exact.modular import Modular
from einrnn.exact.sizes import Sizes, size_sets
from einrnn.exact.tensors import Groups, Tensors
from einrnn.exact.values import SOFT, UNDEFINED, Array, Env, Span, Values, align, merged

Kind = Literal["agrees", "differs", "undecided"]

# random points that are evaluated together
POINTS = 3


@dataclass(frozen=True)
class Difference:
    """Where two sides differ: sizes, values of the free indices, and both residues."""

    sizes: Sizes
    at: Mapping[Index, int]
    left: int
    right: int
    prime: int


@dataclass(frozen=True)
class Outcome:
    """What exact testing says of an equation.

    ``differs``: it is false, at the sizes and position of ``difference``. ``agrees``: the
    sides agree at every entry compared. ``undecided``: they differ, but through functions
    whose stand-ins keep only some of their laws, or there was nothing to compare; ``reason``
    says which. ``sizes`` are the sets tried. ``exact`` tells whether only rational
    operations, exponentials and unknown functions were used at some set of sizes; then
    ``bound`` is the probability that a false equation between polynomials of total degree
    ``DEGREE`` would have passed there (Schwartz 1980, Zippel 1979), and else 1.
    """

    verdict: Kind
    sizes: tuple[Sizes, ...]
    exact: bool
    bound: float
    compared: int
    difference: Difference | None = None
    reason: str | None = None


# the total degree that error bounds are given for
DEGREE = 256


@dataclass(frozen=True)
class Point:
    """All expressions of a model at one set of sizes, at several random points at once."""

    sizes: Sizes
    given: Granted
    tensors: Tensors
    evaluator: Evaluator


@dataclass(frozen=True)
class Compared:
    """Two sides at one set of sizes: what differs where a difference counts, and elsewhere."""

    order: tuple[Index, ...]
    env: Env
    left: Array
    right: Array
    flags: Array
    wrong: Array

    @property
    def defined(self) -> int:
        """How many entries have a value on both sides."""
        return int(np.count_nonzero((self.flags & UNDEFINED) == 0))

    @property
    def soft(self) -> bool:
        """Whether some entry leans on a stand-in."""
        return bool(((self.flags & SOFT) != 0).any())


@dataclass()
class Exact:
    """Exact testing of the equations of one closed model (without Derivative nodes).

    Points are shared: every subexpression is evaluated once at each set of sizes for all
    equations with the same assumptions. The seed fixes all random choices.
    """

    model: Model
    seed: int = 0
    _points: dict[tuple[object, ...], Point | None] = field(
        default_factory=dict["tuple[object, ...]", "Point | None"]
    )

    @cached_property
    def sizes(self) -> tuple[Sizes, ...]:
        """The sets of sizes that equations are tried at."""
        return size_sets(self.model)

    @cached_property
    def _groups(self) -> Groups:
        return Groups(self.model)

    @cached_property
    def _rules(self) -> Modular:
        return Modular(self.model)

    def compare(
        self,
        left: Expr,
        right: Expr,
        ranges: Mapping[Index, Range],
        condition: Cond | None = None,
        assumptions: Sequence[Assumption] = (),
        sizes: Sequence[Sizes] | None = None,
    ) -> Outcome:
        """Whether ``left = right`` for all values of ``ranges`` that meet ``condition``.

        Raises:
            EvaluationError: a size or a tensor is unknown (E610, E609).
        """
        tried: list[Sizes] = []
        compared, exact, soft = 0, 0, False
        for row in self.sizes if sizes is None else sizes:
            point = self.point(row, tuple(assumptions))
            if point is None:
                continue
            both = sides(point.evaluator, left, right, ranges, condition)
            if both is None or not point.given.satisfied:
                continue
            tried.append(row)
            compared += both.defined
            found = _difference(both, row)
            if found is not None:
                return Outcome("differs", tuple(tried), True, 0.0, compared, found)
            exact += 0 if both.soft or not both.defined else POINTS
            soft = soft or bool(both.wrong.any())
        bound = (DEGREE / PRIMES[-1]) ** exact if exact else 1.0
        if soft:
            reason = "the sides differ through functions of which only some laws are kept"
            return Outcome("undecided", tuple(tried), exact > 0, bound, compared, None, reason)
        if not compared:
            reason = "no inputs were found at which both sides have a value"
            return Outcome("undecided", tuple(tried), False, 1.0, 0, None, reason)
        return Outcome("agrees", tuple(tried), exact > 0, bound, compared)

    def point(self, sizes: Sizes, assumptions: tuple[Assumption, ...] = ()) -> Point | None:
        """The random points at these sizes; None where the assumptions cannot be met."""
        key = (tuple(sorted(sizes.items())), tuple(a.name for a in assumptions))
        if key not in self._points:
            self._points[key] = self._make(sizes, assumptions)
        return self._points[key]

    def _make(self, sizes: Sizes, assumptions: tuple[Assumption, ...]) -> Point | None:
        inputs = Inputs(self.model, sizes, self.seed, POINTS)
        given = Granted(self._groups, inputs, assumptions, self._rules)
        if not given.prepare():
            return None
        tensors = Tensors(self._groups, sizes, given, np.uint64)
        plain = self.point(sizes) if assumptions else None
        if plain is not None:
            tensors.shared = (plain.tensors, plain.evaluator)
            tensors.own = given.touched
        evaluator = Evaluator(self.model, sizes, self._rules, tensors)
        return Point(sizes, given, tensors, evaluator)


def _difference(both: Compared, sizes: Sizes) -> Difference | None:
    """The first entry where the sides differ and that means something."""
    counts = both.wrong & ((both.flags & SOFT) == 0)
    if not counts.any():
        return None
    where = tuple(int(i) for i in np.argwhere(counts)[0])
    at = {index: both.env[index].lo + i for index, i in zip(both.order, where[1:], strict=True)}
    left, right = int(both.left[where]), int(both.right[where])
    return Difference(sizes, at, left, right, PRIMES[0])


def sides(
    ev: Evaluator,
    left: Expr,
    right: Expr,
    ranges: Mapping[Index, Range],
    condition: Cond | None,
) -> Compared | None:
    """Both sides over all their free indices; None where a range is empty."""
    env: dict[Index, Span] = {}
    for index, span in ranges.items():
        lo, hi = ev.number(span.lo), ev.number(span.hi)
        if hi < lo:
            return None
        env[index] = Span(lo, hi - lo + 1)
    order = order_of(left.free | right.free | (condition.free if condition else NOTHING))
    values = [_lifted(ev.value(side, env), side, order) for side in (left, right)]
    flags = merged(values[0].flags, values[1].flags)
    shape = np.broadcast_shapes(values[0].data.shape, values[1].data.shape)
    marks = np.zeros(shape, dtype=np.uint8) if flags is None else flags
    if condition is not None:
        held = _lifted(ev.value(condition, env), condition, order)
        marks = marks | np.where(held.data, 0, UNDEFINED).astype(np.uint8)
        marks = marks if held.flags is None else marks | held.flags
    a, b, marks = np.broadcast_arrays(values[0].data, values[1].data, marks)
    wrong = (a != b) & ((marks & UNDEFINED) == 0)
    return Compared(order, env, a, b, marks, wrong)


def _lifted(value: Values, node: Expr | Cond, order: tuple[Index, ...]) -> Values:
    mine = order_of(node.free)
    flags = None if value.flags is None else align(value.flags, mine, order)
    return Values(align(value.data, mine, order), flags)
