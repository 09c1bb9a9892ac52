"""Gradients of recurrences that go on under a condition, inside a function or a softmax."""

import numpy as np
import pytest

import einrnn
from tests.numeric.test_native import needs_compiler

BACKENDS = ["numpy", pytest.param("native", marks=needs_compiler)]
# documents with the loss L, by what it is differentiated, and the shapes of the inputs
CASES = {
    "softmax under a mask": (
        "input A[T,N], m[T] boolean, b\n"
        "z[t,i] := { softmax[i](z[t-1,i] + A[t,i]) if m[t] == 1 ; z[t-1,i] otherwise }\n"
        "  with z[-1,i] := b\nL := sum[t,i] z[t,i]^2",
        "A",
        {"A": (4, 3), "m": (4,), "b": ()},
    ),
    "a function of cases under a mask": (
        "input u[T], m[T] boolean, k[T] boolean\n"
        "z[t] := { tanh({ u[t] if m[t] == 1 ; z[t-1] otherwise }) if k[t] == 1 ; 0 otherwise }\n"
        "  with z[-1] := 0\nL := sum[t] z[t]^2",
        "u",
        {"u": (6,), "m": (6,), "k": (6,)},
    ),
    "a multiple of cases in cases": (
        "input u[T], m[T] boolean, b\n"
        "z[t] := { b { u[t] if m[t] == 1 ; z[t-1] otherwise } if u[t] > 0 ; b otherwise }\n"
        "  with z[-1] := 0\nL := sum[t] z[t]^2",
        "u",
        {"u": (6,), "m": (6,), "b": ()},
    ),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", CASES)
def test_the_adjoint_goes_back_one_step_at_a_time(name, backend):
    text, by, shapes = CASES[name]
    document = einrnn.parse(text)
    loss = document.compile("L")
    rng = np.random.default_rng(3)
    data = {
        key: rng.integers(0, 2, shape) if key in "mk" else rng.standard_normal(shape)
        for key, shape in shapes.items()
    }
    slopes = np.zeros(shapes[by])
    for place in np.ndindex(*shapes[by]):
        step = np.zeros(shapes[by])
        step[place] = 1e-6
        above, below = (loss(**{**data, by: data[by] + s})["L"] for s in (step, -step))
        slopes[place] = (above - below) / 2e-6
    found = document.compile(f"dL/d{by}", backend=backend)(**data)[f"dL/d{by}"]
    np.testing.assert_allclose(found, slopes, rtol=1e-5, atol=1e-7)
