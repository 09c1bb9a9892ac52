"""A contraction as a hypergraph: operands as sets of indices, each set one whole number."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from math import log2
from typing import TypeVar

from einrnn.dataclass import dataclass
from einrnn.pathfinder.mirror import Order, Orders

_Label = TypeVar("_Label", bound=Hashable)


def _none() -> dict[Hashable, tuple[Order, ...]]:
    return {}


@dataclass(frozen=True)
class Network:
    """``operands`` and ``output`` are bit sets over the indices; ``sizes`` has one per index.

    Bit ``k`` stands for index ``k``, whose name is ``names[k]``. Indices of size 1 are in no
    set: a sum over one value is no work. ``labels`` say what a person calls each operand.
    Operands with equal ``identities`` hold the same array; its axes are in the order
    ``axes`` (one index number each), those of the output in ``order``. ``symmetric`` has, for
    identities that read the same with axes exchanged, these other orders of their axes.
    """

    operands: tuple[int, ...]
    output: int
    sizes: tuple[int, ...]
    names: tuple[str, ...]
    labels: tuple[str, ...]
    identities: tuple[Hashable, ...]
    axes: tuple[tuple[int, ...], ...]
    order: tuple[int, ...]
    symmetric: Orders = field(default_factory=_none)

    @staticmethod
    def of(
        inputs: Sequence[Sequence[_Label]],
        output: Iterable[_Label],
        sizes: Mapping[_Label, int],
        *,
        labels: Sequence[str] | None = None,
        identities: Sequence[Hashable] | None = None,
        symmetric: Orders | None = None,
    ) -> Network:
        """The network of operands given by the indices of their axes.

        An index may occur twice in one operand (its diagonal). Without ``identities`` all
        operands are different arrays.
        """
        number: dict[_Label, int] = {}
        for term in inputs:
            for index in term:
                number.setdefault(index, len(number))
        extent = tuple(max(sizes[index], 1) for index in number)
        axes = tuple(tuple(number[index] for index in term) for term in inputs)
        order = tuple(number[index] for index in output)
        wide = sum(1 << at for at, size in enumerate(extent) if size > 1)
        return Network(
            tuple(_bits(term) & wide for term in axes),
            _bits(order) & wide,
            extent,
            tuple(str(index) for index in number),
            tuple(labels or (str(at) for at in range(len(inputs)))),
            tuple(identities or range(len(inputs))),
            axes,
            order,
            symmetric or {},
        )

    @cached_property
    def private(self) -> tuple[int, ...]:
        """For each operand the indices that no other operand and not the output has."""
        once = twice = 0
        for operand in self.operands:
            twice |= once & operand
            once |= operand
        return tuple(operand & ~twice & ~self.output for operand in self.operands)

    @cached_property
    def reduced(self) -> tuple[int, ...]:
        """The operands after the indices that only one of them has are summed."""
        return tuple(o & ~p for o, p in zip(self.operands, self.private, strict=True))

    def entries(self, indices: int) -> int:
        """The number of entries of an array with these indices."""
        if self.uniform is not None:
            return self.uniform ** indices.bit_count()
        known = self._entries
        found = known.get(indices)
        if found is None:
            found = 1
            for bit in bits(indices):
                found *= self.sizes[bit]
            known[indices] = found
        return found

    @cached_property
    def _entries(self) -> dict[int, int]:
        return {}

    @cached_property
    def uniform(self) -> int | None:
        """The one size that all indices in the operands have, if there is one."""
        used = 0
        for operand in self.operands:
            used |= operand
        found = {self.sizes[bit] for bit in bits(used)}
        return found.pop() if len(found) == 1 else None

    def volume(self, indices: int) -> float:
        """As :meth:`entries`, in floating point; at most 1e300."""
        if self.uniform is not None:
            return float(self.uniform) ** min(indices.bit_count(), self._most)
        found = self._volumes.get(indices)
        if found is None:
            found = 2.0 ** min(990.0, sum(self._logs[bit] for bit in bits(indices)))
            self._volumes[indices] = found
        return found

    @cached_property
    def _most(self) -> int:
        return int(990 / log2(self.uniform or 2))

    @cached_property
    def _volumes(self) -> dict[int, float]:
        return {}

    @cached_property
    def _logs(self) -> tuple[float, ...]:
        return tuple(log2(size) for size in self.sizes)

    def letters(self, indices: int) -> tuple[str, ...]:
        """The names of the indices in a set."""
        return tuple(self.names[bit] for bit in bits(indices))


def bits(indices: int) -> Iterator[int]:
    """The numbers of the bits that are set, from the lowest."""
    while indices:
        lowest = indices & -indices
        yield lowest.bit_length() - 1
        indices ^= lowest


def _bits(numbers: Iterable[int]) -> int:
    result = 0
    for number in numbers:
        result |= 1 << number
    return result
