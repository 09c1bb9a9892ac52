"""Sums and products that go as far as the index of another sum: their values and gradients
against loops and differences, and the operations that they take."""

import numpy as np
import pytest

import einrnn

TEXT = """
dim T, D, E
index t, r : T
input Q[T,E], K[T,E], V[T,D], a[T], c[T], g[T,D]
o[t,d] := sum[r=0..t] sum[e] Q[t,e] K[r,e] V[r,d]
u[t,d] := sum[r=t..T-1] V[r,d] (Q[t,e] K[r,e])
A := sum[t,d] o[t,d]^2 + sum[t,d] g[t,d] u[t,d]
B := sum[t] sum[r=0..t] a[t] a[r] c[r] + sum[t] sum[r: r < t] c[t] a[r]^2
C := sum[t=1..T-1] sum[r=0..t-1] sum[s=r..T-1] a[t] c[r] c[s]
M := sum[t] a[t] prod[r=0..t] c[r]
L := A + B + C + M
"""
INPUTS = {"Q": (1, 3), "K": (1, 3), "V": (1, 2), "a": (1,), "c": (1,), "g": (1, 2)}


def loss(Q, K, V, a, c, g):
    n = len(a)
    o = np.array([sum((Q[t] @ K[r]) * V[r] for r in range(t + 1)) for t in range(n)])
    u = np.array([sum((Q[t] @ K[r]) * V[r] for r in range(t, n)) for t in range(n)])
    B = sum(a[t] * a[: t + 1] @ c[: t + 1] + c[t] * (a[:t] ** 2).sum() for t in range(n))
    C = sum(a[t] * c[r] * c[r:].sum() for t in range(1, n) for r in range(t))
    return (o**2).sum() + (g * u).sum() + B + C + a @ np.cumprod(c)


@pytest.mark.parametrize("backend", ["numpy", "native", "jax", "torch"])
@pytest.mark.parametrize("n", [1, 2, 5, 40])
def test_values_and_gradients(n, backend):
    if backend in ("jax", "torch"):
        pytest.importorskip(backend)
    rng = np.random.default_rng(n)
    data = {name: rng.normal(size=(n, *shape[1:])) for name, shape in INPUTS.items()}
    data["c"] = 1 + data["c"] / 9
    program = einrnn.parse(TEXT).compile("L", *(f"dL/d{x}" for x in INPUTS), backend=backend)
    found = program(**data)
    assert float(found["L"]) == pytest.approx(loss(**data), rel=1e-9)
    for name, array in data.items():
        # along one direction, by differences of both sides
        way = rng.normal(size=array.shape)
        ends = [loss(**{**data, name: array + h * way}) for h in (1e-5, -1e-5)]
        slope = float(np.sum(np.asarray(found[f"dL/d{name}"]) * way))
        assert slope == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-5, abs=1e-5)


LINEAR = {
    "pairs": "L := sum[t] sum[r=0..t] a[t] a[r] c[r]",
    "earlier ones": "L := sum[t] sum[r: r < t] a[t] a[r] c[r]",
    "a definition": "q[t] := sum[r=0..t] a[t] a[r] c[r]\nL := sum[t] q[t]",
    "functions": "L := sum[t] (sum[r=0..t] exp(a[r]))^2",
    "products": "L := sum[t] c[t] prod[r=0..t] a[r]",
    "causal attention": "L := sum[t] (sum[r=0..t] sum[e] Q[t,e] K[r,e] c[r]) a[t]",
}


@pytest.mark.parametrize("name", LINEAR)
def test_twice_as_long_takes_twice_as_much(name):
    text = f"dim T, E\nindex t, r : T\ninput a[T], c[T], Q[T,E], K[T,E]\n{LINEAR[name]}\n"
    program = einrnn.parse(text).compile("L")
    sizes = {"E": 3} if name == "causal attention" else {}
    short, long = (program.cost(T=T, **sizes) for T in (400, 800))
    assert long.flops <= 2.2 * short.flops
    assert long.peak <= 2.2 * short.peak


@pytest.mark.parametrize("name", ["pairs", "a definition", "products"])
def test_so_do_gradients(name):
    text = f"dim T\nindex t, r : T\ninput a[T], c[T]\n{LINEAR[name]}\n"
    program = einrnn.parse(text).compile("L", "dL/da")
    short, long = (program.cost(T=T) for T in (400, 800))
    assert long.flops <= 2.2 * short.flops
    assert long.peak <= 2.2 * short.peak


def test_a_function_of_a_convolution_is_of_one_array():
    conv = "sum[p: 0 <= i+p-1 and i+p-1 < N] w[p] x[i+p-1]"
    head = "dim N, P\nindex i : N\ninput x[N], w[P], b\n"
    inline = head + f"h[i] := relu({conv} + b)\nL := sum[i] h[i]^2\n"
    named = head + f"z[i] := {conv} + b\nh[i] := relu(z[i])\nL := sum[i] h[i]^2\n"
    flops = [
        einrnn.parse(text).compile("L", "dL/dw", "dL/dx").cost(N=200, P=9).flops
        for text in (inline, named)
    ]
    assert flops[0] <= 1.1 * flops[1]
