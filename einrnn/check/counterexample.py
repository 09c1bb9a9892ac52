"""Small, simple cases in which a false claim fails."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from einrnn.check.assumptions import residuals, satisfy
from einrnn.check.claims import Prepared, Ready, named_assumptions, names_used
from einrnn.check.compare import REFUTES, relative
from einrnn.check.points import Point
from einrnn.check.sizes import dim_names, growing_sizes
from einrnn.check.verdict import Counterexample
from einrnn.core.nodes import Expr, Value
from einrnn.errors import EinrnnError
from einrnn.numeric.sample import sample, small_values

Array = npt.NDArray[np.generic]

_DRAWS = 3
_SHRUNK_ENTRIES = 60


@dataclass(frozen=True)
class _Failure:
    """A point and a position at which the sides differ."""

    point: Point
    at: tuple[int, ...]
    left: Any
    right: Any


def find(prepared: Prepared, ready: Ready, seed: int, seconds: float) -> Counterexample | None:
    """The counterexample with the smallest sizes found in the time, its values made simple."""
    deadline = time.monotonic() + seconds
    for point in _candidates(prepared, ready, seed, deadline):
        failure = _fails(point, ready)
        if failure is not None:
            return _report(prepared, ready, _shrunk(prepared, ready, failure, deadline))
    return None


def at_point(prepared: Prepared, ready: Ready, point: Point) -> Counterexample | None:
    """The counterexample at a given point, where it is one by the interpreter too."""
    failure = _fails(point, ready)
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


def _candidates(prepared: Prepared, ready: Ready, seed: int, deadline: float) -> Iterator[Point]:
    """Points from the smallest sizes up: simple values first, then random ones."""
    model = prepared.model
    for sizes in growing_sizes(model, _dims(prepared, ready)):
        rng = np.random.default_rng((seed, *sizes.values()))
        for draw in range(_DRAWS):
            if time.monotonic() > deadline:
                return
            simple = draw < _DRAWS - 1
            arrays = (small_values if simple else sample)(model, sizes, rng)
            made = _meeting(prepared, ready, sizes, arrays)
            if made is not None:
                yield Point(prepared, sizes, made)


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
        return all(abs(float(r)) < 1e-12 for r in residuals(prepared.model, granted, sizes, arrays))
    except EinrnnError:
        return False


def _fails(point: Point, ready: Ready) -> _Failure | None:
    """A position at which both sides have a value and the values differ: the floats look
    everywhere, the interpreter confirms, with rational numbers where it can."""
    letters = tuple(ready.claim.ranges)
    pair = ready.forward
    try:
        found = point.forward.compare(pair.left, pair.right, ready.claim.ranges)
        if found.at is None or not found.error > REFUTES:
            return None
        least = {i: point.interpreter.index(r.lo, {}) for i, r in ready.claim.ranges.items()}
        env = {index: found.at.get(index, least[index]) for index in letters}
        left = point.interpreter.value(pair.left, env)
        right = point.interpreter.value(pair.right, env)
    except EinrnnError:
        return None
    if not _differ(left, right):
        return None
    return _Failure(point, tuple(env[index] for index in letters), left, right)


def _differ(left: Any, right: Any) -> bool:
    if isinstance(left, Fraction | int) and isinstance(right, Fraction | int):
        return left != right
    pair = np.array([float(left)]), np.array([float(right)])
    return bool(np.isfinite(pair).all() and relative(*pair)[0] > REFUTES)


def _shrunk(prepared: Prepared, ready: Ready, failure: _Failure, deadline: float) -> _Failure:
    """The failure with as many entries as possible replaced by 0 or 1."""
    used = _used(prepared, ready)
    names = [n for n, given in prepared.model.inputs.items() if n in used and not given.facts]
    if sum(failure.point.arrays[name].size for name in names) > _SHRUNK_ENTRIES:
        return failure
    for name in names:
        for position in np.ndindex(failure.point.arrays[name].shape):
            for simple in (0, 1):
                if time.monotonic() > deadline:
                    return failure
                failure = _with_entry(prepared, ready, failure, (name, position), simple)
                if failure.point.arrays[name][position] == simple:
                    break
    return failure


def _with_entry(
    prepared: Prepared,
    ready: Ready,
    failure: _Failure,
    entry: tuple[str, tuple[int, ...]],
    simple: int,
) -> _Failure:
    """The failure with one entry replaced, where that still is a failure."""
    name, position = entry
    arrays = dict(failure.point.arrays)
    changed: npt.NDArray[Any] = np.array(arrays[name])
    changed[position] = Fraction(simple) if changed.dtype == object else simple
    arrays[name] = changed
    if not _holds(prepared, ready, failure.point.sizes, arrays):
        return failure
    found = _fails(Point(prepared, failure.point.sizes, arrays), ready)
    return failure if found is None else found


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
