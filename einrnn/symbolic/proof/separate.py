"""A statement under a condition, case by case: ``m != n`` is ``m < n`` or ``n < m``."""

from __future__ import annotations

from dataclasses import replace

from einrnn.core.nodes import And, Compare, Cond, Expr, Not, Or
from einrnn.symbolic.normal.places import as_index
from einrnn.symbolic.proof.statement import Statement
from einrnn.symbolic.ranges import opposite

_MOST_CASES = 6


def cases(statement: Statement) -> list[Statement]:
    """The statement in cases that exhaust its condition, each given by relations that all hold;
    the statement alone where it has no others."""
    if statement.condition is None:
        return [statement]
    rows = _either(statement.condition)
    if not 1 < len(rows) <= _MOST_CASES:
        return [statement]
    return [replace(statement, condition=_all(row)) for row in rows]


def _all(row: tuple[Cond, ...]) -> Cond:
    return row[0] if len(row) == 1 else And(row)


def _either(cond: Cond) -> list[tuple[Cond, ...]]:
    """Rows of relations of which one surely holds as a whole where a condition does."""
    match cond:
        case And(parts):
            rows: list[tuple[Cond, ...]] = [()]
            for part in parts:
                rows = [(*row, *more) for row in rows for more in _either(part)]
                if len(rows) > _MOST_CASES:
                    return [(cond,)]
            return rows
        case Or(parts):
            return [row for part in parts for row in _either(part)]
        case Not(part):
            return _either(opposite(part))
        case Compare("!=", left, right) if _is_index(left) and _is_index(right):
            return [(Compare("<", left, right),), (Compare(">", left, right),)]
        case _:
            return [(cond,)]


def _is_index(expr: Expr) -> bool:
    return as_index(expr) is not None
