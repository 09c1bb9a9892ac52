"""What a document says of its tensors, as far as normal forms use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import NamedTuple

from einrnn.core.nodes import Affine, Expr
from einrnn.dataclass import dataclass
from einrnn.symbolic.normal.signs import Signs
from einrnn.symbolic.normal.total import Totality


class Unit(NamedTuple):
    """The axis of a tensor along which its entries add up to 1, and its size; whether one of
    them is 1 and the others are 0."""

    axis: int
    size: Affine
    one_hot: bool


@dataclass(frozen=True)
class Facts:
    """What is known of tensors: below what the entries of integer inputs stay, which inputs
    are symmetric in their last two positions, which tensors are positive or never negative, which
    inputs are
    matrices that have an inverse, with their size, between whose entries some equation holds
    (that they add up to 1, or another one), which have the entries 0 and 1 only, which are
    symmetric and positive definite, what surely has a value, and which expressions are nowhere
    negative where anything is asked about."""

    limits: Mapping[str, Affine] = field(default_factory=dict["str", "Affine"])
    symmetric: frozenset[str] = frozenset()
    signs: Signs = field(default_factory=Signs)
    invertible: Mapping[str, Affine] = field(default_factory=dict["str", "Affine"])
    units: Mapping[str, Unit] = field(default_factory=dict[str, Unit])
    tied: frozenset[str] = frozenset()
    bits: frozenset[str] = frozenset()
    definite: frozenset[str] = frozenset()
    total: Totality = field(default_factory=Totality)
    nonnegative: frozenset[Expr] = frozenset()
