"""Many candidates in one evaluation: a hole in an expression, filled with the whole pool.

A hole is a product with some of its factors taken out, or a sum with room for one more
term. The values of all members of the pool stand along an axis of their own, so that the
rest of the expression is evaluated once for all of them. Where the left side is a constant
multiple of what a filling contributes, that multiple belongs to the repair.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from einrnn.check.repair.constants import Constant, recognised
from einrnn.check.repair.edits import Edit
from einrnn.check.repair.places import (
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
from einrnn.check.repair.pool import Piece, Pool
from einrnn.check.repair.setting import CLOSE, Setting, Target
from einrnn.check.repair.values import NotEvaluated, expanded
from einrnn.core import affine as af
from einrnn.core.build import ONE, ZERO
from einrnn.core.nodes import (
    Add,
    Cases,
    Compare,
    Cond,
    Element,
    Expr,
    Index,
    Mul,
    Number,
    Pow,
    Reduce,
)
from einrnn.errors import EinrnnError

Array = npt.NDArray[Any]

_BATCH = Index("·filling")
_NAME = "·pool"
_MOST_ENTRIES = 1_000_000
_MOST_FACTORS = 7


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
        return 0.5 + 0.25 * sum(weight(f) for f in self.gone) + (0.3 if self.additive else 0.0)

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


@dataclass(eq=False)
class Filler:
    """Fills holes with pools at one point."""

    setting: Setting
    target: Target
    pool: Pool
    known: list[Constant]

    def repairs(self, root: Expr, hole: Hole, pieces: Sequence[Piece]) -> Iterator[Edit]:
        """The fillings, with a constant in front, that make the expression the left side."""
        empty = self._value(hole.filled(root, ZERO))
        if empty is None:
            return
        stacked = self._stacked(pieces, hole.place.ranges)
        if stacked is None:
            return
        kept, letters, array = stacked
        name = f"{_NAME}{len(self.target.values.extra)}"
        self.target.values.extra[name] = array
        read = Element(name, (*(af.of(i) for i in letters), af.of(_BATCH)))
        values = self._filled(hole.filled(root, read), len(kept))
        if values is None:
            return
        known = self.target.known
        wanted = (self.target.left - empty)[known]
        for position, scale in multiples(wanted, values[known] - empty[known][:, None]):
            for constant in recognised(scale, self.known):
                yield self._edit(root, hole, kept[position], constant)

    def _edit(self, root: Expr, hole: Hole, piece: Piece, constant: Constant) -> Edit:
        filling = product((constant.expr, piece.expr))
        words, about = hole.described(filling)
        cost = hole.cost + piece.cost + constant.cost
        if piece.expr is ONE:
            cost = hole.cost + max(constant.cost, 0.2)
            if hole.gone and filling is ONE:
                words, about = "the factor {} is too much", (product(hole.gone),)
        return Edit(flat(hole.filled(root, filling)), cost, words, about)

    def _value(self, expr: Expr) -> Array | None:
        return self.setting.at(expr, self.target)

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

    def _stacked(
        self, pieces: Sequence[Piece], ranges: Ranges
    ) -> tuple[list[Piece], list[Index], Array] | None:
        """The values of the pool over the indices in scope, each from position 0 on."""
        scope = self._scope(ranges)
        if scope is None:
            return None
        letters = sorted(scope, key=lambda i: i.name)
        entries = int(np.prod([high - low + 1 for low, high in scope.values()]))
        most = max(8, _MOST_ENTRIES // max(entries, 1))
        kept: list[Piece] = []
        arrays: list[Array] = []
        for piece in pieces[:most]:
            value = self._piece(piece.expr, ranges, scope)
            if value is not None:
                kept.append(piece)
                arrays.append(value)
        if not kept:
            return None
        whole = np.stack(arrays, axis=-1)
        lows = [scope[letter][0] for letter in letters]
        pads = [(max(low, 0), 0) for low in lows] + [(0, 0)]
        if any(low < 0 for low in lows):
            return None
        return kept, letters, np.pad(whole, pads, constant_values=np.nan)

    def _piece(self, expr: Expr, ranges: Ranges, scope: dict[Index, tuple[int, int]]) -> Array | None:
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
