"""One refuted claim with its values: the left side, and candidates for the right side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from einrnn.check.claims import Prepared, Ready
from einrnn.check.compare import AGREES, relative
from einrnn.check.points import Point
from einrnn.check.repair.grids import Box, Grid, Grids, TooMany
from einrnn.core import affine as af
from einrnn.core.model import Model, Range
from einrnn.core.nodes import Affine, Derivative, Element, Expr, Index, Node
from einrnn.core.traverse import elements, rebuild
from einrnn.errors import EinrnnError
from einrnn.symbolic.derived import complete, forward


@dataclass(frozen=True)
class Place:
    """The values of a claim at one point; ``letters`` are the axes of all grids."""

    grids: Grids
    box: Box
    letters: tuple[Index, ...]
    left: Grid
    wanted: Grid

    def values(self, expr: Expr) -> Grid:
        """An expression over the free indices of the claim."""
        return self.grids.over(expr, self.letters, self.box)

    def agrees(self, expr: Expr) -> bool:
        """Whether a right side has the value of the left side wherever that has one."""
        try:
            right = self.values(expr)
        except (EinrnnError, TooMany):
            return False
        error = relative(self.left, right)[self.wanted]
        return bool(np.isfinite(error).all() and error.max(initial=0.0) < AGREES)


@dataclass(frozen=True)
class Bench:
    """A claim with everything a search needs.

    ``right`` is the right side over derived tensors, as its author wrote it; ``model`` has
    the definitions of all tensors in it and of those an edit may bring in.
    """

    prepared: Prepared
    ready: Ready
    model: Model
    left: Expr
    right: Expr
    places: tuple[Place, ...]

    @property
    def ranges(self) -> Mapping[Index, Range]:
        """The ranges of the free indices."""
        return self.ready.claim.ranges

    def agrees(self, expr: Expr) -> bool:
        """Whether a right side agrees with the left side at all points."""
        return all(place.agrees(expr) for place in self.places)

    def circular(self, expr: Expr) -> bool:
        """Whether a right side newly contains the very entry that the left side is."""
        same = self._same_entry
        new = [e for e in elements(expr) if e not in self._mentioned]
        return any((e.tensor, frozenset(e.args)) in same for e in new)

    @cached_property
    def _mentioned(self) -> frozenset[Element]:
        return frozenset(elements(self.right))

    @cached_property
    def _same_entry(self) -> frozenset[tuple[str, frozenset[Affine]]]:
        """The left side, where it is one entry, under both kinds of derivative and with its
        indices in any order."""
        if not isinstance(self.left, Element):
            return frozenset()
        meaning = self.model.derived.get(self.left.tensor)
        alike = [
            name
            for name, other in self.model.derived.items()
            if meaning is not None and (other.of, other.wrt) == (meaning.of, meaning.wrt)
        ]
        args = frozenset(self.left.args)
        return frozenset((name, args) for name in (self.left.tensor, *alike))


def bench(prepared: Prepared, ready: Ready, points: list[Point], extra: list[Expr]) -> Bench | None:
    """The bench of a claim, with the derived tensors of ``extra`` (derivatives) defined too.

    None where the left side has no value at one of the points.
    """
    claim = ready.claim
    model = prepared.forward
    roots = [(claim.left, claim.ranges), (claim.right, claim.ranges)]
    for node in extra:
        try:
            model, _ = complete(model, [(node, _ranges_of(node, model))], forward)
        except EinrnnError:
            continue
    model, (left, right) = complete(model, roots, forward)
    places: list[Place] = []
    for point in points:
        moved = Point(replace(prepared, forward=model), point.sizes, point.arrays)
        place = _place(moved, ready, left)
        if place is None:
            return None
        places.append(place)
    return Bench(prepared, ready, model, left, right, tuple(places))


def _ranges_of(node: Expr, model: Model) -> dict[Index, Range]:
    assert isinstance(node, Derivative)
    assert isinstance(node.body, Element)
    axes = (*model.axes(node.body.tensor), *model.axes(node.tensor))
    args = (*node.body.args, *node.args)
    return {next(iter(a.free)): axis for a, axis in zip(args, axes, strict=True)}


def _place(point: Point, ready: Ready, left: Expr) -> Place | None:
    interpreter = point.interpreter
    letters = tuple(ready.claim.ranges)
    box = {
        letter: (interpreter.index(span.lo, {}), interpreter.index(span.hi, {}))
        for letter, span in ready.claim.ranges.items()
    }
    grids = Grids(point)
    try:
        values = grids.over(left, letters, box)
        wanted = np.isfinite(values)
        if ready.claim.condition is not None:
            wanted = wanted & grids.over(_as_expr(ready.claim.condition), letters, box)
    except (EinrnnError, TooMany):
        return None
    return Place(grids, box, letters, values, wanted) if wanted.any() else None


def _as_expr(node: Node) -> Expr:
    return node  # type: ignore[return-value]  # a grid of a condition is one of truth values


def partners(claim_sides: tuple[Expr, ...], model: Model) -> list[Expr]:
    """Derivatives an author may have meant: ``d`` for ``∂`` and back, and those of what the
    right side mentions by what the left side is differentiated by."""
    found: dict[Expr, None] = {}
    wrts: dict[str, None] = {}
    mentioned: dict[str, None] = {}
    for side in claim_sides:
        for name in [e.tensor for e in elements(side)]:
            meaning = model.derived.get(name)
            if meaning is None:
                mentioned[name] = None
                continue
            mentioned[meaning.of] = None
            for kind in ("total", "immediate"):
                found[_generic(model, kind, meaning.of, meaning.wrt)] = None
            wrts[meaning.wrt] = None
    for wrt in wrts:
        for name in model.definitions:
            if name not in model.derived and name in mentioned:
                found[_generic(model, "total", name, wrt)] = None
    return list(found)


def _generic(model: Model, kind: str, of: str, wrt: str) -> Expr:
    ranks = len(model.axes(of)), len(model.axes(wrt))
    letters = [af.of(Index(f"·{n}")) for n in range(sum(ranks))]
    body = Element(of, tuple(letters[: ranks[0]]))
    return Derivative(kind, body, wrt, tuple(letters[ranks[0] :]))  # type: ignore[arg-type]


def restored(expr: Expr, model: Model) -> Expr:
    """The expression with entries of derived tensors written as derivatives again."""

    def change(node: Node) -> Node:
        meaning = model.derived.get(node.tensor) if isinstance(node, Element) else None
        if meaning is None:
            return node
        assert isinstance(node, Element)
        rank = len(node.args) - len(model.axes(meaning.wrt))
        body = restored(Element(meaning.of, node.args[:rank]), model)
        return Derivative(meaning.kind, body, meaning.wrt, node.args[rank:])

    return rebuild(expr, change)
