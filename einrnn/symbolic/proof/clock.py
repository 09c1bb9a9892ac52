"""Time: the axis along which a definition recurs, its direction, and what follows.

A recurrence that only refers to earlier (or only to later) entries of its component
computes entries in order. An entry cannot depend on one that comes after it, so that the
total derivative by it is 0.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from einrnn.core import affine as af
from einrnn.core.model import Clause, Model, Range
from einrnn.core.nodes import (
    Affine,
    Apply,
    Cases,
    Element,
    Matrix,
    Node,
    Number,
    Pow,
    Reduce,
    Value,
)
from einrnn.core.traverse import canonical, elements, parts, tensors, walk
from einrnn.dataclass import dataclass
from einrnn.symbolic.normal.domain import follows, inequalities, known_from
from einrnn.symbolic.normal.expand import Normaliser

UP, DOWN = 1, -1
LINEAR, RATIONAL, ALGEBRAIC, OTHER = range(4)
_MOST_CHOICES = 4096


@dataclass(frozen=True)
class Time:
    """The axis of a definition that is its time; ``direction`` is :data:`UP` where entries
    are computed from earlier ones and :data:`DOWN` where they are from later ones."""

    axis: int
    direction: int


class Ahead(NamedTuple):
    """The positions of one axis among those of a total derivative, that of what is differentiated
    and that of what it is differentiated by, and the direction in which entries are computed."""

    of: int
    wrt: int
    direction: int

    def by_later(self, args: tuple[Affine, ...]) -> Affine:
        """What is at least zero where an entry is one by a later one."""
        return af.shift(af.scale(af.minus(args[self.wrt], args[self.of]), self.direction), -1)


_RECENT: OrderedDict[int, Clock] = OrderedDict()
_KEPT = 8


def clock_of(model: Model) -> Clock:
    """The clock of a model; the last few are kept, since every proof asks for one."""
    key = id(model)  # no other object's while a clock keeps the model alive
    if key not in _RECENT:
        _RECENT[key] = Clock(model)
        if len(_RECENT) > _KEPT:
            _RECENT.popitem(last=False)
    return _RECENT[key]


class Clock:
    """The times of the definitions of one model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._reach: dict[str, frozenset[str]] = {}
        self._instant: dict[str, bool] = {}
        self._at_once: dict[str, frozenset[str]] = {}
        self._orders: dict[frozenset[str], Mapping[str, Time] | None] = {}
        self._curved: dict[str, int] = {}
        self._lags: dict[str, int | None] = {}
        self._known_ways: dict[tuple[str, str, int, int, int], tuple[bool, bool]] = {}
        self._references: dict[str, list[list[tuple[Element, tuple[Affine, ...]]]]] = {}

    def needs(self, name: str) -> list[str]:
        """The definitions on the right side of one."""
        if name not in self.model.definitions:
            return []
        clauses = self.model.definitions[name].clauses
        names = [e.tensor for clause in clauses for e in elements(clause.body)]
        return [other for other in dict.fromkeys(names) if other in self.model.definitions]

    def reach(self, name: str) -> frozenset[str]:
        """Every definition that one needs, directly or not."""
        if name not in self._reach:
            found: set[str] = set()
            pending = self.needs(name)
            while pending:
                other = pending.pop()
                if other not in found:
                    found.add(other)
                    pending += self.needs(other)
            self._reach[name] = frozenset(found)
        return self._reach[name]

    def behind(self, name: str) -> frozenset[str]:
        """Every definition and input that a definition needs, directly or not."""
        if name not in self.model.definitions:
            return frozenset()
        needed = (self.model.definitions[n] for n in (name, *self.reach(name)))
        return frozenset[str]().union(
            *(tensors(clause.body) for one in needed for clause in one.clauses)
        )

    def behind_ends(self, name: str) -> frozenset[str]:
        """Every definition and input that the clauses for one time lead to, and theirs."""
        found: set[str] = set()
        pending = [name]
        while pending:
            bodies = [clause.body for clause in self.at_ends(pending.pop())]
            fresh = frozenset[str]().union(*map(tensors, bodies)) - found
            found |= fresh
            pending += fresh
        return frozenset(found)

    def _reads(self, name: str, other: str) -> bool:
        """Whether a definition needs a definition or an input, directly or not."""
        if other in self.model.definitions:
            return other in self.reach(name)
        needed = (self.model.definitions[n] for n in (name, *self.reach(name)))
        return any(other in tensors(clause.body) for one in needed for clause in one.clauses)

    def recurs(self, name: str) -> bool:
        """Whether a definition needs itself."""
        return name in self.reach(name)

    def component(self, name: str) -> frozenset[str]:
        """The definitions that need one another together with this one."""
        return frozenset(o for o in self.reach(name) if name in self.reach(o)) | {name}

    def time(self, name: str) -> Time | None:
        """The time of a recurrent definition, None where it has none."""
        if name not in self.model.definitions or not self.recurs(name):
            return None
        order = self.order(self.component(name))
        return None if order is None else order[name]

    def at_ends(self, name: str) -> tuple[Clause, ...]:
        """The clauses of a recurrent definition that are for one time, or for one place of another
        axis and read nothing."""
        when = self.time(name)
        if when is None:
            return ()
        edges = [clause for clause, _ in self.edged.get(name, ()) if not tensors(clause.body)]
        clauses = self.model.definitions[name].clauses
        return tuple(c for c in clauses if af.letter(c.args[when.axis]) is None or c in edges)

    def instant(self, name: str) -> bool:
        """Whether a recurrent definition refers, of those it recurs with, to entries of its
        own time only: ``s[t] := tanh(z[t])`` where ``z`` reads ``s[t-1]``."""
        if name not in self._instant:
            self._instant[name] = self._refers_to_its_time(name)
        return self._instant[name]

    def _refers_to_its_time(self, name: str) -> bool:
        if name not in self.model.definitions or not self.recurs(name):
            return False
        component = self.component(name)
        order = self.order(component)
        if order is None:
            return False
        axis = order[name].axis
        return all(
            af.minus(clause.args[axis], element.args[order[element.tensor].axis]) is af.ZERO
            for clause in self.model.definitions[name].clauses
            for element in elements(clause.body)
            if element.tensor in component
        )

    def at_once(self, name: str) -> frozenset[str]:
        """The definitions that one recurs with and needs entries of its own time of, directly or
        not."""
        if name not in self._at_once:
            found: set[str] = set()
            pending = [name]
            while pending:
                fresh = [other for other in self._beside(pending.pop()) if other not in found]
                found.update(fresh)
                pending += fresh
            self._at_once[name] = frozenset(found)
        return self._at_once[name]

    def _beside(self, name: str) -> list[str]:
        if name not in self.model.definitions or not self.recurs(name):
            return []
        component = self.component(name)
        order = self.order(component)
        if order is None:
            return []
        axis = order[name].axis
        return [
            element.tensor
            for clause in self.model.definitions[name].clauses
            for element in elements(clause.body)
            if element.tensor in component
            and af.minus(clause.args[axis], element.args[order[element.tensor].axis]) is af.ZERO
        ]

    def curvature(self, name: str) -> int:
        """How far the right sides of a definition are from sums of products: see
        :func:`_curvature`."""
        if name not in self._curved:
            clauses = self.model.definitions[name].clauses
            nodes = walk(*(clause.body for clause in clauses))
            self._curved[name] = max(map(_curvature, nodes), default=LINEAR)
        return self._curved[name]

    def lag(self, name: str) -> int | None:
        """From how many times before a definition recurs, 1 where it does not; None where it is
        no number."""
        if name not in self._lags:
            self._lags[name] = self._lag(name)
        return self._lags[name]

    def _lag(self, name: str) -> int | None:
        component = self.component(name)
        order = self.order(component) if self.time(name) is not None else None
        if order is None:
            return 1
        distances = [
            af.minus(clause.args[order[one].axis], element.args[order[element.tensor].axis])
            for one in component
            for clause in self.model.definitions[one].clauses
            for element in elements(clause.body)
            if element.tensor in component
        ]
        if any(far.terms for far in distances):
            return None
        return max(1, *(abs(far.constant) for far in distances))

    def order(self, names: frozenset[str]) -> Mapping[str, Time] | None:
        """An axis for each of the definitions and inputs, such that all references among
        them go back in time or stay, and some go back; None if there is none."""
        if names not in self._orders:
            self._orders[names] = self._find(names)
        return self._orders[names]

    def _find(self, names: frozenset[str]) -> Mapping[str, Time] | None:
        """The first choice of axes for which all references go back or stay; up in time first."""
        found = [
            (tuple(axes[name] for name in sorted(names)), -direction, axes)
            for direction in (UP, DOWN)
            if (axes := next(self._axes(names, direction), None)) is not None
        ]
        if not found:
            return None
        _, against, axes = min(found, key=lambda row: row[:2])
        return {name: Time(axis, -against) for name, axis in axes.items()}

    def ways(self, names: frozenset[str], name: str, direction: int) -> list[int]:
        """The axes of one of the definitions and inputs that may be time in this direction."""
        return list(dict.fromkeys(axes[name] for axes in self._axes(names, direction)))

    def _axes(self, names: frozenset[str], direction: int) -> Iterator[dict[str, int]]:
        """Each choice of an axis for every name, such that some reference goes back along them and
        none ahead."""
        order = self._by_references(names)
        choices = [range(len(self.model.axes(name))) for name in order]
        chosen: list[int] = []
        rest: list[Iterator[int]] = [iter(choices[0])] if order else []
        for _ in range(_MOST_CHOICES):
            if not rest:
                return
            axis = next(rest[-1], None)
            if axis is None:
                rest.pop()
                if chosen:
                    chosen.pop()
                continue
            axes = dict(zip(order, (*chosen, axis), strict=False))
            if not self._stays(axes, order[len(chosen)], direction):
                continue
            if len(axes) < len(order):
                chosen.append(axis)
                rest.append(iter(choices[len(chosen)]))
            elif any(self._ways(one, other, axes, direction)[1] for one in axes for other in axes):
                yield axes

    def _by_references(self, names: frozenset[str]) -> list[str]:
        """The names, each after one that it refers to or that refers to it, where there is one."""
        beside: dict[str, list[str]] = {name: [] for name in sorted(names)}
        for name in beside:
            for other in dict.fromkeys(e.tensor for row in self._read_by(name) for e, _ in row):
                if other in beside:
                    beside[name].append(other)
                    beside[other].append(name)
        order: dict[str, None] = {}
        for first in beside:
            pending = [first]
            while pending:
                name = pending.pop()
                if name not in order:
                    order[name] = None
                    pending += reversed(beside[name])
        return list(order)

    def _stays(self, axes: Mapping[str, int], name: str, direction: int) -> bool:
        """Whether no reference between a name and those that have an axis goes ahead in time."""
        return all(
            self._ways(one, other, axes, direction)[0]
            for there in axes
            for one, other in {(name, there), (there, name)}
        )

    def _ways(
        self, name: str, other: str, axes: Mapping[str, int], direction: int
    ) -> tuple[bool, bool]:
        """Whether all references from one to the other go back in time or stay, and whether some
        goes back."""
        key = name, other, axes[name], axes[other], direction
        if key not in self._known_ways:
            self._known_ways[key] = self._moves(*key)
        return self._known_ways[key]

    def _moves(
        self, name: str, other: str, axis: int, other_axis: int, direction: int
    ) -> tuple[bool, bool]:
        back = False
        if name not in self.model.definitions:
            return True, False  # an input is not computed from anything
        clauses = self.model.definitions[name].clauses
        for clause, read in zip(clauses, self._read_by(name), strict=True):
            for element, known in read:
                if element.tensor != other:
                    continue
                there = element.args[other_axis]
                ahead = af.scale(af.minus(clause.args[axis], there), direction)
                if not follows(known, ahead):
                    return False, False
                back = back or follows(known, af.shift(ahead, -1))
        return True, back

    def _read_by(self, name: str) -> list[list[tuple[Element, tuple[Affine, ...]]]]:
        """What each clause of a definition reads; see :func:`references`."""
        if name not in self.model.definitions:
            return []
        if name not in self._references:
            clauses = self.model.definitions[name].clauses
            self._references[name] = [references(clause) for clause in clauses]
        return self._references[name]

    @cached_property
    def sums(self) -> dict[str, Any]:
        """Filled by :func:`einrnn.symbolic.proof.accumulated.as_sum`."""
        return {}

    @cached_property
    def edged(self) -> Mapping[str, list[tuple[Clause, int]]]:
        """The definitions with clauses at one place of an axis that is not time, with the axes."""
        found: dict[str, list[tuple[Clause, int]]] = {}
        for name, definition in self.model.definitions.items():
            for clause in definition.clauses[:-1]:
                fixed = [axis for axis, arg in enumerate(clause.args) if not arg.free]
                if len(fixed) == 1:
                    when = self.time(name)
                    if when is None or when.axis != fixed[0]:
                        found.setdefault(name, []).append((clause, fixed[0]))
        return found

    def is_at_edge(self, entry: Element) -> bool:
        """Whether a clause for one place of an axis that is not time decides an entry, and reads
        nothing."""
        return any(
            entry.args[axis] is clause.args[axis] and not tensors(clause.body)
            for clause, axis in self.edged.get(entry.tensor, ())
        )

    @cached_property
    def causal(self) -> dict[str, tuple[Ahead, ...]]:
        """Filled by :meth:`precedes`."""
        return {}

    def precedes(self, name: str) -> tuple[Ahead, ...]:
        """For a total derivative: along which of its axes an entry by a later one is 0; time comes
        first."""
        if name not in self.causal:
            self.causal[name] = self._precedes(name)
        return self.causal[name]

    def _precedes(self, name: str) -> tuple[Ahead, ...]:
        meaning = self.model.derived.get(name)
        if meaning is None or meaning.kind != "total":
            return ()
        of, wrt = meaning.of, meaning.wrt
        if of not in self.model.definitions or not self.model.axes(wrt):
            return ()
        between = frozenset(o for o in self.reach(of) if self._reads(o, wrt)) | {of, wrt}
        first = self.order(between)
        if first is None:
            return ()
        split = len(self.model.definitions[of].axes)
        found = [Ahead(first[of].axis, split + first[wrt].axis, first[of].direction)]
        for direction in (UP, DOWN):
            every = self._axes(between, direction)
            found += [Ahead(axes[of], split + axes[wrt], direction) for axes in every]
        return tuple(dict.fromkeys(found))


