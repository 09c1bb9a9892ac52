"""Matrices that are the last two axes of a tensor."""

from __future__ import annotations

from einrnn.core import affine as af
from einrnn.core.nodes import Element, Index, Matrix


def is_plain(entry: Element, row: Index, column: Index) -> bool:
    """Whether an entry is that of a matrix of a tensor at a row and a column, or transposed: the
    axes before the last two choose the matrix alone."""
    if len(entry.args) < 2:
        return False
    *chosen, first, second = entry.args
    apart = not any(arg.free & {row, column} for arg in chosen)
    return apart and {af.letter(first), af.letter(second)} == {row, column}


def tensor_of(matrix: Matrix) -> str | None:
    """The tensor whose last two axes a matrix is, in either order; None where it is something
    else, such as another slice of a tensor."""
    entry = matrix.body
    if isinstance(entry, Element) and is_plain(entry, matrix.row, matrix.column):
        return entry.tensor
    return None
