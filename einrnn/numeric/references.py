"""Which entries of which tensors a clause reads, and the pieces definitions are computed in."""

from __future__ import annotations

from collections.abc import Mapping

from einrnn.core import affine as af
from einrnn.core.model import Clause, Definition, Model
from einrnn.core.nodes import (
    Affine,
    And,
    Argument,
    Cases,
    Cond,
    Element,
    Expr,
    Index,
    Matrix,
    Node,
    Or,
    Reduce,
)
from einrnn.core.traverse import binds, canonical, elements, parts, walk
from einrnn.dataclass import dataclass
from einrnn.errors import EvaluationError
from einrnn.numeric import bounds
from einrnn.numeric.bounds import Around, Binder, Interval

Box = tuple[Interval, ...]


@dataclass(frozen=True)
class Reference:
    """One entry that a body reads, with what is bound and known around it."""

    tensor: str
    args: tuple[Affine, ...]
    around: Around


@dataclass(frozen=True, eq=False)
class Unit:
    """The entries in ``box`` of a definition, all given by one clause.

    ``letters`` has the clause's index on each axis, or None where its position is fixed.
    """

    tensor: str
    box: Box
    letters: tuple[Index | None, ...]
    body: Expr
    references: tuple[Reference, ...]

    def hull(self) -> dict[Index, Interval]:
        """The ranges of the clause's indices."""
        return {
            letter: span
            for letter, span in zip(self.letters, self.box, strict=True)
            if letter is not None
        }

    def position(self, axis: int) -> Affine:
        """Where the unit's entries lie on an axis."""
        letter = self.letters[axis]
        return af.of(self.box[axis][0] if letter is None else letter)


def needed(model: Model, roots: list[Node]) -> list[str]:
    """The definitions that the roots read, directly or not, in a fixed order."""
    found: dict[str, None] = {}
    rest = [element.tensor for element in elements(*roots)]
    while rest:
        name = rest.pop(0)
        if name in found or name in model.inputs:
            continue
        if name not in model.definitions:
            raise EvaluationError("E609", f"there is no tensor named {name}")
        found[name] = None
        for clause in model.definitions[name].clauses:
            rest += [element.tensor for element in elements(clause.body)]
    return list(found)


def whole_box(definition: Definition, sizes: Mapping[str, int]) -> Box:
    """The positions that exist."""
    return tuple(
        (bounds.number(axis.lo, sizes), bounds.number(axis.hi, sizes)) for axis in definition.axes
    )


def units_of(definition: Definition, sizes: Mapping[str, int]) -> list[Unit]:
    """The definition cut into boxes: each clause without what earlier clauses give."""
    taken: list[Box] = []
    units: list[Unit] = []
    whole = whole_box(definition, sizes)
    for clause in definition.clauses:
        box = _intersection(_clause_box(clause, sizes), whole)
        if box is None:
            continue
        pieces = [box]
        for other in taken:
            pieces = [rest for piece in pieces for rest in subtract(piece, other)]
        taken.append(box)
        letters = tuple(af.letter(arg) for arg in clause.args)
        body = unshadowed(clause.body, {letter for letter in letters if letter is not None})
        found = tuple(references(body))
        units += [Unit(definition.name, piece, letters, body, found) for piece in pieces]
    return units


def gaps(definition: Definition, units: list[Unit], sizes: Mapping[str, int]) -> list[Box]:
    """The positions that no clause gives."""
    rest = [whole_box(definition, sizes)]
    for unit in units:
        rest = [piece for box in rest for piece in subtract(box, unit.box)]
    return [box for box in rest if all(lo <= hi for lo, hi in box)]


def _clause_box(clause: Clause, sizes: Mapping[str, int]) -> Box:
    spans: list[Interval] = []
    for arg in clause.args:
        letter = af.letter(arg)
        if letter is None:
            at = bounds.number(arg, sizes)
            spans.append((at, at))
        else:
            span = clause.ranges[letter]
            spans.append((bounds.number(span.lo, sizes), bounds.number(span.hi, sizes)))
    return tuple(spans)


def _intersection(left: Box, right: Box) -> Box | None:
    """The common part; None where it is empty. A tensor without axes has one entry."""
    box = tuple((max(a[0], b[0]), min(a[1], b[1])) for a, b in zip(left, right, strict=True))
    return box if all(lo <= hi for lo, hi in box) else None


def subtract(box: Box, other: Box) -> list[Box]:
    """The part of a box outside another one, as disjoint boxes."""
    if _intersection(box, other) is None:
        return [box]
    pieces: list[Box] = []
    for axis, (lo, hi) in enumerate(box):
        a, b = other[axis]
        if lo < a:
            pieces.append((*box[:axis], (lo, a - 1), *box[axis + 1 :]))
        if b < hi:
            pieces.append((*box[:axis], (b + 1, hi), *box[axis + 1 :]))
        box = (*box[:axis], (max(lo, a), min(hi, b)), *box[axis + 1 :])
    return pieces


def unshadowed(body: Expr, letters: set[Index]) -> Expr:
    """The body with bound indices that differ from the clause's and from each other's."""
    bound: dict[Node, frozenset[Index]] = {}
    for node in walk(body):
        below = frozenset[Index]().union(*(bound[part] for part in parts(node)))
        own = frozenset(binds(node))
        if own & (below | letters):
            return canonical(body)
        bound[node] = below | own
    return body


def references(body: Expr) -> list[Reference]:
    """Every entry that is read, once for each way it is bound."""
    reading: set[Node] = set()
    for node in walk(body):
        if isinstance(node, Element) or any(part in reading for part in parts(node)):
            reading.add(node)
    found: dict[Reference, None] = {}
    seen: set[tuple[Node, Around]] = set()
    stack: list[tuple[Node, Around]] = [(body, Around())]
    while stack:
        node, around = stack.pop()
        if node not in reading or (node, around) in seen:
            continue
        seen.add((node, around))
        if isinstance(node, Element):
            found[Reference(node.tensor, node.args, around)] = None
        stack.extend(reversed(_inside(node, around)))
    return list(found)


def _inside(node: Node, around: Around) -> list[tuple[Node, Around]]:
    match node:
        case Reduce(_, index, lo, hi, body):
            inner = _bind(around, Binder(index, lo, hi))
            return [(lo, around), (hi, around), (body, inner)]
        case Matrix(_, row, column, size, body, power, at):
            span = af.last(size)
            inner = _bind(around, Binder(row, af.ZERO, span), Binder(column, af.ZERO, span))
            return [(body, inner), *((part, around) for part in (size, power, *at))]
        case Argument(indices, sizes, body):
            new = (Binder(i, af.ZERO, af.last(s)) for i, s in zip(indices, sizes, strict=True))
            return [(body, _bind(around, *new)), *((size, around) for size in sizes)]
        case Cases(branches, otherwise):
            found: list[tuple[Node, Around]] = []
            for cond, value in branches:
                found += [(cond, around), (value, _know(around, cond))]
                around = _know(around, bounds.negated(cond))
            return [*found, (otherwise, around)]
        case And(below) | Or(below):
            joined: list[tuple[Node, Around]] = []
            for part in below:
                joined.append((part, around))
                around = _know(around, part if isinstance(node, And) else bounds.negated(part))
            return joined
        case _:
            return [(part, around) for part in parts(node)]


def _bind(around: Around, *binders: Binder) -> Around:
    return Around((*around.binders, *binders), around.conditions)


def _know(around: Around, cond: Cond) -> Around:
    return Around(around.binders, (*around.conditions, cond))
