"""Where definitions have values at times of their own: ``s[-1,i] := 0``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from einrnn.core.model import Clause
from einrnn.core.nodes import Expr
from einrnn.dataclass import dataclass


def _as_it_is(expr: Expr) -> Expr:
    return expr


def _none(name: str) -> Sequence[Clause]:
    return ()


@dataclass(frozen=True)
class Ends:
    """``opened`` replaces entries at such times by their values; ``clauses`` are those of a
    definition that are for one time."""

    opened: Callable[[Expr], Expr] = _as_it_is
    clauses: Callable[[str], Sequence[Clause]] = _none
