"""Inputs that satisfy assumptions: random ones, moved onto the equations by Newton's method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from einrnn.core.facts import equations
from einrnn.core.model import Assumption, Input, Model
from einrnn.core.reach import reached
from einrnn.errors import EinrnnError
from einrnn.exact.exact import sides
from einrnn.exact.floats import FloatPoints
from einrnn.exact.values import UNDEFINED

Arrays = Mapping[str, npt.NDArray[np.generic]]

_STEPS = 40
_MOST_SLOPES = 12_000
_TOLERANCE = 1e-13
_DIFFERENCE = 1e-6
_VANISHED = 1e-5
_STARTS, _LARGER = 3, 4.0


def residuals(
    model: Model,
    assumptions: tuple[Assumption, ...],
    sizes: Mapping[str, int],
    rows: Sequence[Arrays],
) -> npt.NDArray[np.float64]:
    """Left minus right of every assumption at every value of its indices, for each row of
    arrays: [rows, equations]."""
    points = FloatPoints(model, sizes, rows)
    columns: list[npt.NDArray[np.float64]] = [np.zeros((len(rows), 0))]
    for assumption in assumptions:
        both = sides(points.evaluator, assumption.left, assumption.right, assumption.ranges, None)
        if both is None:
            continue
        gaps = np.where((both.flags & UNDEFINED) != 0, np.nan, both.left - both.right)
        flat = gaps.reshape(gaps.shape[0], -1)
        columns.append(np.broadcast_to(flat, (len(rows), flat.shape[1])))
    return np.concatenate(columns, axis=1)


def satisfy(
    model: Model, assumptions: tuple[Assumption, ...], sizes: Mapping[str, int], arrays: Arrays
) -> dict[str, npt.NDArray[np.generic]] | None:
    """The arrays moved, as little as Newton's method moves them, until the assumptions hold.

    Only real inputs that the assumptions mention are moved, and what is declared of them holds
    after as before. None where no solution was found. One at which an input is all but 0 will do
    only where larger values to begin with lead there, too: ``A v = λ v`` holds at ``v = 0``
    whatever A is, and what is divided by v then is made of the rest that the steps have left.
    """
    if not assumptions:
        return dict(arrays)
    movable = _movable(model, assumptions)
    start = dict(arrays)
    found = None
    for _ in range(_STARTS):
        found = _solved(model, assumptions, sizes, start, movable) or found
        lost = [name for name in movable if found and _vanished(start[name], found[name])]
        if not lost or any(model.inputs[name].facts for name in lost):
            break
        start |= {name: _LARGER * start[name].astype(float) for name in lost}
    return found


def _solved(
    model: Model,
    assumptions: tuple[Assumption, ...],
    sizes: Mapping[str, int],
    arrays: Arrays,
    movable: list[str],
) -> dict[str, npt.NDArray[np.generic]] | None:
    result = dict(arrays)
    assumptions = (*assumptions, *equations(model, movable))
    try:
        for _ in range(_STEPS):
            now = residuals(model, assumptions, sizes, (result,))[0]
            if not np.all(np.isfinite(now)):
                return None
            if np.max(np.abs(now), initial=0.0) < _TOLERANCE:
                obeys = all(_obeys(model.inputs[name], result[name]) for name in movable)
                return result if obeys else None
            unknowns = sum(result[name].size for name in movable)
            if not movable or unknowns * len(now) > _MOST_SLOPES:
                return None
            _newton_step(model, assumptions, sizes, result, movable, now)
    except (EinrnnError, np.linalg.LinAlgError):
        return None
    return None


def _vanished(before: npt.NDArray[np.generic], after: npt.NDArray[np.generic]) -> bool:
    """Whether an array has been moved to all but 0."""
    most = [float(np.abs(array.astype(float)).max(initial=0.0)) for array in (before, after)]
    return most[1] < _VANISHED * most[0]


def _obeys(given: Input, array: npt.NDArray[np.generic]) -> bool:
    """Whether the inequalities that are declared of an input hold."""
    values = array.astype(float)
    if given.has("positive") and not (values > 0).all():
        return False
    if given.has("probability") and not (values >= 0).all():
        return False
    if given.has("spd") and not (np.linalg.eigvalsh(values) > 0).all():
        return False
    return not given.has("invertible") or bool((np.linalg.det(values) != 0).all())


def _movable(model: Model, assumptions: tuple[Assumption, ...]) -> list[str]:
    sides = tuple(side for a in assumptions for side in (a.left, a.right))
    used = reached(model, sides)
    fixed = ("integer", "boolean", "one-hot")
    return [
        name
        for name, given in model.inputs.items()
        if name in used and not any(fact.name in fixed for fact in given.facts)
    ]


def _newton_step(
    model: Model,
    assumptions: tuple[Assumption, ...],
    sizes: Mapping[str, int],
    arrays: dict[str, npt.NDArray[np.generic]],
    movable: list[str],
    now: npt.NDArray[np.float64],
) -> None:
    """One step of Gauss and Newton, the shortest one, in place of the old arrays."""
    rows: list[dict[str, npt.NDArray[np.generic]]] = []
    for name in movable:
        original = np.array(arrays[name], dtype=float)
        for position in np.ndindex(original.shape):
            moved = np.array(original)
            moved[position] += _DIFFERENCE
            rows.append({**arrays, name: moved})
    slopes = (residuals(model, assumptions, sizes, rows) - now) / _DIFFERENCE
    step = np.linalg.lstsq(slopes.T, -now, rcond=1e-9)[0]
    start = 0
    for name in movable:
        size = arrays[name].size
        moved = step[start : start + size].reshape(arrays[name].shape)
        arrays[name] = np.asarray(arrays[name].astype(float) + moved)
        start += size
