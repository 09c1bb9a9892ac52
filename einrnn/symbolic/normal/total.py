"""What may have no value: quotients, logarithms, roots and inverses whose arguments may be
anything, and what is read of definitions that have such.

A law that is shown wherever both of its sides have values says nothing elsewhere; what is
undefined at some place only may therefore not stand for what is defined there.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core.model import Model, Range
from einrnn.core.nodes import (
    Add,
    Apply,
    Element,
    Expr,
    Index,
    Matrix,
    Mul,
    Node,
    Number,
    Pow,
    Reduce,
    Value,
)
from einrnn.core.traverse import tensors
from einrnn.dataclass import dataclass
from einrnn.symbolic.normal.clauses import body_of, surely_not
from einrnn.symbolic.normal.domain import follows
from einrnn.symbolic.normal.places import Known, as_index, places
from einrnn.symbolic.normal.signs import Signs, is_positive, signs_of

# what has a value for every number
_EVERYWHERE = frozenset(
    {
        *("exp", "sin", "cos", "sinh", "cosh", "tanh", "atan", "erf", "sigmoid", "softplus"),
        *("relu", "abs", "sign", "step", "max", "min", "pi"),
    }
)

_DEPTH = 3


@dataclass(frozen=True, eq=False)
class Totality:
    """What surely has a value: ``signs`` has the tensors with entries above 0, ``partial`` the
    definitions that may have none, ``inverted`` tells which matrices have an inverse, and
    ``bodies`` what an entry of a definition may be by its clauses."""

    signs: Signs = Signs()
    partial: frozenset[str] = frozenset()
    inverted: Callable[[Matrix], bool] = lambda matrix: False
    bodies: Callable[[Element, Known], Sequence[Expr]] = lambda entry, known: ()
    _asked: dict[tuple[Expr, Known], bool] = field(
        default_factory=dict["tuple[Expr, Known]", "bool"]
    )

    def lacks(self, expr: Expr, known: Known = ()) -> bool:
        """Whether an expression may have no value for some numbers, as far as can be told from
        what is ``known`` to be at least zero."""
        key = (expr, known)
        if key not in self._asked:
            found = places(expr, known)
            self._asked[key] = any(self.may_fail(place.node, place.known) for place in found)
        return self._asked[key]

    def product_lacks(self, factors: Iterable[tuple[Expr, Fraction]], known: Known = ()) -> bool:
        """The same of a product of powers."""
        return any(
            self.lacks(atom if exponent == 1 else Pow(atom, Number(exponent)), known)
            for atom, exponent in factors
        )

    def varies(self, expr: Expr, index: Index, known: Known = ()) -> bool:
        """Whether an expression may have a value at some values of an index and none at others:
        what may fail depends on it, or whether that is computed at all."""
        return any(
            index in place.node.free | place.guards and self.may_fail(place.node, place.known)
            for place in places(expr, known)
        )

    def is_nonzero(self, expr: Expr, known: Known = (), depth: int = _DEPTH) -> bool:
        """Whether a value surely is not 0, where it is defined: a reciprocal never is."""
        match expr:
            case Mul(factors):
                return all(self.is_nonzero(factor, known, depth) for factor in factors)
            case Reduce("prod", _, _, _, body):
                return self.is_nonzero(body, known, depth)
            case Number(value):
                return bool(value)
            case Value(index):
                beyond = (af.shift(af.scale(index, way), -1) for way in (1, -1))
                return any(follows(known, value) for value in beyond)
            case Pow(base, exponent):
                index = as_index(exponent)
                reciprocal = index is not None and follows(known, af.shift(af.scale(index, -1), -1))
                return reciprocal or self.is_nonzero(base, known, depth)
            case Element():
                above = self.is_above(expr, known, depth)
                return above or self._all_clauses(expr, known, depth, self.is_nonzero)
            case _:
                return self.is_above(expr, known, depth)

    def is_above(self, expr: Expr, known: Known = (), depth: int = _DEPTH) -> bool:
        """Whether a value surely is above 0, where it is defined."""
        if isinstance(expr, Mul):
            return all(self.is_above(factor, known, depth) for factor in expr.factors)
        if isinstance(expr, Element) and expr.tensor not in self.signs.positive:
            return self._all_clauses(expr, known, depth, self.is_above)
        rest = _rest_of_one(expr)
        if rest is not None:
            return self._is_below_one(rest, known, depth)
        return is_positive(expr, self.signs) and all(
            follows(place.known, af.minus(place.node.hi, place.node.lo))
            for place in places(expr, known)
            if isinstance(place.node, Reduce) and place.node.op != "prod"
        )

    def _is_below_one(self, expr: Expr, known: Known, depth: int) -> bool:
        """Whether a value surely lies between 0 and 1, and is not 1."""
        match expr:
            case Apply("sigmoid"):
                return True
            case Pow(Apply("tanh"), Number(exponent)) if exponent == 2:
                return True
            case Pow(Element() as base, Number(exponent)) if exponent == 2:
                return self._all_clauses(base, known, depth, _is_tanh)
            case Element():
                return self._all_clauses(expr, known, depth, self._is_below_one)
            case _:
                return False

    def _all_clauses(
        self, entry: Element, known: Known, depth: int, holds: Callable[[Expr, Known, int], bool]
    ) -> bool:
        """Whether something holds of an entry whichever clause decides it."""
        found = self.bodies(entry, known) if depth else ()
        return bool(found) and all(holds(body, known, depth - 1) for body in found)

    def may_fail(self, node: Node, known: Known) -> bool:
        """Whether a node may have no value although what it is computed from has."""
        match node:
            case Pow(base, exponent):
                index = as_index(exponent)
                if index is None:  # roots and powers like them
                    return not self.is_above(base, known)
                return not follows(known, index) and not self.is_nonzero(base, known)
            case Apply("log" | "sqrt", (argument,)):
                return not self.is_above(argument, known)
            case Apply(function):
                return function not in _EVERYWHERE
            case Reduce("max" | "min" | "logsumexp"):
                return not follows(known, af.minus(node.hi, node.lo))
            case Matrix("det"):
                return False
            case Matrix("matpow"):
                return not follows(known, node.power)
            case Matrix():
                return not self.inverted(node)
            case Element(tensor):
                return tensor in self.partial
            case _:
                return False


def strict_signs(model: Model) -> Signs:
    """The tensors with entries that surely are above 0 where they have a value, and those with
    entries that are never below it."""
    names, nonnegative = signs_of(model, ("positive",))  # empty sums among them
    while True:
        total = Totality(Signs(names, nonnegative))
        wrong = {
            name
            for name in names & model.definitions.keys()
            if not all(
                total.is_above(clause.body, _known(clause.ranges))
                for clause in model.definitions[name].clauses
            )
        }
        if not wrong:
            return total.signs
        names -= wrong


def totality(model: Model, signs: Signs, inverted: Callable[[Matrix], bool]) -> Totality:
    """What is surely defined in a model, ``signs`` having the tensors with entries above 0.

    A recurrence is defined where it is whenever it was before: by induction over the order in
    which its entries are computed.
    """
    bodies = functools.partial(_bodies, model)
    alone = Totality(signs, frozenset(), inverted, bodies)
    partial: set[str] = set()
    readers: dict[str, list[str]] = {}
    for name, definition in model.definitions.items():
        clauses = definition.clauses
        if any(alone.lacks(clause.body, _known(clause.ranges)) for clause in clauses):
            partial.add(name)
        for other in frozenset[str]().union(*(tensors(clause.body) for clause in clauses)):
            readers.setdefault(other, []).append(name)
    pending = list(partial)
    while pending:
        new = set(readers.get(pending.pop(), ())) - partial
        partial |= new
        pending += new
    return Totality(signs, frozenset(partial), inverted, bodies)


def _bodies(model: Model, entry: Element, known: Known) -> list[Expr]:
    """What a definition says of an entry, by each clause that may decide it."""
    definition = model.definitions.get(entry.tensor)
    clauses = definition.clauses if definition is not None else ()
    return [body_of(c, entry) for c in clauses if not surely_not(c, entry, known)]


def _rest_of_one(expr: Expr) -> Expr | None:
    """What 1 is more than a value by: x of ``1 - x``."""
    match expr:
        case Add((Number(one), Mul((Number(minus), rest)))) | Add(
            (Mul((Number(minus), rest)), Number(one))
        ) if one == 1 and minus == -1:
            return rest
        case _:
            return None


def _is_tanh(expr: Expr, known: Known, depth: int) -> bool:
    return isinstance(expr, Apply) and expr.function == "tanh"


def _known(ranges: Mapping[Index, Range]) -> Known:
    """What ranges say is at least zero."""
    pairs = ((af.of(index), range_) for index, range_ in ranges.items())
    return tuple(value for at, r in pairs for value in (af.minus(at, r.lo), af.minus(r.hi, at)))
