"""A contraction tree that can be changed in place, for searches that improve one."""

from __future__ import annotations

from einrnn.dataclass import dataclass
from einrnn.pathfinder.evaluate import Path, walk
from einrnn.pathfinder.network import Network


@dataclass()
class Tree:
    """Nodes are numbers: operands first, then the products; the root is the last number.

    ``left`` and ``right`` are the children (-1 for operands), ``kept`` the indices that a
    node's value has, ``cost`` the FLOPs of its product in floating point.
    """

    network: Network
    left: list[int]
    right: list[int]
    kept: list[int]
    cost: list[float]
    root: int

    @staticmethod
    def of(network: Network, path: Path) -> Tree:
        """The tree of a path of pairs."""
        leaves = len(network.operands)
        left = [-1] * leaves + [step[0] for step in path]
        right = [-1] * leaves + [step[1] for step in path]
        kept = list(network.reduced)
        kept += [s.result for s in walk(network, path) if len(s.operands) == 2]
        tree = Tree(network, left, right, kept, [0.0] * len(left), len(left) - 1)
        for node in range(leaves, len(left)):
            tree.cost[node] = tree.work(left[node], right[node], kept[node])
        return tree

    def work(self, a: int, b: int, result: int) -> float:
        """The FLOPs of the product of two nodes."""
        union = self.kept[a] | self.kept[b]
        volume = self.network.volume(union)
        return volume if union == result else 2.0 * volume

    def total(self) -> float:
        """The FLOPs of the whole tree."""
        return sum(self.cost)

    def copy(self) -> Tree:
        """A tree that can be changed by itself."""
        left, right = self.left.copy(), self.right.copy()
        return Tree(self.network, left, right, self.kept.copy(), self.cost.copy(), self.root)

    def path(self) -> Path:
        """The products as a path, each as late as the next one allows (depth first)."""
        leaves = len(self.network.operands)
        order: list[int] = []
        stack = [self.root]
        while stack:
            node = stack.pop()
            if node >= leaves:
                order.append(node)
                # the larger part is made first: less is held meanwhile
                children = sorted((self.left[node], self.right[node]), key=self._size)
                stack += children[::-1]
        number = {leaf: leaf for leaf in range(leaves)}
        path: list[tuple[int, ...]] = []
        for node in reversed(order):
            pair = sorted((number[self.left[node]], number[self.right[node]]))
            path.append(tuple(pair))
            number[node] = leaves + len(path) - 1
        return tuple(path)

    def _size(self, node: int) -> float:
        return self.network.volume(self.kept[node])
