"""Many candidates in one evaluation: a hole in an expression, filled with the whole pool.

A hole is a product with some of its factors taken out, or a sum with room for one more
term. The values of all members of the pool stand along an axis of their own, so that the
rest of the expression is evaluated once for all of them. Where the left side is a constant
multiple of what a filling contributes, that multiple belongs to the repair.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from itertools import combinations
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt

from einrnn.check.mend.constants import Constant, recognised
from einrnn.check.mend.edit import Edit
from einrnn.check.mend.places import (
    Place,
    Ranges,
    factors_of,
    flat,
    places,
    product,
    replaced,
    total,
    weight,
)
from einrnn.check.mend.pool import Piece, Pool
from einrnn.check.mend.setting import CLOSE, Setting, Target
from einrnn.check.mend.values import NotEvaluated, expanded
from einrnn.core import affine as af
from einrnn.core.build import ONE, ZERO
from einrnn.core.nodes import (
    Add,
    Cases,
    Compare,
    Cond,
    Derivative,
    Element,
    Expr,
    Index,
    Mul,
    Number,
    Pow,
    Reduce,
)
from einrnn.dataclass import dataclass
from einrnn.errors import EinrnnError

Array = npt.NDArray[Any]

# derivatives are dear to evaluate, and products of two members are many
Tier = Literal["plain", "derivatives", "products"]

_BATCH = Index("·filling")
_NAME = "·pool"
_MOST_ENTRIES = 1_000_000
_MOST_FACTORS = 7
_MOST_MULTIPLIED = 60


@dataclass(frozen=True)
class Hole:
    """A place with the factors that stay; ``gone`` are those that a filling replaces, and
    an ``additive`` hole takes a further term instead."""

    place: Place
    stays: tuple[Expr, ...]
    gone: tuple[Expr, ...]
    additive: bool = False

    def filled(self, root: Expr, filling: Expr) -> Expr:
        """The whole expression with the hole filled."""
        node = cast(Expr, self.place.node)
        new = total((node, filling)) if self.additive else product((*self.stays, filling))
        return replaced(root, self.place.path, new)

    @property
    def cost(self) -> float:
        """What is paid for what is taken out."""
        return 0.5 + 0.15 * sum(weight(f) for f in self.gone) + (0.3 if self.additive else 0.0)

    def described(self, filling: Expr) -> tuple[str, tuple[Expr, ...]]:
        """What filling it means, in words."""
        if self.additive:
            return "the term {} is missing", (filling,)
        if not self.gone:
            if isinstance(filling, Number) and filling.value == -1:
                return "the sign of {} is wrong", (product(self.stays),)
            return "the factor {} is missing", (filling,)
        return "{} should be {}", (product(self.gone), filling)


def holes(root: Expr, ranges: Ranges) -> list[Hole]:
    """All holes of an expression, wholes before parts."""
    found: list[Hole] = []
    for place in places(root, ranges):
        node = place.node
        if isinstance(node, Cond) or isinstance(place.above, Compare):
            continue
        if isinstance(place.above, Pow) and isinstance(node, Number):
            continue
        if _takes_terms(place):
            found.append(Hole(place, (), (), additive=True))
        if isinstance(place.above, Mul):
            continue  # it is among the factors of the product above
        factors = factors_of(node)
        if len(factors) > _MOST_FACTORS:
            factors = (cast(Expr, node),)
        for size in range(min(len(factors), 3) + 1):
            for gone in combinations(range(len(factors)), size):
                stays = tuple(f for n, f in enumerate(factors) if n not in gone)
                found.append(Hole(place, stays, tuple(factors[n] for n in gone)))
        if len(factors) > 3:
            found.append(Hole(place, (), factors))
    return found


def _takes_terms(place: Place) -> bool:
    """Whether a missing term may belong here: a sum, or what is not part of one."""
    node, above = place.node, place.above
    if isinstance(node, Add):
        return True
    if isinstance(above, Mul):
        return isinstance(node, Element | Cases)
    return above is None or isinstance(above, Reduce)


@dataclass(frozen=True, eq=False)
class Stack:
    """Members of the pool, and how an expression reads their values one beside the other."""

    pieces: list[Piece]
    read: Element


_Row = tuple[Piece, Array]


def _products(rows: list[_Row]) -> list[_Row]:
    """All products of two of the cheapest rows, cheapest first."""
    rows = rows[:_MOST_MULTIPLIED]
    with np.errstate(all="ignore"):
        found = [
            (Piece(product((a.expr, b.expr)), a.cost + b.cost), x * y)
            for n, (a, x) in enumerate(rows)
            for b, y in rows[n + 1 :]
        ]
    return sorted(found, key=lambda row: row[0].cost)


@dataclass(eq=False)
class Filler:
    """Fills holes with pools at one point."""

    setting: Setting
    target: Target
    pool: Pool
    known: list[Constant]
    _stacks: dict[tuple[Any, Tier], Stack | None] = field(
        default_factory=dict["tuple[Any, Tier]", "Stack | None"]
    )

    def repairs(self, root: Expr, hole: Hole, tier: Tier) -> Iterator[Edit]:
        """The fillings, with a constant in front, that make the expression the left side."""
        empty = self.setting.at(hole.filled(root, ZERO), self.target)
        stack = self._stack(hole.place.ranges, tier)
        if empty is None or stack is None:
            return
        values = self._filled(hole.filled(root, stack.read), len(stack.pieces))
        if values is None:
            return
        known = self.target.known
        with np.errstate(all="ignore"):
            wanted = (self.target.left - empty)[known]
            given = values[known] - empty[known][:, None]
        for position, scale in multiples(wanted, given):
            for constant in recognised(scale, self.known):
                yield self._edit(root, hole, stack.pieces[position], constant)

    def _edit(self, root: Expr, hole: Hole, piece: Piece, constant: Constant) -> Edit:
        filling = product((constant.expr, piece.expr))
        words, about = hole.described(filling)
        cost = hole.cost + piece.cost + constant.cost
        if piece.expr is ONE:
            cost = hole.cost + max(constant.cost, 0.2)
            if hole.gone and filling is ONE:
                words, about = "the factor {} is too much", (product(hole.gone),)
        return Edit(flat(hole.filled(root, filling)), cost, words, about)

    def _filled(self, expr: Expr, count: int) -> Array | None:
        """The values for all fillings, which stand on the last axis."""
        scope = {**self.target.scope, _BATCH: (0, count - 1)}
        try:
            carried = self.setting.derivatives.carried(expr, self.setting.ranges)
            value = self.target.values.of(carried, scope)
        except (NotEvaluated, EinrnnError):
            return None
        axes = (*sorted(self.target.scope, key=lambda i: i.name), _BATCH)
        if _BATCH not in value.axes:
            return None
        by_name = tuple(sorted(axes, key=lambda i: i.name))
        whole = np.moveaxis(expanded(value, by_name), by_name.index(_BATCH), -1)
        lengths = [self.target.scope[i][1] - self.target.scope[i][0] + 1 for i in axes[:-1]]
        return np.broadcast_to(whole, (*lengths, count))

    def _stack(self, ranges: Ranges, tier: Tier) -> Stack | None:
        """The values of the pool over the indices in scope, each index from position 0 on."""
        key = (tuple((i, r.lo, r.hi) for i, r in ranges.items()), tier)
        if key not in self._stacks:
            scope = self._scope(ranges)
            if scope is None:
                return None
            rows = self._rows(ranges, scope, tier == "derivatives")
            rows = _products(rows) if tier == "products" else rows
            self._stacks[key] = self._kept(rows, scope)
        return self._stacks[key]

    def _rows(
        self, ranges: Ranges, scope: dict[Index, tuple[int, int]], derivatives: bool
    ) -> list[_Row]:
        rows: list[_Row] = []
        for piece in self.pool.at(ranges):
            if self.setting.expired:
                break
            if isinstance(piece.expr, Derivative) is not derivatives:
                continue
            value = self._piece(piece.expr, ranges, scope)
            if value is not None:
                rows.append((piece, value))
        return rows

    def _kept(self, rows: list[_Row], scope: dict[Index, tuple[int, int]]) -> Stack | None:
        """As many rows as there is room for, under a name that expressions can read."""
        entries = int(np.prod([high - low + 1 for low, high in scope.values()]))
        rows = rows[: max(8, _MOST_ENTRIES // max(entries, 1))]
        if not rows or any(low < 0 for low, _ in scope.values()):
            return None
        letters = sorted(scope, key=lambda i: i.name)
        whole = np.stack([value for _, value in rows], axis=-1)
        pads = [(scope[letter][0], 0) for letter in letters] + [(0, 0)]
        name = f"{_NAME}{len(self.target.values.extra)}"
        self.target.values.extra[name] = np.pad(whole, pads, constant_values=np.nan)
        read = Element(name, (*(af.of(i) for i in letters), af.of(_BATCH)))
        return Stack([piece for piece, _ in rows], read)

    def _piece(
        self, expr: Expr, ranges: Ranges, scope: dict[Index, tuple[int, int]]
    ) -> Array | None:
        try:
            carried = self.setting.derivatives.carried(expr, ranges)
            if self.target.values.model is not self.setting.derivatives.model:
                self.target.values.grow(self.setting.derivatives.model)
            value = self.target.values.over(carried, scope)
        except (NotEvaluated, EinrnnError):
            return None
        return value if np.isfinite(value).any() else None

    def _scope(self, ranges: Ranges) -> dict[Index, tuple[int, int]] | None:
        """The values that each index in scope has anywhere."""
        scope: dict[Index, tuple[int, int]] = {}
        values = self.target.values
        for index, range_ in ranges.items():
            try:
                low, high = values.of_index(range_.lo, scope), values.of_index(range_.hi, scope)
            except KeyError:
                return None
            if high[1] < low[0]:
                return None
            scope[index] = (low[0], high[1])
        return scope


def multiples(wanted: Array, given: Array) -> Iterator[tuple[int, float]]:
    """The columns of ``given`` that are constant multiples of ``wanted``, with the factor
    that takes them there."""
    size = float(np.abs(wanted).max(initial=0.0))
    usable = np.isfinite(given).all(axis=0)
    columns = np.where(usable, given, 0.0)
    with np.errstate(all="ignore"):
        norms = (columns * columns).sum(axis=0)
        scales = (columns * wanted[:, None]).sum(axis=0) / norms
        errors = np.abs(wanted[:, None] - scales * columns).max(axis=0, initial=0.0)
    if size < CLOSE:
        return
    for position in np.flatnonzero(usable & (norms > 0) & (errors < CLOSE * max(size, 1e-3))):
        yield int(position), float(scales[position])
