"""Gradients of products up to an index go back one step at a time."""

import numpy as np
import pytest

import einrnn
from tests.numeric.test_native import needs_compiler

BACKENDS = ["numpy", pytest.param("native", marks=needs_compiler)]
HEAD = "dim T, H\nindex t, r, s : T\nindex i : H\ninput x[T,H], w[T,H]\n"
# a definition of c[t,i], and which x[r,i] are its factors
FORMS = {
    "up to": ("prod[r=0..t] x[r,i]", lambda t: range(t + 1)),
    "up to the one before": ("prod[r=0..t-1] x[r,i]", lambda t: range(t)),
    "from": ("prod[r=t..T-1] x[r,i]", lambda t: range(t, 6)),
    "from the next": ("prod[r=t+1..T-1] x[r,i]", lambda t: range(t + 1, 6)),
    "from the first but one": ("prod[r=1..t] x[r,i]", lambda t: range(1, t + 1)),
}


def _values(x: np.ndarray, rows) -> np.ndarray:
    return np.array([np.prod(x[list(rows(t))], axis=0) for t in range(len(x))])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("zeros", [0, 1, 2])
def test_a_product_and_its_gradient(name: str, backend: str, zeros: int):
    text, rows = FORMS[name]
    rng = np.random.default_rng(zeros)
    x, w = rng.standard_normal((2, 6, 2))
    x[1 : 1 + zeros, 0] = 0
    document = einrnn.parse(f"{HEAD}c[t,i] := {text}\nL := sum[t,i] w[t,i] c[t,i]^2\n")
    program = document.compile("c", "L", "dL/dx", backend=backend)
    found = program(x=x, w=w)
    np.testing.assert_allclose(found["c"], _values(x, rows), atol=1e-12)
    # complex steps: no difference of nearly equal numbers
    wanted = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        moved = x.astype(complex)
        moved[at] += 1e-30j
        wanted[at] = (w * _values(moved, rows) ** 2).sum().imag / 1e-30
    np.testing.assert_allclose(found["dL/dx"], wanted, atol=1e-10)


def test_a_hessian_through_one():
    x = np.random.default_rng(3).standard_normal(5)
    document = einrnn.parse(
        "index t : T\ninput x[T]\nc[t] := prod[r=0..t] x[r]\nL := sum[t] c[t]^2\n"
    )
    gradient = document.compile("dL/dx")
    hessian = document.compile("d2L/dx[i]dx[j]")(x=x)["d2L/dx[i]dx[j]"]
    step = 1e-5 * np.eye(5)
    rows = [(gradient(x=x + s)["dL/dx"] - gradient(x=x - s)["dL/dx"]) / 2e-5 for s in step]
    np.testing.assert_allclose(hessian, rows, rtol=1e-6, atol=1e-7)


def test_rendering_takes_linear_time():
    document = einrnn.parse(
        "dim R, S\nindex s : S\ninput a[R,S], c[R,S]\n"
        "w[r,s] := a[r,s] prod[q=0..s-1] (1 - a[r,q])\nL := sum[r] (sum[s] w[r,s] c[r,s])^2\n"
    )
    program = document.compile("L", "dL/da")
    costs = [program.cost(R=3, S=size) for size in (64, 128)]
    assert costs[1].flops < 2.2 * costs[0].flops
    rng = np.random.default_rng(0)
    a, c = rng.uniform(size=(2, 3, 8))
    whole = np.cumprod(np.concatenate((np.ones((3, 1)), 1 - a[:, :-1]), axis=1), axis=1)
    assert float(program(a=a, c=c)["L"]) == pytest.approx((((a * whole * c).sum(1)) ** 2).sum())
