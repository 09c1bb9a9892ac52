"""Arrays with labelled axes: aligned, spread, mapped and reduced by the names of their axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from einrnn.numeric.emit import Axis, Emitter, Var, letters_of, sizes_of
from einrnn.numeric.steps import Align, Diagonal, Fold, Kind, Map, Spread


def aligned(emitter: Emitter, var: Var, axes: Sequence[Axis]) -> int:
    """The register with its axes in this order, size 1 where it does not have one."""
    order = tuple(var.axes.index(axis) if axis in var.axes else -1 for axis in axes)
    if order == tuple(range(len(var.axes))):
        return var.register
    shape = tuple(1 if at < 0 else var.axes[at].size for at in order)
    kind = emitter.kind(var.register)
    names = letters_of(tuple(axes))
    return emitter.emit(Align, var.register, order, shape=shape, kind=kind, letters=names)


def spread(emitter: Emitter, var: Var, axes: Sequence[Axis]) -> Var:
    """The value over exactly these axes, repeated along those it does not have."""
    register = aligned(emitter, var, axes)
    shape = sizes_of(tuple(axes))
    if emitter.shape(register) != shape:
        kind, names = emitter.kind(register), letters_of(tuple(axes))
        register = emitter.emit(Spread, register, shape, shape=shape, kind=kind, letters=names)
    return Var(register, tuple(axes))


def union(values: Sequence[Var]) -> tuple[Axis, ...]:
    """The axes of several values, the one with the most first, in order of appearance."""
    longest = sorted(values, key=lambda var: -len(var.axes))
    return tuple(dict.fromkeys(axis for var in longest for axis in var.axes))


def mapped(emitter: Emitter, function: str, *args: Var, kind: Kind = "number") -> Var:
    """A function of entries over the union of the arguments' axes."""
    axes = union(args)
    registers = tuple(_trailing(emitter, arg, axes) for arg in args)
    shape, names = sizes_of(axes), letters_of(axes)
    return Var(emitter.emit(Map, function, registers, shape=shape, kind=kind, letters=names), axes)


def _trailing(emitter: Emitter, var: Var, axes: Sequence[Axis]) -> int:
    """The value aligned from its first own axis on: those before it broadcast by themselves."""
    first = next((at for at, axis in enumerate(axes) if axis in var.axes), len(axes))
    return aligned(emitter, var, axes[first:])


def folded(emitter: Emitter, op: str, var: Var, axes: Sequence[Axis]) -> Var:
    """A reduction over axes that the value has."""
    if not axes:
        return var
    numbers = tuple(sorted(var.axes.index(axis) for axis in axes))
    rest = tuple(axis for axis in var.axes if axis not in axes)
    kind = emitter.kind(var.register)
    out = emitter.emit(
        Fold, op, var.register, numbers, shape=sizes_of(rest), kind=kind, letters=letters_of(rest)
    )
    return Var(out, rest)


def merged(emitter: Emitter, register: int, axes: Sequence[Axis]) -> Var:
    """A value from a register that may have the same axis twice: its diagonal."""
    found = list(axes)
    while len(set(found)) < len(found):
        axis = next(axis for axis in found if found.count(axis) > 1)
        first = found.index(axis)
        second = found.index(axis, first + 1)
        found = [a for at, a in enumerate(found) if at not in (first, second)] + [axis]
        register = emitter.emit(
            Diagonal,
            register,
            first,
            second,
            shape=sizes_of(tuple(found)),
            kind=emitter.kind(register),
            letters=letters_of(tuple(found)),
        )
    return Var(register, tuple(found))


def multiplied_up(emitter: Emitter, values: Sequence[Var]) -> Var:
    """The product of several values, entry by entry."""
    result = values[0]
    for value in values[1:]:
        result = mapped(emitter, "*", result, value)
    return result


def separate(axis: Axis, taken: set[Axis]) -> Axis:
    """The axis, or a copy of it that is not taken."""
    while axis in taken:
        axis = replace(axis, copy=axis.copy + 1)
    return axis
