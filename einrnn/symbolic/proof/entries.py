"""Entries of definitions replaced by what their clauses say."""

from __future__ import annotations

from collections.abc import Callable

from einrnn.core import affine as af
from einrnn.core.build import TRUE, compare
from einrnn.core.model import Clause, Definition, Model
from einrnn.core.nodes import Affine, And, Apply, Cases, Cond, Element, Expr, Index, Node
from einrnn.core.traverse import rebuild, substitute

Chosen = Callable[[Element], bool]


def unfold(expr: Expr, model: Model, chosen: Chosen) -> Expr:
    """The expression with each chosen entry of a definition replaced by its clauses, once.

    Which clause holds is left to conditions; what is in range is for the normal form to
    find out.
    """

    def change(node: Node) -> Node:
        if isinstance(node, Element) and node.tensor in model.definitions and chosen(node):
            return entry(model.definitions[node.tensor], node.args)
        return node

    return rebuild(expr, change)


def entry(definition: Definition, args: tuple[Affine, ...]) -> Expr:
    """What a definition says of one entry, clause by clause."""
    branches: list[tuple[Cond, Expr]] = []
    for clause in definition.clauses:
        cond, body = instance(clause, args)
        branches.append((cond, body))
    return Cases(tuple(branches), Apply("undefined", ()))


def instance(clause: Clause, args: tuple[Affine, ...]) -> tuple[Cond, Expr]:
    """The condition that a clause decides the entry, and its right side there."""
    mapping: dict[Index, Affine] = {}
    conds: list[Cond] = []
    for own, given in zip(clause.args, args, strict=True):
        letter = af.letter(own)
        if letter is None:
            conds.append(compare("==", given, own))
        else:
            mapping[letter] = given
            range_ = clause.ranges[letter]
            conds += (compare("<=", range_.lo, given), compare("<=", given, range_.hi))
    return And(tuple(conds)) if conds else TRUE, substitute(clause.body, mapping)
