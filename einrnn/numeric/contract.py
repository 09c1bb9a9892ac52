"""Sums of products over labelled arrays: the order by the planner, each step as one BLAS call."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod

from einrnn.numeric.emit import Axis, Emitter, Var, letters_of, sizes_of
from einrnn.numeric.steps import (
    Align,
    Contract,
    Diagonal,
    Fold,
    Kind,
    Layout,
    Map,
    Spread,
)
from einrnn.pathfinder.evaluate import Path
from einrnn.pathfinder.evaluate import flops as flops_of_path
from einrnn.pathfinder.network import Network


def aligned(emitter: Emitter, var: Var, axes: Sequence[Axis]) -> int:
    """The register with its axes in this order, size 1 where it does not have one."""
    order = tuple(var.axes.index(axis) if axis in var.axes else -1 for axis in axes)
    if order == tuple(range(len(var.axes))):
        return var.register
    shape = tuple(1 if at < 0 else var.axes[at].size for at in order)
    kind = emitter.kind(var.register)
    names = letters_of(tuple(axes))
    return emitter.emit(Align, var.register, order, shape=shape, kind=kind, letters=names)


def spread(emitter: Emitter, var: Var, axes: Sequence[Axis]) -> Var:
    """The value over exactly these axes, repeated along those it does not have."""
    register = aligned(emitter, var, axes)
    shape = sizes_of(tuple(axes))
    if emitter.shape(register) != shape:
        kind, names = emitter.kind(register), letters_of(tuple(axes))
        register = emitter.emit(Spread, register, shape, shape=shape, kind=kind, letters=names)
    return Var(register, tuple(axes))


def union(values: Sequence[Var]) -> tuple[Axis, ...]:
    """The axes of several values, the one with the most first, in order of appearance."""
    longest = sorted(values, key=lambda var: -len(var.axes))
    return tuple(dict.fromkeys(axis for var in longest for axis in var.axes))


def mapped(emitter: Emitter, function: str, *args: Var, kind: Kind = "number") -> Var:
    """A function of entries over the union of the arguments' axes."""
    axes = union(args)
    registers = tuple(_trailing(emitter, arg, axes) for arg in args)
    shape, names = sizes_of(axes), letters_of(axes)
    return Var(emitter.emit(Map, function, registers, shape=shape, kind=kind, letters=names), axes)


def outer(emitter: Emitter, left: Var, right: Var, rank: Mapping[Axis, int]) -> Var:
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


def _trailing(emitter: Emitter, var: Var, axes: Sequence[Axis]) -> int:
    """The value aligned from its first own axis on: those before it broadcast by themselves."""
    first = next((at for at, axis in enumerate(axes) if axis in var.axes), len(axes))
    return aligned(emitter, var, axes[first:])


def folded(emitter: Emitter, op: str, var: Var, axes: Sequence[Axis]) -> Var:
    """A reduction over axes that the value has."""
    if not axes:
        return var
    numbers = tuple(sorted(var.axes.index(axis) for axis in axes))
    rest = tuple(axis for axis in var.axes if axis not in axes)
    kind = emitter.kind(var.register)
    out = emitter.emit(
        Fold, op, var.register, numbers, shape=sizes_of(rest), kind=kind, letters=letters_of(rest)
    )
    return Var(out, rest)


def merged(emitter: Emitter, register: int, axes: Sequence[Axis]) -> Var:
    """A value from a register that may have the same axis twice: its diagonal."""
    found = list(axes)
    while len(set(found)) < len(found):
        axis = next(axis for axis in found if found.count(axis) > 1)
        first = found.index(axis)
        second = found.index(axis, first + 1)
        found = [a for at, a in enumerate(found) if at not in (first, second)] + [axis]
        register = emitter.emit(
            Diagonal,
            register,
            first,
            second,
            shape=sizes_of(tuple(found)),
            kind=emitter.kind(register),
            letters=letters_of(tuple(found)),
        )
    return Var(register, tuple(found))


def contracted(
    emitter: Emitter, operands: Sequence[Var], summed: Sequence[Axis], order: Sequence[Axis]
) -> Var:
    """The product of the operands summed over axes, each of which some operand has.

    The order of the pairwise steps is the emitter's ``ordering``; factors without axes come
    last. The axes of the result follow ``order`` as far as that costs nothing.
    """
    scalars = [var for var in operands if not var.axes]
    arrays = [var for var in operands if var.axes]
    if not arrays:
        return _product(emitter, scalars)
    kept = {axis for var in arrays for axis in var.axes} - set(summed)
    sizes = [prod(sizes_of(var.axes)) for var in arrays]
    late = prod(axis.size for axis in kept) < min(sizes)
    if scalars and not late:
        at = sizes.index(min(sizes))
        arrays[at] = _product(emitter, [arrays[at], *scalars])
    rank = {axis: number for number, axis in enumerate(order)}
    result = _along_path(emitter, arrays, set(summed), rank)
    return _product(emitter, [result, *scalars]) if late else result


def _product(emitter: Emitter, values: Sequence[Var]) -> Var:
    result = values[0]
    for value in values[1:]:
        result = mapped(emitter, "*", result, value)
    return result


