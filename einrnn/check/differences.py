"""Derived tensors against finite differences of what they are the derivatives of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product

import numpy as np
import numpy.typing as npt

from einrnn.core.model import Model
from einrnn.core.traverse import elements
from einrnn.numeric.interpret import Interpreter

Arrays = Mapping[str, npt.NDArray[np.generic]]
Position = tuple[int, ...]
Overrides = dict[tuple[str, Position], float]

# the shorter ones are for functions that bend much within the first
_STEPS = (1e-3, 1e-4, 1e-5)
_CLOSE = 1e-8
_ENTRIES = 2


def positions(interpreter: Interpreter, model: Model, name: str) -> list[Position]:
    """All positions of a tensor at the interpreter's sizes."""
    spans = [
        range(interpreter.index(axis.lo, {}), interpreter.index(axis.hi, {}) + 1)
        for axis in model.axes(name)
    ]
    return list(product(*spans))


def largest_error(
    model: Model, sizes: Mapping[str, int], arrays: Arrays, name: str, rng: np.random.Generator
) -> float:
    """The largest error of some entries of a derived tensor against fourth-order central
    differences, relative to 1 or to the entry where that is larger."""
    meaning = model.derived[name]
    base = Interpreter(model, sizes, arrays)
    everywhere = positions(base, model, name)
    chosen = rng.choice(len(everywhere), min(_ENTRIES, len(everywhere)), replace=False)
    split = len(model.axes(meaning.of))
    immediate = meaning.kind == "immediate"
    own = model.differentiated(meaning.of)
    fixed: Overrides = {}
    if immediate:
        fixed = {**_held_fixed(model, base, own), **_held_fixed(model, base, meaning.of)}
    probe = Interpreter(model, sizes, arrays)
    read = probe.own_value if immediate else probe.entry
    worst = 0.0
    for choice in sorted(int(c) for c in chosen):
        at = everywhere[choice]
        given = float(base.entry(name, at))
        wrt = (meaning.wrt, at[split:])
        centre = float(base.entry(*wrt))

        def value(
            by: float,
            entry: tuple[str, Position] = wrt,
            centre: float = centre,
            at: Position = at[:split],
        ) -> float:
            probe.restart({**_without_own(model, fixed, meaning.of, at), entry: centre + by})
            return float(read(meaning.of, at))

        if np.isfinite(given):
            worst = max(worst, _error(value, given))
    return worst


def _without_own(model: Model, fixed: Overrides, name: str, at: Position) -> Overrides:
    """What is held fixed without what a derivative may be written with: entries of the tensor
    that it is one of, of which one that recurs holds the others fixed."""
    own = model.differentiated(name)
    if own == name:
        return fixed
    recurs = any(e.tensor == own for c in model.definitions[own].clauses for e in elements(c.body))
    there = at[: len(model.axes(own))]
    return {
        (other, position): number
        for (other, position), number in fixed.items()
        if other != own or (recurs and position != there)
    }


def _error(value: Callable[[float], float], given: float) -> float:
    """How far a given derivative is from the best difference quotient, 0 where there is none."""
    errors: list[float] = []
    for step in _STEPS:
        error = abs(given - _slope(value, step)) / max(1.0, abs(given))
        errors += [error] if np.isfinite(error) else []
        if error <= _CLOSE:
            break
    return min(errors, default=0.0)


def _slope(value: Callable[[float], float], step: float) -> float:
    """The derivative at 0, of fourth order in the step."""
    near = value(step) - value(-step)
    far = value(2 * step) - value(-2 * step)
    return (8 * near - far) / (12 * step)


def _held_fixed(model: Model, base: Interpreter, name: str) -> Overrides:
    """The present values of all names that a definition's right side reads, late names
    looked through."""
    fixed: Overrides = {}
    pending = [name]
    seen: set[str] = set()
    while pending:
        for clause in model.definitions[pending.pop()].clauses:
            for element in elements(clause.body):
                other = element.tensor
                if other in seen or other in model.inputs:
                    continue
                seen.add(other)
                if model.definitions[other].late:
                    pending.append(other)
                    continue
                for position in positions(base, model, other):
                    fixed[other, position] = float(base.entry(other, position))
    return fixed
