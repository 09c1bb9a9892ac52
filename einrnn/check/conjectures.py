"""Lemmas found by numbers: recurrences of the document that compute a derivative.

A hand-written adjoint such as ``dz[t,i] := ...`` often is the total derivative ``dL/dz`` by
another name. Where the values of two recurrences agree at a random point, their equality
is a conjecture; all conjectures are then proved together by induction, or dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import islice, permutations

import numpy as np
import numpy.typing as npt

from einrnn.check.points import Point
from einrnn.core import affine as af
from einrnn.core.build import ONE, ZERO, apply, iverson, number, power, sub
from einrnn.core.model import Model, Range
from einrnn.core.nodes import Add, Compare, Dim, Element, Expr, Index, Mul, Pow, Reduce, Value
from einrnn.core.traverse import walk
from einrnn.errors import EinrnnError
from einrnn.exact.exact import sides
from einrnn.exact.floats import FloatPoint
from einrnn.exact.values import UNDEFINED
from einrnn.symbolic.normal.domain import follows
from einrnn.symbolic.proof.clock import Clock, clock_of
from einrnn.symbolic.proof.statement import Statement
from einrnn.symbolic.proof.symmetry import exchanged, square

_AGREES = 1e-9
_MOST_AXES, _MOST_PARTS = 4, 8
_TIME = Index("t")

Values = npt.NDArray[np.float64]


def lively(model: Model, points: Sequence[Point]) -> FloatPoint:
    """The values at the first point at which no recurrence is 0 everywhere, as most are where no
    unit of a network is above its threshold; those at the first of all where there is none."""
    clock = clock_of(model)
    names = [name for name in model.definitions if clock.time(name)]
    rows = [FloatPoint(model, point.sizes, point.arrays) for point in points]
    if not any(name in model.derived for name in names):
        return rows[0]
    alive = (row for row in rows if all(_is_alive(model, row, name) for name in names))
    return next(alive, rows[0])


def _is_alive(model: Model, values: FloatPoint, name: str) -> bool:
    letters = [Index(f"k{axis}") for axis in range(len(model.axes(name)))]
    ranges = dict(zip(letters, model.axes(name), strict=True))
    entry = Element(name, tuple(af.of(letter) for letter in letters))
    both = _finite(values, entry, ONE, ranges)
    return both is None or bool((np.abs(both[1]) > _AGREES).any())


def conjectures(model: Model, values: FloatPoint) -> list[Statement]:
    """The derived recurrences of a closed model that some definition of the document seems
    to compute, one statement for each."""
    clock = Clock(model)
    own = [n for n in model.definitions if n not in model.derived and clock.time(n)]
    found: list[Statement] = []
    taken: set[str] = set()
    for search in (_equal, _scaled, _of_logarithms):
        for name in model.definitions:
            when = clock.time(name) if name in model.derived else None
            if when is None or len(model.axes(name)) > _MOST_AXES or name in taken:
                continue
            for other in own:
                if search is _scaled and other in taken:
                    continue  # it has been replaced by another derivative already
                statement = search(model, values, clock, name, other)
                if statement is not None:
                    found.append(statement)
                    taken |= {name, other}
                    break
    return found


def constants(model: Model, values: FloatPoint) -> list[Statement]:
    """The derived recurrences of a closed model with no axis but time that seem to be the same
    number of the document at every time."""
    clock, time = clock_of(model), _TIME
    found: list[Statement] = []
    for name in model.derived:
        if clock.time(name) is None or len(model.axes(name)) != 1:
            continue
        left, ranges = Element(name, (af.of(time),)), {time: model.axes(name)[0]}
        value = _ratio(values, left, ONE, ranges)
        right = None if value is None else _named(model, values, value)
        if right is not None:
            found.append(Statement(left, right, ranges))
    return found


def symmetric_by_numbers(model: Model, point: Point) -> list[str]:
    """The recurrences of a closed model whose last two positions may be exchanged at a point."""
    clock = clock_of(model)
    names = square(model, clock)
    if not names:
        return []
    values = FloatPoint(model, point.sizes, point.arrays)
    found: list[str] = []
    for name in names:
        when = clock.time(name)
        if when is not None:
            statement = exchanged(model, when, name)
            ratio = _ratio(values, statement.left, statement.right, statement.ranges)
            if ratio is not None and _close(ratio, 1.0):
                found.append(name)
    return found


def _paired(
    model: Model, clock: Clock, name: str, other: str
) -> Iterator[tuple[Element, Element, Mapping[Index, Range]]]:
    """Entries of two recurrences that run the same way, their other axes in each order."""
    when, theirs = clock.time(name), clock.time(other)
    axes, other_axes = model.axes(name), model.axes(other)
    if when is None or theirs is None:
        return
    if theirs.direction != when.direction or len(axes) != len(other_axes):
        return
    for order in permutations(range(len(axes))):
        if order[theirs.axis] != when.axis:
            continue
        ranges = [_common(axes[a], other_axes[b]) for b, a in enumerate(order)]
        by_axis = {a: r for a, r in zip(order, ranges, strict=True) if r is not None}
        if len(by_axis) < len(axes):
            continue
        letters = {a: _TIME if a == when.axis else Index(f"k{a}") for a in range(len(axes))}
        left = Element(name, tuple(af.of(letters[a]) for a in range(len(axes))))
        right = Element(other, tuple(af.of(letters[a]) for a in order))
        yield left, right, {letters[a]: by_axis[a] for a in range(len(axes))}


def _equal(
    model: Model, point: FloatPoint, clock: Clock, name: str, other: str
) -> Statement | None:
    """The statement that a derivative is a multiple of a recurrence of the document."""
    for left, right, ranges in _paired(model, clock, name, other):
        times = _ratio(point, left, right, ranges)
        factor = (
            _varying(model, point, left, right, ranges)
            if times is None
            else _named(model, point, times)
        )
        if factor is not None:
            return Statement(left, right if factor is ONE else Mul((factor, right)), ranges)
    return None


def _varying(
    model: Model, point: FloatPoint, left: Element, right: Element, ranges: Mapping[Index, Range]
) -> Expr | None:
    """What the right side has to be multiplied by to be the left one, if that is an entry of the
    document, or its reciprocal: ``1 / Z[b]`` in a batch, or a potential ``p[t]``."""
    kept = _varies_along(point, left, right, ranges)
    if not kept or len(kept) > 2:
        return None
    for letters in permutations(kept):
        for entry in _entries(model, letters, ranges):
            for factor in (entry, power(entry, -1)):
                times = _ratio(point, left, Mul((factor, right)), ranges)
                named = None if times is None else _named(model, point, times)
                if named is not None:
                    return factor if named is ONE else Mul((named, factor))
    return None


def _varies_along(
    point: FloatPoint, left: Expr, right: Expr, ranges: Mapping[Index, Range]
) -> tuple[Index, ...] | None:
    """The indices on which the ratio of two sides depends; None where they have none."""
    both = _finite(point, left, right, ranges)
    if both is None:
        return None
    order, ours, theirs = both
    there = np.abs(theirs) > _AGREES
    if not there.any() or (np.abs(ours[~there]) > _AGREES).any():
        return None
    ratio = np.divide(ours, theirs, out=np.full(ours.shape, np.nan), where=there)
    return tuple(i for n, i in enumerate(order) if not _is_same_along(ratio, n))


def _is_same_along(ratio: Values, axis: int) -> bool:
    """Whether values, where there are any, are the same along an axis."""
    low = np.fmin.reduce(ratio, axis=axis)
    gap = np.fmax.reduce(ratio, axis=axis) - low
    return bool((~(gap > _AGREES * np.maximum(1e-3, np.abs(low)))).all())


def _entries(
    model: Model, letters: tuple[Index, ...], ranges: Mapping[Index, Range]
) -> Iterator[Element]:
    """Entries of the document's inputs and definitions at some indices."""
    for name in (*model.definitions, *model.inputs):
        axes = model.axes(name)
        if name in model.derived or len(axes) != len(letters):
            continue
        if all(_reaches(a, ranges[i]) for a, i in zip(axes, letters, strict=True)):
            yield Element(name, tuple(af.of(letter) for letter in letters))


