"""What the indices of an expression stand for while it is lowered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from functools import cached_property

from einrnn.core.nodes import Affine, Cond, Element, Index, Node
from einrnn.dataclass import dataclass
from einrnn.errors import InternalError
from einrnn.numeric import bounds
from einrnn.numeric.bounds import Interval
from einrnn.numeric.emit import Axis


@dataclass(frozen=True)
class Counted:
    """An index that a loop runs over: its counter's register and its values."""

    register: int
    lo: int
    hi: int


Binding = Axis | Counted | int


@dataclass(frozen=True, eq=False)
class Scope:
    """Bindings of indices, and the conditions under which the value is looked at."""

    bindings: Mapping[Index, Binding]
    conditions: tuple[Cond, ...] = ()
    sizes: Mapping[str, int] = field(default_factory=dict[str, int])

    def bind(self, index: Index, binding: Binding) -> Scope:
        """The scope inside a binder."""
        return Scope({**self.bindings, index: binding}, self.conditions, self.sizes)

    def know(self, *conditions: Cond) -> Scope:
        """The scope inside a branch."""
        return Scope(self.bindings, (*self.conditions, *conditions), self.sizes)

    @cached_property
    def hull(self) -> dict[Index, Interval]:
        """The range of every index."""
        return {index: _span(binding) for index, binding in self.bindings.items()}

    def interval(self, value: Affine) -> Interval | None:
        """The least and the greatest value, or None where it depends on a look-up."""
        return bounds.interval(bounds.fixed(value, self.sizes), self.hull)

    def decided(self, cond: Cond) -> bool | None:
        """Whether the condition always or never holds here."""
        return bounds.decided(cond, self.hull, self.sizes)

    def key(self, node: Node) -> tuple[object, ...]:
        """What the node's value depends on."""
        free = sorted(node.free, key=lambda index: index.name)
        return (node, tuple(self.bindings[index] for index in free), bool(self.conditions))


def _span(binding: Binding) -> Interval:
    match binding:
        case Axis(_, lo, size):
            return lo, lo + size - 1
        case Counted(_, lo, hi):
            return lo, hi
        case _:
            return binding, binding


@dataclass(frozen=True)
class Place:
    """An index expression, taken apart by what its indices are bound to."""

    constant: int
    axes: tuple[tuple[Axis, int], ...]
    counters: tuple[tuple[int, int], ...]
    entries: tuple[tuple[Element, int], ...]


def place(value: Affine, scope: Scope) -> Place:
    """Take an index expression apart."""
    constant = 0
    axes: dict[Axis, int] = {}
    counters: dict[int, int] = {}
    entries: list[tuple[Element, int]] = []
    value = bounds.fixed(value, scope.sizes)
    constant = value.constant
    for atom, times in value.terms:
        if isinstance(atom, Element):
            entries.append((atom, times))
            continue
        if not isinstance(atom, Index) or atom not in scope.bindings:
            raise InternalError("E903", f"{atom} is not bound in {value}")
        match scope.bindings[atom]:
            case Axis() as axis:
                axes[axis] = axes.get(axis, 0) + times
            case Counted(register):
                counters[register] = counters.get(register, 0) + times
            case position:
                constant += times * position
    return Place(
        constant,
        tuple((axis, times) for axis, times in axes.items() if times),
        tuple((counter, times) for counter, times in counters.items() if times),
        tuple(entries),
    )
