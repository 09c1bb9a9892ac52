"""Derivatives that vanish because what is differentiated came before."""

from __future__ import annotations

from collections.abc import Mapping

from einrnn.core import affine as af
from einrnn.core.build import ZERO
from einrnn.core.model import Definition, Model, Range
from einrnn.core.nodes import Affine, Element, Expr, Index, Mul, Node, Reduce
from einrnn.core.traverse import rebuild, walk
from einrnn.dataclass import dataclass
from einrnn.symbolic.present.reads import replaced
from einrnn.symbolic.ranges import Ranges, at_least_zero
from einrnn.symbolic.tidy import tidy


@dataclass(frozen=True)
class Later:
    """Entries of a derived tensor are 0 where position ``later`` exceeds position ``earlier``."""

    earlier: int
    later: int


def vanishing(model: Model, system: Mapping[str, Definition]) -> dict[str, Later]:
    """For derived tensors of a system of recurrences, where they are shown to vanish.

    Each tensor's right side is 0 in its region if the entries it reads are 0 in theirs; as
    every entry is computed from others without a cycle, all are 0 by induction.
    """
    found = {
        name: pair
        for name, definition in system.items()
        if (pair := _candidate(model, definition)) is not None
    }
    while True:
        wrong = [name for name in found if not _holds(system[name], found)]
        if not wrong:
            return found
        for name in wrong:
            del found[name]


def _candidate(model: Model, definition: Definition) -> Later | None:
    """The positions of the first pair of axes of one range, one of each tensor."""
    if definition.name not in model.derived or len(definition.clauses) != 1:
        return None
    (clause,) = definition.clauses
    count = len(model.axes(model.derived[definition.name].of))
    letters = [af.letter(arg) for arg in clause.args]
    for earlier, first in enumerate(letters[:count]):
        for later, second in enumerate(letters[count:], count):
            if first is None or second is None:
                continue
            if clause.ranges[first].hi is clause.ranges[second].hi:
                return Later(earlier, later)
    return None


def _holds(definition: Definition, assumed: Mapping[str, Later]) -> bool:
    (clause,) = definition.clauses
    pair = assumed[definition.name]
    late = af.letter(clause.args[pair.later])
    assert late is not None
    ranges = dict(clause.ranges)
    start = af.shift(clause.args[pair.earlier], 1)
    ranges[late] = Range(start, ranges[late].hi)

    def change(element: Element, known: Ranges) -> Expr:
        return ZERO if _is_late(element, known, assumed) else element

    body = tidy(clause.body, ranges)
    return tidy(replaced(body, ranges, change), ranges) is ZERO


def _is_late(element: Element, ranges: Ranges, assumed: Mapping[str, Later]) -> bool:
    pair = assumed.get(element.tensor)
    if pair is None:
        return False
    ahead = af.minus(element.args[pair.later], element.args[pair.earlier])
    return at_least_zero(af.shift(ahead, -1), ranges)


def narrowed(expr: Expr, ranges: Ranges, assumed: Mapping[str, Later]) -> Expr:
    """Sums over time that stop where their terms begin to vanish."""
    known = {**_of_sums(expr), **ranges}

    def change(node: Node) -> Node:
        if not (isinstance(node, Reduce) and node.op == "sum"):
            return node
        end = _last(node, assumed)
        if end is None or not at_least_zero(af.minus(node.hi, end), known):
            return node
        return Reduce("sum", node.index, node.lo, end, node.body)

    return rebuild(expr, change)


def _of_sums(expr: Expr) -> dict[Index, Range]:
    """The ranges of bound indices, where each is bound over one range only."""
    found: dict[Index, set[tuple[Affine, Affine]]] = {}
    for node in walk(expr):
        if isinstance(node, Reduce):
            found.setdefault(node.index, set()).add((node.lo, node.hi))
    return {index: Range(*next(iter(r))) for index, r in found.items() if len(r) == 1}


def _last(node: Reduce, assumed: Mapping[str, Later]) -> Affine | None:
    """The last value of the index at which a factor of the body may differ from 0."""
    factors = node.body.factors if isinstance(node.body, Mul) else (node.body,)
    stack: list[Expr] = list(factors)
    bound = {node.index}
    while stack:
        factor = stack.pop()
        if isinstance(factor, Reduce) and factor.op == "sum":
            bound.add(factor.index)
            stack.append(factor.body)
        elif isinstance(factor, Mul):
            stack.extend(factor.factors)
        elif isinstance(factor, Element) and factor.tensor in assumed:
            pair = assumed[factor.tensor]
            end = factor.args[pair.earlier]
            if af.letter(factor.args[pair.later]) is node.index and not end.free & bound:
                return end
    return None
