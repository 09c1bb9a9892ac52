"""How long an expression is to read."""

from __future__ import annotations

from einrnn.core import affine as af
from einrnn.core.nodes import (
    Add,
    Affine,
    Apply,
    Cases,
    Compare,
    Element,
    Expr,
    Mul,
    Node,
    Number,
    Pow,
    Reduce,
)
from einrnn.core.traverse import parts, walk


def cost(expr: Expr) -> int:
    """The length, about in signs; what is written twice counts twice."""
    known: dict[Node, int] = {}
    for node in walk(expr):
        known[node] = _own(node) + sum(known[part] for part in parts(node))
    return known[expr]


def _own(node: Node) -> int:
    match node:
        case Affine(constant, terms):
            return len(terms) + (constant != 0)
        case Element(tensor):
            return 3 if "/" not in tensor else 5
        case Number(value):
            return 1 + (value.denominator != 1)
        case Add(terms):
            return 2 * len(terms)
        case Mul(factors):
            return len(factors)
        case Pow(_, exponent):
            # a quotient reads as one sign more, any other power as its exponent
            return 0 if isinstance(exponent, Number) and exponent.value == -1 else 1
        case Reduce(op, _, lo, hi):
            whole = op == "sum" and lo is af.ZERO and hi.constant == -1
            return 1 if whole else 5
        case Cases(branches):
            return 3 * len(branches)
        case Apply():
            return 4
        case Compare():
            return 1
        case _:
            return 2
