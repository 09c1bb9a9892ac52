"""The cheapest path of a small network, by dynamic programming over sets of operands.

What a set of operands contracts to does not depend on the order: it keeps the indices that
an operand outside or the output has. So the best tree for a set is the best split into two
sets, whatever indices the operands share, and splits that share none (outer products) are
tried like any other. Time is O(3^n) for n operands.
"""

from __future__ import annotations

from collections.abc import Sequence

from einrnn.pathfinder.evaluate import Path
from einrnn.pathfinder.network import Network

# costs are FLOPs above this bit and the entries of all intermediates below it: of two trees
# with equally many FLOPs the one that holds less is taken
_FLOPS = 96


def exact(network: Network) -> Path:
    """The path with the fewest FLOPs; meant for at most a dozen operands."""
    kept = kept_by_set(network.reduced, network.output)
    splits = best_splits(network, kept)
    return splits_as_path(splits, len(network.operands))


def kept_by_set(operands: Sequence[int], output: int) -> list[int]:
    """The indices that each set of operands keeps, by its bit set."""
    total = 1 << len(operands)
    union = [0] * total
    for subset in range(1, total):
        lowest = subset & -subset
        union[subset] = union[subset ^ lowest] | operands[lowest.bit_length() - 1]
    full = total - 1
    kept = [mask & (union[full ^ subset] | output) for subset, mask in enumerate(union)]
    for at, operand in enumerate(operands):
        kept[1 << at] = operand
    return kept


def best_splits(network: Network, kept: Sequence[int]) -> list[int]:
    """For each set of operands one half of its best split (0 for single operands)."""
    total = len(kept)
    entries = network.entries
    cost: list[int] = [0] * total
    half = [0] * total
    for subset in range(3, total):
        lowest = subset & -subset
        rest = subset ^ lowest
        if not rest:
            continue
        result = kept[subset]
        best = -1
        # every split once: one side has the lowest operand
        part = rest
        while part:
            part = (part - 1) & rest
            left = part | lowest
            right = subset ^ left
            work = cost[left] + cost[right]
            if best < 0 or work < best:
                union = kept[left] | kept[right]
                work += entries(union) << (_FLOPS + (union != result))
                if best < 0 or work < best:
                    best, half[subset] = work, left
        cost[subset] = best + entries(result)
    return half


def splits_as_path(half: Sequence[int], operands: int) -> Path:
    """The splits as steps, inner ones first."""
    order: list[int] = []
    stack = [len(half) - 1]
    while stack:
        subset = stack.pop()
        if half[subset]:
            order.append(subset)
            stack += [half[subset], subset ^ half[subset]]
    number = {1 << at: at for at in range(operands)}
    path: list[tuple[int, ...]] = []
    for subset in reversed(order):
        left = half[subset]
        path.append(tuple(sorted((number[left], number[subset ^ left]))))
        number[subset] = operands + len(path) - 1
    return tuple(path)
