"""``Σ_n w[n] B[n,i] B[n,j]``: a product of an array with itself, of which half is computed.

The factors of a second derivative by one tensor come in pairs that differ in the names of their
axes only. Multiplied up separately they are the same array, and BLAS has a call for its product
with itself (syrk) that does half the work. A weight goes in as its square root where it cannot be
negative, whatever the inputs; else both sides differ, and the product is known to be symmetric.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from einrnn.dataclass import dataclass
from einrnn.numeric import signs
from einrnn.numeric.contract import contracted, path_flops
from einrnn.numeric.emit import Axis, Emitter, Var, letters_of, sizes_of
from einrnn.numeric.labelled import aligned, mapped, multiplied_up
from einrnn.numeric.steps import Contract, Map


@dataclass(frozen=True)
class Square:
    """The factors of one side, what both sides share, and the axes of each side in turn."""

    side: tuple[Var, ...]
    weights: tuple[Var, ...]
    summed: tuple[Axis, ...]
    first: tuple[Axis, ...]
    second: tuple[Axis, ...]

    @property
    def flops(self) -> int:
        """Operations, the product being half of one of two different arrays."""
        rows, columns = prod(sizes_of(self.summed)), prod(sizes_of(self.first))
        total = rows * columns * (columns + 1)
        held: set[Axis] = set()
        for number, var in enumerate((*self.weights, *_by_size(self.side))):
            held |= set(var.axes)
            total += prod(sizes_of(tuple(held))) if number else 0
        return total


def _by_size(side: Sequence[Var]) -> list[Var]:
    """The factors as they are multiplied up: the small ones first."""
    return sorted(side, key=lambda var: prod(sizes_of(var.axes)))


def multiplied(
    emitter: Emitter, operands: Sequence[Var], summed: Sequence[Axis], order: Sequence[Axis]
) -> Var:
    """As :func:`contracted`, by half of a product where the operands are two equal sides."""
    arrays = [var for var in operands if var.axes]
    over = set(summed)
    found = square(arrays, over, {axis: number for number, axis in enumerate(order)})
    if found is None or found.flops > path_flops(emitter, arrays, over):
        return contracted(emitter, operands, summed, order)
    return squared(emitter, found, [var for var in operands if not var.axes])


def square(arrays: Sequence[Var], summed: set[Axis], rank: Mapping[Axis, int]) -> Square | None:
    """The product of the arrays as one of an array with itself, if it is one.

    The axes that are kept, in the order of ``rank``, are those of one side and then those of
    the other.
    """
    found = {axis for var in arrays for axis in var.axes}
    kept = sorted(found - summed, key=lambda axis: rank.get(axis, len(rank)))
    half = len(kept) // 2
    first, second = tuple(kept[:half]), tuple(kept[half:])
    if not first or not summed or sizes_of(first) != sizes_of(second):
        return None
    turned = dict(zip(second, first, strict=True))
    side: list[Var] = []
    other: list[Var] = []
    weights: list[Var] = []
    for var in arrays:
        own = set(var.axes) - summed
        if not own:
            weights.append(var)
        elif own <= set(first):
            side.append(var)
        elif own <= set(second):
            other.append(Var(var.register, tuple(turned.get(axis, axis) for axis in var.axes)))
        else:
            return None
    if sorted(side, key=_order) != sorted(other, key=_order):
        return None
    # the summed axes in the order they have in the largest factor
    largest = max(side, key=lambda var: prod(sizes_of(var.axes)))
    inside = dict.fromkeys(axis for var in (largest, *side) for axis in var.axes if axis in summed)
    if set(inside) != summed:
        return None
    return Square(tuple(side), tuple(weights), tuple(inside), first, second)


def _order(var: Var) -> tuple[object, ...]:
    return var.register, tuple((axis.index.name, axis.lo, axis.copy) for axis in var.axes)


def squared(emitter: Emitter, found: Square, scalars: Sequence[Var]) -> Var:
    """The value of a square, with factors that have no axes."""
    side = _by_size(found.side)
    axes = (*found.summed, *found.first)
    sign = 0
    weight: Var | None = None
    if found.weights:
        weight = multiplied_up(emitter, [*scalars, *found.weights])
        sign = _sign(emitter, weight)
        scalars = ()
    if weight is not None and sign:
        positive = weight if sign > 0 else mapped(emitter, "neg", weight)
        side.insert(0, mapped(emitter, "sqrt", positive))
    whole = _over(emitter, side, axes)
    left = whole
    if weight is not None and not sign:
        left = _over(emitter, [weight, whole], axes)
    result = _contract(emitter, found, left, whole)
    result = mapped(emitter, "neg", result) if sign < 0 else result
    return multiplied_up(emitter, [result, *scalars])


def _sign(emitter: Emitter, weight: Var) -> int:
    """1 or -1 where a root can be taken of the weight or its negative, else 0.

    Whole numbers stay whole numbers, so theirs is not taken.
    """
    low, high = signs.bounds(emitter.made, weight.register)
    if not signs.real(emitter.made, weight.register):
        return 0
    return 1 if low >= 0 else -1 if high <= 0 else 0


def _over(emitter: Emitter, factors: Sequence[Var], axes: tuple[Axis, ...]) -> Var:
    """The product of the factors, laid out over these axes."""
    result = multiplied_up(emitter, factors[:-1]) if len(factors) > 1 else None
    last = factors[-1]
    if result is None:
        return Var(aligned(emitter, last, axes), axes)
    registers = (aligned(emitter, result, axes), aligned(emitter, last, axes))
    out = emitter.emit(Map, "*", registers, shape=sizes_of(axes), letters=letters_of(axes))
    return Var(out, axes)


def _contract(emitter: Emitter, found: Square, left: Var, right: Var) -> Var:
    count = len(found.summed)
    places = tuple(range(len(left.axes)))
    sizes = sizes_of(found.first)
    axes = (*found.first, *found.second)
    out = emitter.emit(
        Contract,
        left.register,
        right.register,
        (*places[count:], *places[:count]),
        places,
        ((), sizes, sizes_of(found.summed), sizes),
        True,
        shape=sizes_of(axes),
        letters=letters_of(axes),
    )
    return Var(out, axes)
