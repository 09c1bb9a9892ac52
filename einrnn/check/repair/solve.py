"""A factor or a term recognised by its values.

Where the right side depends on a subexpression linearly, the value which that would need to
have is known at every position: the missing factor is what that is divided by what stands
there, the missing term the difference. Both are looked for among the document's own
subexpressions, their products and their differences.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from einrnn.check.repair.bench import Place
from einrnn.check.repair.edits import Edit
from einrnn.check.repair.grids import Grid, TooMany
from einrnn.check.repair.sites import Site, addition, factors_of, is_bracket, negated, product, put
from einrnn.core.build import ONE, ZERO, number
from einrnn.core.nodes import Add, Element, Expr, Mul, Number, Pow
from einrnn.errors import EinrnnError

_POSITIONS = 48
_CLOSE = 1e-9
_MOST_FACTORS = 5
_MOST_PAIRED = 120
_MOST_SIMPLE = 30


@dataclass(frozen=True)
class Library:
    """Known expressions with their values at some positions, one row each."""

    exprs: tuple[Expr, ...]
    rows: Grid
    chosen: Grid

    def like(self, wanted: Grid) -> Iterator[tuple[Expr, Fraction]]:
        """Known expressions that are ``wanted`` up to a simple number, nan matching anything."""
        usable = np.isfinite(wanted)
        if not usable.any() or not len(self.exprs):
            return
        target, rows = wanted[usable], self.rows[:, usable]
        pivot = int(np.argmax(np.abs(target)))
        if abs(target[pivot]) < _CLOSE:
            return
        with np.errstate(all="ignore"):
            ratio = target[pivot] / rows[:, pivot]
            error = np.abs(rows * ratio[:, None] - target).max(axis=1)
        good = np.flatnonzero(error < _CLOSE * max(1.0, float(np.abs(target).max())))
        for at in good.tolist():
            near = Fraction(float(ratio[at])).limit_denominator(4)
            if near and abs(near) <= 4 and abs(float(near) - ratio[at]) < 1e-8:
                yield self.exprs[at], near


def library(place: Place, exprs: list[Expr]) -> Library:
    """The expressions that have values at a place."""
    positions = np.flatnonzero(place.wanted.ravel())
    rng = np.random.default_rng(len(positions))
    if len(positions) > _POSITIONS:
        positions = np.sort(rng.choice(positions, _POSITIONS, replace=False))
    kept: list[Expr] = []
    rows: list[Grid] = []
    for expr in exprs:
        try:
            row = place.values(expr).ravel()[positions]
        except (EinrnnError, TooMany):
            continue
        if np.isfinite(row).all() and np.any(row):
            kept.append(expr)
            rows.append(row)
    table = np.stack(rows) if rows else np.zeros((0, len(positions)))
    return Library(tuple(kept), table, positions)


def needed(place: Place, lib: Library, root: Expr, site: Site) -> Grid | None:
    """The value a site would need at the library's positions, nan where it has no influence."""
    if not site.linear or not site.node.free <= site.outer:
        return None
    try:
        without = place.values(put(root, site.path, ZERO)).ravel()[lib.chosen]
        with_one = place.values(put(root, site.path, ONE)).ravel()[lib.chosen]
    except (EinrnnError, TooMany):
        return None
    left = place.left.ravel()[lib.chosen]
    with np.errstate(all="ignore"):
        slope = with_one - without
        value = np.where(np.abs(slope) > 1e-12, (left - without) / slope, np.nan)
    stuck = (np.abs(slope) <= 1e-12) & (np.abs(left - without) > 1e-9 * (1 + np.abs(left)))
    return None if stuck.any() else value


def solutions(place: Place, lib: Library, root: Expr, site: Site) -> Iterator[Edit]:
    """Edits that give a site the value it needs."""
    target = needed(place, lib, root, site)
    if target is None:
        return
    try:
        now = place.values(site.node).ravel()[lib.chosen]
    except (EinrnnError, TooMany):
        return
    yield from _factors(lib, site.node, target, now)
    yield from _parts_of_product(place, lib, site.node, target)
    if site.outer and (isinstance(site.node, Add) or not site.path):
        yield from _terms(lib, site.node, target - now)
    if not site.path or not isinstance(site.node, (Number, Pow)):
        yield from _whole(lib, site.node, target)