def _curvature(node: Node) -> int:
    """What a node makes of an expression: powers and quotients by an entry are
    :data:`RATIONAL`, roots and quotients by more :data:`ALGEBRAIC`."""
    match node:
        case Pow(base, Number(exponent)):
            whole = exponent >= 0 and exponent.denominator == 1
            return RATIONAL if whole or isinstance(base, Element | Value) else ALGEBRAIC
        case Pow() | Apply("sqrt"):
            return ALGEBRAIC
        case Apply() | Matrix() | Reduce("max" | "min" | "logsumexp"):
            return OTHER
        case _:
            return LINEAR


def references(clause: Clause) -> list[tuple[Element, tuple[Affine, ...]]]:
    """The entries a clause reads, each with what is at least zero where it is read."""
    rows: list[tuple[Element, tuple[Affine, ...]]] = []
    start = known_from(clause.ranges)
    # under names of their own, bound letters are none of the clause's
    stack: list[tuple[Node, tuple[Affine, ...]]] = [(canonical(clause.body), start)]
    while stack:
        node, known = stack.pop()
        if isinstance(node, Element):
            rows.append((node, known))
        if isinstance(node, Reduce):
            inner = (*known, *known_from({node.index: Range(node.lo, node.hi)}))
            stack += [(node.lo, known), (node.hi, known), (node.body, inner)]
        elif isinstance(node, Cases):
            stack += _branches(node, known)
        else:
            stack += [(part, known) for part in parts(node)]
    return rows


def _branches(node: Cases, known: tuple[Affine, ...]) -> list[tuple[Node, tuple[Affine, ...]]]:
    """The parts of cases, with what their conditions on indices say."""
    rows: list[tuple[Node, tuple[Affine, ...]]] = [(node.otherwise, known)]
    for cond, branch in node.branches:
        rows.append((cond, known))
        rows.append((branch, (*known, *_says(cond))))
    return rows


def _says(cond: Node) -> tuple[Affine, ...]:
    """What a condition says is at least zero, where it is one product of brackets."""
    from einrnn.symbolic.normal.terms import TooLarge

    try:
        poly = Normaliser().bracket(cond)  # type: ignore[arg-type]
    except TooLarge:
        return ()
    if len(poly) != 1:
        return ()
    ((term, _),) = poly.items()
    return inequalities(term.conds)