def _along_path(
    emitter: Emitter, arrays: list[Var], summed: set[Axis], rank: Mapping[Axis, int]
) -> Var:
    rest = _same_axes_first(emitter, arrays)
    return along(emitter, rest, _path(emitter, rest, summed), summed, rank)


def along(
    emitter: Emitter, arrays: Sequence[Var], path: Path, summed: set[Axis], rank: Mapping[Axis, int]
) -> Var:
    """The product of the arrays summed over axes, in the order of a path of pairs."""
    held: dict[int, Var] = dict(enumerate(arrays))
    for number, pair in enumerate(path or ((0,),), len(arrays)):
        chosen = [held.pop(operand) for operand in pair]
        needed = {axis for var in held.values() for axis in var.axes}
        over = {axis for var in chosen for axis in var.axes if axis in summed} - needed
        held[number] = _together(emitter, chosen, over, rank)
    (result,) = held.values()
    return result


def _same_axes_first(emitter: Emitter, arrays: list[Var]) -> list[Var]:
    """Operands over the same axes are multiplied at once: it never costs more."""
    groups: dict[frozenset[Axis], list[Var]] = {}
    for var in arrays:
        groups.setdefault(frozenset(var.axes), []).append(var)
    if len(groups) == 1 and len(arrays) > 1:
        # the last product and the sum are one call
        return [_product(emitter, arrays[:-1]), arrays[-1]]
    return [_product(emitter, group) for group in groups.values()]


def _together(
    emitter: Emitter, chosen: list[Var], over: set[Axis], rank: Mapping[Axis, int]
) -> Var:
    chosen = [
        folded(emitter, "sum", var, [a for a in var.axes if a in over and _only(var, a, chosen)])
        for var in chosen
    ]
    if len(chosen) == 1:
        return chosen[0]
    left, right = chosen
    return _pair(emitter, left, right, over, rank)


def _only(var: Var, axis: Axis, chosen: list[Var]) -> bool:
    return all(axis not in other.axes for other in chosen if other is not var)


def path_flops(emitter: Emitter, arrays: Sequence[Var], summed: set[Axis]) -> int:
    """What the best order of pairs costs."""
    return flops_of_path(_network(emitter, arrays, summed), _path(emitter, arrays, summed))


def _path(emitter: Emitter, arrays: Sequence[Var], summed: set[Axis]) -> Path:
    if len(arrays) == 1:
        return ((0,),)
    return emitter.ordering(_network(emitter, arrays, summed))


def _network(emitter: Emitter, arrays: Sequence[Var], summed: set[Axis]) -> Network:
    present = dict.fromkeys(axis for var in arrays for axis in var.axes)
    sizes = {axis: axis.size for axis in present}
    output = [axis for axis in present if axis not in summed]
    identities = [emitter.identity(var.register) for var in arrays]
    return Network.of([var.axes for var in arrays], output, sizes, identities=identities)


def _pair(
    emitter: Emitter, left: Var, right: Var, over: set[Axis], rank: Mapping[Axis, int]
) -> Var:
    """Two operands: batch axes, axes of one side, and summed axes that both have."""
    both = [axis for axis in left.axes if axis in right.axes]
    # summed axes lie as they do in the larger operand, which then need not be copied
    larger = max(left, right, key=lambda var: prod(sizes_of(var.axes)))
    summed = [axis for axis in larger.axes if axis in over]
    if not summed:
        return outer(emitter, left, right, rank)
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
    known = [way for way in ways if emitter.knows(Contract, *way.step())]
    return _emitted(emitter, (known or ways)[0])


@dataclass(frozen=True)
class _Product:
    """Two operands and the axes that a product puts together: those both keep, those of the
    left one, those that are summed, those of the right one."""

    left: Var
    right: Var
    groups: tuple[list[Axis], ...]

    def step(self) -> tuple[Hashable, ...]:
        """The arguments of the step."""
        batch, kept_left, summed, kept_right = self.groups
        return (
            self.left.register,
            self.right.register,
            tuple(self.left.axes.index(axis) for axis in (*batch, *kept_left, *summed)),
            tuple(self.right.axes.index(axis) for axis in (*batch, *summed, *kept_right)),
            tuple(sizes_of(tuple(group)) for group in self.groups),
        )


def _emitted(emitter: Emitter, way: _Product) -> Var:
    batch, kept_left, summed, kept_right = way.groups
    level = max(emitter.level(way.left.register), emitter.level(way.right.register))
    left = _laid_out(emitter, way.left, (batch, kept_left, summed), level)
    right = _laid_out(emitter, way.right, (batch, summed, kept_right), level)
    axes = (*batch, *kept_left, *kept_right)
    step = _Product(left, right, way.groups).step()
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


def separate(axis: Axis, taken: set[Axis]) -> Axis:
    """The axis, or a copy of it that is not taken."""
    while axis in taken:
        axis = replace(axis, copy=axis.copy + 1)
    return axis


def flops(shape: Sequence[int], summed: Sequence[int]) -> int:
    """The documented count of a contraction: 2 per term where something is summed, else 1."""
    return prod(shape) * prod(summed) * (2 if summed else 1)
