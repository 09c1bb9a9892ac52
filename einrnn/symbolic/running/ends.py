"""Reductions up to an index, or from one on: where they end, without conditions."""

from __future__ import annotations

from typing import NamedTuple

from einrnn.core import affine as af
from einrnn.core.build import ONE, apply, neg
from einrnn.core.model import Range
from einrnn.core.nodes import Affine, Cases, Cond, Expr, Index, Reduce
from einrnn.core.running import Places
from einrnn.symbolic.ranges import Ranges, bind, conjuncts, decide, refined
from einrnn.symbolic.simplify import split_guard

_MOST_EMPTY = 4
_NEUTRAL = {"prod": ONE, "logsumexp": neg(apply("inf"))}


class Stretch(NamedTuple):
    """From a ``place`` to the end of a reduction, which is ``shift`` after ``at``: upwards where
    ``way`` is 1, downwards where it is -1."""

    place: Index
    at: Index
    shift: int
    way: int

    @property
    def here(self) -> Affine:
        """``at`` where the reduction ends at ``place``."""
        return af.shift(af.of(self.place), -self.shift)

    @property
    def end(self) -> Affine:
        """Where the reduction ends."""
        return af.shift(af.of(self.at), self.shift)


class Ended(NamedTuple):
    """A reduction of ``body`` over ``places``, as far as the end of a stretch; the first one has
    one place, or the first ``empty`` ones have none."""

    of: Stretch
    places: Places
    empty: int
    body: Expr


def ended(node: Reduce, ranges: Ranges) -> Ended | None:
    """A reduction that ends at an index of these ranges; None for any other one."""
    whole = with_ends(node, ranges)
    if whole is None:
        return None
    for moving, fixed, way in ((whole.hi, whole.lo, 1), (whole.lo, whole.hi, -1)):
        shift = moving.constant
        at = af.letter(af.shift(moving, -shift))
        if at is None or at not in ranges or fixed.free:
            continue
        ends = [af.shift(end, shift) for end in (ranges[at].lo, ranges[at].hi)]
        first, last = ends if way == 1 else reversed(ends)
        before = af.number(af.scale(af.minus(first, fixed), way))
        if before is not None and -_MOST_EMPTY <= before <= 0:
            low, high = (fixed, last) if way == 1 else (last, fixed)
            places = Places(whole.index, low, high, way)
            return Ended(Stretch(whole.index, at, shift, way), places, -before, whole.body)
    return None


def with_ends(node: Reduce, ranges: Ranges) -> Reduce | None:
    """The same reduction without a condition; None where its places are not those from one to
    another one."""
    cond, body = _condition(node)
    if cond is None:
        return node
    inner = bind(ranges, {node.index: Range(node.lo, node.hi)})
    own = refined(inner, cond)[node.index]
    if not all(decide(part, {**inner, node.index: own}) for part in conjuncts(cond)):
        return None
    return Reduce(node.op, node.index, own.lo, own.hi, body)


def _condition(node: Reduce) -> tuple[Cond | None, Expr]:
    if node.op == "sum":
        cond, body = split_guard(node.body)
        return (cond, body) if conjuncts(cond) else (None, node.body)
    match node.body:
        case Cases(((cond, body),), otherwise) if otherwise is _NEUTRAL.get(node.op):
            return cond, body
        case _:
            return None, node.body
