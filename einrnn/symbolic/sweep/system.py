"""Recurrences that carry some of their indices along unchanged.

``ds[t,m]/ds[r,n]`` obeys ``G[t,m,r,n] = δ[t,r] δ[m,n] + Σ_p G[t,m,r+1,p] A[r+1,p,n]``: for
each ``(t, m)`` apart it is the same recurrence in ``r``. Such an index is a *parameter*
of the system of definitions that need each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from einrnn.core import affine as af
from einrnn.core.build import ZERO, compare
from einrnn.core.model import Clause, Model
from einrnn.core.nodes import (
    Add,
    Affine,
    Cases,
    Compare,
    Element,
    Expr,
    Index,
    Mul,
    Node,
    Reduce,
    Value,
)
from einrnn.core.trampoline import Steps, trampoline
from einrnn.core.traverse import binds, elements, rebuild, substitute, walk
from einrnn.dataclass import dataclass
from einrnn.symbolic.ranges import Ranges, at_least_zero, refined
from einrnn.symbolic.tidy import tidy

Same = Callable[[Affine, Index], bool]
Trace = Mapping[str, int]


@dataclass(frozen=True)
class System:
    """Definitions that need each other, seen from one of them, ``name``.

    ``parameters`` maps each axis of ``name`` that is carried along unchanged to the axis
    it is of every other member.
    """

    name: str
    members: tuple[str, ...]
    parameters: Mapping[int, Trace]


class Systems:
    """The systems of a model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._reached: dict[str, frozenset[str]] = {}
        self._systems: dict[str, System | None] = {}
        self._diagonal: dict[str, bool] = {}
        self._carrying: dict[str, bool] = {}

    def reach(self, name: str) -> frozenset[str]:
        """Every definition that one needs, directly or not; itself only where it recurs."""
        if name not in self._reached:
            found: dict[str, None] = {}
            pending = self._needs(name)
            while pending:
                other = pending.pop()
                if other not in found:
                    found[other] = None
                    pending += self._needs(other)
            self._reached[name] = frozenset(found)
        return self._reached[name]

    def bodies(self, name: str) -> list[Expr]:
        """The right sides of a definition; none for an input."""
        definition = self.model.definitions.get(name)
        return [] if definition is None else [clause.body for clause in definition.clauses]

    def _needs(self, name: str) -> list[str]:
        found = dict.fromkeys(element.tensor for element in elements(*self.bodies(name)))
        return [other for other in found if other in self.model.definitions]

    def recurs(self, name: str) -> bool:
        """Whether a definition needs itself."""
        return name in self.reach(name)

    def of(self, name: str) -> System | None:
        """The system a definition belongs to, if it recurs and has parameters."""
        if name not in self._systems:
            self._systems[name] = self._build(name) if self.recurs(name) else None
        return self._systems[name]

    def carries(self, name: str) -> bool:
        """Whether a definition belongs to such a system, or is linear in one that does."""
        return _carries(self, name, self._carrying)

    def diagonal(self, name: str) -> bool:
        """Whether a derivative that does not recur is 0 off a diagonal, or reads one that is."""
        if name not in self._diagonal:
            plain = name in self.model.derived and not self.recurs(name)
            others = sorted(self.reach(name)) if plain else []
            self._diagonal[name] = any(self._has_delta(o) for o in (name, *others) if plain)
        return self._diagonal[name]

    def _has_delta(self, name: str) -> bool:
        definition = self.model.definitions.get(name)
        if definition is None or name not in self.model.derived or self.recurs(name):
            return False
        return any(_pins(clause) for clause in definition.clauses)

    def _build(self, name: str) -> System | None:
        members = tuple(sorted(o for o in self.reach(name) if name in self.reach(o)))
        if not all(linear(body, members) for m in members for body in self.bodies(m)):
            return None
        axes = range(len(self.model.axes(name)))
        traced = {axis: self._trace(name, members, axis) for axis in axes}
        parameters = {axis: trace for axis, trace in traced.items() if trace is not None}
        return System(name, members, parameters) if parameters else None

    def _trace(self, name: str, members: tuple[str, ...], axis: int) -> Trace | None:
        """The axis of every member that an axis of ``name`` corresponds to, if there is one."""
        found = {name: axis}
        pending = [name]
        while pending:
            user = pending.pop()
            for clause in self.model.definitions[user].clauses:
                uses = [e for e in elements(clause.body) if e.tensor in members]
                letter = af.letter(clause.args[found[user]])
                if letter is None:
                    return None
                for use in uses:
                    at = _only_axis(use, letter, clause.body, _unchanged)
                    if at is None or found.get(use.tensor, at) != at:
                        return None
                    if use.tensor not in found:
                        pending.append(use.tensor)
                    found[use.tensor] = at
        return found