def _scaled(
    model: Model, point: FloatPoint, clock: Clock, name: str, other: str
) -> Statement | None:
    """The statement that a recurrence of the document is a derivative times the slope of a
    squashing function, or of relu, in terms of its value: ``1 - s^2``, ``s (1 - s)`` or
    ``[s > 0]``."""
    for left, right, ranges in _paired(model, clock, name, other):
        for value in _values_over(model, ranges):
            slopes = (
                sub(ONE, power(value, 2)),
                Mul((value, sub(ONE, value))),
                iverson(Compare(">", value, ZERO)),
            )
            for slope in slopes:
                found = _ratio(point, right, Mul((slope, left)), ranges)
                if found is not None and _close(found, 1.0):
                    return Statement(right, Mul((slope, left)), ranges)
    return None


def _of_logarithms(
    model: Model, point: FloatPoint, clock: Clock, name: str, other: str
) -> Statement | None:
    """The statement that a derivative is exp of a recurrence that runs the same way, and of one
    that runs against it, less a number of the document or one for each position of a batch: a
    marginal in log space."""
    theirs = clock.time(other)
    for left, right, ranges in _paired(model, clock, name, other):
        for against in model.definitions:
            when = clock.time(against)
            if when is None or theirs is None or against in model.derived:
                continue
            if when.direction == theirs.direction or len(model.axes(against)) != len(ranges):
                continue
            image = _less(model, point, left, (right, Element(against, right.args)), ranges)
            if image is not None:
                return Statement(left, image, ranges)
    return None


