"""The derivative of the largest (or smallest) of several values.

Where it has one, it is that of any value that attains it: values that are below it elsewhere move
as it does where they meet it. Each of those that do has an equal share of it, so that the
distances ``(x[i] - x[j])^2``, which are the same for i, j and j, i, are not counted twice. Where
nothing but chance can make two values the same, one has all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from einrnn.core import affine as af
from einrnn.core.build import ONE, ZERO, number
from einrnn.core.model import Definition, Input, Model
from einrnn.core.nodes import (
    Add,
    Apply,
    Cases,
    Compare,
    Derivative,
    Element,
    Expr,
    Index,
    Mul,
    Node,
    Number,
    Pow,
    Reduce,
)
from einrnn.core.reach import reached
from einrnn.core.traverse import elements, fresh, rebuild, substitute, tensors, walk
from einrnn.symbolic.normal.domain import follows

_FREE_FACTS = frozenset(("positive", "invertible"))
_DEPTH = 4


def share(extreme: Reduce) -> Expr:
    """What of its derivative the value at its index has: 1 for the only one that attains it."""
    return Mul((_attained(extreme, extreme.index), Pow(_count(extreme), number(-1))))


def _attained(extreme: Reduce, index: Index) -> Expr:
    value = substitute(extreme.body, {extreme.index: af.of(index)})
    return Cases(((Compare("==", value, extreme), ONE),), ZERO)


def _count(extreme: Reduce) -> Expr:
    """How many values attain it; at least 1, whatever rounding makes of equal ones."""
    other = fresh(extreme.index, extreme.free | extreme.body.free)
    summed = Reduce("sum", other, extreme.lo, extreme.hi, _attained(extreme, other))
    return Apply("max", (summed, ONE))


def with_one_each(model: Model, by: frozenset[str]) -> Model:
    """The model where one value has all wherever nothing but chance can make two the same, and
    each of those that are differentiated ``by`` moves one value only.

    At equal values there is no derivative by what moves one of them; by what moves them all
    together there is, and it is not counted twice.
    """
    definitions = {name: _definition(found, model, by) for name, found in model.definitions.items()}
    same = all(definitions[name] is found for name, found in model.definitions.items())
    return model if same else replace(model, definitions=definitions)


def _definition(definition: Definition, model: Model, by: frozenset[str]) -> Definition:
    bodies = [one_each(clause.body, model, by) for clause in definition.clauses]
    pairs = list(zip(definition.clauses, bodies, strict=True))
    if all(clause.body is body for clause, body in pairs):
        return definition
    return replace(definition, clauses=tuple(replace(c, body=body) for c, body in pairs))


def one_each(expr: Expr, model: Model, by: frozenset[str]) -> Expr:
    """The same of an expression over a model."""
    if not any(_counted(node) for node in walk(expr)):
        return expr
    sides = [side for a in model.assumptions for side in (a.left, a.right)]
    assumed = frozenset[str]().union(*map(tensors, sides))

    def change(node: Node) -> Node:
        value, index = _counted(node) or (None, None)
        if value is None or index is None or not _are_apart(value, index, model, assumed):
            return node
        alone = all(_moves_one(value, index, value.free, model, name, _DEPTH) for name in by)
        return ONE if alone else node

    return rebuild(expr, change)


def differentiated_by(model: Model, exprs: Iterable[Expr]) -> frozenset[str]:
    """What derivatives are taken by, those in a model's definitions and those in expressions."""
    written = (node.tensor for node in walk(*exprs) if isinstance(node, Derivative))
    return frozenset((*written, *(found.wrt for found in model.derived.values())))


def _moves_one(
    value: Expr, index: Index, outer: frozenset[Index], model: Model, name: str, depth: int
) -> bool:
    """Whether each entry of a tensor is needed for the value at one place of an index only."""
    for entry in elements(value):
        if entry.tensor == name:
            own = [arg for arg in entry.args if index in arg.free]
            if len(own) != 1 or not own[0].free <= outer or elements(*entry.args):
                return False
        elif name in reached(model, (entry,)):
            found = model.definitions[entry.tensor].clauses
            letters = [af.letter(arg) for arg in found[0].args]
            if len(found) != 1 or None in letters or not depth or index not in entry.free:
                return False
            places = {i: a for i, a in zip(letters, entry.args, strict=True) if i is not None}
            body = substitute(found[0].body, places)
            if not _moves_one(body, index, outer, model, name, depth - 1):
                return False
    return True


def _counted(node: Node) -> tuple[Expr, Index] | None:
    """The values, by an index, of which those are counted that are equal to one other thing, where
    a node is one over their number."""
    match node:
        case Pow(Apply("max", (Reduce("sum", index, _, _, body), one)), Number(power)) if (
            power == -1 and one is ONE
        ):
            found = _met(body, index)
            return found and (found, index)
        case _:
            return None


def _met(body: Expr, index: Index) -> Expr | None:
    """What a bracket compares with something that an index has no part in."""
    match body:
        case Cases(((Compare("==", value, whole), each),), other) if each is ONE and other is ZERO:
            return None if index in whole.free else value
        case _:
            return None


def _are_apart(value: Expr, index: Index, model: Model, assumed: frozenset[str]) -> bool:
    """Whether a value has, as a summand, an entry of an input of its own at each value of an
    index, or sums of such entries times entries of other inputs, and nothing else in it needs
    that input: two of them are the same by chance only."""
    terms = _terms(value, model, _DEPTH)
    for place, term in enumerate(terms):
        entries = _entries(term, index)
        inputs = {entry.tensor: model.inputs.get(entry.tensor) for entry in entries}
        if len(inputs) < len(entries) or any(
            given is None or name in assumed or not _is_free(given)
            for name, given in inputs.items()
        ):
            continue
        needed = reached(model, terms[:place] + terms[place + 1 :])
        moved = [entry for entry in entries if index in entry.free]
        if len(moved) == 1 and moved[0].tensor not in needed and _is_own(moved[0], index):
            return True
    return False


def _is_own(entry: Element, index: Index) -> bool:
    own = [arg for arg in entry.args if index in arg.free]
    return len(own) == 1 and not elements(*entry.args)


def _is_free(given: Input) -> bool:
    """Whether its entries may be anything, each for itself."""
    return all(fact.name in _FREE_FACTS for fact in given.facts)


def _terms(value: Expr, model: Model, depth: int) -> list[Expr]:
    """The summands of a value; entries of definitions of one clause by what that says."""
    if isinstance(value, Add):
        return [inner for term in value.terms for inner in _terms(term, model, depth)]
    if isinstance(value, Element) and value.tensor in model.definitions and depth:
        clauses = model.definitions[value.tensor].clauses
        letters = [af.letter(arg) for arg in clauses[0].args]
        if len(clauses) == 1 and None not in letters:
            places = {i: a for i, a in zip(letters, value.args, strict=True) if i is not None}
            return _terms(substitute(clauses[0].body, places), model, depth - 1)
    return [value]


def _entries(term: Expr, index: Index) -> list[Element]:
    """The entries that a summand is a product of, a number times it and sums of such products,
    which are over something for each value of the index, included; none if it is something else."""
    match term:
        case Reduce("sum", _, lo, hi, body) if index not in lo.free | hi.free:
            return _entries(body, index) if follows((), af.minus(hi, lo)) else []
        case Element():
            return [term]
        case Mul(factors):
            others = [f for f in factors if not isinstance(f, Number) or not f.value]
            found = [f for f in others if isinstance(f, Element)]
            return found if len(found) == len(others) else []
        case _:
            return []
