"""Comparing two expressions in double precision, by the evaluator of the exact tier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from einrnn.core.model import Model, Range
from einrnn.core.nodes import Cond, Expr, Index
from einrnn.errors import EvaluationError
from einrnn.exact.evaluate import Evaluator
from einrnn.exact.exact import sides
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


@dataclass
class FloatPoint:
    """The expressions of a closed model at given sizes and arrays, each evaluated once.

    ``arrays`` has every input that is read, in the shape that the model gives it.
    """

    model: Model
    sizes: Mapping[str, int]
    arrays: Mapping[str, npt.NDArray[np.generic]]
    groups: Groups | None = field(default=None)

    @cached_property
    def evaluator(self) -> Evaluator:
        """What remembers every value at this point."""
        groups = self.groups or Groups(self.model)
        tensors = Tensors(groups, self._given, np.float64)
        return Evaluator(self.model, self.sizes, Floating(), tensors)

    def _given(self, name: str, level: int) -> npt.NDArray[Any]:
        if name not in self.arrays:
            raise EvaluationError("E601", f"no array was given for the input {name}")
        array = np.asarray(self.arrays[name]).astype(np.float64)[None]
        wanted = tuple(self.evaluator.number(size) for size in self.model.inputs[name].axes)
        if array.shape[1:] != wanted:
            raise EvaluationError(
                "E602", f"{name} has shape {array.shape[1:]}; its sizes make it {wanted}"
            )
        return array

    def compare(
        self,
        left: Expr,
        right: Expr,
        ranges: Mapping[Index, Range],
        condition: Cond | None = None,
    ) -> FloatOutcome:
        """Both sides of ``left = right`` for all values of ``ranges`` that meet ``condition``.

        Raises:
            EvaluationError: a size, a tensor or an array is missing (E610, E609, E601), or an
                array has another shape (E602).
        """
        both = sides(self.evaluator, left, right, ranges, condition)
        if both is None:
            return FloatOutcome(0.0, 0, 0)
        defined = (both.flags & UNDEFINED) == 0
        defined = defined & np.isfinite(both.left) & np.isfinite(both.right)
        count = int(np.count_nonzero(defined))
        if not count:
            return FloatOutcome(0.0, 0, defined.size)
        with np.errstate(all="ignore"):
            scale = np.maximum(1.0, np.maximum(np.abs(both.left), np.abs(both.right)))
            errors = np.where(defined, np.abs(both.left - both.right) / scale, 0.0)
        where = np.unravel_index(int(np.argmax(errors)), errors.shape)
        places = [int(i) for i in where]
        pairs = zip(both.order, places[1:], strict=True)
        at = {index: both.env[index].lo + i for index, i in pairs}
        values = float(both.left[where]), float(both.right[where])
        return FloatOutcome(float(errors[where]), count, defined.size - count, at, *values)
