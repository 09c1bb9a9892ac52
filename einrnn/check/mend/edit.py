"""What an edit of an expression is."""

from __future__ import annotations

from einrnn.check.mend.places import Path
from einrnn.core.build import number
from einrnn.core.nodes import Cond, Expr, Node
from einrnn.dataclass import dataclass

MINUS = number(-1)


@dataclass(frozen=True)
class Edit:
    """An edited expression, how large the edit is, and what it does in words.

    ``words`` has a ``{}`` for each of ``about``, which are printed in the notation.
    ``path`` and ``new`` say what was put where, for edits that do just that; ``left`` is
    another left side, for edits of that, ``stated`` the key of a claim that says the same.
    """

    expr: Expr
    cost: float
    words: str
    about: tuple[Expr | Cond, ...] = ()
    path: Path | None = None
    new: Node | None = None
    left: Expr | None = None
    stated: str | None = None


@dataclass(frozen=True)
class Change:
    """Another node for one place."""

    new: Node
    cost: float
    words: str
    about: tuple[Expr | Cond, ...] = ()
