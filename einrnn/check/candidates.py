"""Simple inputs at small sizes, where the false claims of a document are looked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from fractions import Fraction
from functools import partial

import numpy as np
import numpy.typing as npt

from einrnn.check.assumptions import residuals, satisfy
from einrnn.check.claims import Prepared, named_assumptions
from einrnn.check.points import TIED, Batch, Point
from einrnn.check.sizes import Sizes
from einrnn.dataclass import dataclass
from einrnn.errors import EinrnnError
from einrnn.numeric.interpret import Interpreter
from einrnn.numeric.sample import sample, small_values, tied_values

Array = npt.NDArray[np.generic]
_Key = tuple[tuple[int, ...], tuple[str, ...]]

_EQUAL = (tied_values, *(partial(tied_values, among=(value,)) for value in (0, 1)))
_DRAWS = (small_values, small_values, sample, *_EQUAL)
_EXACT = 1e-12


@dataclass()
class Candidates:
    """The points of one document at which its claims may fail.

    They depend on the seed, the sizes and the assumptions alone, so that all claims with the
    same assumptions share what is computed there.
    """

    prepared: Prepared
    seed: int
    _batches: dict[_Key, Batch | None] = field(default_factory=dict["_Key", "Batch | None"])
    _interpreters: dict[tuple[tuple[int, ...], bool], Interpreter] = field(
        default_factory=dict["tuple[tuple[int, ...], bool]", Interpreter]
    )

    def at(self, sizes: Sizes, assumptions: tuple[str, ...]) -> Batch | None:
        """Points with simple values, and one with random ones; None where no inputs were found
        that satisfy the assumptions."""
        key = (tuple(sizes.values()), assumptions)
        if key not in self._batches:
            self._batches[key] = self._made(sizes, assumptions)
        return self._batches[key]

    def _made(self, sizes: Sizes, assumptions: tuple[str, ...]) -> Batch | None:
        rng = np.random.default_rng((self.seed, *sizes.values()))
        drawn = [draw(self.prepared.model, sizes, rng) for draw in _DRAWS]
        rows = [self._meeting(sizes, assumptions, arrays) for arrays in drawn]
        kinds = [TIED if draw in _EQUAL else 0 for draw in _DRAWS]
        points = [
            Point(self.prepared, sizes, arrays, kind)
            for arrays, kind in zip(rows, kinds, strict=True)
            if arrays is not None
        ]
        return Batch(tuple(points)) if points else None

    def _meeting(
        self, sizes: Sizes, assumptions: tuple[str, ...], arrays: Mapping[str, Array]
    ) -> Mapping[str, Array] | None:
        """The arrays moved to satisfy the assumptions, exactly where rational numbers can."""
        granted = named_assumptions(self.prepared.model, assumptions)
        if not granted:
            return arrays
        moved = satisfy(self.prepared.model, granted, sizes, arrays)
        if moved is None:
            return None
        exact = {name: _rational(array) for name, array in moved.items()}
        return exact if self.holds(sizes, assumptions, exact) else moved

    def holds(
        self, sizes: Sizes, assumptions: tuple[str, ...], arrays: Mapping[str, Array]
    ) -> bool:
        """Whether inputs satisfy the assumptions, but for rounding."""
        granted = named_assumptions(self.prepared.model, assumptions)
        if not granted:
            return True
        try:
            gaps = residuals(self.prepared.model, granted, sizes, (arrays,))
            return bool((np.abs(gaps) < _EXACT).all())
        except EinrnnError:
            return False

    def interpreter(self, point: Point) -> Interpreter:
        """The naive interpreter at a point, made ready for its sizes only once; good until
        it is asked for at another point of the same sizes."""
        exact = any(array.dtype == object for array in point.arrays.values())
        key = (tuple(point.sizes.values()), exact)
        if key not in self._interpreters:
            model = self.prepared.forward
            self._interpreters[key] = Interpreter(model, point.sizes, point.arrays)
        else:
            self._interpreters[key].read(point.arrays)
        return self._interpreters[key]


def _rational(array: Array) -> Array:
    """Nearby simple fractions."""
    if array.dtype.kind in "iub":
        return array
    flat = [Fraction(float(x)).limit_denominator(24) for x in array.ravel()]
    result = np.empty(array.shape, dtype=object)
    result.ravel()[:] = flat
    if array.ndim == 0:
        result[()] = flat[0]
    return result
