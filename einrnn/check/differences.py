"""Derived tensors against finite differences of what they are the derivatives of."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np
import numpy.typing as npt

from einrnn.core.model import Model
from einrnn.core.traverse import elements
from einrnn.numeric.interpret import Interpreter

Arrays = Mapping[str, npt.NDArray[np.generic]]
Position = tuple[int, ...]
Overrides = dict[tuple[str, Position], float]

_STEP = 1e-3
_ENTRIES = 6


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
    fixed = _held_fixed(model, base, meaning.of) if meaning.kind == "immediate" else {}
    worst = 0.0
    for choice in sorted(int(c) for c in chosen):
        at = everywhere[choice]
        given = float(base.entry(name, at))
        of, wrt = (meaning.of, at[:split]), (meaning.wrt, at[split:])
        found = _difference(model, sizes, arrays, base, of, wrt, fixed, meaning.kind == "total")
        if np.isfinite(given) and np.isfinite(found):
            worst = max(worst, abs(given - found) / max(1.0, abs(given)))
    return worst


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


def _difference(
    model: Model,
    sizes: Mapping[str, int],
    arrays: Arrays,
    base: Interpreter,
    of: tuple[str, Position],
    wrt: tuple[str, Position],
    fixed: Overrides,
    total: bool,
) -> float:
    centre = float(base.entry(*wrt))

    def shifted(by: float) -> float:
        there = Interpreter(model, sizes, arrays, overrides={**fixed, wrt: centre + by})
        return float(there.entry(*of) if total else there.own_value(*of))

    near = shifted(_STEP) - shifted(-_STEP)
    far = shifted(2 * _STEP) - shifted(-2 * _STEP)
    return (8 * near - far) / (12 * _STEP)
