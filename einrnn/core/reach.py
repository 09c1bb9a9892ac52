"""What expressions need of a model."""

from __future__ import annotations

from collections.abc import Iterable

from einrnn.core.model import Model
from einrnn.core.nodes import Node
from einrnn.core.traverse import tensors


def reached(model: Model, roots: Iterable[Node]) -> frozenset[str]:
    """All tensors that expressions need, directly or through definitions."""
    found: set[str] = set()
    pending = [name for root in roots for name in tensors(root)]
    while pending:
        name = pending.pop()
        if name in found:
            continue
        found.add(name)
        if name in model.definitions:
            for clause in model.definitions[name].clauses:
                pending += tensors(clause.body)
    return frozenset(found)
