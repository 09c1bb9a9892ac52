"""Simulated annealing of contraction trees.

A move takes a node ``(A B) C`` and makes it ``(A C) B`` or ``(B C) A``. Only the inner product
changes: it keeps of its indices those that the third part or the node itself has. A move is
accepted by the ratio of the work of the two products before and after, so that cheap parts
of the tree settle as well as dear ones (compare G. Kalachev, P. Panteleev, M.-H. Yung,
Multi-tensor contraction for XEB verification of quantum circuits, 2021).
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from einrnn.pathfinder.tree import Tree

# a move is accepted with probability (work before / work after) ** coldness
_WARM, _COLD = 0.3, 12.0


def anneal(tree: Tree, sweeps: int, rng: Random, late: Callable[[], bool] = lambda: False) -> Tree:
    """The best tree met on a cooling walk of ``sweeps`` visits to every node, or of as many as
    are made before it is ``late``."""
    best, least = tree.copy(), tree.total()
    for sweep in range(sweeps):
        if late():
            break
        coldness = _WARM + (_COLD - _WARM) * sweep / max(1, sweeps - 1)
        _sweep(tree, coldness, rng)
        total = tree.total()
        if total < least:
            best, least = tree.copy(), total
    return best


def _sweep(tree: Tree, coldness: float, rng: Random) -> None:
    left, right, kept, cost = tree.left, tree.right, tree.kept, tree.cost
    leaves = len(tree.network.operands)
    volume, draw = tree.network.volume, rng.random
    for node in range(leaves, len(left)):
        choice = int(draw() * 4)
        inner, third = left[node], right[node]
        if choice & 1:
            inner, third = third, inner
        if inner < leaves:
            continue
        stays, leaves_it = left[inner], right[inner]
        if choice & 2:
            stays, leaves_it = leaves_it, stays
        union = kept[stays] | kept[third]
        result = union & (kept[leaves_it] | kept[node])
        inner_cost = volume(union) * (1 + (union != result))
        whole = result | kept[leaves_it]
        node_cost = volume(whole) * (1 + (whole != kept[node]))
        before, after = cost[inner] + cost[node], inner_cost + node_cost
        if after > before and draw() >= (before / after) ** coldness:
            continue
        left[inner], right[inner], kept[inner], cost[inner] = stays, third, result, inner_cost
        left[node], right[node], cost[node] = inner, leaves_it, node_cost
