"""Sums of products over labelled arrays: the order by the planner, each step as one BLAS call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import prod

from einrnn.dataclass import dataclass
from einrnn.numeric.emit import Axis, Emitter, Var, sizes_of
from einrnn.numeric.labelled import folded, multiplied_up
from einrnn.numeric.pair import multiplied_pair
from einrnn.pathfinder.evaluate import Path
from einrnn.pathfinder.joint import shared_flops
from einrnn.pathfinder.mirror import Factor
from einrnn.pathfinder.network import Network


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
        return multiplied_up(emitter, scalars)
    kept = {axis for var in arrays for axis in var.axes} - set(summed)
    sizes = [prod(sizes_of(var.axes)) for var in arrays]
    late = prod(axis.size for axis in kept) < min(sizes)
    if scalars and not late:
        at = sizes.index(min(sizes))
        arrays[at] = multiplied_up(emitter, [arrays[at], *scalars])
    rank = {axis: number for number, axis in enumerate(order)}
    result = _along_path(emitter, arrays, set(summed), rank)
    return multiplied_up(emitter, [result, *scalars]) if late else result


def _along_path(
    emitter: Emitter, arrays: list[Var], summed: set[Axis], rank: Mapping[Axis, int]
) -> Var:
    rest = _same_axes_first(emitter, arrays)
    return along(emitter, rest, _path(emitter, rest, summed), summed, rank)


def along(
    emitter: Emitter, arrays: Sequence[Var], path: Path, summed: set[Axis], rank: Mapping[Axis, int]
) -> Var:
    """The product of the arrays summed over axes, in the order of a path of pairs."""
    held: dict[int, _Made] = {
        at: _Made(var, [(emitter.identity(var.register), var.axes)])
        for at, var in enumerate(arrays)
    }
    for number, pair in enumerate(path or ((0,),), len(arrays)):
        chosen = [held.pop(operand) for operand in pair]
        needed = {axis for made in held.values() for axis in made.var.axes}
        over = {axis for made in chosen for axis in made.var.axes if axis in summed} - needed
        factors = [factor for made in chosen for factor in made.factors]
        held[number] = _Made(_together(emitter, chosen, over, rank), factors)
    (result,) = held.values()
    return result.var


@dataclass(frozen=True)
class _Made:
    """A value and the factors that it is a sum of products of, by identities."""

    var: Var
    factors: list[Factor[Axis]]


def _same_axes_first(emitter: Emitter, arrays: list[Var]) -> list[Var]:
    """Operands over the same axes are multiplied at once: it never costs more."""
    groups: dict[frozenset[Axis], list[Var]] = {}
    for var in arrays:
        groups.setdefault(frozenset(var.axes), []).append(var)
    if len(groups) == 1 and len(arrays) > 1:
        # the last product and the sum are one call
        return [multiplied_up(emitter, arrays[:-1]), arrays[-1]]
    return [multiplied_up(emitter, group) for group in groups.values()]


def _together(
    emitter: Emitter, made: list[_Made], over: set[Axis], rank: Mapping[Axis, int]
) -> Var:
    # one value may be there twice, and its axes are then in both
    count = Counter(axis for one in made for axis in one.var.axes)
    chosen = [
        folded(emitter, "sum", var, [a for a in var.axes if a in over and count[a] == 1])
        for var in (one.var for one in made)
    ]
    if len(chosen) == 1:
        return chosen[0]
    left, right = chosen
    factors = [factor for one in made for factor in one.factors]
    return multiplied_pair(emitter, left, right, over, rank, factors)


def path_flops(emitter: Emitter, arrays: Sequence[Var], summed: set[Axis]) -> int:
    """What the best order of pairs costs, equal products once and half of symmetric ones."""
    return shared_flops([_network(emitter, arrays, summed)], [_path(emitter, arrays, summed)])


def _path(emitter: Emitter, arrays: Sequence[Var], summed: set[Axis]) -> Path:
    if len(arrays) == 1:
        return ((0,),)
    return emitter.ordering(_network(emitter, arrays, summed))


def _network(emitter: Emitter, arrays: Sequence[Var], summed: set[Axis]) -> Network:
    present = dict.fromkeys(axis for var in arrays for axis in var.axes)
    sizes = {axis: axis.size for axis in present}
    output = [axis for axis in present if axis not in summed]
    terms = [var.axes for var in arrays]
    identities = [emitter.identity(var.register) for var in arrays]
    known = emitter.symmetric
    symmetric = {identity: known[identity] for identity in identities if identity in known}
    return Network.of(terms, output, sizes, identities=identities, symmetric=symmetric)


def flops(shape: Sequence[int], summed: Sequence[int]) -> int:
    """The documented count of a contraction: 2 per term where something is summed, else 1."""
    return prod(shape) * prod(summed) * (2 if summed else 1)
