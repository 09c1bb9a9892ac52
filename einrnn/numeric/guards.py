"""Whether conditions keep guarded reads in range, decided before anything is computed.

A compiled program looks at all entries at once and hides what a condition excludes, so a
read that a condition fails to guard would go unnoticed. It is found here instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from einrnn.core.nodes import Affine, And, Compare, Cond, Index, Not, Or
from einrnn.errors import EvaluationError
from einrnn.numeric import bounds
from einrnn.numeric.bounds import Interval
from einrnn.numeric.references import Box, Reference

# combinations of index values that are tried at most
_COMBINATIONS = 200_000

Truths = np.ndarray[Any, np.dtype[np.bool_]]
Grid = dict[Index, np.ndarray[Any, np.dtype[np.int64]]]


def check_guards(
    reference: Reference, hull: Mapping[Index, Interval], box: Box, sizes: Mapping[str, int]
) -> None:
    """Raise EvaluationError (E603) if a guarded read leaves ``box``.

    Reads at look-ups and under conditions on data are left to the run.
    """
    around = reference.around
    for axis, (arg, (lo, hi)) in enumerate(zip(reference.args, box, strict=False)):
        least = bounds.smallest(arg, around, hull, sizes)
        greatest = bounds.largest(arg, around, hull, sizes)
        if least is not None and greatest is not None and lo <= least and greatest <= hi:
            continue
        found = _outside(arg, (lo, hi), reference, hull, sizes)
        if found is not None:
            raise EvaluationError(
                "E603",
                f"{reference.tensor} is read out of range: position {found} on axis {axis}, "
                f"which runs from {lo} to {hi}, although a condition stands around it",
            )


def _outside(
    arg: Affine,
    span: Interval,
    reference: Reference,
    hull: Mapping[Index, Interval],
    sizes: Mapping[str, int],
) -> int | None:
    """A position out of range that is really read; None if there is none or it is not known."""
    ranges = _ranges(reference, hull, sizes)
    if ranges is None or prod(hi - lo + 1 for lo, hi in ranges.values()) > _COMBINATIONS:
        return None
    values = np.meshgrid(*(np.arange(lo, hi + 1) for lo, hi in ranges.values()), indexing="ij")
    grid: Grid = dict(zip(ranges, values, strict=True))
    looked_at = _inside_ranges(reference, grid, sizes)
    for cond in reference.around.conditions:
        truth = _truth(cond, grid, sizes)
        if truth is None:
            return None
        looked_at = looked_at & truth
    position = _position(arg, grid, sizes)
    if position is None:
        return None
    wrong = looked_at & ((position < span[0]) | (position > span[1]))
    return int(np.broadcast_to(position, wrong.shape)[wrong][0]) if wrong.any() else None


def _ranges(
    reference: Reference, hull: Mapping[Index, Interval], sizes: Mapping[str, int]
) -> dict[Index, Interval] | None:
    """The smallest fixed range around each index; None where one is looked up."""
    ranges = dict(hull)
    for binder in reference.around.binders:
        lo = bounds.interval(bounds.fixed(binder.lo, sizes), ranges)
        hi = bounds.interval(bounds.fixed(binder.hi, sizes), ranges)
        if lo is None or hi is None:
            return None
        ranges[binder.index] = (lo[0], max(hi[1], lo[0] - 1))
    return ranges


def _inside_ranges(reference: Reference, grid: Grid, sizes: Mapping[str, int]) -> Truths:
    result: Truths = np.ones((), dtype=np.bool_)
    for binder in reference.around.binders:
        lo, hi = _position(binder.lo, grid, sizes), _position(binder.hi, grid, sizes)
        here = grid[binder.index]
        if lo is not None and hi is not None:
            result = result & (lo <= here) & (here <= hi)
    return result


def _position(value: Affine, grid: Grid, sizes: Mapping[str, int]) -> Any:
    value = bounds.fixed(value, sizes)
    result: Any = np.int64(value.constant)
    for atom, times in value.terms:
        if not isinstance(atom, Index) or atom not in grid:
            return None
        result = result + times * grid[atom]
    return result


def _truth(cond: Cond, grid: Grid, sizes: Mapping[str, int]) -> Any:
    """The truth of a condition on indices; None for a condition on data."""
    match cond:
        case Compare(op):
            difference = bounds.compared(cond)
            value = None if difference is None else _position(difference, grid, sizes)
            return None if value is None else _RELATIONS[op](value, 0)
        case Not(part):
            truth = _truth(part, grid, sizes)
            return None if truth is None else ~truth
        case And(below) | Or(below):
            join = np.logical_and if isinstance(cond, And) else np.logical_or
            result: Any = np.bool_(isinstance(cond, And))
            for part in below:
                truth = _truth(part, grid, sizes)
                if truth is None:
                    return None
                result = join(result, truth)
            return result


_RELATIONS: dict[str, Any] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}
