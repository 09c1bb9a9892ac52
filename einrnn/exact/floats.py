"""Comparing two expressions in double precision, by the evaluator of the exact tier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from einrnn.core.model import Model, Range
from einrnn.core.nodes import Cond, Expr, Index
from einrnn.dataclass import dataclass
from einrnn.errors import EvaluationError
from einrnn.exact.evaluate import Evaluator
from einrnn.exact.exact import Compared, sides
from einrnn.exact.floating import Floating
from einrnn.exact.tensors import Groups, Tensors
from einrnn.exact.values import UNDEFINED


@dataclass(frozen=True)
class FloatOutcome:
    """Two sides in double precision.

    ``error`` is the largest difference, relative to the larger magnitude or to 1 where that
    is larger, over the ``compared`` entries at which both sides are finite; ``undefined``
    counts the others. ``at`` is where the error is largest, with ``left`` and ``right``
    there; it is None where nothing was compared.
    """

    error: float
    compared: int
    undefined: int
    at: Mapping[Index, int] | None = None
    left: float = np.nan
    right: float = np.nan


@dataclass()
class FloatPoints:
    """The expressions of a closed model at given sizes and several rows of arrays at once.

    Each row has every input that is read, in the shape that the model gives it. What rows
    share, an array that is the same object in all of them, is computed once. What depends on
    arrays only that are also those of the points ``beside``, of the same sizes and as many
    rows, is taken from there.
    """

    model: Model
    sizes: Mapping[str, int]
    rows: Sequence[Mapping[str, npt.NDArray[np.generic]]]
    groups: Groups | None = field(default=None)
    beside: FloatPoints | None = field(default=None)

    @cached_property
    def tensors(self) -> Tensors:
        """The tensors at these points."""
        groups = self.groups or Groups(self.model)
        tensors = Tensors(groups, self.sizes, self._given, np.float64)
        if self.beside is not None:
            pairs = list(zip(self.rows, self.beside.rows, strict=True))
            moved = [
                name
                for name in self.model.inputs
                if any(row.get(name) is not other.get(name) for row, other in pairs)
            ]
            tensors.own = groups.needing(moved)
            tensors.shared = self.beside.tensors, self.beside.evaluator
        return tensors

    @cached_property
    def evaluator(self) -> Evaluator:
        """What remembers every value at these points."""
        return Evaluator(self.model, self.sizes, Floating(), self.tensors)

    def _given(self, name: str, level: int) -> npt.NDArray[Any]:
        if any(name not in row for row in self.rows):
            raise EvaluationError("E601", f"no array was given for the input {name}")
        same = all(row[name] is self.rows[0][name] for row in self.rows)
        kept = self.rows[:1] if same else self.rows
        arrays = [_as_floats(np.asarray(row[name])) for row in kept]
        wanted = tuple(self.evaluator.number(size) for size in self.model.inputs[name].axes)
        for array in arrays:
            if array.shape != wanted:
                raise EvaluationError(
                    "E602", f"{name} has shape {array.shape}; its sizes make it {wanted}"
                )
        return np.stack(arrays)

    def outcomes(
        self,
        left: Expr,
        right: Expr,
        ranges: Mapping[Index, Range],
        condition: Cond | None = None,
    ) -> list[FloatOutcome]:
        """Both sides of ``left = right`` for all values of ``ranges`` that meet ``condition``,
        row by row.

        Raises:
            EvaluationError: a size, a tensor or an array is missing (E610, E609, E601), or an
                array has another shape (E602).
        """
        both = sides(self.evaluator, left, right, ranges, condition)
        if both is None:
            return [FloatOutcome(0.0, 0, 0)] * len(self.rows)
        found = _outcomes(both)  # one where nothing that is read differs between rows
        return found if len(found) == len(self.rows) else found * len(self.rows)


@dataclass()
class FloatPoint:
    """The expressions of a closed model at given sizes and arrays, each evaluated once.

    ``arrays`` has every input that is read, in the shape that the model gives it.
    """

    model: Model
    sizes: Mapping[str, int]
    arrays: Mapping[str, npt.NDArray[np.generic]]
    groups: Groups | None = field(default=None)
    beside: FloatPoints | None = field(default=None)

    @cached_property
    def points(self) -> FloatPoints:
        """The same as the only one of several."""
        return FloatPoints(self.model, self.sizes, (self.arrays,), self.groups, self.beside)

    @property
    def evaluator(self) -> Evaluator:
        """What remembers every value at this point."""
        return self.points.evaluator

    def compare(
        self,
        left: Expr,
        right: Expr,
        ranges: Mapping[Index, Range],
        condition: Cond | None = None,
    ) -> FloatOutcome:
        """Both sides of ``left = right``, as :meth:`FloatPoints.outcomes` does."""
        return self.points.outcomes(left, right, ranges, condition)[0]


def _as_floats(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """An array as floats; each object in it, of which a drawn array has few, is converted once."""
    if values.dtype != object:
        return values.astype(np.float64)
    entries = values.ravel().tolist()
    keys = list(map(id, entries))
    floats = {key: float(value) for key, value in dict(zip(keys, entries, strict=True)).items()}
    numbers = map(floats.__getitem__, keys)
    return np.fromiter(numbers, np.float64, len(keys)).reshape(values.shape)


def _outcomes(both: Compared) -> list[FloatOutcome]:
    """Where the sides differ most at each point."""
    shape: tuple[int, ...] = both.left.shape
    count = shape[0]
    left, right = both.left.reshape(count, -1), both.right.reshape(count, -1)
    flags = both.flags.reshape(count, -1)
    defined = ((flags & UNDEFINED) == 0) & np.isfinite(left) & np.isfinite(right)
    with np.errstate(all="ignore"):
        scale = np.maximum(1.0, np.maximum(np.abs(left), np.abs(right)))
        errors = np.where(defined, np.abs(left - right) / scale, 0.0)
    compared = defined.sum(axis=1).tolist()
    worst: list[int] = errors.argmax(axis=1).tolist()
    lows = [(index, both.env[index].lo) for index in both.order]
    found: list[FloatOutcome] = []
    for point, (some, at) in enumerate(zip(compared, worst, strict=True)):
        undefined = defined.shape[1] - some
        if not some:
            found.append(FloatOutcome(0.0, 0, undefined))
            continue
        places = np.unravel_index(int(at), shape[1:])
        where = {index: lo + int(n) for (index, lo), n in zip(lows, places, strict=True)}
        values = float(left[point, at]), float(right[point, at])
        found.append(FloatOutcome(float(errors[point, at]), some, undefined, where, *values))
    return found
