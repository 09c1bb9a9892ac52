"""Arrays seen as matrices: groups of axes that run together count as one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from einrnn.numeric.native.index import Ix
from einrnn.numeric.native.items import Operand


def matrices(
    base: int, start: Ix, steps: list[int], groups: tuple[tuple[int, ...], ...]
) -> Operand | None:
    """Matrices whose rows and columns are groups of axes that run together, or None."""
    batch, rows, columns = groups
    inner = steps[len(batch) :]
    row = _joined(rows, inner[: len(rows)])
    column = _joined(columns, inner[len(rows) :])
    if row is None or column is None:
        return None
    return Operand(base, start, tuple(steps[: len(batch)]), row, column)


def _joined(sizes: tuple[int, ...], steps: Sequence[int]) -> int | None:
    """The one stride of several axes that are counted as one."""
    pairs = [(size, step) for size, step in zip(sizes, steps, strict=True) if size > 1]
    for (_, outer), (size, inner) in pairwise(pairs):
        if outer != size * inner:
            return None
    return pairs[-1][1] if pairs else 1


def transposed(operand: Operand) -> Operand:
    """Rows taken as columns."""
    return Operand(operand.base, operand.start, operand.batch, operand.column, operand.row)
