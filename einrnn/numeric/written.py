"""What a document writes out, in forms that nothing overflows in, before it is differentiated."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from itertools import permutations

from einrnn.core.build import apply, neg
from einrnn.core.model import Definition, Model, Range
from einrnn.core.nodes import Apply, Element, Expr, Mul, Node, Number, Pow, Reduce
from einrnn.core.traverse import binds, rebuild, walk
from einrnn.numeric.shares import share
from einrnn.numeric.stable import Opened, opened, stable_by
from einrnn.symbolic.ranges import Ranges


def with_stable_forms(model: Model, kept: frozenset[str]) -> Model:
    """The model with such expressions in the place of those that are written out in it.

    What is differentiated by, ``kept``, is not looked through: it would have no part in what it
    is a step of.
    """
    look = partial(_looked_through, model, kept)
    definitions = {name: _definition(found, look) for name, found in model.definitions.items()}
    same = all(definitions[name] is found for name, found in model.definitions.items())
    return model if same else replace(model, definitions=definitions)


def _looked_through(model: Model, kept: frozenset[str], node: Expr) -> Expr:
    return node if isinstance(node, Element) and node.tensor in kept else opened(model, node)


def _definition(definition: Definition, look: Opened) -> Definition:
    bodies = [_rewritten(clause.body, clause.ranges, look) for clause in definition.clauses]
    pairs = list(zip(definition.clauses, bodies, strict=True))
    if all(clause.body is body for clause, body in pairs):
        return definition
    return replace(definition, clauses=tuple(replace(c, body=body) for c, body in pairs))


def with_stable_form(expr: Expr, ranges: Ranges) -> Expr:
    """The same of an expression with the ranges of its free indices."""
    return _rewritten(expr, ranges, _itself)


def _rewritten(expr: Expr, ranges: Ranges, look: Opened) -> Expr:
    counts = Counter(index for node in walk(expr) for index in binds(node))
    inner = {
        node.index: Range(node.lo, node.hi)
        for node in walk(expr)
        if isinstance(node, Reduce) and counts[node.index] == 1
    }
    return rebuild(expr, partial(_written_out, look, {**inner, **ranges}))


def _written_out(look: Opened, ranges: Ranges, node: Node) -> Node:
    """What divides an exponential is looked at where it is defined; all else as it is written."""
    if isinstance(node, Mul):
        return share(node.factors, look, ranges) or _quotient(node.factors) or node
    return (stable_by(node, _itself) or node) if isinstance(node, Expr) else node


def _itself(expr: Expr) -> Expr:
    return expr


def _quotient(factors: tuple[Expr, ...]) -> Expr | None:
    """``exp(x) sigmoid(-x)`` and ``sinh(x)/cosh(x)``, of which one overflows."""
    for own, other in permutations(factors, 2):
        match own, other:
            case Apply("exp", (x,)), Apply("sigmoid", (y,)) if neg(x) is y or x is neg(y):
                short = apply("sigmoid", x)
            case Apply("sinh", (x,)), Pow(Apply("cosh", (y,)), Number(power)) if (
                x is y and power == -1
            ):
                short = apply("tanh", x)
            case _:
                continue
        rest = tuple(factor for factor in factors if factor is not own and factor is not other)
        return Mul((short, *rest)) if rest else short
    return None
