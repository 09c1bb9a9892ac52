"""The numeric tier: both sides of a claim in double precision at random points, by two models
that carry derivatives out in different ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from functools import cached_property
from itertools import islice
from typing import NamedTuple

import numpy as np

from einrnn.check.certain import sure_values, ties
from einrnn.check.claims import (
    Prepared,
    Ready,
    has_branches,
    has_derivatives,
    has_extremes,
    has_opaque,
)
from einrnn.check.points import BEYOND, COMPARED, SMALL, TIED, UNEVEN, WIDE, Batch, Point, Points
from einrnn.check.sizes import Sizes, few_sizes, large_sizes, trial_sizes
from einrnn.check.thresholds import Turn, threshold_sizes, turns_of_definitions
from einrnn.check.tolerance import AGREES, REFUTES, relative
from einrnn.check.weight import Weights
from einrnn.dataclass import dataclass
from einrnn.errors import EinrnnError
from einrnn.exact.exact import sides
from einrnn.exact.floats import FloatOutcome
from einrnn.numeric.strict import is_near

_CROSS = 1e-8
_MOST_ENTRIES = 4_000_000
_MOST_EQUATIONS = 8
_LARGE_DRAWS = (0, 1, 2)
_MORE = (*range(4, 8), *WIDE[-5:], *range(SMALL + 1, SMALL + 12))
_EQUAL = tuple(range(TIED, TIED + 6))
_OUTWEIGHING = tuple(range(UNEVEN, UNEVEN + 48))


_Row = tuple[Sizes, tuple[int, ...], Callable[[Batch, Ready], list[FloatOutcome]]]


class Place(NamedTuple):
    """What tells a point from the others of one claim."""

    sizes: Sizes
    draw: int


@dataclass(frozen=True)
class Tried:
    """How a claim fared in numbers.

    ``error`` is the largest relative difference of the two sides, ``cross`` the largest
    relative difference between the ways to compute one side, ``failed_at`` the place of the
    first point that refutes the claim. ``defects`` say where the ways disagree, which is never
    the document's fault. ``extreme`` is where the sides differ at entries of very different
    magnitudes, which alone refutes nothing, and ``rounding`` the largest difference for which
    rounding accounts.
    """

    sizes: tuple[Sizes, ...] = ()
    error: float = 0.0
    cross: float = 0.0
    failed_at: Place | None = None
    defects: tuple[str, ...] = ()
    extreme: Place | None = None
    rounding: float = 0.0


@dataclass()
class Numbers:
    """Evaluates the claims of one prepared document; what they share is computed once."""

    prepared: Prepared
    seed: int
    points: Points = field(init=False)
    _tried: dict[str, Tried] = field(default_factory=dict[str, Tried])

    def __post_init__(self) -> None:
        self.points = Points(self.prepared, self.seed)

    def sides(self, ready: Ready) -> Tried:
        """Both sides at all sizes, with several draws at some of them, entries of very different
        magnitudes included; then at larger sizes, where a bound or a sign that small ones hide
        shows. The first sizes at which they differ are the last."""
        if ready.key not in self._tried:
            self._tried[ready.key] = self._evaluated(ready)
        return self._tried[ready.key]

    def take(self, tried: Mapping[str, Tried]) -> None:
        """What was worked out elsewhere, by the keys of claims."""
        self._tried.update(tried)

    def at(self, place: Place, ready: Ready) -> Point | None:
        """The point at a place."""
        return self.points.at(place.sizes, ready.assumptions, place.draw)

    def surely_failing(self, ready: Ready) -> Point | None:
        """The first of the points at which both sides surely have values that differ; floats may
        differ before where a side has none."""
        for batch, outcomes in self._compared(ready):
            for point, both in zip(batch.points, outcomes, strict=True):
                if both.error > REFUTES and _fails_surely(point, ready):
                    return point
        return None

    def has_points(self, ready: Ready) -> bool:
        """Whether inputs were found that satisfy what a claim assumes."""
        sizes = trial_sizes(self.prepared.model)
        return any(self.points.at(row, ready.assumptions) is not None for row in sizes)

    def surely_fails_at(self, place: Place, ready: Ready) -> bool:
        """Whether a claim fails at a place by the floats and by the interpreter."""
        point = self.at(place, ready)
        return point is not None and _fails_surely(point, ready)

    def small_point(self, ready: Ready) -> Point | None:
        """A point with few entries, where other engines are asked too; one with more where
        neither side has a value there, as where a matrix is singular at few sizes."""
        first: Point | None = None
        for sizes in self._few:
            point = self.points.at(sizes, ready.assumptions)
            if point is not None and _has_values(point, ready):
                return point
            first = first or point
        return first

    def ties(self, ready: Ready) -> bool:
        """Whether a claim differentiates the largest of values of which several are the largest
        at random entries already, as they are where they do not depend on the index."""
        if not has_extremes(self.prepared, ready) or not has_derivatives(self.prepared, ready):
            return False
        found = (self.points.at(sizes, ready.assumptions) for sizes in self._few)
        return any(ties(self.prepared, ready, point) for point in found if point is not None)

    @cached_property
    def _few(self) -> tuple[Sizes, ...]:
        model = self.prepared.model
        return few_sizes(model), *trial_sizes(model)

    def _evaluated(self, ready: Ready) -> Tried:
        tried = Tried()
        for batch, outcomes in self._compared(ready):
            first = outcomes[0].compared and not tried.sizes and batch.points[0].draw == 0
            if first and ready.key in self._uncrossed:
                try:
                    tried = _crossed(batch.points[0], ready)
                except EinrnnError:
                    continue
            for point, both in zip(batch.points, outcomes, strict=True):
                if tried.failed_at is not None or _is_spurious(point, both, ready):
                    continue
                if _is_rounding(point, both, ready):
                    tried = replace(tried, rounding=max(tried.rounding, both.error))
                    both = replace(both, error=0.0)
                tried = _with(tried, point, both)
            if tried.failed_at is not None:
                break
        return tried

    def _compared(self, ready: Ready) -> Iterator[tuple[Batch, list[FloatOutcome]]]:
        """How the sides differ at one row of sizes and draws after the other."""
        without = self._without(ready)
        told: Sizes | None = None  # of large sizes one draw at which there are values will do
        for sizes, draws, compared in self._rows(ready):
            kinds = [draw for draw in draws if draw not in without]
            batch = None if sizes is told else self.points.batch(sizes, ready.assumptions, kinds)
            if batch is None:
                continue
            try:
                outcomes = compared(batch, ready)
            except EinrnnError:
                continue
            if compared is _by_adjoints and outcomes[0].compared:
                told = sizes
            yield batch, outcomes

    def _rows(self, ready: Ready) -> Iterator[_Row]:
        """Sizes and draws that are evaluated together, and how; large sizes with one draw each."""
        yield from ((sizes, draws, _ahead) for sizes, draws in self._trials)
        for sizes in self._large(ready):
            yield from ((sizes, (draw,), _by_adjoints) for draw in _LARGE_DRAWS)

    def _without(self, ready: Ready) -> frozenset[int]:
        """The draws that say nothing of a claim, or only what is a convention."""
        equal = _EQUAL if has_derivatives(self.prepared, ready) else ()
        uneven = () if has_branches(self.prepared, ready) else _OUTWEIGHING
        return frozenset((*equal, *uneven))

    @cached_property
    def _uncrossed(self) -> frozenset[str]:
        """The claims of which no other engine compares derivatives ahead with adjoints."""
        claims = self.prepared.claims
        return frozenset(ready.key for ready in claims if has_opaque(self.prepared, ready))

    @cached_property
    def _trials(self) -> list[tuple[Sizes, tuple[int, ...]]]:
        """Sizes with the numbers of random draws, which are evaluated together: one where sizes
        are large, several at the smallest, where few entries have to show what depends on their
        signs; entries of other kinds at the first sizes, equal ones at the last two as well, and
        there inputs that outweigh others."""
        rows = trial_sizes(self.prepared.model)
        small: list[tuple[int, ...]] = [(0, 1), (0, 1, 2, 3)]
        draws: list[tuple[int, ...]] = [(0,) for _ in rows[:-2]] + small[-len(rows) :]
        more = (
            (0, (WIDE[-1], SMALL, *_EQUAL[2:])),
            (-2, (*_EQUAL, *_OUTWEIGHING[:12])),
            (-1, (SMALL, *_EQUAL, *_OUTWEIGHING)),
        )
        for place, others in more:
            if -len(rows) <= place:
                draws[place] = (*draws[place], *others)
        if len(rows) == 1:  # there are no sizes: few entries, which say little
            draws[0] = (*draws[0], *_MORE)
        if self.points.largest_number is not None:
            draws[0] = (*draws[0], *BEYOND)
        if self.points.equations:
            for place in {0, len(rows) - 1, max(0, len(rows) - 2)}:
                draws[place] = (*draws[place], *self._compared_draws)
        draws = [tuple(dict.fromkeys(row)) for row in draws]
        return list(zip(rows, draws, strict=True))

    @property
    def _compared_draws(self) -> range:
        count = len(self.points.equations)
        return range(COMPARED, COMPARED + max(2, min(count, _MOST_EQUATIONS)))

    @cached_property
    def _larger(self) -> list[Sizes]:
        return list(large_sizes(self.prepared.model))

    @cached_property
    def _weights(self) -> Weights:
        return Weights(self.prepared.reverse)

    @cached_property
    def _turns(self) -> tuple[Turn, ...]:
        return turns_of_definitions(self.prepared.model)

    def _large(self, ready: Ready) -> list[Sizes]:
        """The largest sizes at which a claim takes no array of too many entries, and those at
        which its conditions change, or the document's."""
        fitting = (s for s in self._larger if self._fits(ready, s))
        turning = threshold_sizes(self.prepared.model, ready.claim, self._turns)
        return [*islice(fitting, 1), *(s for s in turning if self._fits(ready, s))]

    def _fits(self, ready: Ready, sizes: Sizes) -> bool:
        return self._weights.of(ready, ready.reverse, sizes) <= _MOST_ENTRIES


