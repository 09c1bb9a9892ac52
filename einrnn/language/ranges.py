"""Reads outside a range, as diagnostics."""

from __future__ import annotations

from collections.abc import Mapping

from einrnn.core import affine as af
from einrnn.core.model import Definition, Range
from einrnn.core.nodes import Affine, Dim, Index
from einrnn.errors import Diagnostic
from einrnn.language.bounds import evaluate, outside, uncovered
from einrnn.language.elaborate import Reading
from einrnn.language.sizes import UNNAMED


def check_readings(
    readings: list[Reading],
    axes: Mapping[str, tuple[Range, ...]],
    numbers: Mapping[str, int | None],
    definitions: Mapping[str, Definition],
) -> list[Diagnostic]:
    """One error for each place that reads what is not there."""
    found: list[Diagnostic] = []
    for reading in readings:
        if reading.tensor not in axes:
            continue
        own, context = axes[reading.tensor], reading.context
        left = [outside(a, b, context, numbers) for a, b in zip(reading.args, own, strict=True)]
        found += [
            _report(reading, axis, own, values, reading.tensor in definitions)
            for axis, values in enumerate(left)
            if values is not None
        ]
        definition = definitions.get(reading.tensor)
        if definition is not None and not any(left):
            values = uncovered(reading.args, definition, context, numbers)
            found += [] if values is None else [_between(reading, values)]
    return found


def _between(reading: Reading, values: dict[Index | Dim, int]) -> Diagnostic:
    """What is said of an entry between boundaries."""
    positions = ",".join(str(evaluate(arg, values)) for arg in reading.args)
    entry = f"{reading.tensor}[{positions}]"
    free = frozenset[Index]().union(*(arg.free for arg in reading.args))
    return Diagnostic(
        "E217",
        f"no clause of {reading.tensor} gives an entry that is read",
        reading.spans[0].to(reading.spans[-1]),
        f"{_when(values, free)}this reads {entry}",
        help=f"add a boundary clause for it, such as {entry} := 0, or restrict the range",
    )


def _when(values: dict[Index | Dim, int], free: frozenset[Index]) -> str:
    indices = [atom for atom in values if isinstance(atom, Index) and atom in free]
    dims = [atom for atom in values if isinstance(atom, Dim)]
    parts = [f"{atom.name} = {values[atom]}" for atom in (*indices, *dims)]
    return ("at " + ", ".join(parts) + " ") if parts else ""


def _unnamed(axis: Range) -> str:
    """What else may be wrong with an axis whose size nothing gives."""
    for dim, _ in axis.hi.terms:
        if isinstance(dim, Dim) and dim.name.startswith(UNNAMED):
            letter = dim.name.removeprefix(UNNAMED)
            declared = f"index {letter} : {letter.upper()}"
            return f"; nothing gives this axis a size: declare {declared} if that is meant"
    return ""


def _report(
    reading: Reading,
    number: int,
    axes: tuple[Range, ...],
    values: dict[Index | Dim, int],
    defined: bool,
) -> Diagnostic:
    name, axis, at = reading.tensor, axes[number], reading.args[number]
    position = evaluate(at, values)
    lo, hi = evaluate(axis.lo, values), evaluate(axis.hi, values)
    assert position is not None
    assert lo is not None
    assert hi is not None
    if defined:
        beyond = str(position) if position < lo else repr(axis.hi) + "+1"
        shown = beyond if at.free else repr(at)
        clause = _place(_simple(shown, axis), number, len(axes))
        help_text = f"add a boundary clause, {name}{clause} := 0, or restrict the range"
        help_text += _unnamed(axis)
    else:
        help_text = f"restrict the range{_restricted(at, axis)}, or give {name} a longer axis"
    place = _place(str(position), number, len(axes))
    return Diagnostic(
        "E217",
        f"this reads {name} outside its range",
        reading.spans[number],
        f"{_when(values, at.free)}this reads {name}{place}; "
        f"{name} has entries {axis.lo!r}..{axis.hi!r}",
        help=help_text,
    )


def _restricted(at: Affine, axis: Range) -> str:
    """How to declare the index of ``x[n+1]`` so that it stays inside."""
    letters = [atom for atom, _ in at.terms if isinstance(atom, Index)]
    if len(letters) != 1 or af.coefficient(at, letters[0]) != 1:
        return ""
    (letter,) = letters
    ahead = af.minus(at, af.of(letter))
    if ahead.terms or ahead.constant <= 0 or axis.lo is not af.ZERO:
        return ""
    return f", as index {letter.name} : {af.shift(axis.hi, 1 - ahead.constant)!r} does"


def _simple(shown: str, axis: Range) -> str:
    return shown.removesuffix("-1+1") if shown.endswith("-1+1") else shown


def _place(position: str, axis: int, count: int) -> str:
    return "[" + ",".join(position if n == axis else "…" for n in range(count)) + "]"
