"""The best order of a chain of matrix products, exactly.

A chain of matrices with sizes ``w0 w1 … wn`` is a polygon with a vertex of weight ``wi`` for
each size; an order of the products is a triangulation, and a product costs the three weights
of its triangle multiplied (T. C. Hu, M. T. Shing, Computation of matrix chain products, SIAM
J. Comput. 11 and 13, 1982 and 1984). Their theorem leaves few diagonals to choose from: those
that one sweep with a stack finds ("potential h-arcs"). They do not cross, so they form a tree,
and between the chosen ones each region is a fan from its lightest vertex. Choosing among
them is a dynamic programme over the tree: n log n steps for most weights, n^2 at worst.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from einrnn.dataclass import dataclass

Triangle = tuple[int, int, int]


@dataclass()
class _Arc:
    """A diagonal (or side) from vertex ``left`` to ``right`` with the arcs directly under it.

    ``sides`` covers the stretch between the two: vertices and arcs in turn.
    """

    left: int
    right: int
    sides: list[_Arc] = field(default_factory=list["_Arc"])
    # for each apex above: (cost, whether the arc is a diagonal of the triangulation)
    choice: dict[int, tuple[int, bool]] = field(default_factory=dict[int, tuple[int, bool]])
    inside: int = 0


def triangles(weights: Sequence[int]) -> list[Triangle]:
    """The cheapest triangulation of a polygon with these vertex weights, corners ascending."""
    count = len(weights)
    if count < 3:
        return []
    start = min(range(count), key=lambda at: weights[at])
    turned = [weights[(start + at) % count] for at in range(count)]
    turned.append(turned[0])
    root = _tree(turned)
    _solve(root, turned)
    corners = _fans(root, turned)
    return [_sorted(tuple((start + at) % count for at in corner)) for corner in corners]


def _sorted(corner: tuple[int, ...]) -> Triangle:
    a, b, c = sorted(corner)
    return a, b, c


def _tree(weights: Sequence[int]) -> _Arc:
    """The potential h-arcs; the lightest vertex is the first and, once more, the last."""
    stack: list[int] = [0]
    # the arcs that end at a vertex of the stack, seen from the left
    stretch: dict[int, list[_Arc]] = {}
    for at in range(1, len(weights)):
        sides = [_Arc(stack[-1], at)]
        while len(stack) >= 2 and weights[stack[-1]] > weights[at]:
            top = stack.pop()
            sides = stretch.pop(top) + sides
            if len(stack) > 1 or at < len(weights) - 1:
                sides = [_Arc(stack[-1], at, sides)]
        stack.append(at)
        stretch[at] = sides
    sides = [side for at in stack[1:] for side in stretch[at]]
    return _Arc(0, len(weights) - 1, sides)


def _apex(arc: _Arc, weights: Sequence[int]) -> int:
    return arc.left if weights[arc.left] <= weights[arc.right] else arc.right


def _solve(root: _Arc, weights: Sequence[int]) -> None:
    """Fill in ``inside`` and ``choice``, inner arcs first."""
    order: list[tuple[_Arc, tuple[int, ...]]] = []
    stack: list[tuple[_Arc, tuple[int, ...]]] = [(root, ())]
    while stack:
        arc, above = stack.pop()
        order.append((arc, above))
        apex = weights[_apex(arc, weights)]
        inner = above if apex in above else (*above, apex)
        stack += [(side, inner) for side in arc.sides]
    for arc, above in reversed(order):
        _weigh(arc, above, weights, closed=arc is root)


def _weigh(arc: _Arc, above: Sequence[int], weights: Sequence[int], *, closed: bool) -> None:
    """The cost under an arc, and with it for each weight of the apex of a fan around it."""
    product = weights[arc.left] * weights[arc.right]
    if not arc.sides:
        arc.choice = {weight: (weight * product, True) for weight in above}
        return
    apex = _apex(arc, weights)
    for side in arc.sides:
        touches = apex in (side.left, side.right) or (closed and arc.right == side.right)
        arc.inside += side.inside if touches else side.choice[weights[apex]][0]
    for weight in above:
        chosen = arc.inside + weight * product
        spread = sum(side.choice[weight][0] for side in arc.sides)
        arc.choice[weight] = min((chosen, True), (spread, False), key=lambda pair: pair[0])


def _fans(root: _Arc, weights: Sequence[int]) -> list[Triangle]:
    """The triangles of the chosen arcs, each region a fan from its lightest vertex."""
    found: list[Triangle] = []
    stack = [root]
    while stack:
        arc = stack.pop()
        apex = _apex(arc, weights)
        pending = list(arc.sides)
        while pending:
            side = pending.pop()
            ends = {side.left, side.right}
            touches = apex in ends or (arc is root and side.right == root.right)
            if touches or side.choice[weights[apex]][1]:
                stack += [side] if side.sides else []
                if not touches:
                    found.append((apex, side.left, side.right))
            else:
                pending += side.sides
    return found
