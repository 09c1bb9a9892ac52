"""In which order definitions are computed: whole, in loops over an axis, or entry by entry.

The pieces of the definitions (units) and what they read form a graph. A strongly
connected component of one unit that does not read itself is computed whole. Any other is
computed in a loop: each of its tensors gets an axis on which every read inside the
component goes to the same or an earlier position (or the same or a later one, for a loop
that runs downwards). Inside the loop the same question is asked again about the reads
that stay at the same position, which orders them or finds a further loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from einrnn.core import affine as af
from einrnn.core.nodes import Compare, Index
from einrnn.core.traverse import walk
from einrnn.dataclass import dataclass
from einrnn.numeric import bounds
from einrnn.numeric.bounds import Interval
from einrnn.numeric.references import Reference, Unit

# more pieces than this, and conditions on the loop's index are decided while it runs
_SEGMENTS = 8

T = TypeVar("T")


@dataclass(frozen=True)
class Whole:
    """Compute the unit over all axes that no loop around it runs over."""

    unit: Unit


@dataclass(frozen=True)
class Segment:
    """Positions ``lo..hi`` of a loop in which the same units are computed in the same way."""

    lo: int
    hi: int
    body: tuple[Task, ...]


@dataclass(frozen=True)
class Loop:
    """One pass over ``axes`` (an axis number for each tensor), segment by segment.

    Downwards, the segments and the positions in them run from the last to the first.
    """

    axes: Mapping[str, int]
    downwards: bool
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Entries:
    """No order is known beforehand: compute entry by entry, on demand."""

    units: tuple[Unit, ...]


Task = Whole | Loop | Entries


@dataclass(frozen=True)
class _Context:
    """The loops around: per loop an axis of each tensor, its direction, its positions."""

    sizes: Mapping[str, int]
    loops: tuple[tuple[Mapping[str, int], bool, Interval], ...] = ()

    def hull(self, unit: Unit) -> dict[Index, Interval]:
        """The values of the unit's indices inside the loops."""
        hull = unit.hull()
        for axes, _, span in self.loops:
            letter = unit.letters[axes[unit.tensor]]
            if letter is not None:
                lo, hi = hull[letter]
                hull[letter] = (max(lo, span[0]), min(hi, span[1]))
        return hull

    def free_axes(self, tensor: str, rank: int) -> list[int]:
        """The axes that no loop runs over."""
        taken = {axes[tensor] for axes, _, _ in self.loops}
        return [axis for axis in range(rank) if axis not in taken]


def schedule(units: Sequence[Unit], sizes: Mapping[str, int]) -> tuple[Task, ...]:
    """The tasks that compute all units, each after what it reads."""
    context = _Context(sizes)
    tasks: list[Task] = []
    for component, edges in _components(units, context):
        if not edges:
            tasks.append(Whole(component[0]))
        else:
            loop = _loop(component, edges, context)
            tasks.append(loop or Entries(tuple(component)))
    return tuple(tasks)


def reads_from(unit: Unit, others: Sequence[Unit], sizes: Mapping[str, int]) -> bool:
    """Whether a unit can read an entry of one of the others at these sizes."""
    context = _Context(sizes)
    hull = context.hull(unit)
    return any(
        reference.tensor == other.tensor and _meets(reference, hull, other, context)
        for reference in unit.references
        for other in others
    )


def _order(units: Sequence[Unit], context: _Context) -> tuple[Task, ...] | None:
    """The tasks inside a loop; None where some component needs one that is not found."""
    tasks: list[Task] = []
    for component, edges in _components(units, context):
        task = _loop(component, edges, context) if edges else Whole(component[0])
        if task is None:
            return None
        tasks.append(task)
    return tuple(tasks)


_Edge = tuple[Unit, Reference, Unit]


def _components(
    units: Sequence[Unit], context: _Context
) -> Iterator[tuple[list[Unit], list[_Edge]]]:
    """The strongly connected components, what is read first, each with its inner reads."""
    edges = [edge for unit in units for edge in _edges(unit, units, context)]
    below: dict[Unit, list[Unit]] = {unit: [] for unit in units}
    for reader, _, read in edges:
        below[reader].append(read)
    for component in strongly_connected(units, below):
        inside = set(component)
        yield component, [e for e in edges if e[0] in inside and e[2] in inside]


def _edges(unit: Unit, units: Sequence[Unit], context: _Context) -> Iterator[_Edge]:
    """The reads of a unit that earlier turns of the loops around have not provided for."""
    hull = context.hull(unit)
    for reference in unit.references:
        for other in units:
            if other.tensor != reference.tensor or not _meets(reference, hull, other, context):
                continue
            shifts = (
                _shift(unit, reference, axes, downwards, hull, context.sizes)
                for axes, downwards, _ in context.loops
            )
            if not any(shift is not None and shift < 0 for shift in shifts):
                yield unit, reference, other


def _meets(
    reference: Reference, hull: Mapping[Index, Interval], other: Unit, context: _Context
) -> bool:
    """Whether the entries that are read can lie in the other unit."""
    for arg, (lo, hi) in zip(reference.args, other.box, strict=True):
        least = bounds.smallest(arg, reference.around, hull, context.sizes)
        greatest = bounds.largest(arg, reference.around, hull, context.sizes)
        if (least is not None and least > hi) or (greatest is not None and greatest < lo):
            return False
    return True


