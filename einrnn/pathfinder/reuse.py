"""Paths for networks in which operands occur more than once, or products are known already.

Equal products of equal operands are one value: ``A[i,j] A[j,k] A[k,l] A[l,m]`` takes two
products, not three; of symmetric ones half is computed. What a tree costs is then the sum over
the different values in it, which is not the sum over its two halves; the best tree for a set of
operands is taken to be the best over two sets, each by its own best tree, with what they share
counted once. That is a bound from above: a set may be worth more to another than its own best
tree is.
"""

from __future__ import annotations

from einrnn.dataclass import dataclass
from einrnn.pathfinder.evaluate import Path
from einrnn.pathfinder.exact import kept_by_set, splits_as_path
from einrnn.pathfinder.network import Network
from einrnn.pathfinder.sharing import Held, Values

# operands up to which sets are tried: where some are equal, and where something is known
_MOST, _MOST_KNOWN = 8, 6


@dataclass(frozen=True)
class _Tree:
    held: Held
    costs: dict[int, int]
    left: int


def sharing(network: Network, values: Values) -> Path | None:
    """A path that makes as little as possible beside the values that are known; None where
    there is nothing to share or there are too many operands."""
    count = len(network.operands)
    equal = len(set(network.identities)) < count or bool(network.symmetric)
    if not 2 < count <= (_MOST if equal else _MOST_KNOWN) or not (equal or values.cost):
        return None
    kept = kept_by_set(network.reduced, network.output)
    trees: list[_Tree | None] = [None] * len(kept)
    for at, held in values.operands(network).items():
        if network.private[at]:
            held = values.product([held], network.reduced[at])
        trees[1 << at] = _Tree(held, {}, 0)
    for subset in range(3, len(kept)):
        if trees[subset] is None:
            trees[subset] = _best(network, values, kept, trees, subset)
    return splits_as_path([tree.left if tree else 0 for tree in trees], count)


def _best(
    network: Network, values: Values, kept: list[int], trees: list[_Tree | None], subset: int
) -> _Tree:
    """The split that makes least, equal values once."""
    lowest = subset & -subset
    rest = subset ^ lowest
    best: tuple[int, _Tree] | None = None
    part = rest
    while part:
        part = (part - 1) & rest
        left, right = trees[part | lowest], trees[subset ^ (part | lowest)]
        assert left is not None
        assert right is not None
        union = kept[part | lowest] | kept[subset ^ (part | lowest)]
        sources = [left.held, right.held]
        held = values.product(sources, kept[subset])
        costs = left.costs | right.costs
        if held[0] not in values.cost:
            whole = network.entries(union) << (union != kept[subset])
            costs[held[0]] = values.work(network, sources, held, whole)
        total = sum(costs.values())
        if best is None or total < best[0]:
            best = total, _Tree(held, costs, part | lowest)
    assert best is not None
    return best[1]
