"""Claims compared entry by entry in sympy, at small sizes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import numpy as np

from einrnn.check.claims import Prepared, Ready, named_assumptions
from einrnn.check.points import Point
from einrnn.check.sizes import recurrent_dims
from einrnn.check.weight import Weights
from einrnn.core.model import Model
from einrnn.errors import EinrnnError

_ENTRIES = 24
# what is written out of more than so many entries takes sympy very long
_MOST_WRITTEN_OUT = 400


def small_sizes(model: Model) -> tuple[Mapping[str, int], ...]:
    """The sizes at which sympy compares: recurrent dims at 3, the others at 2 and 3."""
    recurrent = recurrent_dims(model)
    return tuple(
        {
            name: number if number is not None else 3 if name in recurrent else other
            for name, number in model.dims.items()
        }
        for other in (2, 3)
    )


def is_small(prepared: Prepared, ready: Ready, sizes: Mapping[str, int]) -> bool:
    """Whether the arrays of a claim are small enough to be written out entry by entry."""
    return Weights(prepared.forward).of(ready, ready.forward, sizes) <= _MOST_WRITTEN_OUT


def equal_in_sympy(
    prepared: Prepared,
    ready: Ready,
    point_at: Callable[[Mapping[str, int]], Point | None],
    seconds: float,
) -> tuple[Mapping[str, int], ...]:
    """The sizes at which sympy finds both sides equal at every entry tried.

    Defined names stay symbols as far as possible: first only derivatives are unfolded,
    then what does not recur, then everything. Integer inputs take the values they have at
    the point.
    """
    deadline = time.monotonic() + seconds
    decided: list[Mapping[str, int]] = []
    for sizes in small_sizes(prepared.model):
        point = point_at(sizes) if is_small(prepared, ready, sizes) else None
        if point is not None and _equal_at(prepared, ready, point, deadline):
            decided.append(sizes)
    return tuple(decided)


def levels(prepared: Prepared) -> tuple[frozenset[str], ...]:
    """The names to unfold, in order of cost: derivatives, what does not recur, everything."""
    model = prepared.forward
    derived = frozenset(model.derived)
    everything = frozenset(model.definitions)
    return derived, derived | (everything - prepared.recurrent), everything


def _equal_at(prepared: Prepared, ready: Ready, point: Point, deadline: float) -> bool:
    from einrnn.sympy_backend.decide import is_zero
    from einrnn.sympy_backend.entries import Entries
    from einrnn.sympy_backend.granted import substitutions

    model = prepared.forward
    integers = {n: point.arrays[n] for n, given in model.inputs.items() if given.integer}
    entries = Entries(model, point.sizes, integers=integers)
    granted = substitutions(entries, named_assumptions(prepared.model, ready.assumptions))
    letters = tuple(ready.claim.ranges)
    unfolded = levels(prepared)
    for position in _chosen(point, ready):
        env = dict(zip(letters, position, strict=True))
        for unfold in unfolded:
            left_over = deadline - time.monotonic()
            if left_over <= 0:
                return False
            try:
                left = entries.expression(ready.forward.left, env, unfold)
                right = entries.expression(ready.forward.right, env, unfold)
            except EinrnnError:
                return False
            difference: Any = left - right
            if granted:
                difference = difference.xreplace(granted)
            if left is right or is_zero(difference, left_over / 2):
                break
        else:
            return False
    return True


def _chosen(point: Point, ready: Ready) -> list[tuple[int, ...]]:
    """Some positions of the free indices that the claim speaks of."""
    letters = tuple(ready.claim.ranges)
    interpreter = point.interpreter
    spans = [
        range(interpreter.index(r.lo, {}), interpreter.index(r.hi, {}) + 1)
        for r in ready.claim.ranges.values()
    ]
    cond = ready.claim.condition
    everywhere = [
        position
        for position in product(*spans)
        if cond is None or interpreter.holds(cond, dict(zip(letters, position, strict=True)))
    ]
    if len(everywhere) <= _ENTRIES:
        return everywhere
    rng = np.random.default_rng(len(everywhere))
    picked = rng.choice(len(everywhere), _ENTRIES, replace=False)
    return [everywhere[i] for i in sorted(int(i) for i in picked)]
