"""Claims about derivatives that depend on two values being the same.

Of ``{ x if x != 0 ; 0 otherwise }``, which is x, the rules of differentiation make ``[x != 0]``:
what a derivative is taken for at a single place is a convention, and no such claim is proved or
refuted by it. Values that are the same all over a region, as the largest one is, are no such place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from einrnn.check.claims import Prepared, Ready, branches, has_branches, has_derivatives
from einrnn.core.model import Model
from einrnn.core.nodes import Compare, Derivative, Expr, Value
from einrnn.core.reach import reached
from einrnn.core.traverse import elements, walk


def turns_on_equality(prepared: Prepared, ready: Ready) -> bool:
    """Whether what a claim differentiates has a condition that holds, or fails, only where two
    values are the same that move with what it is differentiated by."""
    kept = prepared.__dict__.setdefault("_turns", dict[str, bool]())
    if ready.key not in kept:
        written = _differentiated(prepared.forward, ready)
        kept[ready.key] = has_derivatives(prepared, ready) and _turns(prepared, ready, written)
    return kept[ready.key]


def may_be_convention(prepared: Prepared, ready: Ready) -> bool:
    """The same, or whether a claim itself has such a condition and differentiates what bends."""
    if turns_on_equality(prepared, ready):
        return True
    if not has_derivatives(prepared, ready) or not has_branches(prepared, ready):
        return False
    return _turns(prepared, ready, [ready.claim.left, ready.claim.right])


def _turns(prepared: Prepared, ready: Ready, written: Iterable[Expr]) -> bool:
    model, found = prepared.forward, list(_equations(written))
    if not found:
        return False
    moving = _differentiated_by(model, ready)
    return any(
        not moving.isdisjoint(reached(model, (cond.left, cond.right)))
        and _is_smooth(model, cond.left)
        and _is_smooth(model, cond.right)
        for cond in found
    )


def _differentiated(model: Model, ready: Ready) -> Iterator[Expr]:
    """What a claim differentiates, and the definitions that it needs."""
    names = reached(model, (ready.forward.left, ready.forward.right))
    for name in names & model.definitions.keys():
        yield from (clause.body for clause in model.definitions[name].clauses)
    for node in walk(ready.claim.left, ready.claim.right):
        if isinstance(node, Derivative):
            yield node.body


def _equations(written: Iterable[Expr]) -> Iterator[Compare]:
    """The comparisons of values for being equal, or not."""
    for node in walk(*written):
        if not isinstance(node, Compare) or node.op not in ("==", "!="):
            continue
        if not (isinstance(node.left, Value) and isinstance(node.right, Value)):
            yield node


def _differentiated_by(model: Model, ready: Ready) -> frozenset[str]:
    claim = ready.claim
    written = walk(claim.left, claim.right)
    names = reached(model, (ready.forward.left, ready.forward.right))
    return frozenset(
        (
            *(node.tensor for node in written if isinstance(node, Derivative)),
            *(model.derived[name].wrt for name in names & model.derived.keys()),
        )
    )


def _is_smooth(model: Model, expr: Expr) -> bool:
    """Whether a value has no bends: two such are the same at single places only, or everywhere."""
    seen: set[str] = set()
    pending = [expr]
    while pending:
        here = pending.pop()
        if any(map(branches, walk(here))):
            return False
        for name in {e.tensor for e in elements(here)} - seen:
            seen.add(name)
            if name in model.inputs and model.inputs[name].discrete:
                return False
            definition = model.definitions.get(name)
            pending += [c.body for c in definition.clauses] if definition is not None else []
    return True
