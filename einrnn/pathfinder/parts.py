"""Networks whose operands do not hang together: each part by itself, then the results.

What two parts make shares no index, so the results are multiplied smallest first: each
product is as large as all that went into it, as in a Huffman code.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import replace

from einrnn.pathfinder.evaluate import Path
from einrnn.pathfinder.network import Network, bits


def parts(network: Network) -> list[list[int]]:
    """The operands that hang together by indices, each part in ascending order."""
    root = list(range(len(network.operands)))

    def find(at: int) -> int:
        while root[at] != at:
            root[at] = root[root[at]]
            at = root[at]
        return at

    holder: dict[int, int] = {}
    for at, operand in enumerate(network.reduced):
        for bit in bits(operand):
            root[find(at)] = find(holder.setdefault(bit, at))
    groups: dict[int, list[int]] = {}
    for at in range(len(root)):
        groups.setdefault(find(at), []).append(at)
    return sorted(groups.values())


def apart(
    network: Network, groups: Sequence[Sequence[int]], planner: Callable[[Network], Path]
) -> Path:
    """The paths of all parts, one after the other, and the products of their results."""
    count = len(network.operands)
    path: list[tuple[int, ...]] = []
    results: list[tuple[int, int]] = []
    for group in groups:
        part = chosen(network, group)
        number = dict(enumerate(group))
        for step in planner(part):
            path.append(tuple(sorted(number[operand] for operand in step)))
            number[len(number)] = count + len(path) - 1
        results.append((network.entries(part.output), number[len(number) - 1]))
    heapq.heapify(results)
    while len(results) > 1:
        (small, a), (large, b) = heapq.heappop(results), heapq.heappop(results)
        path.append(tuple(sorted((a, b))))
        heapq.heappush(results, (small * large, count + len(path) - 1))
    return tuple(path)


def chosen(network: Network, group: Sequence[int]) -> Network:
    """The network of some operands that no other operand shares an index with."""
    held = 0
    for at in group:
        held |= network.operands[at]
    return replace(
        network,
        operands=tuple(network.operands[at] for at in group),
        output=network.output & held,
        labels=tuple(network.labels[at] for at in group),
        identities=tuple(network.identities[at] for at in group),
        axes=tuple(network.axes[at] for at in group),
        order=tuple(bit for bit in network.order if held >> bit & 1),
    )
