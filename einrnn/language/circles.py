"""Definitions that need themselves, at the same place: ``s[t,i] := W[i,j] s[t,j]``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from einrnn.core import affine as af
from einrnn.core.model import Definition
from einrnn.errors import Diagnostic, Span
from einrnn.language.elaborate import Reading

# for each axis of what is read: the axis that it has the position of, None where it has all
_Places = tuple[int | None, ...]
_Step = tuple[str, _Places, Reading]
_MOST_STEPS = 8


def circular(
    name: str, definitions: Mapping[str, Definition], readings: Mapping[str, list[Reading]]
) -> Reading | None:
    """The reading by which a definition comes back to the entry that it is for, wherever its last
    clause gives one; None where there is none."""
    if name not in definitions:
        return None
    here: _Places = tuple(range(len(definitions[name].axes)))
    for step in _steps(name, definitions, readings):
        seen = {step[:2]}
        pending = [step]
        for _ in range(_MOST_STEPS):
            if any(tensor == name and _meets(at, here) for tensor, at, _ in pending):
                return step[2]
            further = [
                (tensor, tuple(None if a is None else at[a] for a in own), step[2])
                for at_name, at, _ in pending
                for tensor, own, _ in _steps(at_name, definitions, readings)
            ]
            pending = [new for new in further if new[:2] not in seen]
            seen |= {new[:2] for new in pending}
    return None


def _meets(places: _Places, here: _Places) -> bool:
    return all(own is None or own == at for own, at in zip(places, here, strict=True))


def _steps(
    name: str, definitions: Mapping[str, Definition], readings: Mapping[str, list[Reading]]
) -> Iterator[_Step]:
    """The entries that the last clause of a definition surely reads, at its own positions or at
    all there are."""
    last = definitions[name].clauses[-1]
    own = [af.letter(arg) for arg in last.args]
    for reading in readings.get(name, ()):
        context, read = reading.context, definitions.get(reading.tensor)
        there = all(context.ranges.get(letter) == span for letter, span in last.ranges.items())
        if read is None or context.conditions or not there:
            continue
        places: list[int | None] = []
        for arg, axis in zip(reading.args, read.axes, strict=True):
            letter = af.letter(arg)
            if letter in own:
                places.append(own.index(letter))
            elif letter is not None and context.ranges.get(letter) == axis:
                places.append(None)
            else:
                break
        else:
            yield reading.tensor, tuple(places), reading


def report(name: str, reading: Reading, span: Span) -> Diagnostic:
    """What is said of it."""
    place = reading.spans[0].to(reading.spans[-1]) if reading.spans else span
    through = "" if reading.tensor == name else f" by way of {reading.tensor}"
    letter = next((arg for arg in reading.args if af.letter(arg) is not None), None)
    shifted = "" if letter is None else f"what comes before is read at {letter}-1; "
    return Diagnostic(
        "E219",
        f"{name} is defined by itself at the same place{through}",
        place,
        "this needs the entry that it is for",
        help=f"{shifted}an equation that {name} solves is a claim, not a definition",
    )