def _shift(
    unit: Unit,
    reference: Reference,
    axes: Mapping[str, int],
    downwards: bool,
    hull: Mapping[Index, Interval],
    sizes: Mapping[str, int],
) -> int | None:
    """How far ahead of its own position, in the direction of the loop, the unit reads at most."""
    there = reference.args[axes[reference.tensor]]
    here = unit.position(axes[unit.tensor])
    ahead = af.minus(here, there) if downwards else af.minus(there, here)
    return bounds.largest(ahead, reference.around, hull, sizes)


def _loop(units: Sequence[Unit], edges: Sequence[_Edge], context: _Context) -> Loop | None:
    """A loop that provides for some of the reads and leaves an order for the others."""
    for downwards in (False, True):
        for axes in _assignments(units, edges, downwards, context):
            loop = _filled(units, axes, downwards, context)
            if loop is not None:
                return loop
    return None


def _assignments(
    units: Sequence[Unit], edges: Sequence[_Edge], downwards: bool, context: _Context
) -> Iterator[Mapping[str, int]]:
    """An axis per tensor such that no read goes ahead, and some read goes back."""
    ranks = {unit.tensor: len(unit.box) for unit in units}
    names = list(ranks)
    stack: list[dict[str, int]] = [{}]
    while stack:
        chosen = stack.pop()
        judged = [
            _shift(reader, reference, chosen, downwards, context.hull(reader), context.sizes)
            for reader, reference, read in edges
            if reader.tensor in chosen and read.tensor in chosen
        ]
        if any(shift is None or shift > 0 for shift in judged):
            continue
        if len(chosen) < len(names):
            name = names[len(chosen)]
            free = context.free_axes(name, ranks[name])
            stack.extend({**chosen, name: axis} for axis in reversed(free))
        elif any(shift is not None and shift < 0 for shift in judged):
            yield chosen


def _filled(
    units: Sequence[Unit], axes: Mapping[str, int], downwards: bool, context: _Context
) -> Loop | None:
    segments: list[Segment] = []
    for lo, hi in _segments(units, axes, context.sizes):
        active = [
            unit
            for unit in units
            if unit.box[axes[unit.tensor]][0] <= lo and hi <= unit.box[axes[unit.tensor]][1]
        ]
        inner = _Context(context.sizes, (*context.loops, (axes, downwards, (lo, hi))))
        body = _order(active, inner)
        if body is None:
            return None
        segments.append(Segment(lo, hi, body))
    return Loop(axes, downwards, tuple(reversed(segments) if downwards else segments))


def _segments(
    units: Sequence[Unit], axes: Mapping[str, int], sizes: Mapping[str, int]
) -> list[Interval]:
    """The loop's positions, cut where a unit begins or ends or a condition changes."""
    spans = [unit.box[axes[unit.tensor]] for unit in units]
    first, last = min(lo for lo, _ in spans), max(hi for _, hi in spans)
    cuts = {cut for lo, hi in spans for cut in (lo, hi + 1)}
    finer = set(cuts)
    for unit in units:
        letter = unit.letters[axes[unit.tensor]]
        if letter is not None:
            finer |= _flips(unit, letter, range(first, last + 1), sizes)
    if len(finer) <= _SEGMENTS:
        cuts = finer
    starts = sorted(cut for cut in cuts if first <= cut <= last)
    return list(zip(starts, [*(start - 1 for start in starts[1:]), last], strict=True))


def _flips(unit: Unit, letter: Index, span: range, sizes: Mapping[str, int]) -> set[int]:
    """Where a condition on the loop's index alone changes its truth."""
    found: set[int] = set()
    for node in walk(unit.body):
        if not isinstance(node, Compare) or node.free != frozenset({letter}):
            continue
        truths = [bounds.decided(node, {letter: (at, at)}, sizes) for at in span]
        found |= {at for at, a, b in zip(span[1:], truths, truths[1:], strict=False) if a != b}
    return found


def strongly_connected(nodes: Sequence[T], below: Mapping[T, Sequence[T]]) -> list[list[T]]:
    """The strongly connected components, those below first (Tarjan 1972)."""
    number: dict[T, int] = {}
    low: dict[T, int] = {}
    path: dict[T, None] = {}
    found: list[list[T]] = []
    for root in nodes:
        stack = [] if root in number else [(root, iter(below[root]))]
        while stack:
            node, rest = stack[-1]
            if node not in number:
                number[node] = low[node] = len(number)
                path[node] = None
            child = next((other for other in rest if other not in number or other in path), None)
            if child is None:
                stack.pop()
                if stack:
                    low[stack[-1][0]] = min(low[stack[-1][0]], low[node])
                if low[node] == number[node]:
                    found.append(_popped(path, node))
            elif child in number:
                low[node] = min(low[node], number[child])
            else:
                stack.append((child, iter(below[child])))
    return found


def _popped(path: dict[T, None], root: T) -> list[T]:
    """Take everything from ``root`` on off the path."""
    component = list(path)[list(path).index(root) :]
    for node in component:
        del path[node]
    return component
