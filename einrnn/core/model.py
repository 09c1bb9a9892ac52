"""A document after elaboration: inputs, definitions and claims over core expressions.

The model is what every later room works on. Names of derived tensors (``dE/dW``,
``∂s/∂W``) are definitions like any other once :mod:`einrnn.symbolic.derived` has added
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Literal

from einrnn.core import affine as af
from einrnn.core.nodes import Affine, Cond, Element, Expr, Index
from einrnn.dataclass import dataclass
from einrnn.errors import Span

FactName = Literal[
    "symmetric",
    "positive",
    "invertible",
    "spd",
    "orthogonal",
    "one-hot",
    "probability",
    "boolean",
    "integer",
    "constant",
]


@dataclass(frozen=True)
class Range:
    """The values ``lo..hi`` of an index, both included."""

    lo: Affine
    hi: Affine


@dataclass(frozen=True)
class Fact:
    """What is known of an input.

    ``axis`` is the axis a fact runs along (the K of ``one-hot in K``: the entries add up
    to one along it). ``bound`` is, for ``integer in K``, the number that the entries stay
    below (they are 0..K-1).
    """

    name: FactName
    axis: int | None = None
    bound: Affine | None = None


@dataclass(frozen=True)
class Input:
    """Given data: ``axes`` are the sizes, positions count from 0."""

    name: str
    axes: tuple[Affine, ...]
    facts: tuple[Fact, ...] = ()
    span: Span | None = None

    def has(self, fact: FactName) -> bool:
        """Whether the fact was declared."""
        return any(other.name == fact for other in self.facts)

    @property
    def integer(self) -> bool:
        """Whether the entries are whole numbers that may be used as positions."""
        return self.has("integer")

    @property
    def discrete(self) -> bool:
        """Whether the entries are whole numbers, of which there are none next to one."""
        return any(map(self.has, ("boolean", "one-hot", "integer")))


@dataclass(frozen=True)
class Clause:
    """One way to compute entries of a definition.

    ``args`` has an index expression per axis: either one of the clause's own indices,
    each of which occurs once, or an expression without indices (``-1``, ``T-1``).
    ``ranges`` gives the values of those indices.
    """

    args: tuple[Affine, ...]
    ranges: Mapping[Index, Range]
    body: Expr


@dataclass(frozen=True)
class Definition:
    """A named tensor computed from others.

    ``axes`` are the positions that exist on each axis; boundary clauses may extend it
    below 0 or above the last position. An entry has the value of the first clause that
    matches it: boundary clauses stand before the general one. ``late`` marks a ``let``:
    an abbreviation, which immediate partials look through.
    """

    name: str
    axes: tuple[Range, ...]
    clauses: tuple[Clause, ...]
    late: bool = False
    span: Span | None = None


@dataclass(frozen=True)
class Shown:
    """A recurrence in print: general clauses, and what its entries off the ends count as."""

    name: str
    clauses: tuple[Clause, ...]
    ends: tuple[Clause, ...] = ()


@dataclass(frozen=True)
class Derived:
    """What a derived tensor is: the derivative of ``of`` by ``wrt``; axes of both, in turn."""

    kind: Literal["total", "immediate"]
    of: str
    wrt: str


@dataclass(frozen=True)
class Assumption:
    """An equation that the user grants, for all values of its indices."""

    name: str
    ranges: Mapping[Index, Range]
    left: Expr
    right: Expr
    text: str
    span: Span | None = None


@dataclass(frozen=True)
class Claim:
    """One equality of a chain: ``left = right`` for all values of ``ranges``.

    ``condition`` is the ``for`` clause, ``using`` the names it may lean on, ``expect``
    whether the author says it holds or must be refuted, ``step`` its number in the chain.
    """

    label: str
    step: int
    ranges: Mapping[Index, Range]
    left: Expr
    right: Expr
    condition: Cond | None
    using: tuple[str, ...]
    expect: Literal["hold", "refute"]
    text: str
    span: Span


@dataclass(frozen=True)
class Model:
    """Everything a document says, elaborated.

    ``dims`` maps each size to its number, or to None where it is symbolic; ``defaults``
    gives the value a size has in a computation that does not say otherwise (claims are
    judged for all its values). ``derived`` tells what the names of derived tensors mean, and
    ``letters`` over what size an index letter was declared to range, wherever it stands.
    """

    dims: Mapping[str, int | None] = field(default_factory=dict[str, "int | None"])
    inputs: Mapping[str, Input] = field(default_factory=dict[str, Input])
    definitions: Mapping[str, Definition] = field(default_factory=dict[str, Definition])
    assumptions: tuple[Assumption, ...] = ()
    claims: tuple[Claim, ...] = ()
    derived: Mapping[str, Derived] = field(default_factory=dict[str, Derived])
    defaults: Mapping[str, Affine] = field(default_factory=dict[str, Affine])
    letters: Mapping[str, Affine] = field(default_factory=dict[str, Affine])

    def axes(self, name: str) -> tuple[Range, ...]:
        """The positions that exist on each axis of an input or a definition."""
        if name in self.inputs:
            return tuple(Range(af.ZERO, af.last(size)) for size in self.inputs[name].axes)
        return self.definitions[name].axes

    def differentiated(self, name: str) -> str:
        """What a derived tensor is a derivative of, of whatever order; another name itself."""
        while name in self.derived:
            name = self.derived[name].of
        return name

    def with_definitions(
        self, new: Mapping[str, Definition], derived: Mapping[str, Derived] | None = None
    ) -> Model:
        """The model with definitions added or replaced."""
        return replace(
            self,
            definitions={**self.definitions, **new},
            derived={**self.derived, **(derived or {})},
        )


def entry(name: str, *args: Affine) -> Element:
    """One entry of a named tensor."""
    return Element(name, args)