@trampoline
def _carries(systems: Systems, name: str, known: dict[str, bool]) -> Steps[bool]:
    if name in known:
        return known[name]
    if systems.of(name) is not None or systems.recurs(name):
        known[name] = systems.of(name) is not None
        return known[name]
    bodies = systems.bodies(name)
    below: list[str] = []
    for other in dict.fromkeys(element.tensor for element in elements(*bodies)):
        if (yield _carries.steps(systems, other, known)):
            below.append(other)
    known[name] = bool(below) and all(linear(body, below) for body in bodies)
    return known[name]


def linear(body: Expr, names: Sequence[str]) -> bool:
    """Whether entries of these tensors occur once in each term, outside functions."""

    def inside(node: Node) -> bool:
        return any(element.tensor in names for element in elements(node))

    pending: list[Expr] = [body]
    while pending:
        node = pending.pop()
        if not inside(node):
            continue
        match node:
            case Element():
                pass
            case Add(terms):
                pending += terms
            case Mul(factors):
                pending += [factor for factor in factors if inside(factor)]
                if sum(inside(factor) for factor in factors) > 1:
                    return False
            case Reduce("sum", _, _, _, inner):
                pending.append(inner)
            case Cases(branches, otherwise):
                if any(inside(cond) for cond, _ in branches):
                    return False
                pending += [*(value for _, value in branches), otherwise]
            case _:
                return False
    return True


def _pins(clause: Clause) -> bool:
    """Whether an equality between two of a clause's own letters occurs."""
    own = clause.ranges.keys()
    for node in walk(clause.body):
        match node:
            case Compare("==", Value(left), Value(right)):
                if sum(atom in own for atom, _ in af.minus(left, right).terms) == 2:
                    return True
            case _:
                pass
    return False


def _unchanged(position: Affine, letter: Index) -> bool:
    return af.letter(position) is letter


def _shifted(position: Affine, letter: Index) -> bool:
    return af.letter(af.shift(position, -position.constant)) is letter


def _only_axis(use: Element, letter: Index | None, body: Node, same: Same) -> int | None:
    """The one axis that has the letter, where nothing in the body binds that name again."""
    if letter is None or any(letter in binds(node) for node in walk(body)):
        return None
    found = [at for at, arg in enumerate(use.args) if same(arg, letter)]
    return found[0] if len(found) == 1 else None


def vanishes(model: Model, name: str, gap: Affine, letters: Mapping[Index, int]) -> bool:
    """Whether the entries of ``name`` with ``gap < 0`` are 0; ``letters`` says which axis a
    letter of ``gap`` is.

    By induction over the order in which entries are computed: where ``gap < 0``, every right
    side is 0 once the entries it reads with ``gap < 0`` are. Of all definitions that have
    these axes, those for which this fails are left out until it holds for the rest.
    """
    traces = {letter: _followed(model, name, axis) for letter, axis in letters.items()}
    supposed = [o for o in traces[next(iter(traces))] if all(o in t for t in traces.values())]
    while name in supposed:
        wrong = [o for o in supposed if not _zero_outside(model, o, gap, traces, supposed)]
        if not wrong:
            return True
        supposed = [other for other in supposed if other not in wrong]
    return False


def _followed(model: Model, name: str, axis: int) -> dict[str, int]:
    """The axis of other definitions that an axis of ``name`` moves along to, where it is one."""
    found = {name: axis}
    unclear: set[str] = set()
    pending = [name]
    while pending:
        user = pending.pop()
        for clause in model.definitions[user].clauses:
            letter = af.letter(clause.args[found[user]])
            for use in elements(clause.body):
                at = _only_axis(use, letter, clause.body, _shifted)
                if use.tensor not in model.definitions or at is None:
                    continue
                if use.tensor not in found:
                    pending.append(use.tensor)
                if found.setdefault(use.tensor, at) != at:
                    unclear.add(use.tensor)
    return {other: at for other, at in found.items() if other not in unclear}


def _zero_outside(
    model: Model,
    name: str,
    gap: Affine,
    traces: Mapping[Index, Mapping[str, int]],
    supposed: Sequence[str],
) -> bool:
    """Whether all right sides of ``name`` are 0 where ``gap < 0``, given that of others."""

    def gap_at(other: str, args: tuple[Affine, ...]) -> Affine:
        return substitute(gap, {letter: args[trace[other]] for letter, trace in traces.items()})

    for clause in model.definitions[name].clauses:
        outside = compare("<=", af.shift(gap_at(name, clause.args), 1), af.ZERO)
        ranges = refined(clause.ranges, outside)

        def change(node: Node, ranges: Ranges = ranges) -> Node:
            if not isinstance(node, Element) or node.tensor not in supposed:
                return node
            below = af.shift(af.scale(gap_at(node.tensor, node.args), -1), -1)
            return ZERO if at_least_zero(below, ranges) else node

        if tidy(rebuild(clause.body, change), ranges) is not ZERO:
            return False
    return True
