"""A slow evaluator of core expressions, and a normal form up to flattening."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from einrnn.core.functions import FUNCTIONS
from einrnn.core.nodes import (
    Add,
    Affine,
    And,
    Apply,
    Cases,
    Compare,
    Dim,
    Element,
    Expr,
    Index,
    Mul,
    Node,
    Not,
    Number,
    Or,
    Pow,
    Reduce,
    Value,
)
from einrnn.core.traverse import canonical, rebuild

OPERATORS = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def position(value: Affine, at: Mapping[Any, int], arrays: Mapping[str, Any]) -> int:
    total = value.constant
    for atom, times in value.terms:
        if isinstance(atom, Index | Dim):
            total += times * at[atom]
        else:
            total += times * int(evaluate(atom, at, arrays))
    return total


def evaluate(expr: Expr, at: Mapping[Any, int], arrays: Mapping[str, Any]) -> float:
    """The value at numbers for indices and sizes; recursion is fine for small trees."""
    match expr:
        case Number(value):
            return float(value)
        case Value(index):
            return position(index, at, arrays)
        case Element(tensor, args):
            return arrays[tensor][tuple(position(arg, at, arrays) for arg in args)]
        case Add(terms):
            return sum(evaluate(term, at, arrays) for term in terms)
        case Mul(factors):
            return math.prod(evaluate(factor, at, arrays) for factor in factors)
        case Pow(base, exponent):
            return evaluate(base, at, arrays) ** evaluate(exponent, at, arrays)
        case Apply(function, args):
            return FUNCTIONS[function].value(*(evaluate(arg, at, arrays) for arg in args))
        case Reduce(op, index, lo, hi, body):
            span = range(position(lo, at, arrays), position(hi, at, arrays) + 1)
            values = [evaluate(body, {**at, index: n}, arrays) for n in span]
            if op == "logsumexp":
                return math.log(sum(math.exp(value) for value in values))
            return {"sum": sum, "prod": math.prod, "max": max, "min": min}[op](values)
        case Cases(branches, otherwise):
            for cond, value in branches:
                if holds(cond, at, arrays):
                    return evaluate(value, at, arrays)
            return evaluate(otherwise, at, arrays)
    raise TypeError(type(expr).__name__)


def holds(cond: Node, at: Mapping[Any, int], arrays: Mapping[str, Any]) -> bool:
    match cond:
        case Compare(op, left, right):
            return OPERATORS[op](evaluate(left, at, arrays), evaluate(right, at, arrays))
        case And(parts):
            return all(holds(part, at, arrays) for part in parts)
        case Or(parts):
            return any(holds(part, at, arrays) for part in parts)
        case Not(part):
            return not holds(part, at, arrays)
    raise TypeError(type(cond).__name__)


def normal(expr: Expr) -> Expr:
    """Up to names of bound indices, nested sums and products, and where numbers stand."""
    return canonical(rebuild(expr, _flat))


def _flat(node: Node) -> Node:
    if isinstance(node, Add):
        terms = [
            t for term in node.terms for t in (term.terms if isinstance(term, Add) else [term])
        ]
        return terms[0] if len(terms) == 1 else Add(tuple(terms))
    if isinstance(node, Mul):
        parts = [f for x in node.factors for f in (x.factors if isinstance(x, Mul) else [x])]
        number = math.prod((x.value for x in parts if isinstance(x, Number)), start=Fraction(1))
        rest = [x for x in parts if not isinstance(x, Number)]
        if number != 1 or not rest:
            rest = [Number(number), *rest]
        return rest[0] if len(rest) == 1 else Mul(tuple(rest))
    match node:
        case Pow(Number(base), Number(exponent)) if base and exponent == -1:
            return Number(1 / base)
        case Pow(Pow(base, Number(inner)), Number(exponent)) if exponent == -1 and inner > 1:
            return Pow(base, Number(-inner))
    return node
