"""Reading entries of an array at index expressions: views where possible, else gathers."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from einrnn.dataclass import dataclass
from einrnn.errors import EvaluationError
from einrnn.numeric.bounds import Interval
from einrnn.numeric.emit import Axis, Emitter, Var, letters_of, sizes_of
from einrnn.numeric.labelled import aligned, mapped, merged, union
from einrnn.numeric.scope import Place
from einrnn.numeric.steps import Align, At, Constant, Gather, Iota, Item, Span, View


@dataclass(frozen=True)
class Argument:
    """One position that is read: its parts, its range, and the values of its look-ups."""

    place: Place
    interval: Interval | None
    entries: tuple[Var, ...] = ()


@dataclass(frozen=True)
class Array:
    """A stored tensor: its register and the positions that exist on each axis."""

    name: str
    register: int
    box: tuple[Interval, ...]

    @property
    def empty(self) -> bool:
        """Whether no position exists."""
        return any(hi < lo for lo, hi in self.box)


def read(emitter: Emitter, array: Array, args: Sequence[Argument], guarded: bool) -> Var:
    """The entries at ``args``, one per axis, over the axes that occur in them.

    Where a condition guards the value, positions out of range read the nearest entry;
    elsewhere they raise EvaluationError (E603).
    """
    if len(args) != len(array.box):
        raise EvaluationError(
            "E603", f"{array.name} has {len(array.box)} axes and is read at {len(args)} positions"
        )
    items: list[Item | None] = []
    for number, (arg, span) in enumerate(zip(args, array.box, strict=True)):
        inside = (
            arg.interval is not None and span[0] <= arg.interval[0] <= arg.interval[1] <= span[1]
        )
        if not inside and arg.interval is not None and not guarded:
            raise _out_of_range(array, number, arg.interval, span)
        items.append(_item(arg, span) if inside else _nearest(arg, span))
    if None not in items:
        return _viewed(emitter, array.register, [item for item in items if item], args)
    return _gathered(emitter, array, items, args, guarded)


def _out_of_range(array: Array, axis: int, found: Interval, span: Interval) -> EvaluationError:
    text = str(found[0]) if found[0] == found[1] else f"{found[0]} to {found[1]}"
    return EvaluationError(
        "E603",
        f"{array.name} is read out of range: position {text} on axis {axis}, "
        f"which runs from {span[0]} to {span[1]}",
    )


def _item(arg: Argument, span: Interval) -> Item | None:
    """The position or the slice; None where an index array is needed."""
    place = arg.place
    start = At(place.constant - span[0], place.counters)
    if place.entries or len(place.axes) > 1:
        return None
    if not place.axes:
        return start
    ((axis, times),) = place.axes
    first = At(start.constant + times * axis.lo, place.counters)
    return Span(first, axis.size, times)


def _nearest(arg: Argument, span: Interval) -> Item | None:
    """A single position that is moved into the range; None where there are several."""
    place = arg.place
    if place.axes or place.entries:
        return None
    size = span[1] - span[0] + 1
    if not place.counters:
        return At(min(max(place.constant - span[0], 0), size - 1))
    return At(place.constant - span[0], place.counters, size)


def _viewed(
    emitter: Emitter, register: int, items: Sequence[Item], args: Sequence[Argument]
) -> Var:
    axes = [
        arg.place.axes[0][0]
        for item, arg in zip(items, args, strict=True)
        if isinstance(item, Span)
    ]
    return merged(emitter, _view(emitter, register, items, axes), axes)


def _view(emitter: Emitter, register: int, items: Sequence[Item], axes: Sequence[Axis]) -> int:
    shape = emitter.shape(register)
    if all(item == Span(At(0), size) for item, size in zip(items, shape, strict=True)):
        return register
    return emitter.emit(
        View,
        register,
        tuple(items),
        shape=sizes_of(tuple(axes)),
        kind=emitter.kind(register),
        letters=letters_of(tuple(axes)),
    )


def _gathered(
    emitter: Emitter,
    array: Array,
    items: Sequence[Item | None],
    args: Sequence[Argument],
    guarded: bool,
) -> Var:
    """Index arrays for the axes without an item, and for those that share an axis with them."""
    positions: dict[int, Var] = {
        number: position(emitter, args[number], array.box[number][0])
        for number, item in enumerate(items)
        if item is None
    }
    common = union(list(positions.values()))
    for number, item in enumerate(items):
        if isinstance(item, Span) and args[number].place.axes[0][0] in common:
            positions[number] = position(emitter, args[number], array.box[number][0])
    register, kept = _front(emitter, array, items, args, sorted(positions))
    indices = tuple(aligned(emitter, positions[number], common) for number in sorted(positions))
    axes = (*common, *kept)
    out = emitter.emit(
        Gather,
        register,
        indices,
        guarded,
        array.name,
        shape=sizes_of(axes),
        kind=emitter.kind(array.register),
        letters=letters_of(axes),
    )
    return merged(emitter, out, axes)


def _front(
    emitter: Emitter,
    array: Array,
    items: Sequence[Item | None],
    args: Sequence[Argument],
    gathered: Sequence[int],
) -> tuple[int, list[Axis]]:
    """The array with plain positions taken and the gathered axes first; the axes kept."""
    taken: list[Item] = []
    axes: list[Axis | None] = []
    for number, (item, arg, span) in enumerate(zip(items, args, array.box, strict=True)):
        if number in gathered or item is None:
            taken.append(Span(At(0), span[1] - span[0] + 1))
            axes.append(None)
        else:
            taken.append(item)
            axes += [arg.place.axes[0][0]] if isinstance(item, Span) else []
    register = array.register
    shape = emitter.shape(register)
    if any(item != Span(At(0), size) for item, size in zip(taken, shape, strict=True)):
        sizes = tuple(item.size for item in taken if isinstance(item, Span))
        kind = emitter.kind(register)
        register = emitter.emit(View, register, tuple(taken), shape=sizes, kind=kind)
    shape = emitter.shape(register)
    order = [at for at, axis in enumerate(axes) if axis is None]
    order += [at for at, axis in enumerate(axes) if axis is not None]
    if order != sorted(order):
        new = tuple(shape[at] for at in order)
        kind = emitter.kind(register)
        register = emitter.emit(Align, register, tuple(order), shape=new, kind=kind)
    return register, [axis for axis in axes if axis is not None]


def position(emitter: Emitter, arg: Argument, lo: int) -> Var:
    """The positions as integers counted from ``lo``, over the axes of their indices."""
    place = arg.place
    terms: list[tuple[Var, int]] = [(iota(emitter, axis), times) for axis, times in place.axes]
    terms += [(Var(counter, ()), times) for counter, times in place.counters]
    terms += [(entry, times) for entry, (_, times) in zip(arg.entries, place.entries, strict=True)]
    result: Var | None = None
    for value, times in terms:
        if times != 1:
            value = mapped(emitter, "*", value, integer(emitter, times), kind="integer")
        result = value if result is None else mapped(emitter, "+", result, value, kind="integer")
    constant = place.constant - lo
    if result is None:
        return integer(emitter, constant)
    if constant:
        result = mapped(emitter, "+", result, integer(emitter, constant), kind="integer")
    return result


def iota(emitter: Emitter, axis: Axis) -> Var:
    """The values of an axis's index."""
    names = letters_of((axis,))
    out = emitter.emit(Iota, axis.lo, axis.size, shape=(axis.size,), kind="integer", letters=names)
    return Var(out, (axis,))


def integer(emitter: Emitter, value: int) -> Var:
    """A whole number that stays one."""
    return Var(emitter.emit(Constant, Fraction(value), True, shape=(), kind="integer"), ())
