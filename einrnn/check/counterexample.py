"""Small, simple cases in which a false claim fails."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from einrnn.check.candidates import Candidates
from einrnn.check.claims import Prepared, Ready, named_assumptions, names_used
from einrnn.check.points import Batch, Point
from einrnn.check.sizes import Sizes, dim_names, growing_sizes
from einrnn.check.tolerance import REFUTES, relative
from einrnn.check.verdict import Counterexample
from einrnn.core.nodes import Expr, Value
from einrnn.errors import EinrnnError
from einrnn.exact.floats import FloatOutcome
from einrnn.numeric.interpret import Interpreter

Array = npt.NDArray[np.generic]

_SHRUNK_ENTRIES = 60


_Entry = tuple[str, tuple[int, ...]]
_Oracle = Callable[[Point], Interpreter]


@dataclass(frozen=True)
class _Failure:
    """A point and a position at which the sides differ."""

    point: Point
    at: tuple[int, ...]
    left: Any
    right: Any


def find(candidates: Candidates, ready: Ready, seconds: float) -> Counterexample | None:
    """A counterexample of which no size can be smaller by itself, its values made simple."""
    search = _Search(candidates, ready, time.process_time() + seconds)
    failure = search.smallest()
    if failure is None:
        return None
    return _report(candidates.prepared, ready, search.shrunk(failure))


def at_point(prepared: Prepared, ready: Ready, point: Point) -> Counterexample | None:
    """The counterexample at a given point, where it is one by the interpreter too."""
    (found,) = _outcomes(Batch((point,)), ready)
    failure = _confirmed(point, ready, found, _own)
    return None if failure is None else _report(prepared, ready, failure)


@dataclass
class _Search:
    """The search for a case in which a claim fails."""

    candidates: Candidates
    ready: Ready
    deadline: float
    _tried: dict[tuple[int, ...], _Failure | None] = field(
        default_factory=dict["tuple[int, ...]", "_Failure | None"]
    )

    def smallest(self) -> _Failure | None:
        """From the smallest sizes up; where the first few do not fail, from the largest down,
        and where those do not fail either, all sizes there are."""
        prepared = self.candidates.prepared
        dims = _dims(prepared, self.ready)
        rows = list(growing_sizes(prepared.model, dims))
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
            late = time.process_time() > self.deadline
            self._tried[key] = None if late else self._at(sizes)
        return self._tried[key]

    def _at(self, sizes: Sizes) -> _Failure | None:
        batch = self.candidates.at(sizes, self.ready.assumptions)
        if batch is None:
            return None
        pairs = zip(batch.points, _outcomes(batch, self.ready), strict=True)
        failures = (_confirmed(point, self.ready, found, _own) for point, found in pairs)
        return next(filter(None, failures), None)

    def shrunk(self, failure: _Failure) -> _Failure:
        """The failure with as many entries as possible replaced by 0, and of the others by 1."""
        prepared = self.candidates.prepared
        used = names_used(prepared.forward, _roots(prepared, self.ready))
        names = [n for n, given in prepared.model.inputs.items() if n in used and not given.facts]
        shapes = {name: failure.point.arrays[name].shape for name in names}
        entries = [(name, at) for name in names for at in np.ndindex(shapes[name])]
        if len(entries) > _SHRUNK_ENTRIES:
            return failure
        for simple in (0, 1):
            pending, kept = entries, list[_Entry]()
            while pending and time.process_time() < self.deadline:
                failure, count = self._replaced(failure, pending, simple)
                kept += pending[count : count + 1]
                pending = pending[count + 1 :]
            entries = [*kept, *pending]
        return failure

    def _replaced(
        self, failure: _Failure, entries: list[_Entry], simple: int
    ) -> tuple[_Failure, int]:
        """The failure with the longest possible beginning of some entries replaced, and its
        length; all lengths are evaluated together."""
        arrays, sizes = dict(failure.point.arrays), failure.point.sizes
        points: list[Point] = []
        for name, position in entries:
            changed: npt.NDArray[Any] = np.array(arrays[name])
            changed[position] = Fraction(simple) if changed.dtype == object else simple
            arrays = {**arrays, name: changed}
            points.append(Point(self.candidates.prepared, sizes, arrays))
        found = _outcomes(Batch(tuple(points)), self.ready)
        for count in range(len(points), 0, -1):
            point, there = points[count - 1], found[count - 1]
            smaller = _confirmed(point, self.ready, there, self.candidates.interpreter)
            if smaller is not None and self._allowed(point):
                return smaller, count
        return failure, 0

    def _allowed(self, point: Point) -> bool:
        return self.candidates.holds(point.sizes, self.ready.assumptions, point.arrays)


def _own(point: Point) -> Interpreter:
    return point.interpreter


def _roots(prepared: Prepared, ready: Ready) -> tuple[Expr, ...]:
    """All expressions that a claim is about, those it assumes included."""
    roots = (ready.forward.left, ready.forward.right)
    for assumption in named_assumptions(prepared.model, ready.assumptions):
        roots = (*roots, assumption.left, assumption.right)
    return roots


def _dims(prepared: Prepared, ready: Ready) -> frozenset[str]:
    """The sizes that matter to a claim, those of its free indices included."""
    ends = [end for r in ready.claim.ranges.values() for end in (r.lo, r.hi)]
    roots = _roots(prepared, ready)
    used = names_used(prepared.forward, roots)
    return dim_names(prepared.forward, used, (*roots, *(Value(end) for end in ends)))


def _outcomes(batch: Batch, ready: Ready) -> list[FloatOutcome]:
    """How the sides differ in floats at points of the same sizes, all evaluated together."""
    pair = ready.forward
    try:
        return batch.forward.outcomes(pair.left, pair.right, ready.claim.ranges)
    except EinrnnError:
        return [FloatOutcome(0.0, 0, 0)] * len(batch.points)


def _confirmed(point: Point, ready: Ready, found: FloatOutcome, oracle: _Oracle) -> _Failure | None:
    """The position at which the floats found the sides to differ, where the interpreter does
    so too, with rational numbers where it can."""
    if found.at is None or not found.error > REFUTES:
        return None
    interpreter = oracle(point)
    try:
        least = {i: interpreter.index(r.lo, {}) for i, r in ready.claim.ranges.items()}
        env = {index: found.at.get(index, least[index]) for index in ready.claim.ranges}
        left = interpreter.value(ready.forward.left, env)
        right = interpreter.value(ready.forward.right, env)
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


def _report(prepared: Prepared, ready: Ready, failure: _Failure) -> Counterexample:
    used = names_used(prepared.forward, _roots(prepared, ready))
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
    return _plain_list(array.tolist())


def _plain_list(value: Any) -> Any:
    if isinstance(value, list):
        items: list[Any] = value  # type: ignore[assignment]
        return [_plain_list(item) for item in items]
    number = float(value)
    return int(number) if number.is_integer() and abs(number) < 1e15 else number
