"""A verifier for models: what every pass must leave intact.

Apart from the constructors on purpose: tests run it between passes, and corrupt passes to
see that it notices.
"""

from __future__ import annotations

from collections.abc import Iterator

from einrnn.core import affine as af
from einrnn.core.functions import FUNCTIONS
from einrnn.core.model import Claim, Clause, Definition, Model
from einrnn.core.nodes import (
    Affine,
    Apply,
    Derivative,
    Element,
    Index,
    Matrix,
    Node,
    Opaque,
)
from einrnn.core.traverse import walk


def problems(model: Model) -> list[str]:
    """Everything that is wrong with a model; empty where it is well formed."""
    found: list[str] = []
    for name, definition in model.definitions.items():
        if name != definition.name:
            found.append(f"{name} is filed under another name than its own")
        for clause in definition.clauses:
            found += [f"{name}: {text}" for text in _clause(model, definition, clause)]
    for claim in model.claims:
        found += [f"[{claim.label}]: {text}" for text in _claim(model, claim)]
    return found


def _clause(model: Model, definition: Definition, clause: Clause) -> Iterator[str]:
    if len(clause.args) != len(definition.axes):
        yield f"a clause has {len(clause.args)} positions for {len(definition.axes)} axes"
    letters = [letter for arg in clause.args if (letter := af.letter(arg)) is not None]
    if sorted(i.name for i in letters) != sorted(i.name for i in clause.ranges):
        yield "the indices of a clause are not those it has ranges for"
    yield from expression_problems(model, clause.body, frozenset(clause.ranges))


def _claim(model: Model, claim: Claim) -> Iterator[str]:
    for side in (claim.left, claim.right):
        yield from expression_problems(model, side, frozenset(claim.ranges))


def expression_problems(model: Model, expr: Node, allowed: frozenset[Index]) -> Iterator[str]:
    """What is wrong with an expression whose free indices may be ``allowed``."""
    for index in sorted(expr.free - allowed, key=lambda i: i.name):
        yield f"the index {index.name} is bound by nothing"
    for node in walk(expr):
        yield from _node(model, node)


def _node(model: Model, node: Node) -> Iterator[str]:
    match node:
        case Element(tensor, args):
            yield from _read(model, tensor, len(args))
        case Derivative(_, _, tensor, args):
            yield from _read(model, tensor, len(args))
        case Apply(function, args):
            if function not in FUNCTIONS:
                yield f"there is no function {function}"
            elif len(args) != FUNCTIONS[function].arity:
                yield f"{function} has {len(args)} arguments"
        case Matrix(op, row, column, _, _, _, at):
            if row is column:
                yield f"{op} binds one index twice"
            if len(at) != (2 if op in ("inv", "matpow") else 0):
                yield f"{op} is read at {len(at)} positions"
        case Opaque(name, _, args, partials):
            for position, entry in partials:
                if position >= len(args) or len(entry) != len(args[position].indices):
                    yield f"a partial derivative of {name} is by no entry of an argument"
        case Affine(_, terms):
            if any(coefficient == 0 for _, coefficient in terms):
                yield "an index expression keeps a term with coefficient 0"
        case _:
            pass


def _read(model: Model, tensor: str, count: int) -> Iterator[str]:
    if tensor not in model.inputs and tensor not in model.definitions:
        yield f"there is no tensor {tensor}"
    elif count != len(model.axes(tensor)):
        yield f"{tensor} is read with {count} positions"
