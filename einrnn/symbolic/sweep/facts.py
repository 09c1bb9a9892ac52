"""What the declared facts of inputs say of sums."""

from __future__ import annotations

from einrnn.core import affine as af
from einrnn.core.build import ONE
from einrnn.core.model import Model
from einrnn.core.nodes import Element, Expr, Node, Reduce
from einrnn.core.traverse import rebuild


def summed_facts(model: Model, expr: Expr) -> Expr:
    """``Σ_k y[t,k]`` is 1 where y is declared one-hot or a probability along that axis."""

    def change(node: Node) -> Node:
        match node:
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
