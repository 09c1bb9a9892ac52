"""Positions in arrays as sums over C variables: what tells reads of a loop apart."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from einrnn.dataclass import dataclass

_VARIABLE = re.compile(r"\bi\d+\b")


@dataclass(frozen=True)
class Ix:
    """``constant + sum times * text``: each text is C for a whole number.

    Variables of loops over entries are called ``i0, i1, …``, counters of time loops ``c8``.
    """

    constant: int = 0
    terms: tuple[tuple[str, int], ...] = ()

    @property
    def varies(self) -> bool:
        """Whether it depends on a variable of a loop over entries."""
        return any(_VARIABLE.search(text) for text, _ in self.terms)

    def plus(self, other: Ix, times: int = 1) -> Ix:
        """``self + times * other``."""
        sums = dict(self.terms)
        for text, factor in other.terms:
            sums[text] = sums.get(text, 0) + times * factor
        kept = tuple(sorted((text, factor) for text, factor in sums.items() if factor))
        return Ix(self.constant + times * other.constant, kept)

    def __str__(self) -> str:
        rows = [text if times == 1 else f"{times} * {text}" for text, times in self.terms]
        if self.constant or not rows:
            rows.append(str(self.constant))
        return " + ".join(rows).replace("+ -", "- ")


def variable(name: str) -> Ix:
    """A variable, or any C text for a whole number."""
    return Ix(0, ((name, 1),))


@dataclass(frozen=True)
class Cell:
    """An entry of what a register holds."""

    base: int
    at: tuple[Ix, ...]


def renamed(at: Sequence[Ix], names: Mapping[str, str]) -> tuple[Ix, ...]:
    """Positions with other names for variables, also in what is looked up."""

    def text(old: str) -> str:
        return _VARIABLE.sub(lambda found: names.get(found[0], found[0]), old)

    return tuple(
        Ix(ix.constant, tuple(sorted((text(old), times) for old, times in ix.terms))) for ix in at
    )


def apart(a: Cell, b: Cell) -> bool:
    """Whether two cells of one array are surely different in every turn of inner loops."""
    for left, right in zip(a.at, b.at, strict=True):
        fixed = not left.varies and not right.varies
        if fixed and left.terms == right.terms and left.constant != right.constant:
            return True
    return False


def pointwise(a: Cell, b: Cell, name: str) -> bool:
    """Whether both move along one axis with the variable, at the same place in each turn."""
    alone = ((name, 1),)
    return any(
        left == right and left.terms == alone for left, right in zip(a.at, b.at, strict=True)
    )
