"""Derivatives of determinants at singular matrices.

They are written ``det(A) inv(A)``, which has no value there; the derivative has one, the cofactors.
What is shown of the two holds by continuity wherever they have values, as long as nothing that is
said of ``A`` leaves singular matrices only, or makes a leap at them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from einrnn.core import affine as af
from einrnn.core.model import Assumption, Model
from einrnn.core.nodes import Apply, Compare, Expr, Matrix, Node
from einrnn.core.reach import reached
from einrnn.core.traverse import canonical, walk
from einrnn.symbolic.normal.places import as_index
from einrnn.symbolic.normal.stated import facts_of
from einrnn.symbolic.proof.statement import Statement


def is_generic(model: Model, statement: Statement, assumptions: Iterable[Assumption]) -> bool:
    """Whether what is shown of a statement where matrices have inverses is true everywhere."""
    sides = (statement.left, statement.right)
    read = [*sides, *_bodies(model, reached(model, sides))]
    matrices = list(_cofactors(model, read))
    if not matrices:
        return True
    inputs = reached(model, matrices) & model.inputs.keys()
    if any(model.inputs[name].discrete for name in inputs):
        return False
    leaps = [node for node in walk(*read) if _leaps(node)]
    said = [side for a in assumptions for side in (a.left, a.right)]
    return not inputs & reached(model, [*leaps, *said])


def _bodies(model: Model, names: Iterable[str]) -> Iterator[Expr]:
    for name in names:
        definition = model.definitions.get(name)
        yield from (clause.body for clause in definition.clauses) if definition else ()


def _cofactors(model: Model, read: list[Expr]) -> Iterator[Matrix]:
    """Matrices of which there are a determinant and an inverse, where they may have none."""
    found = [node for node in walk(*read) if isinstance(node, Matrix)]
    determinants = {_determinant(node) for node in found if node.op == "det"}
    inverted = facts_of(model).total.inverted
    for node in found:
        if node.op == "inv" and _determinant(node) in determinants and not inverted(node):
            yield node


def _determinant(matrix: Matrix) -> Matrix:
    """The determinant of what a function of a matrix is of, whatever its letters are."""
    row, column = matrix.row, matrix.column
    return canonical(Matrix("det", row, column, matrix.size, matrix.body, af.ONE, ()))


def _leaps(node: Node) -> bool:
    """Whether a value may jump where what it is computed from changes a little."""
    match node:
        case Compare(_, left, right):
            return as_index(left) is None or as_index(right) is None
        case Apply("sign" | "step"):
            return True
        case _:
            return False
