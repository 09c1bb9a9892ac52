"""Gradients of the largest of products and sums: one of them attains it, whatever rounding does."""

import numpy as np
import pytest

import einrnn
from tests.numeric.test_native import needs_compiler

BACKENDS = ["numpy", pytest.param("native", marks=needs_compiler)]
HEAD = "index t : T\n"
# a document with the loss y, by what it is differentiated, and the shapes of its inputs
CASES = {
    "products at one time": (
        "input a[T], A[T,N], v[N]\nz[t] := max[i] (a[t] A[t,i] v[i])\ny := sum[t] z[t]",
        "v",
        {"a": (1,), "A": (1, 5), "v": (5,)},
    ),
    "contraction inside": (
        "input a[T], A[T,N], v[N]\ny := max[t,i] (A[t,i] A[t,j] v[j] a[t])",
        "v",
        {"a": (7,), "A": (7, 5), "v": (5,)},
    ),
    "smallest": (
        "input A[T,N], W[N,M], v[M]\ny := min[t,i] (A[t,j] W[j,i] v[i])",
        "v",
        {"A": (4, 3), "W": (3, 2), "v": (2,)},
    ),
    "sums": (
        "input q[T,D], u[T], v[D]\nz[d] := max[t] (q[t,d] + u[t] v[d])\ny := sum[d] z[d]",
        "v",
        {"q": (12, 9), "u": (12,), "v": (9,)},
    ),
    "best path": (
        HEAD + "input A[T,R], u[R]\nz[t] := max[r] (A[t,r] + z[t-1] u[r]) with z[-1] := 0\n"
        "y := sum[t] z[t]^2",
        "u",
        {"A": (12, 9), "u": (9,)},
    ),
    "so far": (
        HEAD + "input A[T,T], u[T]\nz[t] := max[r=0..t] (A[t,r] u[r])\ny := sum[t] z[t]^2",
        "u",
        {"A": (12, 12), "u": (12,)},
    ),
    "where there are some": (
        HEAD + "input A[T,T], u[T]\n"
        "y := sum[t] { max[r=0..t-1] (A[t,r] u[r+1]) if t >= 1 ; 0 otherwise }^2",
        "u",
        {"A": (12, 12), "u": (12,)},
    ),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", CASES)
def test_the_gradient_is_that_of_the_value_that_attains_it(name, backend):
    text, by, shapes = CASES[name]
    program = einrnn.parse(text).compile("y", f"dy/d{by}", backend=backend)
    rng = np.random.default_rng(0)
    for _ in range(10):
        data = {key: rng.standard_normal(shape) for key, shape in shapes.items()}
        slopes = np.zeros(shapes[by])
        for place in np.ndindex(*shapes[by]):
            step = np.zeros(shapes[by])
            step[place] = 1e-6
            above, below = (program(**{**data, by: data[by] + s})["y"] for s in (step, -step))
            slopes[place] = (above - below) / 2e-6
        np.testing.assert_allclose(program(**data)[f"dy/d{by}"], slopes, rtol=1e-4, atol=1e-6)
