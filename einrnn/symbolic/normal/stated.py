"""What a document says of its tensors, gathered for normal forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, partial

from einrnn.core import affine as af
from einrnn.core.build import ONE
from einrnn.core.model import Assumption, Input, Model, Range
from einrnn.core.nodes import Element, Expr, Index, Matrix, Reduce
from einrnn.core.traverse import tensors
from einrnn.symbolic.normal.definite import is_definite
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.facts import Facts, Unit
from einrnn.symbolic.normal.rules import fact_rules
from einrnn.symbolic.normal.signs import signs_of
from einrnn.symbolic.normal.slices import tensor_of
from einrnn.symbolic.normal.terms import TooLarge
from einrnn.symbolic.normal.total import Totality, strict_signs, totality
from einrnn.symbolic.unfold import recurs, replaced_by_bodies


def facts_of(model: Model) -> Facts:
    """What a model says of its tensors that is more than a rule.

    Kept with the model: it is asked for with every statement.
    """
    kept = model.__dict__.get("_facts")
    if kept is None:
        kept = model.__dict__["_facts"] = _facts(model)
    return kept


def _facts(model: Model) -> Facts:
    limits = {
        given.name: fact.bound
        for given in model.inputs.values()
        for fact in given.facts
        if fact.name == "integer" and fact.bound is not None
    }
    symmetric = [name for name, i in model.inputs.items() if i.has("symmetric") or i.has("spd")]
    kinds = ("invertible", "spd", "orthogonal")
    invertible = {
        n: i.axes[-1] for n, i in model.inputs.items() if any(i.has(kind) for kind in kinds)
    }
    units = {name: unit for name, i in model.inputs.items() if (unit := _unit(i)) is not None}
    found = Facts(
        limits,
        frozenset(symmetric),
        signs_of(model),
        invertible,
        units,
        frozenset(n for n, given in model.inputs.items() if n not in units and fact_rules(given)),
        frozenset(n for n, i in model.inputs.items() if i.has("boolean") or i.has("one-hot")),
        frozenset(n for n, given in model.inputs.items() if given.has("spd")),
    )
    # a probability may be 0, and so may an empty sum
    above = strict_signs(model)
    strict = replace(found, signs=above, total=Totality(above))
    return replace(
        found, total=totality(model, above, cache(partial(_is_invertible, model, strict)))
    )


def _is_invertible(model: Model, facts: Facts, matrix: Matrix) -> bool:
    """Whether a matrix has an inverse whatever the inputs are, and where the logarithm of its
    determinant is asked for a positive one: it is given to have one, or is positive definite by
    what it is made of."""
    if matrix.op != "logdet" and facts.invertible.get(tensor_of(matrix) or "") is matrix.size:
        return True
    names = frozenset(
        name
        for name in tensors(matrix.body)
        if name in model.definitions
        and len(model.definitions[name].clauses) == 1
        and not recurs(model, name)
    )
    last = af.last(matrix.size)
    ranges = {index: Range(af.ZERO, last) for index in (matrix.row, matrix.column)}
    try:
        body = replaced_by_bodies(model, names, matrix.body, ranges)
        opened = Matrix("inv", matrix.row, matrix.column, matrix.size, body, af.ONE, matrix.at)
        return is_definite(Normaliser(facts=facts), opened)
    except TooLarge:
        return False


def _unit(given: Input) -> Unit | None:
    """What an input's only fact says, if it is that entries add up to 1."""
    if len(given.facts) != 1:
        return None
    (fact,) = given.facts
    if fact.name not in ("one-hot", "probability") or fact.axis is None:
        return None
    return Unit(fact.axis, given.axes[fact.axis], fact.name == "one-hot")


def assumed_unit(assumption: Assumption) -> tuple[str, Unit] | None:
    """The tensor whose entries an assumption says to add up to 1, if that is all it says."""
    total, one = assumption.left, assumption.right
    if one is not ONE or not isinstance(total, Reduce) or total.op != "sum":
        return None
    entry = total.body
    if not isinstance(entry, Element) or total.lo is not af.ZERO:
        return None
    letters = [af.letter(arg) for arg in entry.args]
    if None in letters or len(set(letters)) != len(letters) or total.index not in letters:
        return None
    return entry.tensor, Unit(letters.index(total.index), af.shift(total.hi, 1), False)


def said_symmetric(
    model: Model, left: Expr, right: Expr, ranges: Mapping[Index, Range]
) -> str | None:
    """The tensor that an equation says to be symmetric, as ``A[…,i,j] = A[…,j,i]`` does for all
    positions."""
    if not isinstance(left, Element) or len(left.args) < 2:
        return None
    letters = [af.letter(arg) for arg in left.args]
    *others, row, column = left.args
    if None in letters or len(set(letters)) < len(letters):
        return None
    whole = model.axes(left.tensor)
    if any(ranges.get(i) != axis for i, axis in zip(letters, whole, strict=True) if i):
        return None
    turned = Element(left.tensor, (*others, column, row))
    return left.tensor if right is turned else None
