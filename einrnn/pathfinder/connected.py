"""The cheapest path without outer products, where few sets of operands are connected.

In trees and other narrow networks only a small part of all sets of operands hang together.
The best tree for each comes from its best split into two that hang together, built up by
size; the search gives up when there are too many.
"""

from __future__ import annotations

from einrnn.pathfinder.evaluate import Path
from einrnn.pathfinder.network import Network, bits

# connected sets, and pairs of them, at which the search gives up in any case
_SETS, _PAIRS = 4000, 400_000


class _TooMany(Exception):
    pass


def connected(network: Network, pairs: int = _PAIRS) -> Path | None:
    """The path, or None if the network is not connected or has too many connected sets.

    ``pairs`` is the number of pairs of such sets to look at before it gives up.
    """
    try:
        return _Search(network, min(pairs, _PAIRS)).run()
    except _TooMany:
        return None


class _Search:
    def __init__(self, network: Network, most: int) -> None:
        self.network, self.most = network, most
        self.count = len(network.operands)
        self.kept = {1 << at: mask for at, mask in enumerate(network.reduced)}
        self.cost = dict.fromkeys(self.kept, 0)
        self.half: dict[int, int] = {}
        self.near = self._neighbours()
        self.pairs = 0

    def run(self) -> Path | None:
        """Sets of two operands, of three, and so on."""
        by_size: list[list[int]] = [[], list(self.kept)]
        for size in range(2, self.count + 1):
            found: dict[int, None] = {}
            for small in range(1, size // 2 + 1):
                self._join(by_size[small], by_size[size - small], found)
            by_size.append(list(found))
        whole = (1 << self.count) - 1
        return self._path(whole) if whole in self.half else None

    def _neighbours(self) -> dict[int, int]:
        """For each set the operands outside it that share an index with it."""
        holders: dict[int, int] = {}
        for at, mask in enumerate(self.network.reduced):
            for bit in bits(mask):
                holders[bit] = holders.get(bit, 0) | 1 << at
        near: dict[int, int] = {}
        for at, mask in enumerate(self.network.reduced):
            everyone = 0
            for bit in bits(mask):
                everyone |= holders[bit]
            near[1 << at] = everyone & ~(1 << at)
        return near

    def _join(self, smaller: list[int], larger: list[int], found: dict[int, None]) -> None:
        self.pairs += len(smaller) * len(larger)
        if self.pairs > self.most:
            raise _TooMany
        for a in smaller:
            around = self.near[a]
            for b in larger:
                if around & b and not a & b:
                    self._consider(a, b)
                    found[a | b] = None

    def _consider(self, a: int, b: int) -> None:
        both = a | b
        union = self.kept[a] | self.kept[b]
        if both not in self.kept:
            if len(self.kept) > _SETS:
                raise _TooMany
            self.near[both] = (self.near[a] | self.near[b]) & ~both
            self.kept[both] = self._result(both, union)
        work = self.network.entries(union) << (union != self.kept[both])
        total = work + self.cost[a] + self.cost[b]
        if both not in self.cost or total < self.cost[both]:
            self.cost[both], self.half[both] = total, a

    def _result(self, both: int, union: int) -> int:
        """The indices that an operand next to the set, or the output, still has."""
        outside = self.network.output
        for at in bits(self.near[both]):
            outside |= self.network.reduced[at]
        return union & outside

    def _path(self, whole: int) -> Path:
        order, stack = list[int](), [whole]
        while stack:
            subset = stack.pop()
            if subset in self.half:
                order.append(subset)
                stack += [self.half[subset], subset ^ self.half[subset]]
        number = {1 << at: at for at in range(self.count)}
        path: list[tuple[int, ...]] = []
        for subset in reversed(order):
            left = self.half[subset]
            path.append(tuple(sorted((number[left], number[subset ^ left]))))
            number[subset] = self.count + len(path) - 1
        return tuple(path)
