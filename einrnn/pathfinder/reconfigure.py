"""Exact improvement of small parts of a tree.

The part of a tree above a few of its nodes is a network of its own: those nodes are its
operands and the indices that its top keeps are its output. It is replaced by its best
tree, which may have outer products.
"""

from __future__ import annotations

from collections.abc import Callable

from einrnn.pathfinder.exact import best_splits, kept_by_set
from einrnn.pathfinder.network import Network, bits
from einrnn.pathfinder.tree import Tree


def reconfigure(
    tree: Tree, width: int = 8, rounds: int = 10, late: Callable[[], bool] = lambda: False
) -> Tree:
    """Replace parts with up to ``width`` operands until none improves or it is ``late`` (in
    place)."""
    leaves = len(tree.network.operands)
    for _ in range(rounds):
        before = tree.total()
        nodes = sorted(range(leaves, len(tree.left)), key=lambda node: (-tree.cost[node], node))
        for node in nodes:
            if late():
                return tree
            improve(tree, node, width)
        if tree.total() >= before * (1 - 1e-9):
            break
    return tree


def improve(tree: Tree, top: int, width: int) -> None:
    """Replace the part below one node by the best tree over the same operands."""
    parts, inner = _part(tree, top, width)
    if len(parts) < 3:
        return
    masks = [tree.kept[part] for part in parts]
    small = _merged(tree.network, masks, tree.kept[top])
    half = best_splits(small, kept_by_set(small.operands, small.output))
    _rebuild(tree, top, parts, inner, kept_by_set(masks, tree.kept[top]), half)


def _merged(network: Network, masks: list[int], output: int) -> Network:
    """The same contraction with indices that occur together made one."""
    union = 0
    for mask in masks:
        union |= mask
    together: dict[tuple[int, ...], int] = {}
    for bit in bits(union):
        holders = tuple(at for at, mask in enumerate((*masks, output)) if mask >> bit & 1)
        together[holders] = together.get(holders, 1) * network.sizes[bit]
    terms = [
        [at for at, holders in enumerate(together) if part in holders]
        for part in range(len(masks) + 1)
    ]
    return Network.of(terms[:-1], terms[-1], dict(enumerate(together.values())))


def _part(tree: Tree, top: int, width: int) -> tuple[list[int], list[int]]:
    """The operands of the part below a node, and its products besides the top one.

    The product that costs most is opened first.
    """
    parts, inner = [tree.left[top], tree.right[top]], list[int]()
    while len(parts) < width:
        node = max(parts, key=lambda part: (tree.cost[part], part))
        if tree.left[node] < 0:
            break
        parts.remove(node)
        inner.append(node)
        parts += [tree.left[node], tree.right[node]]
    return parts, inner


def _rebuild(
    tree: Tree, top: int, parts: list[int], inner: list[int], kept: list[int], half: list[int]
) -> None:
    """Write the splits into the tree, on the numbers of the products that were there."""
    free = list(inner)
    place = {1 << at: part for at, part in enumerate(parts)}
    full = len(kept) - 1
    place[full] = top
    order, stack = list[int](), [full]
    while stack:
        subset = stack.pop()
        order.append(subset)
        for side in (half[subset], subset ^ half[subset]):
            if side not in place:
                place[side] = free.pop()
                stack.append(side)
    for subset in reversed(order):
        node, a, b = place[subset], place[half[subset]], place[subset ^ half[subset]]
        tree.left[node], tree.right[node], tree.kept[node] = a, b, kept[subset]
    for subset in order:
        node = place[subset]
        tree.cost[node] = tree.work(tree.left[node], tree.right[node], tree.kept[node])
