"""Random losses compiled with their gradients and second derivatives, against differences.

    python -m tests.fuzz.programs --seconds 600 --backend native

The losses are sums of squares of products with sizes, deltas, guards, look-ups and sums over
ranges in them. First derivatives are compared with differences of the interpreter, which shares
nothing with what plans programs; second ones with differences of the first. The run ends with
status 1 at the first program that is off.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import einrnn
from einrnn.errors import EvaluationError
from einrnn.numeric.interpret import Interpreter
from tests.numeric.random_products import HEAD, SIZES, arrays, product

Arrays = dict[str, np.ndarray]
_STEP = 1e-6


def text(seed: int) -> str:
    """A document with a random loss ``L``."""
    body = product(random.Random(seed), ["i", "j"], 2)
    loss = "L := sum[i=0..D-1] sum[j=0..D-1] A[i,j] p[i,j]^2"
    return f"{HEAD}p[i,j] := ({body}) ([i >= 0] [j >= 0])\n{loss}\n"


def worst(seed: int, backend: str) -> float:
    """The largest error of a derivative, as a part of its largest entry and of 1."""
    document = einrnn.parse(text(seed))
    document.raise_errors()
    program = document.compile("dL/dx", "dL/dA", "d2L/dx[i]dx[j]", backend=backend)
    data = arrays(seed)
    sizes = {name: SIZES[name] for name in program.sizes}

    def computed(given: Arrays) -> Any:
        return program(**{name: given[name] for name in program.inputs}, **sizes)

    def loss(given: Arrays) -> np.ndarray:
        return np.asarray(Interpreter(document.model, SIZES, given).tensor("L"), dtype=float)

    found = computed(data)
    errors = [_error(found[f"dL/d{name}"], _slopes(loss, data, name)) for name in ("x", "A")]
    second = _slopes(lambda given: computed(given)["dL/dx"], data, "x")
    return max(*errors, _error(found["d2L/dx[i]dx[j]"], second))


def _slopes(function: Callable[[Arrays], np.ndarray], data: Arrays, name: str) -> np.ndarray:
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


def _error(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(found - expected).max() / max(1.0, np.abs(expected).max()))


def main() -> int:
    """Until the seconds are used up; the number of programs, and the first that is off."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--backend", default="numpy")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    end, seed, refused = time.monotonic() + asked.seconds, asked.seed, 0
    while time.monotonic() < end:
        try:
            error = worst(seed, asked.backend)
        except EvaluationError:  # a look-up inside a condition may be out of range
            error, refused = 0.0, refused + 1
        if not error < 1e-4:
            print(f"seed {seed} is off by {error:.1e}:\n{text(seed)}")
            return 1
        seed += 1
    print(f"{seed - asked.seed} programs, none off; {refused} with a look-up out of range")
    return 0


if __name__ == "__main__":
    sys.exit(main())
