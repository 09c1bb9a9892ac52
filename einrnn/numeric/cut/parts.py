"""Expressions over one part of an index: what is the same in every part, what is carried
along, and what is a sum over all parts.

A value that is the sum of what the parts give (a *partial* value) may be scaled by what is
the same everywhere and added to others of its kind. Wherever it is used in another way the
whole sum is needed first: it becomes a definition of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, cast

from einrnn.core import affine as af
from einrnn.core.build import ZERO
from einrnn.core.model import Clause, Definition, Model, Range
from einrnn.core.nodes import (
    Add,
    Affine,
    And,
    Atom,
    Cases,
    Compare,
    Dim,
    Element,
    Expr,
    Index,
    Mul,
    Node,
    Number,
    Reduce,
    Value,
)
from einrnn.core.trampoline import Steps, trampoline
from einrnn.core.traverse import binds, elements, parts, walk, with_parts
from einrnn.errors import EinrnnError
from einrnn.numeric.cut.axes import Place

Kind = Literal["same", "carried", "partial"]


class Parts:
    """Rewrites right sides for one part of the index ``letter``.

    ``cut`` are the axes it runs along, ``whole`` and ``part`` the sizes of those axes in
    all and of one part. ``read`` decides what becomes of an entry read at such an axis (by
    itself only one at a letter alone may be), ``value`` of a number in which a position is,
    so many times; ``is_late`` says which tensors are there after all parts only.
    """

    def __init__(
        self,
        model: Model,
        letter: str,
        cut: set[Place],
        whole: Dim,
        part: Affine,
        read: Callable[[Parts, Element, int], Element] | None = None,
        value: Callable[[Parts, Affine, int], Affine] | None = None,
        is_late: Callable[[Parts, str], bool] | None = None,
    ) -> None:
        self.model = model
        self.letter = letter
        self.cut = cut
        self.whole = whole
        self.part = part
        self._read = read or _at_letter
        self._value = value or _no_position
        self._is_late = is_late or _never
        self.lifted: dict[str, Definition] = {}
        self._known: dict[Expr, Element] = {}

    def refuse(self, why: str, hint: str | None = None) -> EinrnnError:
        """The error that the index cannot be cut."""
        return EinrnnError("E821", f"the index {self.letter} cannot be cut: {why}", hint)

    def axis(self, tensor: str) -> int | None:
        """The axis of a tensor that is cut.

        Raises EinrnnError (E821) where there are two.
        """
        rank = len(self.model.axes(tensor))
        found = [axis for axis in range(rank) if (tensor, axis) in self.cut]
        if len(found) > 1:
            raise self.refuse(
                f"{tensor} has it on two axes, so that every part needs the other parts"
            )
        return found[0] if found else None

    def body(self, clause: Clause, letters: frozenset[Index]) -> tuple[Kind, Expr]:
        """A right side for one part; ``letters`` are those of the clause at a cut axis."""
        kind, body = _convert(self, clause.body, clause.ranges, letters)
        return kind, cast(Expr, body)

    def lift(self, node: Expr, ranges: Mapping[Index, Range]) -> Expr:
        """A partial value as an entry of a definition that is summed over the parts."""
        if node not in self._known:
            letters = sorted(node.free, key=lambda index: index.name)
            spans = {index: ranges[index] for index in letters}
            if any(span.lo.free | span.hi.free for span in spans.values()):
                raise self.refuse("a sum over it has ends that depend on another index")
            name = f"sum over {self.letter} {len(self._known) + 1}"
            axes = tuple(spans.values())
            args = tuple(af.minus(af.of(index), span.lo) for index, span in spans.items())
            own = tuple(Range(af.ZERO, af.minus(span.hi, span.lo)) for span in axes)
            if any(span.lo is not af.ZERO for span in axes):
                raise self.refuse("a sum over it is taken along an axis that begins off 0")
            clause = Clause(tuple(af.of(index) for index in letters), spans, node)
            self.lifted[name] = Definition(name, own, (clause,))
            self._known[node] = Element(name, args)
        return self._known[node]

    def read(self, element: Element, axis: int) -> Element:
        """An entry of a tensor that is cut, for one part."""
        return self._read(self, element, axis)

    def value(self, index: Affine, letters: frozenset[Index]) -> Affine:
        """A number in which the position along the index is, for one part."""
        times = sum(count for atom, count in index.terms if atom in letters)
        return self._value(self, index, times)

    def is_late(self, node: Node) -> bool:
        """Whether a node needs what is there after all parts only."""
        return any(self._is_late(self, element.tensor) for element in elements(node))


def _never(work: Parts, tensor: str) -> bool:
    return False


def _at_letter(work: Parts, element: Element, axis: int) -> Element:
    arg = element.args[axis]
    if af.letter(arg) is None:
        raise work.refuse(
            f"{element.tensor} is read at {arg} on that axis, in another part",
            "only an index that every equation reads at one and the same position can be cut",
        )
    return element


def _no_position(work: Parts, index: Affine, times: int) -> Affine:
    raise work.refuse(f"the position {index} along it is used as a number or in a condition")


def _letters_at(work: Parts, node: Node) -> frozenset[Index]:
    """The free letters that stand at a cut axis somewhere in the node."""
    found: set[Index] = set()
    for part in walk(node):
        if isinstance(part, Element):
            for axis, arg in enumerate(part.args):
                if (part.tensor, axis) in work.cut:
                    found |= {atom for atom, _ in arg.terms if isinstance(atom, Index)}
    return frozenset(found) & node.free


@trampoline
def _convert(
    work: Parts, node: Node, ranges: Mapping[Index, Range], letters: frozenset[Index]
) -> Steps[tuple[Kind, Node]]:
    """The kind of a node, and the node for one part; ``letters`` run along the cut index."""
    match node:
        case Element():
            return _element(work, node, letters)
        case Affine():
            direct = bool(_direct(node) & letters)
            kind, found = _looked_up(work, node, letters)
            return ("carried", work.value(found, letters)) if direct else (kind, found)
        case Reduce():
            return (yield _reduce(work, node, ranges, letters))
        case _ if binds(node) and letters_bound(work, node):
            raise work.refuse("a matrix function or an opaque function is taken along it")
        case _:
            pass
    kinds: list[Kind] = []
    new: list[Node] = []
    for part in parts(node):
        kind, done = yield _convert.steps(work, part, ranges, letters)
        kinds.append(kind)
        new.append(done)
    return _joined(work, node, kinds, new, ranges)


def letters_bound(work: Parts, node: Node) -> bool:
    """Whether a letter that the node binds stands at a cut axis below it."""
    bound = frozenset(binds(node))
    return any(_letters_at(work, part) & bound for part in parts(node))


def _element(work: Parts, node: Element, letters: frozenset[Index]) -> tuple[Kind, Element]:
    axis = work.axis(node.tensor)
    if axis is not None:
        found = work.read(node, axis)
        if found.tensor != node.tensor:
            return "same", found
        node = found
    carried = axis is not None
    args: list[Affine] = []
    for at, arg in enumerate(node.args):
        if at == axis:
            args.append(arg)
            continue
        if _direct(arg) & letters:
            raise work.refuse(f"its position is used as {arg} to read {node.tensor}")
        kind, arg = _looked_up(work, arg, letters)
        carried |= kind == "carried"
        args.append(arg)
    return "carried" if carried else "same", Element(node.tensor, tuple(args))


def _direct(arg: Affine) -> frozenset[Index]:
    return frozenset(atom for atom, _ in arg.terms if isinstance(atom, Index))


def _looked_up(work: Parts, arg: Affine, letters: frozenset[Index]) -> tuple[Kind, Affine]:
    """An index expression; a look-up in an input that is cut is one more value of the part."""
    kinds: set[Kind] = set()
    new: dict[Atom, int] = {}
    for atom, times in arg.terms:
        if isinstance(atom, Element):
            kind, atom = _element(work, atom, letters)
            kinds.add(kind)
        new[atom] = new.get(atom, 0) + times
    return "carried" if "carried" in kinds else "same", af.affine(arg.constant, new)


def _reduce(
    work: Parts, node: Reduce, ranges: Mapping[Index, Range], letters: frozenset[Index]
) -> Steps[tuple[Kind, Node]]:
    inner = {**ranges, node.index: Range(node.lo, node.hi)}
    letters = letters - {node.index}
    if (node.lo.free | node.hi.free) & letters:
        raise work.refuse("a sum ends at its position")
    along = node.index in _letters_at(work, node.body)
    if along and node.op != "sum":
        raise work.refuse(
            f"{node.op}[{node.index}] runs along it",
            "only sums along the index can be put together from parts",
        )
    if along and node.body.free & letters:
        raise work.refuse(
            "an equation sums over all its positions for each of them",
            "only an index that every equation reads at one and the same position can be cut",
        )
    kind: Kind
    own = letters | {node.index} if along else letters
    every = _over_all(work, node) if along else node.body
    kind, body = yield _convert.steps(work, every, inner, own)
    if not along:
        if kind == "partial" and node.op != "sum":
            kind, body = "same", work.lift(body, inner)
        return kind, Reduce(node.op, node.index, node.lo, node.hi, body)
    return "partial", Reduce("sum", node.index, af.ZERO, af.last(work.part), body)


def _over_all(work: Parts, node: Reduce) -> Expr:
    """The body of a sum over the index, 0 at the positions at its ends that are left out."""
    at, whole = Value(af.of(node.index)), af.last(af.of(work.whole))
    first, left = af.number(node.lo), af.number(af.minus(whole, node.hi))
    if first is None or left is None or first < 0 or left < 0:
        raise work.refuse(f"a sum over it runs from {node.lo} to {node.hi}, not over all of it")
    conds = [Compare("<=", Value(node.lo), at)] if first else []
    conds += [Compare("<=", at, Value(node.hi))] if left else []
    return Cases(((And(tuple(conds)), node.body),), ZERO) if conds else node.body


def _joined(
    work: Parts,
    node: Node,
    kinds: Sequence[Kind],
    new: Sequence[Node],
    ranges: Mapping[Index, Range],
) -> tuple[Kind, Node]:
    """A node over parts of these kinds; partial values that it cannot pass on are summed."""
    if "partial" in kinds and _linear(work, node, kinds, new):
        return "partial", with_parts(node, tuple(new))
    done = [
        work.lift(part, ranges) if kind == "partial" else part  # type: ignore[arg-type]
        for kind, part in zip(kinds, new, strict=True)
    ]
    kind: Kind = "carried" if "carried" in kinds else "same"
    return kind, node if tuple(done) == parts(node) else with_parts(node, tuple(done))


def _linear(work: Parts, node: Node, kinds: Sequence[Kind], new: Sequence[Node]) -> bool:
    """Whether the sum over parts of the node is the node of the sums over parts, and there is all
    that it needs."""
    if any(kind == "same" and work.is_late(part) for kind, part in zip(kinds, new, strict=True)):
        return False
    match node:
        case Add():
            return all(kind == "partial" for kind in kinds)
        case Mul():
            return sorted(kinds) == ["partial"] + ["same"] * (len(kinds) - 1)
        case Cases():
            values = [*range(1, len(kinds) - 1, 2), len(kinds) - 1]
            conds = range(0, len(kinds) - 1, 2)
            return all(kinds[at] == "same" for at in conds) and all(
                kinds[at] == "partial" or new[at] == Number(0)  # type: ignore[arg-type]
                for at in values
            )
        case _:
            return False
