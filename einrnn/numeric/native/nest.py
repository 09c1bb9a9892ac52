"""Statements joined into common loops: each as early as what it needs allows."""

from __future__ import annotations

from collections.abc import Sequence

from einrnn.numeric.native.index import Cell, apart, pointwise
from einrnn.numeric.native.items import Item, Node, Statement, Sweep, touches


def arranged(items: Sequence[Item], depth: int = 0) -> list[Node]:
    """Loops over entries with their bodies, and everything else, in an order that is right."""
    groups: list[tuple[int | None, list[Item]]] = []
    # for each array: in which group which cell was read or written
    seen: dict[int, list[tuple[int, Statement | None, Cell | None, bool]]] = {}
    for item in items:
        size = _size(item, depth)
        reads, writes = touches(item)
        statement = item if isinstance(item, Statement) else None
        least = 0
        for cells, write in ((reads, False), (writes, True)):
            for base, cell in cells:
                for group, other, there, written in seen.get(base, ()):
                    if not (write or written) or group < least:
                        continue
                    if cell is not None and there is not None and apart(cell, there):
                        continue
                    same = groups[group][0]
                    joined = size is not None and size == same
                    if (joined and _together(statement, cell, other, there, depth)) or (
                        size is None and same is None and statement and other
                    ):
                        least = max(least, group)
                    else:
                        least = max(least, group + 1)
        at = _place(groups, least, size, statement)
        groups[at][1].append(item)
        for cells, write in ((reads, False), (writes, True)):
            for base, cell in cells:
                seen.setdefault(base, []).append((at, statement, cell, write))
    nodes: list[Node] = []
    for size, members in groups:
        if size is None:
            nodes += members
        else:
            nodes.append(Sweep(depth, size, arranged(members, depth + 1)))
    return nodes


def _size(item: Item, depth: int) -> int | None:
    if isinstance(item, Statement) and depth < len(item.dims):
        return item.dims[depth]
    return None


def _together(
    one: Statement | None,
    cell: Cell | None,
    other: Statement | None,
    there: Cell | None,
    depth: int,
) -> bool:
    if one is None or other is None or cell is None or there is None:
        return False
    return pointwise(cell, there, f"i{depth}")


def _place(
    groups: list[tuple[int | None, list[Item]]],
    least: int,
    size: int | None,
    statement: Statement | None,
) -> int:
    """The first group that fits, from ``least`` on; calls and what is in no loop come last."""
    for at in range(least, len(groups)):
        kind, members = groups[at]
        if kind != size or statement is None or statement.alone:
            continue
        if all(isinstance(member, Statement) and not member.alone for member in members):
            return at
    groups.append((size, []))
    return len(groups) - 1
