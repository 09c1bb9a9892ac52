"""Chains: recognised in any order of their operands, and solved exactly.

A chain is a row of operands in which each shares indices with its neighbours only. Indices
that all operands have (a batch) multiply the cost of every step and change no order. Each
product sums what two neighbours share, so it costs twice the product of three sizes: a
matrix chain, for :mod:`einrnn.pathfinder.polygon`. A product of operands that are not
neighbours never pays there, since all sizes in it are at least 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from einrnn.pathfinder.evaluate import Path
from einrnn.pathfinder.network import Network, bits
from einrnn.pathfinder.polygon import triangles


def chain(network: Network) -> Path | None:
    """The cheapest path of a chain; None if the network is not one."""
    found = _row(network)
    if found is None:
        return None
    row, weights = found
    middle = {(a, c): b for a, b, c in triangles(weights)}
    # the first and the last vertex close the polygon: their side is the whole chain
    return _products(row, middle, len(network.operands))


def _row(network: Network) -> tuple[list[int], list[int]] | None:
    """The operands in order, and the sizes between them and at the ends."""
    batch = ~0
    for operand in network.reduced:
        batch &= operand
    operands = [operand & ~batch for operand in network.reduced]
    between = _shared(operands, network.output)
    if between is None:
        return None
    row = _walk(between, len(operands))
    if row is None:
        return None
    links = [operands[a] & operands[b] for a, b in pairwise(row)]
    opens = [operand & network.output & ~batch for operand in operands]
    if any(opens[at] for at in row[1:-1]):
        return None
    sizes = [opens[row[0]], *links, opens[row[-1]]]
    return row, [network.entries(mask) for mask in sizes]


def _shared(operands: Sequence[int], output: int) -> list[list[int]] | None:
    """The neighbours of each operand; None if an index joins more than two operands, or
    joins two and stays."""
    holder: dict[int, int] = {}
    pairs: dict[tuple[int, int], None] = {}
    seen_twice = 0
    for at, operand in enumerate(operands):
        if operand & seen_twice:
            return None
        for bit in bits(operand):
            if bit in holder:
                seen_twice |= 1 << bit
                pairs[holder[bit], at] = None
            holder.setdefault(bit, at)
    if seen_twice & output:
        return None
    neighbours: list[list[int]] = [[] for _ in operands]
    for a, b in pairs:
        neighbours[a].append(b)
        neighbours[b].append(a)
    return neighbours


def _walk(neighbours: Sequence[Sequence[int]], count: int) -> list[int] | None:
    """The operands from one end to the other; None if they are not one open row."""
    if any(len(near) > 2 or not near for near in neighbours):
        return None
    ends = [at for at, near in enumerate(neighbours) if len(near) == 1]
    if len(ends) != 2:
        return None
    row, before = [ends[0]], -1
    while len(row) < count:
        following = [at for at in neighbours[row[-1]] if at != before]
        if not following:
            return None
        before = row[-1]
        row.append(following[0])
    return row


def _products(row: Sequence[int], middle: dict[tuple[int, int], int], operands: int) -> Path:
    order: list[tuple[int, int]] = []
    stack = [(0, len(row))]
    while stack:
        first, last = stack.pop()
        if last - first > 1:
            order.append((first, last))
            cut = middle[first, last]
            stack += [(first, cut), (cut, last)]
    number = {(at, at + 1): operand for at, operand in enumerate(row)}
    path: list[tuple[int, ...]] = []
    for first, last in reversed(order):
        cut = middle[first, last]
        path.append((number[first, cut], number[cut, last]))
        number[first, last] = operands + len(path) - 1
    return tuple(path)
