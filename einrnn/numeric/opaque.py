"""Random smooth functions that stand for opaque ones, with derivatives of every order.

Entry ``at`` of the function is ``sum_p c_p sin(w_p . x + b_p)``, where ``x`` are all entries
of all arguments in turn. A derivative by entries of ``x`` multiplies by their weights and
shifts the phase by a quarter turn each, so no derivative rule is needed, and none can be wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from math import prod
from typing import Any

import numpy as np

from einrnn.dataclass import dataclass
from einrnn.errors import EvaluationError

Floats = np.ndarray[Any, np.dtype[np.float64]]

WAVES = 3


@dataclass(frozen=True)
class Waves:
    """One entry of a function: ``amplitude`` [P], ``phase`` [P] and ``weight`` [P, entries]."""

    amplitude: Floats
    phase: Floats
    weight: Floats


@lru_cache(maxsize=65536)
def waves(seed: int, name: str, at: tuple[int, ...], entries: int) -> Waves:
    """The random function for one entry; the same arguments always give the same function."""
    text = repr((seed, name, at, entries)).encode()
    rng = np.random.default_rng(int.from_bytes(blake2b(text, digest_size=8).digest(), "little"))
    return Waves(
        rng.uniform(0.5, 1.0, WAVES) * rng.choice([-1.0, 1.0], WAVES),
        rng.uniform(0.0, 2 * np.pi, WAVES),
        rng.normal(0.0, 1.0, (WAVES, entries)),
    )


def evaluate(function: Waves, point: Sequence[float] | Floats, by: Sequence[int]) -> float:
    """The function at ``point``, differentiated by the entries numbered in ``by``."""
    angle = function.weight @ np.asarray(point, dtype=np.float64) + function.phase
    factor = function.amplitude.copy()
    for entry in by:
        factor = factor * function.weight[:, entry]
    return float(np.sum(factor * np.sin(angle + 0.5 * np.pi * len(by))))


def flat_entry(shapes: Sequence[tuple[int, ...]], argument: int, entry: Sequence[int]) -> int:
    """The number of an argument's entry among all entries of all arguments."""
    shape = shapes[argument]
    if len(entry) != len(shape) or any(
        not 0 <= e < size for e, size in zip(entry, shape, strict=True)
    ):
        raise EvaluationError(
            "E603",
            f"argument {argument} of an opaque function has shape {shape} "
            f"and is differentiated by its entry {tuple(entry)}",
        )
    result = 0
    for position, size in zip(entry, shape, strict=True):
        result = result * size + position
    return sum(prod(other) for other in shapes[:argument]) + result


def opaque_value(
    name: str, at: tuple[int, ...], point: Sequence[float], by: Sequence[int], seed: int = 0
) -> float:
    """Entry ``at`` of the random function that stands for ``name``, differentiated by the
    argument entries numbered in ``by``."""
    return evaluate(waves(seed, name, at, len(point)), point, by)
