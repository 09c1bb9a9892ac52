"""Greedy paths: the pair that looks best is contracted next.

A pair is worth what its product adds to memory, ``out - alpha (a + b)``. On chains this ties
between a product of two matrices and that of a vector and a matrix; ``tie`` prefers the
smaller product. ``temperature`` adds Gumbel noise to the logarithm of the worth, so that each
seed gives another path.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from math import log, log2
from random import Random

from einrnn.dataclass import dataclass
from einrnn.pathfinder.evaluate import Path
from einrnn.pathfinder.network import Network, bits

# operands joined by an index that more operands than this have are not paired for its sake
_CROWD = 8


@dataclass(frozen=True)
class Rule:
    """How greedy judges a pair; see the module."""

    alpha: float = 1.0
    tie: float = 0.0
    temperature: float = 0.0


MEMORY = Rule()
TIED = Rule(tie=1e-9)


def greedy(network: Network, rule: Rule = TIED, rng: Random | None = None) -> Path:
    """A greedy path; ``rng`` is needed for a rule with a temperature."""
    return _Greedy(network, rule, rng or Random(0)).run()


class _Greedy:
    def __init__(self, network: Network, rule: Rule, rng: Random) -> None:
        self.network, self.rule, self.rng = network, rule, rng
        self.held: dict[int, int] = dict(enumerate(network.reduced))
        self.holders: list[dict[int, None]] = [{} for _ in network.sizes]
        # indices that the output or more than two operands have outlive a product
        self.lasting = network.output
        self.heap: list[tuple[float, int, int, int]] = []
        self.path: list[tuple[int, ...]] = []
        for number, mask in self.held.items():
            for bit in bits(mask):
                self.holders[bit][number] = None
        self._mark(range(len(self.holders)))

    def run(self) -> Path:
        """Contract until one operand is left."""
        for number in list(self.held):
            self._offer(number, later_only=True)
        while len(self.held) > 1:
            self._contract(*(self._popped() or self._smallest()))
        return tuple(self.path)

    def _mark(self, changed: Iterable[int]) -> None:
        for bit in changed:
            if len(self.holders[bit]) > 2:
                self.lasting |= 1 << bit
            elif not self.network.output >> bit & 1:
                self.lasting &= ~(1 << bit)

    def _product(self, a: int, b: int) -> int:
        left, right = self.held[a], self.held[b]
        return (left ^ right) | (left & right & self.lasting)

    def _push(self, a: int, b: int) -> None:
        out = self._product(a, b)
        volume, rule = self.network.volume, self.rule
        worth = volume(out) * (1 + rule.tie)
        worth -= rule.alpha * (volume(self.held[a]) + volume(self.held[b]))
        if rule.temperature:
            worth = log2(1 + worth) if worth > 0 else -log2(1 - worth)
            noise = -log(-log(self.rng.random() or 0.5))
            worth -= rule.temperature * noise
        heapq.heappush(self.heap, (worth, a, b, out))

    def _offer(self, number: int, *, later_only: bool = False) -> None:
        """Put the pairs of an operand and its neighbours on the heap."""
        near: dict[int, None] = {}
        for bit in bits(self.held[number]):
            if len(self.holders[bit]) <= _CROWD:
                near.update(self.holders[bit])
        for other in near:
            if other > number if later_only else other != number:
                self._push(number, other)

    def _popped(self) -> tuple[int, int] | None:
        """The best pair on the heap whose product is still what it was."""
        while self.heap:
            _, a, b, out = heapq.heappop(self.heap)
            if a not in self.held or b not in self.held:
                continue
            if self._product(a, b) == out:
                return a, b
            self._push(a, b)
        return None

    def _smallest(self) -> tuple[int, int]:
        """The two smallest operands: no two share an index that few have."""
        sized = ((self.network.volume(mask), number) for number, mask in self.held.items())
        (_, a), (_, b) = heapq.nsmallest(2, sized)
        return a, b

    def _contract(self, a: int, b: int) -> None:
        new = len(self.network.operands) + len(self.path)
        out = self._product(a, b)
        union = self.held[a] | self.held[b]
        fewer: list[int] = []
        for bit in bits(union):
            holders = self.holders[bit]
            before = len(holders)
            holders.pop(a, None)
            holders.pop(b, None)
            if out >> bit & 1:
                holders[new] = None
            if len(holders) < before:
                fewer.append(bit)
        del self.held[a], self.held[b]
        self.held[new] = out
        self.path.append((a, b) if a < b else (b, a))
        self._mark(fewer)
        self._offer(new)
        for bit in fewer:
            self._meet(bit, new)

    def _meet(self, bit: int, new: int) -> None:
        """Offer pairs that an index has just made cheaper, or few enough."""
        holders = [number for number in self.holders[bit] if number != new]
        if len(holders) + 1 == _CROWD:
            for at, number in enumerate(holders):
                for other in holders[at + 1 :]:
                    self._push(number, other)
