"""Random points at which a document's claims are evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
import numpy.typing as npt

from einrnn.check.assumptions import satisfy
from einrnn.check.claims import Prepared, named_assumptions
from einrnn.check.compared import Equation, equations, made_equal
from einrnn.core.model import Model
from einrnn.core.nodes import Number, Pow
from einrnn.core.traverse import walk
from einrnn.dataclass import dataclass
from einrnn.exact.floats import FloatPoint, FloatPoints
from einrnn.numeric.sample import sample, small_values, tied_values, uneven_values

if TYPE_CHECKING:
    from einrnn.numeric.interpret import Interpreter
    from einrnn.sympy_backend.evaluate import SympyValues

Array = npt.NDArray[np.generic]
_Key = tuple[tuple[tuple[str, int], ...], tuple[str, ...], int]

# the numbers of the draws whose entries are of very different magnitudes; the last is the usual
# one, and the first few go beyond the largest numbers that the document has
WIDE = range(92, 101)
BEYOND = range(92, 96)
# the numbers of draws from which on entries are small whole numbers and halves; -1, 0 and 1, so
# that some are equal and some are 0; and such that some inputs are much larger than others;
# between the first two such that compared values are the same
SMALL, COMPARED, TIED, UNEVEN = 101, 151, 201, 301
# all the same in the first two of those
_AMONG = {TIED: (0,), TIED + 1: (1,)}
_WIDEST = 300.0
_FAR, _TOO_FAR, _TIMES = 100, 10**12, 3.0


def _wide(model: Model, name: str, array: Array, most: float) -> Array:
    """Entries without facts, drawn again from ``-most`` to ``most``."""
    given = model.inputs[name]
    if given.facts or array.dtype.kind != "f":
        return array
    return np.asarray(array.astype(float) * most)


def _largest_number(model: Model) -> float | None:
    """The largest number of a document, where usual draws do not go beyond it."""
    clauses = [clause for d in model.definitions.values() for clause in d.clauses]
    sides = [side for claim in model.claims for side in (claim.left, claim.right)]
    found = [_FAR - 1]
    for node in walk(*sides, *(clause.body for clause in clauses)):
        match node:
            case Number(value):
                found.append(abs(int(value)))
            case Pow(Number(base), Number(power)) if 0 < power < _FAR and abs(base) < _FAR:
                found.append(int(abs(base) ** int(power)))
            case _:
                pass
    largest = max(number for number in found if number <= _TOO_FAR)
    return float(largest) if largest >= _FAR else None


@dataclass(frozen=True, eq=False)
class Point:
    """Sizes and input arrays, with the naive interpreter's values of everything there.

    Where inputs were moved to satisfy assumptions, ``plain`` is the point that has them as they
    were drawn: what does not depend on them is computed there.
    """

    prepared: Prepared
    sizes: Mapping[str, int]
    arrays: Mapping[str, Array]
    draw: int = 0
    plain: Point | None = None

    @cached_property
    def interpreter(self) -> Interpreter:
        """The oracle at this point; it remembers every entry it has computed."""
        from einrnn.numeric.interpret import Interpreter

        return Interpreter(self.prepared.forward, self.sizes, self.arrays)

    @cached_property
    def forward(self) -> FloatPoint:
        """Everything in double precision, derivatives carried out ahead."""
        beside = None if self.plain is None else self.plain.forward.points
        model, groups = self.prepared.forward, self.prepared.groups[0]
        return FloatPoint(model, self.sizes, self.arrays, groups, beside)

    @cached_property
    def reverse(self) -> FloatPoint:
        """Everything in double precision, derivatives by adjoints."""
        beside = None if self.plain is None else self.plain.reverse.points
        model, groups = self.prepared.reverse, self.prepared.groups[1]
        return FloatPoint(model, self.sizes, self.arrays, groups, beside)

    @cached_property
    def sympy_values(self) -> SympyValues:
        """Everything at this point once more, by the sympy compiler."""
        from einrnn.numeric.opaque import opaque_value
        from einrnn.sympy_backend.evaluate import SympyValues

        return SympyValues(self.prepared.forward, self.sizes, self.arrays, opaque_value)


@dataclass(frozen=True, eq=False)
class Batch:
    """Points of the same sizes, evaluated together; ``plain`` are the points that they were
    moved from."""

    points: tuple[Point, ...]
    plain: Batch | None = None

    @cached_property
    def forward(self) -> FloatPoints:
        """All points, derivatives carried out ahead."""
        first = self.points[0]
        if len(self.points) == 1:
            return first.forward.points
        rows = [point.arrays for point in self.points]
        prepared = first.prepared
        beside = None if self.plain is None else self.plain.forward
        return FloatPoints(prepared.forward, first.sizes, rows, prepared.groups[0], beside)


@dataclass()
class Points:
    """The points of one document (or of its variant), made when first asked for.

    The inputs depend on the seed and the sizes alone, but for those that are moved to satisfy
    assumptions: every claim with the same assumptions is evaluated at the same points, and
    what assumptions do not touch at the same points as all else.
    """

    prepared: Prepared
    seed: int
    _made: dict[_Key, Point | None] = field(default_factory=dict["_Key", "Point | None"])
    _batches: dict[tuple[Point, ...], Batch] = field(
        default_factory=dict["tuple[Point, ...]", "Batch"]
    )

    @cached_property
    def equations(self) -> list[Equation]:
        """What makes the values the same that conditions compare."""
        return equations(self.prepared.model)

    @cached_property
    def largest_number(self) -> float | None:
        """The largest number of the document that usual draws do not go beyond."""
        return _largest_number(self.prepared.model)

    def at(
        self, sizes: Mapping[str, int], assumptions: tuple[str, ...], draw: int = 0
    ) -> Point | None:
        """The point of a draw at these sizes, or None where no inputs were found that
        satisfy the assumptions."""
        key = (tuple(sorted(sizes.items())), assumptions, draw)
        if key not in self._made:
            self._made[key] = self._make(sizes, assumptions, draw)
        return self._made[key]

    def batch(
        self, sizes: Mapping[str, int], assumptions: tuple[str, ...], draws: Sequence[int]
    ) -> Batch | None:
        """The points of some draws together, without those for which no inputs were found."""
        made = (self.at(sizes, assumptions, draw) for draw in draws)
        return self._together(tuple(point for point in made if point is not None))

    def _together(self, points: tuple[Point, ...]) -> Batch | None:
        if not points:
            return None
        if points not in self._batches:
            before = tuple(point.plain for point in points if point.plain is not None)
            plain = self._together(before) if len(before) == len(points) else None
            self._batches[points] = Batch(points, plain)
        return self._batches[points]

    def _make(
        self, sizes: Mapping[str, int], assumptions: tuple[str, ...], draw: int
    ) -> Point | None:
        model = self.prepared.model
        if not assumptions:
            text = repr((sorted(sizes.items()), assumptions, draw))
            rng = np.random.default_rng((self.seed, crc32(text.encode())))
            if draw >= UNEVEN:
                arrays = uneven_values(model, sizes, rng)
            elif COMPARED <= draw < TIED:
                # where one input is in several of them, the last one counts: each in its turn
                turn = (draw - COMPARED) % max(1, len(self.equations))
                found = [*self.equations[turn:], *self.equations[:turn]][::-1]
                arrays = made_equal(model, found, small_values(model, sizes, rng), rng)
            elif draw >= TIED:
                arrays = tied_values(model, sizes, rng, _AMONG.get(draw, (-1, 0, 1)))
            else:
                arrays = (small_values if draw >= SMALL else sample)(model, sizes, rng)
            if draw in WIDE:
                far = self.largest_number if draw in BEYOND else None
                most = _WIDEST if far is None else _TIMES * far
                arrays = {n: _wide(model, n, array, most) for n, array in arrays.items()}
            return Point(self.prepared, dict(sizes), arrays, draw)
        plain = self.at(sizes, (), draw)
        assert plain is not None
        granted = named_assumptions(model, assumptions)
        satisfied = satisfy(model, granted, sizes, plain.arrays)
        if satisfied is None:
            return None
        return Point(self.prepared, plain.sizes, satisfied, draw, plain)
