"""Two arrays multiplied and summed over what they share: one product of matrices, in a batch.

A product that equals its own transpose is marked, so that half of it need not be computed.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from math import prod

from einrnn.dataclass import dataclass
from einrnn.numeric.emit import Axis, Emitter, Var, letters_of, sizes_of
from einrnn.numeric.labelled import aligned, mapped, union
from einrnn.numeric.steps import Contract, Layout, Map
from einrnn.pathfinder.mirror import Factor, halved, mirror


def multiplied_pair(
    emitter: Emitter,
    left: Var,
    right: Var,
    over: set[Axis],
    rank: Mapping[Axis, int],
    factors: Sequence[Factor[Axis]],
) -> Var:
    """Two operands multiplied and summed over axes that both have.

    ``factors`` are the values, by identities, that both are made of: they tell whether the result
    is symmetric. The axes of the result follow ``rank`` as far as that costs nothing.
    """
    both = [axis for axis in left.axes if axis in right.axes]
    # summed axes lie as they do in the larger operand, which then need not be copied
    larger = max(left, right, key=lambda var: prod(sizes_of(var.axes)))
    summed = [axis for axis in larger.axes if axis in over]
    if not summed:
        return _outer(emitter, left, right, rank)
    batch = _ranked([axis for axis in both if axis not in over], rank)
    kept_left = _ranked([axis for axis in left.axes if axis not in both], rank)
    kept_right = _ranked([axis for axis in right.axes if axis not in both], rank)
    first = _ranked([*kept_left, *kept_right], rank)[:1]
    ways = [
        _Product(left, right, (batch, kept_left, summed, kept_right)),
        _Product(right, left, (batch, kept_right, summed, kept_left)),
    ]
    if first and first[0] in kept_right:
        ways.reverse()
    image = mirror(factors, emitter.symmetric, kept_left, kept_right, batch)
    if image is not None:
        ways = [_symmetric(emitter, way, image) for way in ways]
    turned = (one for way in ways for one in _turned(emitter, way))
    known = (way for way in turned if emitter.knows(Contract, *way.step()))
    found = _emitted(emitter, next(known, ways[0]))
    if image is not None:
        order = tuple(found.axes.index(image[axis]) for axis in found.axes)
        emitter.symmetric[emitter.identity(found.register)] = (order,)
    return found


@dataclass(frozen=True)
class _Product:
    """Two operands and the axes that a product puts together: those both keep, those of the
    left one, those that are summed, those of the right one."""

    left: Var
    right: Var
    groups: tuple[list[Axis], ...]
    symmetric: bool = False

    def step(self) -> tuple[Hashable, ...]:
        """The arguments of the step."""
        batch, kept_left, summed, kept_right = self.groups
        return (
            self.left.register,
            self.right.register,
            tuple(self.left.axes.index(axis) for axis in (*batch, *kept_left, *summed)),
            tuple(self.right.axes.index(axis) for axis in (*batch, *summed, *kept_right)),
            tuple(sizes_of(tuple(group)) for group in self.groups),
            self.symmetric,
        )


def _symmetric(emitter: Emitter, way: _Product, image: Mapping[Axis, Axis]) -> _Product:
    """The product as a symmetric one, if it pays to compute half of it.

    What the right operand keeps lies as in the left one then, and an array times its own
    transpose is written as that: BLAS computes half of it by itself.
    """
    batch, kept, summed, _ = way.groups
    right = way.right
    if way.left.register == right.register:
        wanted = tuple(image[axis] if axis in kept else axis for axis in way.left.axes)
        readings = _readings(emitter, right)
        right = next((one for one in readings if one.axes == wanted), right)
    rows, same = prod(sizes_of(tuple(kept))), way.left.register == right.register
    if not halved(rows, same=same, batch=bool(batch)):
        return way
    groups = (batch, kept, summed, [image[axis] for axis in kept])
    return _Product(way.left, right, groups, symmetric=True)


def _readings(emitter: Emitter, var: Var) -> list[Var]:
    """The same value with its axes in every order in which it reads the same."""
    orders = emitter.symmetric.get(emitter.identity(var.register), ())
    others = (Var(var.register, tuple(var.axes[at] for at in order)) for order in orders)
    return [var, *others]


def _turned(emitter: Emitter, way: _Product) -> list[_Product]:
    """A product with its operands read in every way that means the same."""
    return [
        replace(way, left=left, right=right)
        for left in _readings(emitter, way.left)
        for right in _readings(emitter, way.right)
    ]


def _emitted(emitter: Emitter, way: _Product) -> Var:
    batch, kept_left, summed, kept_right = way.groups
    level = max(emitter.level(way.left.register), emitter.level(way.right.register))
    left = _laid_out(emitter, way.left, (batch, kept_left, summed), level)
    right = _laid_out(emitter, way.right, (batch, summed, kept_right), level)
    axes = (*batch, *kept_left, *kept_right)
    step = replace(way, left=left, right=right).step()
    out = emitter.emit(Contract, *step, shape=sizes_of(axes), letters=letters_of(axes))
    return Var(out, axes)


def _laid_out(emitter: Emitter, var: Var, groups: Sequence[Sequence[Axis]], level: int) -> Var:
    """A value from outside a loop, copied once if its groups of axes do not lie together."""
    places = [[var.axes.index(axis) for axis in group] for group in groups]
    together = all(after == before + 1 for row in places for before, after in pairwise(row))
    if together or emitter.level(var.register) == level:
        return var
    axes = tuple(axis for group in groups for axis in group)
    order = tuple(place for row in places for place in row)
    names = letters_of(axes)
    out = emitter.emit(Layout, var.register, order, shape=sizes_of(axes), letters=names)
    return Var(out, axes)


def _ranked(axes: list[Axis], rank: Mapping[Axis, int]) -> list[Axis]:
    return sorted(axes, key=lambda axis: rank.get(axis, len(rank)))


def _outer(emitter: Emitter, left: Var, right: Var, rank: Mapping[Axis, int]) -> Var:
    """A product of which nothing is summed yet: what will be lies first, then as in ``rank``.

    The next product then reads it as a matrix without a copy.
    """
    axes = union((left, right))
    if len(axes) in (len(left.axes), len(right.axes)):
        return mapped(emitter, "*", left, right)
    axes = tuple(sorted(axes, key=lambda axis: rank.get(axis, -1)))
    registers = aligned(emitter, left, axes), aligned(emitter, right, axes)
    shape, names = sizes_of(axes), letters_of(axes)
    return Var(emitter.emit(Map, "*", registers, shape=shape, letters=names), axes)
