"""Functions of small square matrices of sympy expressions, written out and not expanded."""

from __future__ import annotations

from typing import Any

from einrnn.errors import EvaluationError
from einrnn.sympy_backend.functions import Builder, sp

Rows = tuple[tuple[Any, ...], ...]

LARGEST = 4


def _without(rows: Rows, row: int, column: int) -> Rows:
    return tuple(
        (*entries[:column], *entries[column + 1 :]) for i, entries in enumerate(rows) if i != row
    )


def _signed(build: Builder, sign: int, value: Any) -> Any:
    return value if sign > 0 else build.mul([sp.Integer(-1), value])


def determinant(build: Builder, rows: Rows) -> Any:
    """The determinant by minors of the first row; E613 for matrices beyond 4 by 4."""
    if len(rows) > LARGEST:
        raise EvaluationError(
            "E613",
            f"a {len(rows)} by {len(rows)} determinant is too large to be written out",
            f"choose sizes up to {LARGEST}",
        )
    if not rows:
        return sp.Integer(1)
    terms = [
        build.mul([_signed(build, (-1) ** j, entry), determinant(build, _without(rows, 0, j))])
        for j, entry in enumerate(rows[0])
    ]
    return build.add(terms)


def inverse(build: Builder, rows: Rows) -> Rows:
    """The inverse as adjugate over determinant; E606 where the determinant is 0."""
    whole = determinant(build, rows)
    if whole == 0:
        raise EvaluationError("E606", "a singular matrix has no inverse")
    over = build.power(whole, sp.Integer(-1))
    places = range(len(rows))
    return tuple(
        tuple(
            build.mul(
                [_signed(build, (-1) ** (i + j), determinant(build, _without(rows, j, i))), over]
            )
            for j in places
        )
        for i in places
    )


def power(build: Builder, rows: Rows, exponent: int) -> Rows:
    """The matrix to a whole power; a negative one is that of the inverse."""
    if exponent < 0:
        return power(build, inverse(build, rows), -exponent)
    places = range(len(rows))
    result: Rows = tuple(tuple(sp.Integer(int(i == j)) for j in places) for i in places)
    square = rows
    while exponent:
        if exponent & 1:
            result = _product(build, result, square)
        exponent >>= 1
        if exponent:
            square = _product(build, square, square)
    return result


def _product(build: Builder, left: Rows, right: Rows) -> Rows:
    columns = list(zip(*right, strict=True))
    return tuple(
        tuple(
            build.add([build.mul(pair) for pair in zip(row, column, strict=True)])
            for column in columns
        )
        for row in left
    )
