"""Random losses compiled with their gradients and second derivatives, against differences.

    python -m tests.fuzz.programs --seconds 600 --backend native

The losses are sums of squares of products with sizes, deltas, guards, look-ups and sums over
ranges in them. First derivatives are compared with differences of the interpreter, which shares
nothing with what plans programs; second ones with differences of the first. The run ends with
status 1 at the first program that is off.
"""

from __future__ import annotations

import random
import sys
from typing import Any

import numpy as np

import einrnn
from einrnn.numeric.interpret import Interpreter
from tests.fuzz.differences import Arrays, error, run, slopes
from tests.numeric.random_products import HEAD, SIZES, arrays, product


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
    errors = [error(found[f"dL/d{name}"], slopes(loss, data, name)) for name in ("x", "A")]
    second = slopes(lambda given: computed(given)["dL/dx"], data, "x")
    return max(*errors, error(found["d2L/dx[i]dx[j]"], second))


if __name__ == "__main__":
    sys.exit(run(__doc__, text, worst))
