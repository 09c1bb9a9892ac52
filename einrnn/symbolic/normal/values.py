"""Index expressions that stand as numbers: in normal form each is one index or one size."""

from __future__ import annotations

from functools import lru_cache

from einrnn.core.nodes import Affine, And, Apply, Compare, Expr, Node, Not, Opaque, Or, Value
from einrnn.core.traverse import parts

_KEPT = 1 << 16


@lru_cache(maxsize=_KEPT)
def counts_unevenly(atom: Expr) -> bool:
    """Whether an index expression stands as a number in an atom that is not one letter."""
    if isinstance(atom, Value):
        return not _is_one_atom(atom.index)
    pending: list[Node] = list(parts(atom)) if isinstance(atom, Apply | Opaque) else []
    while pending:
        node = pending.pop()
        if isinstance(node, Value) and not _is_one_atom(node.index):
            return True
        if not isinstance(node, Compare | And | Or | Not):  # those compare what they like
            pending += parts(node)
    return False


def _is_one_atom(value: Affine) -> bool:
    return not value.constant and len(value.terms) == 1 and value.terms[0][1] == 1
