"""Where arrays lie in the workspace: those that are not needed at one time share a place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from einrnn.dataclass import dataclass
from einrnn.numeric.native.items import Node, Sweep, touches

ALIGNMENT = 64


@dataclass()
class Places:
    """Byte offsets of arrays, and the bytes of all."""

    of: dict[int, int] = field(default_factory=dict[int, int])
    size: int = 0


def places(nodes: Sequence[Node], sizes: dict[int, int]) -> Places:
    """First fit over the times from the first to the last use; ``sizes`` are in bytes."""
    spans: dict[int, list[int]] = {}
    for time, node in enumerate(nodes):
        for base in _bases(node):
            if base in sizes:
                spans.setdefault(base, [time, time])[1] = time
    result = Places()
    taken: list[tuple[int, int, int, int]] = []
    for base, (first, last) in sorted(spans.items(), key=lambda s: (-sizes[s[0]], s[0])):
        size = -(-sizes[base] // ALIGNMENT) * ALIGNMENT
        at = 0
        for start, end, lo, hi in sorted(taken):
            if lo <= last and first <= hi and start < at + size and at < end:
                at = end
        taken.append((at, at + size, first, last))
        result.of[base] = at
        result.size = max(result.size, at + size)
    return result


def _bases(node: Node) -> set[int]:
    if isinstance(node, Sweep):
        return {base for below in node.body for base in _bases(below)}
    reads, writes = touches(node)
    return {base for base, _ in (*reads, *writes)}
