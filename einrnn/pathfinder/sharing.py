"""Equal intermediates recognised, within one network and across several.

A product of two values is known by the two values, by how their axes meet, and by which axes
stay. Names of indices play no part: ``A[i,j] A[j,k]`` is one value wherever it occurs. The axes
of what is symmetric may be read in either order: an operand that is declared so, and a product
that :mod:`einrnn.pathfinder.mirror` finds so, of which half is counted where half is computed.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import product

from einrnn.pathfinder.evaluate import Path, walk
from einrnn.pathfinder.mirror import Factor, Order, computed, mirror
from einrnn.pathfinder.network import Network

# the number of a value, and the index of each of its axes in some network
Held = tuple[int, tuple[int, ...]]
# how values make another: their numbers and axes, and the axes that stay, indices renamed
_Recipe = tuple[tuple[Held, ...], tuple[int, ...]]


class Values:
    """The values that are known, each with the FLOPs of its own step."""

    def __init__(self) -> None:
        self.cost: dict[int, int] = {}
        self._numbers: dict[Hashable, int] = {}
        # the operands under a value; its own axes are 0, 1, … and those summed come after them
        self._under: dict[int, tuple[Factor[int], ...]] = {}
        self._orders: dict[Hashable, tuple[Order, ...]] = {}
        self._mirrored: dict[int, bool] = {}

    def flops(self) -> int:
        """The FLOPs of all known values, each counted once."""
        return sum(self.cost.values())

    def operands(self, network: Network) -> dict[int, Held]:
        """The operands of a network as values, by their numbers."""
        held: dict[int, Held] = {}
        for at, (identity, term) in enumerate(zip(network.identities, network.axes, strict=True)):
            value = self._number(("operand", identity))
            # an index of size 1 is no axis here, as in the network
            places = [place for place, bit in enumerate(term) if network.operands[at] >> bit & 1]
            held[at] = value, tuple(term[place] for place in places)
            self._under[value] = ((value, tuple(range(len(places)))),)
            orders = network.symmetric.get(identity, ())
            if orders and len(set(term)) == len(term):
                self._orders[value] = tuple(
                    tuple(places.index(order[place]) for place in places) for order in orders
                )
        return held

    def product(self, sources: Sequence[Held], result: int) -> Held:
        """What a step makes of some values; ``result`` are the indices that stay."""
        recipe, axes = _recipe(sources, result, self._orders)
        value = self._number(recipe)
        if value not in self._under:
            self._learn(value, sources, axes)
        return value, axes

    def work(self, network: Network, sources: Sequence[Held], made: Held, flops: int) -> int:
        """The FLOPs of the step that makes a value: ``flops``, or those of one triangle."""
        if not self._mirrored[made[0]]:
            return flops
        (a, left), (b, right) = sources
        batch = [axis for axis in made[1] if axis in left and axis in right]
        rows = network.entries(sum(1 << axis for axis in made[1] if axis not in right))
        same = a == b and self._turned(a, left, right, made)
        return flops * computed(rows, same=same, batch=bool(batch)) // (2 * rows * rows)

    def added(self, network: Network, path: Path) -> dict[int, int]:
        """The values a path needs that are not known yet, with their FLOPs."""
        held = self.operands(network)
        new: dict[int, int] = {}
        for step in walk(network, path):
            sources = [held[number] for number in step.operands]
            made = self.product(sources, step.result)
            held[step.number] = made
            if made[0] not in self.cost:
                new[made[0]] = self.work(network, sources, made, step.flops)
        return new

    def add(self, network: Network, path: Path) -> None:
        """Make the values of a path known."""
        self.cost |= self.added(network, path)

    def _number(self, key: Hashable) -> int:
        return self._numbers.setdefault(key, len(self._numbers))

    def _learn(self, value: int, sources: Sequence[Held], axes: tuple[int, ...]) -> None:
        """Keep what a new value is made of, and whether it is symmetric."""
        factors = self._under[value] = self._factors(sources, axes)
        self._mirrored[value] = False
        if len(sources) != 2:
            return
        (_, left), (_, right) = sources
        places = range(len(axes))
        rows = [place for place in places if axes[place] not in right]
        columns = [place for place in places if axes[place] not in left]
        fixed = [place for place in places if axes[place] in left and axes[place] in right]
        image = mirror(factors, self._orders, rows, columns, fixed)
        if image is not None:
            self._orders[value] = (tuple(image[place] for place in places),)
            self._mirrored[value] = len({*left, *right}) > len(axes)

    def _factors(self, sources: Sequence[Held], axes: tuple[int, ...]) -> tuple[Factor[int], ...]:
        name: dict[Hashable, int] = {axis: place for place, axis in enumerate(axes)}
        found: list[Factor[int]] = []
        for at, (value, own) in enumerate(sources):
            for factor, labels in self._under[value]:
                spelt = [own[one] if one < len(own) else (at, one) for one in labels]
                found.append((factor, tuple(name.setdefault(one, len(name)) for one in spelt)))
        return tuple(found)

    def _turned(
        self, value: int, left: tuple[int, ...], right: tuple[int, ...], made: Held
    ) -> bool:
        """Whether a value is multiplied with its own transpose: row by row, as BLAS does."""
        (order,) = self._orders[made[0]]
        image = {axis: made[1][order[place]] for place, axis in enumerate(made[1])}
        wanted = tuple(image.get(axis, axis) for axis in left)
        return wanted in [right, *(_placed(right, o) for o in self._orders.get(value, ()))]


def _placed(axes: tuple[int, ...], order: Order) -> tuple[int, ...]:
    return tuple(axes[place] for place in order)


def _recipe(
    sources: Sequence[Held], result: int, orders: dict[Hashable, tuple[Order, ...]]
) -> tuple[_Recipe, tuple[int, ...]]:
    """The least of the recipes that mean the same, and the axes of what it makes."""
    choices = [
        [(value, axes), *((value, _placed(axes, order)) for order in orders.get(value, ()))]
        for value, axes in sources
    ]
    found = [_renamed(order, result) for picked in product(*choices) for order in _arranged(picked)]
    return min(found)


def _arranged(picked: tuple[Held, ...]) -> list[tuple[Held, ...]]:
    """The values by number; two that are the same in both orders."""
    ordered = tuple(sorted(picked))
    same = len(ordered) == 2 and ordered[0][0] == ordered[1][0]
    return [ordered, ordered[::-1]] if same else [ordered]


def _renamed(order: tuple[Held, ...], result: int) -> tuple[_Recipe, tuple[int, ...]]:
    """Indices numbered as they first occur."""
    name: dict[int, int] = {}
    for _, axes in order:
        for bit in axes:
            name.setdefault(bit, len(name))
    kept = tuple(bit for bit in name if result >> bit & 1)
    operands = tuple((value, tuple(name[bit] for bit in axes)) for value, axes in order)
    return (operands, tuple(name[bit] for bit in kept)), kept
