"""Equal intermediates recognised, within one network and across several.

A product of two values is known by the two values, by how their axes meet, and by which axes
stay. Names of indices play no part: ``A[i,j] A[j,k]`` is one value wherever it occurs. The
axes of an operand declared symmetric may be read in either order, and so may those of a matrix
times its own transpose.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import permutations, product

from einrnn.pathfinder.evaluate import Path, walk
from einrnn.pathfinder.network import Network

# the number of a value, and the index of each of its axes in some network
Held = tuple[int, tuple[int, ...]]
# how values make another: their numbers and axes, and the axes that stay, indices renamed
_Recipe = tuple[tuple[Held, ...], tuple[int, ...]]
# axes of a symmetric operand beyond which its orders are not tried
_RANK = 3


class Values:
    """The values that are known, each with the FLOPs of its own step."""

    def __init__(self) -> None:
        self.cost: dict[int, int] = {}
        self._numbers: dict[Hashable, int] = {}
        self._symmetric: dict[int, None] = {}

    def flops(self) -> int:
        """The FLOPs of all known values, each counted once."""
        return sum(self.cost.values())

    def operands(self, network: Network) -> dict[int, Held]:
        """The operands of a network as values, by their numbers."""
        held: dict[int, Held] = {}
        for at, (identity, term) in enumerate(zip(network.identities, network.axes, strict=True)):
            value = self._number(("operand", identity))
            # an index of size 1 is no axis here, as in the network
            held[at] = value, tuple(bit for bit in term if network.operands[at] >> bit & 1)
            if identity in network.symmetric:
                self._symmetric[value] = None
        return held

    def product(self, sources: Sequence[Held], result: int) -> Held:
        """What a step makes of some values; ``result`` are the indices that stay."""
        (recipe, axes), mirrored = _recipe(sources, result, self._symmetric)
        value = self._number(recipe)
        if mirrored:
            self._symmetric[value] = None
        return value, axes

    def added(self, network: Network, path: Path) -> dict[int, int]:
        """The values a path needs that are not known yet, with their FLOPs."""
        held = self.operands(network)
        new: dict[int, int] = {}
        for step in walk(network, path):
            made = self.product([held[number] for number in step.operands], step.result)
            held[step.number] = made
            if made[0] not in self.cost:
                new[made[0]] = step.flops
        return new

    def add(self, network: Network, path: Path) -> None:
        """Make the values of a path known."""
        self.cost |= self.added(network, path)

    def _number(self, key: Hashable) -> int:
        return self._numbers.setdefault(key, len(self._numbers))


def _recipe(
    sources: Sequence[Held], result: int, symmetric: dict[int, None]
) -> tuple[tuple[_Recipe, tuple[int, ...]], bool]:
    """The least of the recipes that mean the same, the axes of what it makes, and whether
    that is a matrix equal to its transpose: ``X[n,i] X[n,j]`` is."""
    choices = [
        [(value, order) for order in _orders(axes, value in symmetric)] for value, axes in sources
    ]
    found = [_renamed(order, result) for picked in product(*choices) for order in _arranged(picked)]
    least = min(found)
    others = [axes for recipe, axes in found if recipe == least[0]]
    return least, len(least[1]) == 2 and least[1][::-1] in others


def _arranged(picked: tuple[Held, ...]) -> list[tuple[Held, ...]]:
    """The values by number; two that are the same in both orders."""
    ordered = tuple(sorted(picked))
    same = len(ordered) == 2 and ordered[0][0] == ordered[1][0]
    return [ordered, ordered[::-1]] if same else [ordered]


def _orders(axes: tuple[int, ...], symmetric: bool) -> list[tuple[int, ...]]:
    return list(permutations(axes)) if symmetric and len(axes) <= _RANK else [axes]


def _renamed(order: tuple[Held, ...], result: int) -> tuple[_Recipe, tuple[int, ...]]:
    """Indices numbered as they first occur."""
    name: dict[int, int] = {}
    for _, axes in order:
        for bit in axes:
            name.setdefault(bit, len(name))
    kept = tuple(bit for bit in name if result >> bit & 1)
    operands = tuple((value, tuple(name[bit] for bit in axes)) for value, axes in order)
    return (operands, tuple(name[bit] for bit in kept)), kept