def _less(
    model: Model,
    point: FloatPoint,
    left: Element,
    summed: tuple[Element, Element],
    ranges: Mapping[Index, Range],
) -> Expr | None:
    """exp of a sum less an entry of the document, times what the document names, that is the
    left side at the point."""
    kept = _varies_along(point, left, apply("exp", Add(summed)), ranges)
    if kept is None or len(kept) > 2 or _TIME in kept:
        return None
    for letters in permutations(kept):
        for entry in _entries(model, letters, ranges):
            image = apply("exp", Add((*summed, Mul((number(-1), entry)))))
            times = _ratio(point, left, image, ranges)
            factor = None if times is None else _named(model, point, times)
            if factor is not None:
                return image if factor is ONE else Mul((factor, image))
    return None


def _values_over(model: Model, ranges: Mapping[Index, Range]) -> Iterator[Element]:
    """Entries of the document's definitions at the indices of a statement."""
    for name in model.definitions:
        axes = model.axes(name)
        if name in model.derived or len(axes) != len(ranges):
            continue
        for order in permutations(ranges):
            pairs = zip(axes, order, strict=True)
            if all(_reaches(axis, ranges[letter]) for axis, letter in pairs):
                yield Element(name, tuple(af.of(letter) for letter in order))


def _reaches(axis: Range, span: Range) -> bool:
    """Whether an axis has all positions of a range, and ends with it but for a few."""
    beyond = af.minus(axis.hi, span.hi)
    return not beyond.terms and beyond.constant >= 0 and follows((), af.minus(span.lo, axis.lo))


def _named(model: Model, point: FloatPoint, value: float) -> Expr | None:
    """A number, or a power of a scalar or size of the document, that has this value."""
    for sign in (1, -1):
        if _close(value, sign):
            return number(sign)
        for scalar in _scalars(model):
            there = float(point.evaluator.value(scalar, {}).data.ravel()[0])
            for exponent in (1, -1):
                if there and _close(value, sign * there**exponent):
                    powered = Pow(scalar, number(exponent))
                    return powered if sign == 1 else Mul((number(-1), powered))
    simple = Fraction(value).limit_denominator(12)
    return number(simple) if simple and _close(value, float(simple)) else None


def _scalars(model: Model) -> list[Expr]:
    """The numbers that a document names: definitions and inputs without axes, sizes, and the
    entries and sums without indices that definitions are made of: ``Z[N-1]``."""
    names = [n for n in (*model.definitions, *model.inputs) if not model.axes(n)]
    sizes = [Dim(name) for name, fixed in model.dims.items() if fixed is None]
    kept = [name for name in names if name not in model.derived]
    own = [model.definitions[name] for name in model.definitions if name not in model.derived]
    bodies = [clause.body for definition in own for clause in definition.clauses]
    closed = (n for n in walk(*bodies) if isinstance(n, Element | Reduce) and not n.free)
    parts = dict.fromkeys(n for n in closed if isinstance(n, Reduce) or n.args)
    return [
        *(Element(name, ()) for name in kept),
        *(Value(af.of(size)) for size in sizes),
        *islice(parts, _MOST_PARTS),
    ]


def _close(first: float, second: float) -> bool:
    return abs(first - second) <= _AGREES * max(1e-3, abs(first))


def _common(first: Range, second: Range) -> Range | None:
    """The positions that two axes share, where their ends differ by numbers only."""
    low, high = af.minus(first.lo, second.lo), af.minus(first.hi, second.hi)
    if low.terms or high.terms:
        return None
    return Range(
        first.lo if low.constant >= 0 else second.lo,
        first.hi if high.constant <= 0 else second.hi,
    )


def _finite(
    point: FloatPoint, left: Expr, right: Expr, ranges: Mapping[Index, Range]
) -> tuple[tuple[Index, ...], Values, Values] | None:
    """Both sides over their indices, in an order; None where they do not have values everywhere."""
    try:
        both = sides(point.evaluator, left, right, ranges, None)
    except EinrnnError:
        return None
    if both is None or (both.flags & UNDEFINED).any():
        return None
    ours, theirs = both.left[0], both.right[0]
    if not (np.isfinite(ours).all() and np.isfinite(theirs).all()):
        return None
    return both.order, ours, theirs


def _ratio(
    point: FloatPoint, left: Expr, right: Expr, ranges: Mapping[Index, Range]
) -> float | None:
    """What the right side has to be multiplied by to be the left one at the point, if it is
    the same everywhere and not 0."""
    both = _finite(point, left, right, ranges)
    if both is None:
        return None
    ours, theirs = (side.ravel() for side in both[1:])
    place = int(np.argmax(np.abs(theirs)))
    if not (abs(theirs[place]) > _AGREES and abs(ours[place]) > _AGREES):
        return None
    ratio = float(ours[place] / theirs[place])
    gap = np.abs(ours - ratio * theirs)
    return ratio if (gap <= _AGREES * np.maximum(1.0, np.abs(ours))).all() else None
