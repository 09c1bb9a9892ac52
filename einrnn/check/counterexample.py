"""Small, simple cases in which a false claim fails."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from einrnn.check.assumptions import residuals, satisfy
from einrnn.check.claims import Prepared, Ready, named_assumptions, names_used
from einrnn.check.points import Point
from einrnn.check.sizes import Sizes, dim_names, growing_sizes
from einrnn.check.tolerance import REFUTES, relative
from einrnn.check.verdict import Counterexample
from einrnn.core.nodes import Expr, Value
from einrnn.errors import EinrnnError
from einrnn.exact.floats import FloatOutcome, FloatPoints
from einrnn.numeric.sample import sample, small_values

Array = npt.NDArray[np.generic]

_DRAWS = 3
_SHRUNK_ENTRIES = 60


_Entry = tuple[str, tuple[int, ...]]


@dataclass(frozen=True)
class _Failure:
    """A point and a position at which the sides differ."""

    point: Point
    at: tuple[int, ...]
    left: Any
    right: Any


def find(prepared: Prepared, ready: Ready, seed: int, seconds: float) -> Counterexample | None:
    """A counterexample of which no size can be smaller by itself, its values made simple."""
    search = _Search(prepared, ready, seed, time.monotonic() + seconds)
    failure = search.smallest()
    if failure is None:
        return None
    return _report(prepared, ready, _shrunk(prepared, ready, failure, search.deadline))


@dataclass
class _Search:
    """The search for sizes at which a claim fails."""

    prepared: Prepared
    ready: Ready
    seed: int
    deadline: float
    _tried: dict[tuple[int, ...], _Failure | None] = field(
        default_factory=dict["tuple[int, ...]", "_Failure | None"]
    )

    def smallest(self) -> _Failure | None:
        """From the smallest sizes up; where the first few do not fail, from the largest down,
        and where those do not fail either, all sizes there are."""
        dims = _dims(self.prepared, self.ready)
        rows = list(growing_sizes(self.prepared.model, dims))
        first = next(filter(None, map(self.at, rows[: 1 + len(dims)])), None)
        return first or self._descent(rows) or next(filter(None, map(self.at, rows)), None)

    def _descent(self, rows: list[Sizes]) -> _Failure | None:
        """Each size in turn as small as it can be while the others stay."""
        sizes = {name: max(row[name] for row in rows) for name in rows[0]}
        failure = self.at(sizes)
        if failure is None:
            return None
        for name in sizes:
            smaller = ({**sizes, name: size} for size in sorted({row[name] for row in rows}))
            failure = next(filter(None, map(self.at, smaller)), failure)
            sizes = failure.point.sizes
        return failure

    def at(self, sizes: Sizes) -> _Failure | None:
        """A failure at these sizes; simple values are tried beside random ones."""
        key = tuple(sizes.values())
        if key not in self._tried:
            late = time.monotonic() > self.deadline
            self._tried[key] = None if late else self._at(sizes)
        return self._tried[key]

    def _at(self, sizes: Sizes) -> _Failure | None:
        prepared, ready, model = self.prepared, self.ready, self.prepared.model
        rng = np.random.default_rng((self.seed, *sizes.values()))
        draws = [small_values] * (_DRAWS - 1) + [sample]
        made = [_meeting(prepared, ready, sizes, draw(model, sizes, rng)) for draw in draws]
        points = [Point(prepared, sizes, arrays) for arrays in made if arrays is not None]
        found = zip(points, _outcomes(points, ready), strict=True)
        return next(filter(None, (_confirmed(point, ready, at) for point, at in found)), None)


def at_point(prepared: Prepared, ready: Ready, point: Point) -> Counterexample | None:
    """The counterexample at a given point, where it is one by the interpreter too."""
    (found,) = _outcomes([point], ready)
    failure = _confirmed(point, ready, found)
    return None if failure is None else _report(prepared, ready, failure)


def _roots(prepared: Prepared, ready: Ready) -> tuple[Expr, ...]:
    """All expressions that a claim is about, those it assumes included."""
    roots = (ready.forward.left, ready.forward.right)
    for assumption in named_assumptions(prepared.model, ready.assumptions):
        roots = (*roots, assumption.left, assumption.right)
    return roots


def _used(prepared: Prepared, ready: Ready) -> frozenset[str]:
    return names_used(prepared.forward, _roots(prepared, ready))


def _dims(prepared: Prepared, ready: Ready) -> frozenset[str]:
    """The sizes that matter to a claim, those of its free indices included."""
    ends = [end for r in ready.claim.ranges.values() for end in (r.lo, r.hi)]
    roots = (*_roots(prepared, ready), *(Value(end) for end in ends))
    return dim_names(prepared.forward, _used(prepared, ready), roots)


def _meeting(
    prepared: Prepared, ready: Ready, sizes: Mapping[str, int], arrays: Mapping[str, Array]
) -> Mapping[str, Array] | None:
    """The arrays moved to satisfy the assumptions, exactly where rational numbers can."""
    granted = named_assumptions(prepared.model, ready.assumptions)
    if not granted:
        return arrays
    moved = satisfy(prepared.model, granted, sizes, arrays)
    if moved is None:
        return None
    exact = {name: _rational(array) for name, array in moved.items()}
    return exact if _holds(prepared, ready, sizes, exact) else moved


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


def _holds(
    prepared: Prepared, ready: Ready, sizes: Mapping[str, int], arrays: Mapping[str, Array]
) -> bool:
    granted = named_assumptions(prepared.model, ready.assumptions)
    if not granted:
        return True
    try:
        gaps = residuals(prepared.model, granted, sizes, (arrays,))
        return bool((np.abs(gaps) < 1e-12).all())
    except EinrnnError:
        return False


def _outcomes(points: Sequence[Point], ready: Ready) -> list[FloatOutcome]:
    """How the sides differ in floats at points of the same sizes, all evaluated together."""
    if not points:
        return []
    prepared, sizes, pair = points[0].prepared, points[0].sizes, ready.forward
    rows = [point.arrays for point in points]
    there = FloatPoints(prepared.forward, sizes, rows, prepared.groups[0])
    try:
        return there.outcomes(pair.left, pair.right, ready.claim.ranges)
    except EinrnnError:
        return [FloatOutcome(0.0, 0, 0)] * len(points)


def _confirmed(point: Point, ready: Ready, found: FloatOutcome) -> _Failure | None:
    """The position at which the floats found the sides to differ, where the interpreter does
    so too, with rational numbers where it can."""
    if found.at is None or not found.error > REFUTES:
        return None
    pair = ready.forward
    try:
        least = {i: point.interpreter.index(r.lo, {}) for i, r in ready.claim.ranges.items()}
        env = {index: found.at.get(index, least[index]) for index in ready.claim.ranges}
        left = point.interpreter.value(pair.left, env)
        right = point.interpreter.value(pair.right, env)
    except EinrnnError:
        return None
    if not _differ(left, right):
        return None
    return _Failure(point, tuple(env.values()), left, right)


def _differ(left: Any, right: Any) -> bool:
    if isinstance(left, Fraction | int) and isinstance(right, Fraction | int):
        return left != right
    pair = np.array([float(left)]), np.array([float(right)])
    return bool(np.isfinite(pair).all() and relative(*pair)[0] > REFUTES)


def _shrunk(prepared: Prepared, ready: Ready, failure: _Failure, deadline: float) -> _Failure:
    """The failure with as many entries as possible replaced by 0, and of the others by 1."""
    used = _used(prepared, ready)
    names = [n for n, given in prepared.model.inputs.items() if n in used and not given.facts]
    entries = [(name, at) for name in names for at in np.ndindex(failure.point.arrays[name].shape)]
    if len(entries) > _SHRUNK_ENTRIES:
        return failure
    for simple in (0, 1):
        pending, kept = entries, list[_Entry]()
        while pending and time.monotonic() < deadline:
            failure, count = _replaced(prepared, ready, failure, pending, simple)
            kept += pending[count : count + 1]
            pending = pending[count + 1 :]
        entries = [*kept, *pending]
    return failure


def _replaced(
    prepared: Prepared, ready: Ready, failure: _Failure, entries: list[_Entry], simple: int
) -> tuple[_Failure, int]:
    """The failure with the longest possible beginning of some entries replaced, and its length;
    all lengths are evaluated together."""
    arrays, sizes = dict(failure.point.arrays), failure.point.sizes
    points: list[Point] = []
    for name, position in entries:
        changed: npt.NDArray[Any] = np.array(arrays[name])
        changed[position] = Fraction(simple) if changed.dtype == object else simple
        arrays = {**arrays, name: changed}
        points.append(Point(prepared, sizes, arrays))
    found = _outcomes(points, ready)
    for count in range(len(points), 0, -1):
        point = points[count - 1]
        smaller = _confirmed(point, ready, found[count - 1])
        if smaller is not None and _holds(prepared, ready, sizes, point.arrays):
            return smaller, count
    return failure, 0


def _report(prepared: Prepared, ready: Ready, failure: _Failure) -> Counterexample:
    used = _used(prepared, ready)
    point = failure.point
    relevant = _dims(prepared, ready)
    names = [index.name for index in ready.claim.ranges]
    return Counterexample(
        {name: size for name, size in point.sizes.items() if name in relevant},
        {n: _plain(point.arrays[n]) for n in prepared.model.inputs if n in used},
        dict(zip(names, failure.at, strict=True)),
        float(failure.left),
        float(failure.right),
        all(isinstance(side, Fraction | int) for side in (failure.left, failure.right)),
    )


def _plain(array: Array) -> Any:
    """Nested lists of numbers; whole numbers as integers."""
    listed = array.tolist()
    return _plain_list(listed)


def _plain_list(value: Any) -> Any:
    if isinstance(value, list):
        items: list[Any] = value  # type: ignore[assignment]
        return [_plain_list(item) for item in items]
    number = float(value)
    return int(number) if number.is_integer() and abs(number) < 1e15 else number
