"""The cheapest path that is cheaper than a known one, where that leaves few sets of operands.

The best tree for a set of operands comes from its best split into two, built up by size as in
:mod:`einrnn.pathfinder.exact`. A set is left out when it can be in no path below the known cost:
what it costs itself, and half of what is still to be read, since each step reads two arrays and
costs at least the entries of either. In trees and other narrow networks few sets remain. Where
still too many do, only those are joined that share an index or that a single operand lies
between, so that of the outer products the common ones are left.
"""

from __future__ import annotations

from einrnn.pathfinder.evaluate import Path
from einrnn.pathfinder.network import Network, bits

# sets, and pairs of them, at which the search gives up in any case
_SETS, _PAIRS = 4000, 1_000_000


class _TooMany(Exception):
    pass


def bounded(
    network: Network, known: int, pairs: int = _PAIRS, *, everywhere: bool = False
) -> Path | None:
    """The cheapest path with fewer FLOPs than ``known``; None if there is none or too many sets.

    ``pairs`` is the number of pairs of sets to look at before it gives up. With ``everywhere``
    any two sets are joined, and the path is the optimum.
    """
    try:
        return _Search(network, known, min(pairs, _PAIRS), everywhere).run()
    except _TooMany:
        return None


class _Search:
    def __init__(self, network: Network, known: int, most: int, everywhere: bool) -> None:
        self.network, self.most, self.everywhere = network, most, everywhere
        self.count = len(network.operands)
        self.whole = (1 << self.count) - 1
        private = zip(network.operands, network.private, strict=True)
        self.known = known - sum(network.entries(mask) for mask, alone in private if alone)
        self.kept = {1 << at: mask for at, mask in enumerate(network.reduced)}
        self.cost = dict.fromkeys(self.kept, 0)
        self.half: dict[int, int] = {}
        self.near = self._neighbours()
        # the entries of the operands in each set
        self.read = {one: network.entries(mask) for one, mask in self.kept.items()}
        self.all_read = sum(self.read.values())
        self.pairs = 0

    def run(self) -> Path | None:
        """Sets of two operands, of three, and so on."""
        by_size: list[list[int]] = [[], list(self.kept)]
        for size in range(2, self.count + 1):
            found: dict[int, None] = {}
            for small in range(1, size // 2 + 1):
                self._join(by_size[small], by_size[size - small], found)
            by_size.append(list(found))
        return self._path() if self.whole in self.half else None

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
        near, everywhere = self.near, self.everywhere
        for a in smaller:
            around = near[a]
            for b in larger:
                if a & b or not (everywhere or around & b or around & near[b]):
                    continue
                if self._consider(a, b):
                    found[a | b] = None

    def _consider(self, a: int, b: int) -> bool:
        """Take the product of two sets if it may be in a path that is cheaper than the known."""
        both, entries = a | b, self.network.entries
        union = self.kept[a] | self.kept[b]
        near = (self.near[a] | self.near[b]) & ~both
        kept = self.kept[both] if both in self.kept else self._result(near, union)
        total = (entries(union) << (union != kept)) + self.cost[a] + self.cost[b]
        read = self.read[a] + self.read[b]
        still = entries(kept) + self.all_read - read if both != self.whole else 0
        if 2 * total + still >= 2 * self.known:
            return False
        if both not in self.kept:
            if len(self.kept) > _SETS:
                raise _TooMany
            self.kept[both], self.near[both], self.read[both] = kept, near, read
        if both not in self.cost or total < self.cost[both]:
            self.cost[both], self.half[both] = total, a
        return True

    def _result(self, near: int, union: int) -> int:
        """The indices that an operand next to the set, or the output, still has."""
        outside = self.network.output
        for at in bits(near):
            outside |= self.network.reduced[at]
        return union & outside

    def _path(self) -> Path:
        order, stack = list[int](), [self.whole]
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