def _ahead(batch: Batch, ready: Ready) -> list[FloatOutcome]:
    pair = ready.forward
    return batch.forward.outcomes(pair.left, pair.right, ready.claim.ranges)


def _by_adjoints(batch: Batch, ready: Ready) -> list[FloatOutcome]:
    """At large sizes derivatives ahead would have too many entries."""
    pair = ready.reverse
    return batch.points[0].reverse.points.outcomes(pair.left, pair.right, ready.claim.ranges)


def _is_spurious(point: Point, both: FloatOutcome, ready: Ready) -> bool:
    """Whether the floats differ at simple numbers and the interpreter, with rational numbers, does
    not agree: what is 0 there need not be 0 in floats, and may have been divided by."""
    if point.draw < SMALL or not both.error > REFUTES:
        return False
    return not _fails_surely(point, ready)


def _fails_surely(point: Point, ready: Ready) -> bool:
    from einrnn.check.counterexample import fails_at

    return fails_at(point, ready)


def _is_rounding(point: Point, both: FloatOutcome, ready: Ready) -> bool:
    """Whether rounding may account for a small difference: ``log(1 - p)`` of a ``p`` near 1 has
    few digits."""
    if point.draw in WIDE or both.at is None or not AGREES < both.error <= REFUTES:
        return False  # errors at extreme entries are not counted at all
    sure = sure_values(point.prepared, ready, point, both.at)
    return sure is not None and is_near(*sure)


