"""Small, simple cases in which a false claim fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import field
from fractions import Fraction
from functools import cached_property
from itertools import islice, product
from operator import ne
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from einrnn.check.candidates import Candidates
from einrnn.check.certain import sure_values
from einrnn.check.claims import (
    Prepared,
    Ready,
    has_derivatives,
    named_assumptions,
)
from einrnn.check.points import TIED, Batch, Point
from einrnn.check.sizes import Sizes, dim_names, growing_sizes
from einrnn.check.tolerance import REFUTES, relative
from einrnn.check.verdict import Counterexample
from einrnn.core.nodes import Expr, Value
from einrnn.core.reach import reached
from einrnn.dataclass import dataclass
from einrnn.errors import EinrnnError
from einrnn.exact.floats import FloatOutcome
from einrnn.numeric.interpret import Interpreter
from einrnn.numeric.strict import is_apart, is_near

Array = npt.NDArray[np.generic]

_SHRUNK_ENTRIES = 60
# positions looked at where that of the largest error is none to be sure of
_MOST_PLACES = 60
# how many times the bound on what rounding has done counts where little is between the sides
_MUCH = 100.0


_Entry = tuple[str, tuple[int, ...]]
_Edit = dict[_Entry, int]
_Oracle = Callable[[Point], Interpreter]


class _Apart(NamedTuple):
    """When two sides differ: by values that are quick to find, and by those with their errors."""

    plainly: Callable[[Any, Any], bool]
    strictly: Callable[[Any, Any], bool]


class _Case(NamedTuple):
    """A point, and how the sides differ there in floats."""

    point: Point
    found: FloatOutcome


@dataclass(frozen=True)
class _Failure:
    """A point and a position at which the sides differ."""

    point: Point
    at: tuple[int, ...]
    left: Any
    right: Any
    exact: bool


def find(candidates: Candidates, ready: Ready, seconds: float) -> Counterexample | None:
    """A counterexample of which no size can be smaller by itself, its values made simple.

    Floats say what fails on the way there, and the interpreter confirms it at the end; where it
    does not, it is asked at every step.
    """
    deadline = time.process_time() + seconds

    def confirmed(case: _Case) -> _Failure | None:
        return _confirmed(case, ready, candidates.interpreter)

    def surely(case: _Case) -> bool:
        return confirmed(case) is not None

    for fails in (_differs, surely):
        search = _Search(candidates, ready, deadline, fails)
        case = search.smallest()
        if case is None:
            return None
        failure = confirmed(search.shrunk(case))
        if failure is not None:
            return _report(candidates.prepared, ready, failure)
    return None


def find_exactly(candidates: Candidates, ready: Ready, seconds: float) -> Counterexample | None:
    """A counterexample by rational numbers alone: floats may not tell the sides apart."""

    def confirmed(case: _Case) -> _Failure | None:
        found = _first_failure(case, ready, candidates.interpreter)
        return found if found is not None and found.exact else None

    deadline = time.process_time() + seconds
    search = _Search(candidates, ready, deadline, lambda case: confirmed(case) is not None)
    case = search.smallest()
    failure = None if case is None else confirmed(search.shrunk(case))
    return None if failure is None else _report(candidates.prepared, ready, failure)


def find_closely(candidates: Candidates, ready: Ready, seconds: float) -> Counterexample | None:
    """A counterexample at which the sides differ by little, yet by much more than rounding may
    have done."""

    def confirmed(case: _Case) -> _Failure | None:
        return _first_failure(case, ready, candidates.interpreter, _BY_LITTLE)

    def surely(case: _Case) -> bool:
        return case.found.error > 0 and confirmed(case) is not None

    search = _Search(candidates, ready, time.process_time() + seconds, surely)
    case = search.smallest()
    failure = None if case is None else confirmed(search.shrunk(case))
    return None if failure is None else _report(candidates.prepared, ready, failure)


def from_point(
    candidates: Candidates, ready: Ready, point: Point, seconds: float
) -> Counterexample | None:
    """The counterexample at a given point, its values made simple; None where it is none by the
    interpreter."""
    (found,) = _outcomes(Batch((point,)), ready)

    def confirmed(case: _Case) -> _Failure | None:
        return _confirmed(case, ready, _own)

    case = _Case(point, found)
    if confirmed(case) is None:
        return None
    deadline = time.process_time() + seconds
    search = _Search(candidates, ready, deadline, lambda case: confirmed(case) is not None)
    failure = confirmed(search.shrunk(case))
    return None if failure is None else _report(candidates.prepared, ready, failure)


def fails_at(point: Point, ready: Ready) -> bool:
    """Whether a claim fails at a point by the floats and by the interpreter."""
    (found,) = _outcomes(Batch((point,)), ready)
    return _confirmed(_Case(point, found), ready, _own) is not None


@dataclass()
class _Search:
    """The search for a case in which a claim fails, by what ``fails`` says."""

    candidates: Candidates
    ready: Ready
    deadline: float
    fails: Callable[[_Case], bool]
    _tried: dict[tuple[int, ...], _Case | None] = field(
        default_factory=dict["tuple[int, ...]", "_Case | None"]
    )

    def smallest(self) -> _Case | None:
        """From the smallest sizes up; where the first few do not fail, from the largest down,
        and where those do not fail either, all sizes there are."""
        prepared = self.candidates.prepared
        dims = _dims(prepared, self.ready)
        rows = list(growing_sizes(prepared.model, dims))
        first = next(filter(None, map(self.at, rows[: 1 + len(dims)])), None)
        return first or self._descent(rows) or next(filter(None, map(self.at, rows)), None)

    def _descent(self, rows: list[Sizes]) -> _Case | None:
        """Each size in turn as small as it can be while the others stay."""
        sizes = {name: max(row[name] for row in rows) for name in rows[0]}
        case = self.at(sizes)
        if case is None:
            return None
        for name in sizes:
            smaller = ({**sizes, name: size} for size in sorted({row[name] for row in rows}))
            case = next(filter(None, map(self.at, smaller)), case)
            sizes = case.point.sizes
        return case

    def at(self, sizes: Sizes) -> _Case | None:
        """A case at these sizes; simple values are tried beside random ones."""
        key = tuple(sizes.values())
        if key not in self._tried:
            late = time.process_time() > self.deadline
            self._tried[key] = None if late else self._at(sizes)
        return self._tried[key]

    def _at(self, sizes: Sizes) -> _Case | None:
        batch = self.candidates.at(sizes, self.ready.assumptions)
        if batch is None:
            return None
        cases = map(_Case, batch.points, _outcomes(batch, self.ready))
        meant = (case for case in cases if not (self._smooth and case.point.draw >= TIED))
        return next(filter(self.fails, meant), None)

    @cached_property
    def _smooth(self) -> bool:
        """Whether what a claim says of equal entries is a convention."""
        return has_derivatives(self.candidates.prepared, self.ready)

    def shrunk(self, case: _Case) -> _Case:
        """The case with entries replaced by 0, or else by 1, until none is left for which one
        of the two would do."""
        prepared = self.candidates.prepared
        used = reached(prepared.forward, _roots(prepared, self.ready))
        names = [n for n, given in prepared.model.inputs.items() if n in used and not given.facts]
        shapes = {name: case.point.arrays[name].shape for name in names}
        entries: list[_Entry] = [(n, at) for n in names for at in np.ndindex(shapes[n])]
        if len(entries) > _SHRUNK_ENTRIES:
            return case
        needed: set[_Entry] = set()
        while entries and time.process_time() < self.deadline:
            entries.sort(key=needed.__contains__)
            simpler, edit, needed = self._simplified(case, entries, len(entries) - len(needed))
            if simpler is None:
                return case
            case = simpler
            entries = [entry for entry in entries if entry not in edit]
            needed.intersection_update(entries)
        return case

    def _simplified(
        self, case: _Case, entries: list[_Entry], free: int
    ) -> tuple[_Case | None, _Edit, set[_Entry]]:
        """The case after the edit that leaves the fewest entries as they are and makes the most
        of them 0, of those that :func:`_edits` proposes; and the entries that, each by itself,
        cannot be 0. All is evaluated together."""
        edits = _edits(entries, free)
        start = case.point
        points = [
            Point(self.candidates.prepared, start.sizes, _edited(start.arrays, edit), start.draw)
            for edit in edits
        ]
        found = _outcomes(Batch(tuple(points)), self.ready)
        cases = list(map(_Case, points, found))
        alone = zip(entries, cases, strict=False)
        needed = {entry for entry, single in alone if not self._holds_up(single)}
        best = sorted(range(len(edits)), key=lambda at: (-len(edits[at]), sum(edits[at].values())))
        for at in best:
            if self._holds_up(cases[at]):
                return cases[at], edits[at], needed
        return None, {}, needed

    def _holds_up(self, case: _Case) -> bool:
        """Whether a case fails, at inputs that satisfy what the claim assumes."""
        point, assumed = case.point, self.ready.assumptions
        return self.fails(case) and self.candidates.holds(point.sizes, assumed, point.arrays)


def _edits(entries: list[_Entry], free: int) -> list[_Edit]:
    """Replacements to try: each entry by 0 first, then each by 1; 0 for more and more of all;
    0 for all but one; and, after the first ``free``, 1 for more and more instead."""
    singles: list[_Edit] = [{entry: value} for value in (0, 1) for entry in entries]
    zeros = dict.fromkeys(entries, 0)
    growing = [dict.fromkeys(entries[:count], 0) for count in range(2, len(entries) + 1)]
    but_one = [{**zeros, entry: 1} for entry in entries]
    without = [{e: 0 for e in entries if e != entry} for entry in entries]
    ones = range(free + 1, len(entries) + 1)
    mixed = [dict.fromkeys(entries[:count], 1) | dict.fromkeys(entries[:free], 0) for count in ones]
    return [*singles, *growing, *but_one, *filter(None, without), *mixed]


def _edited(arrays: Mapping[str, Array], edit: _Edit) -> dict[str, Array]:
    """The arrays with some entries replaced by whole numbers."""
    changed: dict[str, npt.NDArray[Any]] = {name: np.array(arrays[name]) for name, _ in edit}
    for (name, position), value in edit.items():
        exact = changed[name].dtype == object
        changed[name][position] = Fraction(value) if exact else value
    return {**arrays, **changed}


def _own(point: Point) -> Interpreter:
    return point.interpreter


def _differs(case: _Case) -> bool:
    """Whether the sides differ in floats."""
    return case.found.at is not None and case.found.error > REFUTES


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
    used = reached(prepared.forward, roots)
    return dim_names(prepared.forward, used, (*roots, *(Value(end) for end in ends)))


def _outcomes(batch: Batch, ready: Ready) -> list[FloatOutcome]:
    """How the sides differ in floats at points of the same sizes, all evaluated together."""
    pair = ready.forward
    try:
        return batch.forward.outcomes(pair.left, pair.right, ready.claim.ranges)
    except EinrnnError:
        return [FloatOutcome(0.0, 0, 0)] * len(batch.points)


def _confirmed(case: _Case, ready: Ready, oracle: _Oracle) -> _Failure | None:
    """The position at which the floats found the sides to differ, or another one, where the
    interpreter does so too, with rational numbers where it can, and both sides surely have
    values."""
    return _first_failure(case, ready, oracle) if _differs(case) else None


def _are_rational(*sides: Any) -> bool:
    return all(isinstance(side, Fraction | int) for side in sides)


def _differ(left: Any, right: Any) -> bool:
    if _are_rational(left, right):
        return left != right
    pair = np.array([float(left)]), np.array([float(right)])
    return bool(np.isfinite(pair).all() and relative(*pair)[0] > REFUTES)


def _surely_differ(left: Any, right: Any) -> bool:
    """Whether numbers with their errors are so far apart that even a much larger error would not
    explain it."""
    return left != right if _are_rational(left, right) else is_apart(left, right, _MUCH)


_BY_MUCH, _BY_LITTLE = _Apart(_differ, _differ), _Apart(ne, _surely_differ)


def _first_failure(
    case: _Case, ready: Ready, oracle: _Oracle, apart: _Apart = _BY_MUCH
) -> _Failure | None:
    """The position at which the sides surely differ, that at which the floats did first."""
    point, found = case
    interpreter, ranges = oracle(point), ready.claim.ranges
    try:
        spans = {
            i: range(interpreter.index(r.lo, {}), interpreter.index(r.hi, {}) + 1)
            for i, r in ranges.items()
        }
    except EinrnnError:
        return None
    first = tuple((found.at or {}).get(index, spans[index].start) for index in ranges)
    others = islice(product(*spans.values()), _MOST_PLACES)
    for at in (first, *others):
        failure = _failure(point, ready, interpreter, at, apart)
        if failure is not None:
            return failure
    return None


def _failure(
    point: Point, ready: Ready, interpreter: Interpreter, at: tuple[int, ...], apart: _Apart
) -> _Failure | None:
    """How the sides differ at a position, if they surely do."""
    env = dict(zip(ready.claim.ranges, at, strict=True))
    try:
        left = interpreter.value(ready.forward.left, env)
        right = interpreter.value(ready.forward.right, env)
    except EinrnnError:
        return None
    if not apart.plainly(left, right):
        return None
    if point.draw >= TIED and not _are_rational(left, right):
        return None  # of what is 0 at equal entries rounding may leave something
    sure = sure_values(point.prepared, ready, point, env)
    if sure is None or is_near(*sure) or not apart.strictly(*sure):
        return None
    exact = _are_rational(left, right) and _are_rational(*sure)
    return _Failure(point, at, left, right, exact)


def _report(prepared: Prepared, ready: Ready, failure: _Failure) -> Counterexample:
    used = reached(prepared.forward, _roots(prepared, ready))
    point = failure.point
    relevant = _dims(prepared, ready)
    names = [index.name for index in ready.claim.ranges]
    return Counterexample(
        {name: size for name, size in point.sizes.items() if name in relevant},
        {n: _plain(point.arrays[n]) for n in prepared.model.inputs if n in used},
        dict(zip(names, failure.at, strict=True)),
        _plain_number(failure.left),
        _plain_number(failure.right),
        failure.exact,
    )


def _plain_number(side: Any) -> float:
    """A side as a float; nobody writes -0."""
    return float(side) + 0.0


def _plain(array: Array) -> Any:
    """Nested lists of numbers; whole numbers as integers."""
    return _plain_list(array.tolist())


def _plain_list(value: Any) -> Any:
    if isinstance(value, list):
        items: list[Any] = value  # type: ignore[assignment]
        return [_plain_list(item) for item in items]
    number = float(value)
    return int(number) if number.is_integer() and abs(number) < 1e15 else number
