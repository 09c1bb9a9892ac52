"""What the declared facts of inputs say of sums."""

from __future__ import annotations

from einrnn.core import affine as af
from einrnn.core.build import ONE, TRUE
from einrnn.core.model import Model
from einrnn.core.nodes import Affine, Compare, Element, Expr, Node, Reduce, Value
from einrnn.core.traverse import rebuild
from einrnn.symbolic.ranges import at_least_zero


def with_facts(model: Model, expr: Expr) -> Expr:
    """The expression with the declared facts used.

    ``Σ_k y[t,k]`` is 1 where y is one-hot or a probability along that axis; ``0 <= x[t]``
    and ``x[t] <= K-1`` hold where x is declared integer in K.
    """

    def change(node: Node) -> Node:
        match node:
            case Compare("<=", Value(low), Value(high)):
                return TRUE if _holds(model, af.minus(high, low)) else node
            case Compare(">=", Value(high), Value(low)):
                return TRUE if _holds(model, af.minus(high, low)) else node
            case Reduce("sum", index, lo, hi, Element(name, args)) if name in model.inputs:
                given = model.inputs[name]
                axes = [
                    fact.axis
                    for fact in given.facts
                    if fact.name in ("one-hot", "probability") and fact.axis is not None
                ]
                at = [number for number, arg in enumerate(args) if index in arg.free]
                if len(at) != 1 or at[0] not in axes or af.letter(args[at[0]]) is not index:
                    return node
                whole = lo is af.ZERO and hi is af.last(given.axes[at[0]])
                return ONE if whole else node
            case _:
                return node

    return rebuild(expr, change)


def _holds(model: Model, gap: Affine) -> bool:
    """Whether ``gap >= 0`` for all values that the looked up inputs are declared to have."""
    if not any(isinstance(atom, Element) for atom, _ in gap.terms):
        return False
    for atom, times in gap.terms:
        if not isinstance(atom, Element):
            continue
        given = model.inputs.get(atom.tensor)
        bounds = [f.bound for f in given.facts if f.bound is not None] if given else []
        if not bounds:
            return False
        rest = af.plus(gap, af.of(atom), -times)
        gap = rest if times > 0 else af.plus(rest, af.last(bounds[0]), times)
    return at_least_zero(gap, {})
