"""Gradients in which a factor is taken out of a sum that may be over nothing."""

import numpy as np
import pytest

import einrnn
from tests.numeric.test_native import needs_compiler

BACKENDS = ["numpy", pytest.param("native", marks=needs_compiler)]
TIMES = "index t, r : T\n"
# documents with the loss L, and the shapes of the inputs it is differentiated by
CASES = {
    "pairs of times": (
        "input u[T], w[T]\nL := sum[t] sum[r=0..t-1] u[r] w[r+1]",
        {"u": (4,), "w": (4,)},
    ),
    "what comes after": (
        TIMES + "input u[T], m[T], b\ny[t] := tanh(u[t] + b y[t-1]) with y[-1] := 0\n"
        "z[t] := sum[r=t..T-1] m[r] y[r]\nL := sum[t] z[t]^2",
        {"u": (4,), "m": (4,), "b": ()},
    ),
    "what came before": (
        TIMES + "input u[T], m[T], b\ny[t] := tanh(u[t] + b y[t+1]) with y[T] := 0\n"
        "z[t] := sum[r=0..t] m[r] y[r]\nL := sum[t] z[t]^2",
        {"u": (4,), "m": (4,), "b": ()},
    ),
    "read ahead": (
        TIMES + "input X[T+2], u[T]\nz[t] := sum[r=0..t] X[r+2] u[r]\nL := sum[t] z[t]^2",
        {"X": (6,), "u": (4,)},
    ),
    "largest, read ahead": (
        TIMES + "input X[T+2], u[T]\nz[t] := max[r=0..t] (X[r+2] u[r])\nL := sum[t] z[t]^2",
        {"X": (6,), "u": (4,)},
    ),
    "all that follow": (
        "index i, k : N\ninput v[N], w[N]\nc[i] := v[i] + sum[k: k > i] tanh(c[k] w[k-1])\n"
        "L := sum[i] c[i]^2",
        {"v": (4,), "w": (4,)},
    ),
    "all before": (
        "index i : N\ninput v[N], w[N]\nc[i] := v[i] + sum[k=1..i] c[k-1] w[k]\nL := sum[i] c[i]^2",
        {"v": (4,), "w": (4,)},
    ),
    "cases inside": (
        TIMES + "input u[T], w[T]\n"
        "L := sum[t] (sum[r=0..t] { u[r-1] w[r] if r > 0 ; 1 otherwise })^2",
        {"u": (4,), "w": (4,)},
    ),
    "a triangle": (
        "index i, j : N\ninput w[N]\n"
        "c[i,j] := { w[i] if i == j ; sum[k=i..j-1] c[k+1,j] w[k] if i < j ; 0 otherwise }\n"
        "L := c[0,N-1]^2 + sum[i,j] c[i,j]",
        {"w": (4,)},
    ),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", CASES)
def test_nothing_is_read_where_the_sum_is_over_nothing(name, backend):
    text, shapes = CASES[name]
    document = einrnn.parse(text)
    loss = document.compile("L")
    rng = np.random.default_rng(1)
    data = {key: rng.standard_normal(shape) for key, shape in shapes.items()}
    for by, shape in shapes.items():
        slopes = np.zeros(shape)
        for place in np.ndindex(*shape):
            step = np.zeros(shape)
            step[place] = 1e-6
            above, below = (loss(**{**data, by: data[by] + s})["L"] for s in (step, -step))
            slopes[place] = (above - below) / 2e-6
        program = document.compile(f"dL/d{by}", backend=backend)
        found = program(**{name: data[name] for name in program.inputs})[f"dL/d{by}"]
        np.testing.assert_allclose(found, slopes, rtol=1e-5, atol=1e-6)
