"""Exact-capable linear algebra on lists of numbers: the same code for floats and Fractions."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from fractions import Fraction

Scalar = float | Fraction
Rows = list[list[Scalar]]


# a matrix counts as singular where the product of its largest entry and that of its inverse,
# times the relative precision, exceeds this: no digit of the inverse can be trusted then
SINGULAR = 1e-4


def determinant(matrix: Sequence[Sequence[Scalar]]) -> Scalar:
    """The determinant by elimination with pivoting; 0 where a column has no pivot."""
    rows = [list(row) for row in matrix]
    result: Scalar = 1
    for column in range(len(rows)):
        pivot = _pivot(rows, column)
        if pivot is None:
            return rows[column][column] * 0
        if pivot != column:
            rows[column], rows[pivot] = rows[pivot], rows[column]
            result = -result
        result = result * rows[column][column]
        for below in range(column + 1, len(rows)):
            _subtract(rows, below, column, rows[below][column] / rows[column][column])
    return result


def inverse(matrix: Sequence[Sequence[Scalar]]) -> Rows | None:
    """The inverse by Gauss and Jordan, or None where the matrix is singular."""
    size = len(matrix)
    rows: Rows = [
        [*row, *(Fraction(int(i == j)) if _exact(row) else float(i == j) for j in range(size))]
        for i, row in enumerate(matrix)
    ]
    for column in range(size):
        pivot = _pivot(rows, column)
        if pivot is None:
            return None
        rows[column], rows[pivot] = rows[pivot], rows[column]
        scale = rows[column][column]
        rows[column] = [value / scale for value in rows[column]]
        for other in range(size):
            if other != column:
                _subtract(rows, other, column, rows[other][column])
    result = [row[size:] for row in rows]
    return result if _regular(matrix, result) else None


def _regular(matrix: Sequence[Sequence[Scalar]], result: Rows) -> bool:
    """Whether an inverse is more than rounding errors."""
    if all(_exact(row) for row in matrix):
        return True
    largest = [max(abs(value) for row in rows for value in row) for rows in (matrix, result)]
    return not largest[0] * largest[1] * sys.float_info.epsilon > SINGULAR


def power(matrix: Sequence[Sequence[Scalar]], exponent: int) -> Rows | None:
    """The matrix to a whole power, 0 giving the identity; None where an inverse is missing."""
    size = len(matrix)
    base: Rows | None = [list(row) for row in matrix]
    if exponent < 0:
        base = inverse(matrix)
    if base is None:
        return None
    result: Rows = [[Fraction(int(i == j)) for j in range(size)] for i in range(size)]
    for _ in range(abs(exponent)):
        result = _times(result, base)
    return result


def _exact(row: Sequence[Scalar]) -> bool:
    return all(isinstance(value, (int, Fraction)) for value in row)


def _pivot(rows: Rows, column: int) -> int | None:
    """The row at or below ``column`` with the largest entry there; None if all are 0."""
    best, size = None, 0.0
    for row in range(column, len(rows)):
        value = abs(rows[row][column])
        if math.isnan(value):
            return row
        if value > size:
            best, size = row, value
    return best


def _subtract(rows: Rows, target: int, source: int, factor: Scalar) -> None:
    rows[target] = [a - factor * b for a, b in zip(rows[target], rows[source], strict=True)]


def _times(left: Rows, right: Rows) -> Rows:
    columns = list(zip(*right, strict=True))
    return [
        [sum((a * b for a, b in zip(row, column, strict=True)), Fraction(0)) for column in columns]
        for row in left
    ]