def _has_values(point: Point, ready: Ready) -> bool:
    """Whether both sides have a value somewhere at a point."""
    pair = ready.forward
    both = sides(point.forward.evaluator, pair.left, pair.right, ready.claim.ranges, None)
    return both is not None and bool((np.isfinite(both.left) & np.isfinite(both.right)).any())


def _with(tried: Tried, point: Point, both: FloatOutcome) -> Tried:
    """The record with one more point in it; errors at extreme entries say little."""
    if not both.compared:
        return tried
    wide, fails = point.draw in WIDE, both.error > REFUTES
    place = Place(point.sizes, point.draw) if fails else None
    if wide and fails:
        # saturated or cancelled as often as false: more exact tiers have to say which
        return replace(tried, extreme=tried.extreme or place)
    return replace(
        tried,
        sizes=tried.sizes if point.sizes in tried.sizes else (*tried.sizes, point.sizes),
        error=tried.error if wide else max(tried.error, both.error),
        failed_at=tried.failed_at or place,
    )


def _crossed(point: Point, ready: Ready) -> Tried:
    """A record that compares each side by derivatives ahead with the same by adjoints."""
    ranges = ready.claim.ranges
    one, other = ready.forward, ready.reverse
    ahead = sides(point.forward.evaluator, one.left, one.right, ranges, None)
    back = sides(point.reverse.evaluator, other.left, other.right, ranges, None)
    if ahead is None or back is None:
        return Tried()
    worst = 0.0
    for ours, theirs in ((ahead.left, back.left), (ahead.right, back.right)):
        usable = np.isfinite(ours) & np.isfinite(theirs)
        worst = max(worst, float(relative(ours[usable], theirs[usable]).max(initial=0.0)))
    if worst <= _CROSS:
        return Tried(cross=worst)
    return Tried(cross=worst, defects=(f"derivatives ahead and adjoints differ by {worst:.1e}",))
