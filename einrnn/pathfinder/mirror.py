"""Products that equal their own transpose: half of such a matrix need not be computed.

A sum of products is what it was when axes change places if its factors are:
``B[a,i] S[a,b] B[b,j]`` with a symmetric ``S`` is itself when ``i`` and ``j``, and ``a`` and ``b``,
change places. So it is a symmetric matrix, and the product that makes it may compute one triangle
only. Of an array and itself BLAS does that (syrk); of two different arrays it is done in blocks,
which pays for large matrices only.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Generic, TypeVar

from einrnn.dataclass import dataclass

_Axis = TypeVar("_Axis", bound=Hashable)
# the positions of axes in another order
Order = tuple[int, ...]
# the orders in which arrays may be read besides the one they are in; each is its own inverse
Orders = Mapping[Hashable, Sequence[Order]]
# what a factor is, and its axes
Factor = tuple[Hashable, tuple[_Axis, ...]]

# Half of a symmetric product is computed from so many rows on, since below the calls and copies
# take longer than the half: of an array and itself by BLAS, of two arrays in so many blocks of
# rows, each from the diagonal on.
_SAME, BLOCKED, BLOCKS = 64, 256, 4
# factors, and pairs of them that are tried, beyond which no symmetry is looked for
_FACTORS, _TRIED = 12, 200


def last_two(rank: int) -> Order:
    """The order that exchanges the last two axes."""
    return (*range(rank - 2), rank - 1, rank - 2)


def halved(rows: int, *, same: bool, batch: bool) -> bool:
    """Whether it pays to compute half of a symmetric product; see :func:`computed`."""
    return rows >= (_SAME if same else BLOCKED) and (same or not batch)


def computed(rows: int, *, same: bool, batch: bool) -> int:
    """How many of the ``rows * rows`` entries of a symmetric product are computed, twice each.

    ``same`` says that both operands are one array. Blocks of rows count as far as they go; a
    batch is not computed in blocks.
    """
    if not halved(rows, same=same, batch=batch):
        return 2 * rows * rows
    if same:
        return rows * (rows + 1)
    size = -(-rows // BLOCKS)
    return 2 * sum(min(size, rows - lo) * (rows - lo) for lo in range(0, rows, size))


def mirror(
    factors: Sequence[Factor[_Axis]],
    orders: Orders,
    left: Sequence[_Axis],
    right: Sequence[_Axis],
    fixed: Iterable[_Axis],
) -> dict[_Axis, _Axis] | None:
    """An exchange of axes under which the product of the factors stays what it is.

    It exchanges ``left`` with ``right``, leaves those in ``fixed`` alone, and may exchange any
    others, which are summed. None where there is none, or the search for it would take long.
    """
    if not left or len(left) != len(right) or len(factors) > _FACTORS:
        return None
    names = [name for name, _ in factors]
    if len(set(names)) == len(names) and not any(name in orders for name in names):
        return None
    kinds = dict.fromkeys(left, "left") | dict.fromkeys(right, "right")
    kinds |= dict.fromkeys(fixed, "fixed")
    return _Mirror(factors, orders, kinds).run()


_ONTO = {"left": "right", "right": "left", "fixed": "fixed", "summed": "summed"}


@dataclass()
class _Mirror(Generic[_Axis]):
    factors: Sequence[Factor[_Axis]]
    orders: Orders
    kinds: Mapping[_Axis, str]
    tried: int = 0
    image: dict[_Axis, _Axis] = field(default_factory=dict)  # pyright: ignore[reportUnknownVariableType]

    def run(self) -> dict[_Axis, _Axis] | None:
        """Those with axes to exchange come first: they leave fewest choices."""
        rest = sorted(
            range(len(self.factors)),
            key=lambda at: all(self._kind(axis) != "left" for axis in self.factors[at][1]),
        )
        return self.image if self._match(rest) else None

    def _kind(self, axis: _Axis) -> str:
        return self.kinds.get(axis, "summed")

    def _match(self, rest: list[int]) -> bool:
        """Give every factor one, perhaps itself, that it changes places with."""
        if not rest:
            return True
        name, axes = self.factors[rest[0]]
        for other in rest:
            if self.factors[other][0] != name:
                continue
            for order in (tuple(range(len(axes))), *self.orders.get(name, ())):
                self.tried += 1
                if self.tried > _TRIED:
                    return False
                before = dict(self.image)
                turned = [self.factors[other][1][at] for at in order]
                left_over = [at for at in rest if at not in (rest[0], other)]
                if all(map(self._exchange, axes, turned)) and self._match(left_over):
                    return True
                self.image = before
        return False

    def _exchange(self, a: _Axis, b: _Axis) -> bool:
        """Let two axes change places if that agrees with what is known."""
        if a in self.image or b in self.image:
            return self.image.get(a) == b and self.image.get(b) == a
        kind = self._kind(a)
        if _ONTO[kind] != self._kind(b) or (kind == "fixed" and a != b):
            return False
        self.image[a], self.image[b] = b, a
        return True
