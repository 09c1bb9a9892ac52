"""Reads outside a range, as diagnostics."""

from __future__ import annotations

from collections.abc import Mapping

from einrnn.core.model import Range
from einrnn.core.nodes import Dim, Index
from einrnn.errors import Diagnostic
from einrnn.language.bounds import evaluate, outside
from einrnn.language.elaborate import Reading


def check_readings(
    readings: list[Reading],
    axes: Mapping[str, tuple[Range, ...]],
    numbers: Mapping[str, int | None],
    definitions: frozenset[str],
) -> list[Diagnostic]:
    """One error for each place that reads outside the range of an axis."""
    found: list[Diagnostic] = []
    for reading in readings:
        if reading.tensor not in axes:
            continue
        axis = axes[reading.tensor][reading.axis]
        values = outside(reading, axis, numbers)
        if values is not None:
            found.append(_report(reading, axes[reading.tensor], values, definitions))
    return found


def _report(
    reading: Reading,
    axes: tuple[Range, ...],
    values: dict[Index | Dim, int],
    definitions: frozenset[str],
) -> Diagnostic:
    name, axis = reading.tensor, axes[reading.axis]
    at = evaluate(reading.at, values)
    position = _place(str(at), reading.axis, len(axes))
    indices = [atom for atom in values if isinstance(atom, Index) and atom in reading.at.free]
    dims = [atom for atom in values if isinstance(atom, Dim)]
    parts = [f"{atom.name} = {values[atom]}" for atom in (*indices, *dims)]
    when = ("at " + ", ".join(parts) + " ") if parts else ""
    lo, hi = evaluate(axis.lo, values), evaluate(axis.hi, values)
    assert at is not None
    assert lo is not None
    assert hi is not None
    if name in definitions:
        end = reading.at if not reading.at.free else None
        shown = repr(end) if end is not None else str(at) if at < lo else repr(axis.hi) + "+1"
        clause = _place(_simple(shown, axis), reading.axis, len(axes))
        help_text = f"add a boundary clause, {name}{clause} := 0, or restrict the range"
    else:
        help_text = f"restrict the range, or give {name} a longer axis"
    return Diagnostic(
        "E217",
        f"this reads {name} outside its range",
        reading.span,
        f"{when}this reads {name}{position}; {name} has entries {axis.lo!r}..{axis.hi!r}",
        help=help_text,
    )


def _simple(shown: str, axis: Range) -> str:
    return shown.removesuffix("-1+1") if shown.endswith("-1+1") else shown


def _place(position: str, axis: int, count: int) -> str:
    return "[" + ",".join(position if n == axis else "…" for n in range(count)) + "]"
