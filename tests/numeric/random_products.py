"""Random products of sizes, deltas, guards, look-ups, brackets and sums, as text."""

from __future__ import annotations

import random

import numpy as np

SIZES = {"D": 3, "M": 2, "I": 3, "J": 3, "K1": 3, "K2": 3}
SHAPES = {"x": (3,), "A": (3, 3), "B": (2, 3)}
HEAD = "dim D, M\ninput x[D], A[D,D], B[M,D], c[D] integer in D\n"


def term(rng: random.Random, letters: list[str], depth: int) -> str:
    """A factor over some of the letters, all of which run over D."""
    a, b = rng.choice(letters), rng.choice(letters)
    simple = ["1/D", "D", "2", "1/M^2", "D/M", f"x[{a}]", f"A[{a},{b}]", f"delta[{a},{b}]"]
    simple += [f"[c[{a}] == {b}]", f"A[c[{a}],{b}]"]
    simple += [f"[{a} <= {b}]", f"[{a} + 1 == {b}]", f"B[0,{a}]"]
    if depth == 0:
        return rng.choice(simple)
    inner = term(rng, letters, depth - 1)
    other = product(rng, letters, depth - 1)
    summed = product(rng, [*letters, f"k{depth}"], depth - 1)
    return rng.choice(
        [
            rng.choice(simple),
            f"({inner} + {other})",
            f"({inner} - {other})",
            f"{{ {other} if {a} == {b} ; 0 otherwise }}",
            f"{{ {other} if {a} <= {b} ; 0 otherwise }}",
            f"{{ {other} if {a} == {b} ; {inner} otherwise }}",
            f"{{ {other} if x[{a}] > 0 ; 0 otherwise }}",
            f"(sum[k{depth}=0..D-1] {summed})",
            f"(sum[k{depth}=0..D-1] delta[k{depth},{a}] {summed})",
            f"(sum[k{depth}=0..{a}] {summed})",
        ]
    )


def product(rng: random.Random, letters: list[str], depth: int) -> str:
    """A few factors over some letters."""
    return " ".join(term(rng, letters, depth) for _ in range(rng.choice([1, 2, 2, 3])))


def arrays(seed: int) -> dict[str, np.ndarray]:
    """Random inputs."""
    rng = np.random.default_rng(seed)
    found = {name: rng.normal(size=shape) for name, shape in SHAPES.items()}
    return {**found, "c": rng.integers(3, size=3)}
