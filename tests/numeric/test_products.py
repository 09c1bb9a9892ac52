"""Random products of sizes, deltas, guards, brackets and sums, compiled: as the interpreter."""

import random

import numpy as np
import pytest

import einrnn
from tests.numeric.comparing import agree

SIZES = {"D": 3, "M": 2, "I": 3, "J": 3, "K1": 3, "K2": 3}
SHAPES = {"x": (3,), "A": (3, 3), "B": (2, 3)}
HEAD = "dim D, M\ninput x[D], A[D,D], B[M,D], c[D] integer in D\n"


def term(rng, letters, depth):
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


def product(rng, letters, depth):
    return " ".join(term(rng, letters, depth) for _ in range(rng.choice([1, 2, 2, 3])))


@pytest.mark.parametrize("seed", range(150))
def test_random_products(seed):
    rng = random.Random(seed)
    body = product(rng, ["i", "j"], 2)
    # every letter of the left side occurs on the right
    doc = einrnn.parse(f"{HEAD}p[i,j] := ({body}) ([i >= 0] [j >= 0])\n")
    doc.raise_errors()
    data = np.random.default_rng(seed)
    arrays = {name: data.normal(size=shape) for name, shape in SHAPES.items()}
    arrays["c"] = data.integers(3, size=3)
    agree(doc.model, SIZES, arrays)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("w[i]/D", np.eye(3) / 3),
        ("D w[i]", 3 * np.eye(3)),
        ("2 w[i]/D^2", 2 * np.eye(3) / 9),
        ("w[i]/D + w[i]", 4 / 3 * np.eye(3)),
        ("w[i] - mean[e] w[e]", np.eye(3) - 1 / 3),
        ("{ w[i]/D if i >= 1 ; 0 otherwise }", np.diag([0, 1, 1]) / 3),
    ],
)
def test_derivatives_that_are_a_delta_and_a_size(text, expected):
    doc = einrnn.parse(f"dim D\ninput w[D]\nu[i] := {text}\n")
    found = doc.compile("du/dw")(w=np.zeros(3))["du/dw"]
    np.testing.assert_allclose(found, expected)


def test_a_hessian_that_is_a_delta_and_a_size():
    doc = einrnn.parse("dim D\ninput w[D]\nL := 1/D w[d]^2\n")
    found = doc.compile("d2L/dw[i]dw[j]")(w=np.zeros(4))["d2L/dw[i]dw[j]"]
    np.testing.assert_allclose(found, np.eye(4) / 2)
