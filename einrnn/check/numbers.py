"""The numeric tier: both sides of a claim at random points, computed in three ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from einrnn.check.claims import Prepared, Ready
from einrnn.check.compare import (
    REFUTES,
    Both,
    Compiled,
    Position,
    all_positions,
    interpreted,
    relative,
)
from einrnn.check.differences import largest_error
from einrnn.check.points import WIDE, Point, Points
from einrnn.check.sizes import Sizes, large_sizes, trial_sizes
from einrnn.core.traverse import elements
from einrnn.errors import EinrnnError

_ORACLE_ENTRIES = 10
_SYMPY_ENTRIES = 4
_CROSS = 1e-10
_DIFFERENCES = 1e-6
_SMALL_DRAWS = 3

Engine = Callable[[Point, Ready, Sequence[Position]], list[tuple[float, float]]]


@dataclass(frozen=True)
class Tried:
    """How a claim fared in numbers.

    ``error`` is the largest relative difference of the two sides, ``cross`` the largest
    relative difference between the ways to compute one side, ``failed_at`` the first
    point that refutes the claim. ``defects`` say where the ways disagree, which is never
    the document's fault.
    """

    sizes: tuple[Sizes, ...] = ()
    error: float = 0.0
    cross: float = 0.0
    failed_at: Point | None = None
    defects: tuple[str, ...] = ()


@dataclass
class Numbers:
    """Evaluates the claims of one prepared document; what they share is computed once."""

    prepared: Prepared
    seed: int
    points: Points = field(init=False)
    _compiled: Compiled = field(init=False)
    _differences: dict[str, float] = field(default_factory=dict[str, float])

    def __post_init__(self) -> None:
        self.points = Points(self.prepared, self.seed)
        self._compiled = Compiled(self.prepared)

    def sides(self, ready: Ready) -> Tried:
        """Both sides by the compiled program at all sizes."""
        tried = Tried()
        for point, both in self._evaluated(ready, self._trials):
            tried = _with(tried, point, both)
        return tried

    def guarded(self, ready: Ready) -> Tried:
        """Both sides at larger sizes and at entries of very different magnitudes, where a
        bound or a sign that small ones hide shows: every claim passes here before a proof."""
        tried = Tried()
        for point, both in self._evaluated(ready, self._guards):
            tried = _with(tried, point, both)
        return tried

    def cross_validated(self, ready: Ready) -> Tried:
        """Both sides at all sizes, with the interpreter, sympy and differences as witnesses."""
        tried = Tried()
        cross, defects = 0.0, list[str]()
        for point, both in self._evaluated(ready, self._trials):
            engines: list[tuple[str, int, Engine]] = [
                ("the interpreter", _ORACLE_ENTRIES, interpreted)
            ]
            if not tried.sizes:
                engines.append(("sympy", _SYMPY_ENTRIES, in_sympy))
            for name, most, engine in engines:
                worst, found = _witness(point, ready, both, name, most, engine)
                cross = max(cross, worst)
                defects += found
            tried = _with(tried, point, both)
        if tried.sizes:
            defects += self._derivatives(ready)
        return Tried(tried.sizes, tried.error, cross, tried.failed_at, tuple(defects))

    def _evaluated(self, ready: Ready, trials: list[tuple[Sizes, int]]) -> list[tuple[Point, Both]]:
        """The points at which both sides have values, with the values."""
        rows: list[tuple[Point, Both]] = []
        for sizes, draw in trials:
            point = self.points.at(sizes, ready.assumptions, draw)
            if point is None:
                continue
            try:
                both = self._compiled.both(point, ready)
            except EinrnnError:
                continue
            if both.defined.any():
                rows.append((point, both))
        return rows

    @cached_property
    def _guards(self) -> list[tuple[Sizes, int]]:
        return [
            (large_sizes(self.prepared.model), 0),
            (trial_sizes(self.prepared.model)[0], WIDE),
            (trial_sizes(self.prepared.model)[-1], WIDE),
        ]

    @cached_property
    def _trials(self) -> list[tuple[Sizes, int]]:
        """Sizes with the number of a random draw: one where sizes are large, several at the
        smallest, where few entries have to show what depends on their signs."""
        rows = trial_sizes(self.prepared.model)
        large, small = rows[:-2], rows[-2:]
        return [(sizes, 0) for sizes in large] + [
            (sizes, draw) for sizes in small for draw in range(_SMALL_DRAWS)
        ]

    def _derivatives(self, ready: Ready) -> list[str]:
        """The derivatives a claim mentions, against finite differences; each once a document."""
        model = self.prepared.forward
        found = elements(ready.forward.left, ready.forward.right)
        defects: list[str] = []
        for name in dict.fromkeys(e.tensor for e in found if e.tensor in model.derived):
            if name not in self._differences:
                self._differences[name] = self._difference(name)
            if self._differences[name] > _DIFFERENCES:
                error = self._differences[name]
                defects.append(f"{name} and finite differences differ by {error:.1e}")
        return defects

    def _difference(self, name: str) -> float:
        sizes = trial_sizes(self.prepared.model)[0]
        point = self.points.at(sizes, ())
        rng = np.random.default_rng(self.seed)
        if point is None:
            return 0.0
        try:
            return largest_error(self.prepared.forward, sizes, point.arrays, name, rng)
        except EinrnnError:
            return 0.0


def _with(tried: Tried, point: Point, both: Both) -> Tried:
    """The record with one more point in it."""
    error = float(both.errors.max(initial=0.0))
    failed = point if error > REFUTES else None
    return Tried(
        tried.sizes if point.sizes in tried.sizes else (*tried.sizes, point.sizes),
        max(tried.error, error),
        tried.cross,
        tried.failed_at or failed,
        tried.defects,
    )


def _witness(
    point: Point, ready: Ready, both: Both, name: str, most: int, engine: Engine
) -> tuple[float, list[str]]:
    """The largest error of the program's values against another engine's at some entries."""
    positions = all_positions(point, ready)
    rng = np.random.default_rng(len(positions))
    picked = rng.choice(len(positions), min(most, len(positions)), replace=False)
    chosen = sorted(int(i) for i in picked)
    try:
        rows = engine(point, ready, [positions[i] for i in chosen])
    except EinrnnError as problem:
        return 0.0, [f"{name} cannot evaluate it: {problem.message}"]
    worst = 0.0
    for side, mine in enumerate((both.left, both.right)):
        theirs = np.array([row[side] for row in rows], dtype=float)
        ours = mine.reshape(-1)[chosen]
        usable = np.isfinite(theirs) & np.isfinite(ours)
        error = relative(ours[usable], theirs[usable])
        worst = max(worst, float(error.max(initial=0.0)))
    if worst > _CROSS:
        return worst, [f"opt_einsum and {name} differ by {worst:.1e} at {dict(point.sizes)}"]
    return worst, []


def in_sympy(point: Point, ready: Ready, chosen: Sequence[Position]) -> list[tuple[float, float]]:
    """Both sides by the sympy compiler at some positions of the free indices."""
    letters = tuple(ready.claim.ranges)
    rows: list[tuple[float, float]] = []
    for position in chosen:
        env = dict(zip(letters, position, strict=True))
        left = point.sympy_values.value(ready.forward.left, env)
        rows.append((left, point.sympy_values.value(ready.forward.right, env)))
    return rows