def _factors(lib: Library, node: Expr, target: Grid, now: Grid) -> Iterator[Edit]:
    """``node * f``, ``node / f`` and ``node * f * g``."""
    with np.errstate(all="ignore"):
        ratio = np.where(np.abs(now) > 1e-12, target / now, np.nan)
        inverse = 1 / ratio
    constant = _constant(ratio)
    if constant is not None:
        yield Edit(
            product((number(constant), node)), "the factor {0} is missing", (number(constant),), 1.0
        )
        return
    for expr, times in lib.like(ratio):
        new = _scaled(times, expr)
        yield Edit(product((node, new)), "the factor {0} is missing", (new,), 1.1)
    for expr, times in lib.like(inverse):
        new = _scaled(times, expr)
        yield Edit(
            product((node, Pow(new, number(-1)))), "a division by {0} is missing", (new,), 1.2
        )
    for first, row in zip(lib.exprs[:_MOST_PAIRED], lib.rows, strict=False):
        with np.errstate(all="ignore"):
            rest = ratio / row
        for expr, times in lib.like(rest):
            new = product((_scaled(times, first), expr))
            yield Edit(product((node, new)), "the factor {0} is missing", (new,), 2.0)


def _parts_of_product(place: Place, lib: Library, node: Expr, target: Grid) -> Iterator[Edit]:
    """One known factor in place of some factors of a product."""
    factors = factors_of(node)
    if not isinstance(node, Mul) or len(factors) > _MOST_FACTORS:
        return
    for mask in range(1, 2 ** len(factors) - 1):
        kept = tuple(f for at, f in enumerate(factors) if mask >> at & 1)
        gone = tuple(f for at, f in enumerate(factors) if not mask >> at & 1)
        try:
            value = place.values(product(kept)).ravel()[lib.chosen]
        except (EinrnnError, TooMany):
            continue
        with np.errstate(all="ignore"):
            rest = np.where(np.abs(value) > 1e-12, target / value, np.nan)
        for expr, times in lib.like(rest):
            new = _scaled(times, expr)
            words = "{1} is meant, not {0}"
            yield Edit(product((*kept, new)), words, (product(gone), new), 0.9 + 0.3 * len(gone))


def _terms(lib: Library, node: Expr, missing: Grid) -> Iterator[Edit]:
    """``node + f`` and ``node + f * g``, with small numbers in front."""
    words = "the term {0} is missing"
    for expr, times in lib.like(missing):
        new = _scaled(times, expr)
        yield Edit(addition((node, new)), words, (new,), 1.3)
    for first, row in zip(lib.exprs[:_MOST_PAIRED], lib.rows, strict=False):
        with np.errstate(all="ignore"):
            rest = np.where(np.abs(row) > 1e-12, missing / row, np.nan)
        if np.isnan(rest).all():
            continue
        for expr, times in lib.like(rest):
            new = product((_scaled(times, first), expr))
            yield Edit(addition((node, new)), words, (new,), 1.6)


def _whole(lib: Library, node: Expr, target: Grid) -> Iterator[Edit]:
    """``f``, ``f - g``, ``f + g`` and ``f g`` in place of what stands there."""
    words = "{1} is meant, not {0}"
    for expr, times in lib.like(target):
        new = _scaled(times, expr)
        yield Edit(new, words, (node, new), 1.5)
    for first, row in zip(lib.exprs[:_MOST_PAIRED], lib.rows, strict=False):
        with np.errstate(all="ignore"):
            quotient = np.where(np.abs(row) > 1e-12, target / row, np.nan)
        for expr, times in lib.like(quotient):
            new = product((_scaled(times, first), expr))
            yield Edit(new, words, (node, new), 2.2)
        for sign in (1, -1):
            for expr, times in lib.like(target - sign * row):
                if abs(times) == 1:
                    new = addition((first if sign == 1 else negated(first), _scaled(times, expr)))
                    yield Edit(new, words, (node, new), 2.1)
    yield from _products_with_differences(lib, node, target)


def _products_with_differences(lib: Library, node: Expr, target: Grid) -> Iterator[Edit]:
    """``f (g - h)`` and ``f (g + h)`` of entries and deltas in place of what stands there."""
    simple = [at for at, expr in enumerate(lib.exprs) if _is_simple(expr)][:_MOST_SIMPLE]
    for at in simple:
        with np.errstate(all="ignore"):
            quotient = np.where(np.abs(lib.rows[at]) > 1e-12, target / lib.rows[at], np.nan)
        for other in simple:
            if other == at:
                continue
            for expr, times in lib.like(quotient - lib.rows[other]):
                if abs(times) == 1:
                    inner = addition((lib.exprs[other], _scaled(times, expr)))
                    new = product((lib.exprs[at], inner))
                    yield Edit(new, "{1} is meant, not {0}", (node, new), 2.6)


def _is_simple(expr: Expr) -> bool:
    return isinstance(expr, Element) or is_bracket(expr)


def _constant(ratio: Grid) -> Fraction | None:
    usable = ratio[np.isfinite(ratio)]
    if not usable.size or np.ptp(usable) > 1e-9:
        return None
    near = Fraction(float(usable[0])).limit_denominator(4)
    return near if near and abs(float(near) - usable[0]) < 1e-8 else None


def _scaled(times: Fraction, expr: Expr) -> Expr:
    return expr if times == 1 else product((number(times), expr))
