"""Derivatives by differences, and the run that all random programs have in common."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from einrnn.errors import EvaluationError

Arrays = dict[str, np.ndarray]
_STEP = 1e-6


def slopes(function: Callable[[Arrays], np.ndarray], data: Arrays, name: str) -> np.ndarray:
    """Central differences by every entry of an input; the axes of that come last."""
    rows: list[np.ndarray] = []
    for position in np.ndindex(data[name].shape):
        ends: list[np.ndarray] = []
        for step in (_STEP, -_STEP):
            moved = np.array(data[name])
            moved[position] += step
            ends.append(np.asarray(function({**data, name: moved})))
        rows.append((ends[0] - ends[1]) / (2 * _STEP))
    return np.stack(rows, axis=-1).reshape(*rows[0].shape, *data[name].shape)


def error(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference, as a part of the largest entry and of 1."""
    return float(np.abs(found - expected).max() / max(1.0, np.abs(expected).max()))


def run(about: str | None, text: Callable[[int], str], worst: Callable[[int, str], float]) -> int:
    """Until the seconds are used up; the number of programs, and the first that is off."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--backend", default="numpy")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    end, seed, refused = time.monotonic() + asked.seconds, asked.seed, 0
    while time.monotonic() < end:
        try:
            off = worst(seed, asked.backend)
        except EvaluationError:  # a look-up inside a condition may be out of range
            off, refused = 0.0, refused + 1
        if not off < 1e-4:
            print(f"seed {seed} is off by {off:.1e}:\n{text(seed)}")
            return 1
        seed += 1
    print(f"{seed - asked.seed} programs, none off; {refused} with a look-up out of range")
    return 0
