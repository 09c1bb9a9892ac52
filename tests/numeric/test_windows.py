"""Gradients of convolutions are sums over windows, not over all pairs of places."""

import importlib
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import pytest

import einrnn
from tests.numeric.test_native import needs_compiler

BACKENDS = ["numpy", pytest.param("native", marks=needs_compiler)]
OTHERS = [
    pytest.param(n, marks=pytest.mark.skipif(find_spec(n) is None, reason=f"no {n} here"))
    for n in ("jax", "torch")
]
VALID = """
dim B, C, F, R, N
input w[F,C,R], x[B,C,N], g[B,F,N-R+1]
o[b,f,i] := w[f,c,p] x[b,c,i+p]
L := sum[b,f,i] g[b,f,i] o[b,f,i]
"""
TWO = """
dim F, C, R, S, M, N
input w[F,C,R,S], x[C,M,N], g[F,M-R+1,N-S+1]
index i : M-R+1
index j : N-S+1
o[f,i,j] := sum[c,p,q] w[f,c,p,q] x[c,i+p,j+q]
L := sum[f,i,j] g[f,i,j] o[f,i,j]
"""
CAUSAL = """
dim K, T
index t : T
input k[K], u[T], g[T]
y[t] := sum[s=0..T-1: 0 <= t-s and t-s <= K-1] k[t-s] u[s]
L := sum[t] g[t] y[t]
"""
LOOKED_UP = """
dim T, M, N
index t : T
input w[M], g[T], B[N]
input k[M] integer in N
y[t] := sum[q=0..M-1: {}] B[k[q]] w[q]
L := sum[t] g[t] y[t]^2
"""
# the conditions on q and t, and the q that they leave
FEW = {
    "q <= t and t <= q+1": lambda t: range(t - 1, t + 1),
    "t <= q and q <= t+1": lambda t: range(t, t + 2),
    "q+3 <= t and t <= q+5": lambda t: range(t - 5, t - 2),
    "2 t <= q and q <= 2 t+1 and q != 4": lambda t: [q for q in (2 * t, 2 * t + 1) if q != 4],
}


def _random(*shape: int) -> np.ndarray:
    return np.random.default_rng(len(shape)).standard_normal(shape)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("size", [5, 8, 30])
def test_the_gradient_by_the_input_is_a_full_correlation(backend: str, size: int):
    w, x, g = _random(3, 2, 5), _random(2, 2, size), _random(2, 3, size - 4)
    program = einrnn.parse(VALID).compile("dL/dx", backend=backend)
    wanted = np.zeros_like(x)
    for p in range(5):
        wanted[:, :, p : p + size - 4] += np.einsum("fc,bfi->bci", w[:, :, p], g)
    np.testing.assert_allclose(program(w=w, x=x, g=g)["dL/dx"], wanted, atol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_in_two_dimensions(backend: str):
    w, x, g = _random(3, 2, 3, 2), _random(2, 20, 15), _random(3, 18, 14)
    program = einrnn.parse(TWO).compile("dL/dx", backend=backend)
    wanted = np.zeros_like(x)
    for p in range(3):
        for q in range(2):
            wanted[:, p : p + 18, q : q + 14] += np.einsum("fc,fij->cij", w[:, :, p, q], g)
    np.testing.assert_allclose(program(w=w, x=x, g=g)["dL/dx"], wanted, atol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("size", [3, 4, 25])
def test_what_is_written_as_a_sum_over_all_times(backend: str, size: int):
    k, u, g = _random(4), _random(size)[::-1], _random(size)
    found = einrnn.parse(CAUSAL).compile("y", "dL/du", "dL/dk", backend=backend)(k=k, u=u, g=g)
    np.testing.assert_allclose(found["y"], np.convolve(k, u)[:size], atol=1e-12)
    np.testing.assert_allclose(found["dL/du"], np.correlate(g, k, "full")[3:][:size], atol=1e-12)
    delayed = [np.dot(g[p:], u[: size - p]) if p < size else 0.0 for p in range(4)]
    np.testing.assert_allclose(found["dL/dk"], delayed, atol=1e-12)


def test_no_pair_of_places_is_computed():
    program = einrnn.parse(VALID).compile("dL/dx")
    costs = [program.cost(B=2, C=3, F=4, R=5, N=size) for size in (100, 200)]
    assert costs[1].flops < 2.2 * costs[0].flops
    assert costs[1].largest < 2.2 * costs[0].largest


@pytest.mark.parametrize("backend", [*BACKENDS, *OTHERS])
@pytest.mark.parametrize("condition", FEW)
def test_what_is_looked_up_at_a_place(backend: str, condition: str):
    """A place in the window need not exist: nothing is looked up there."""
    if backend == "jax":
        importlib.import_module("jax").config.update("jax_enable_x64", True)
    program = einrnn.parse(LOOKED_UP.format(condition)).compile("y", "dL/dB", backend=backend)
    for size in (1, 2, 9):
        w, g, B = _random(size), _random(size)[::-1].copy(), np.array([0.5, -2.0, 3.0])
        k = np.arange(size) * 2 % 3
        found = program(w=w, g=g, B=B, k=k)
        y, dB = _looked_up(w, g, B, k, FEW[condition])
        np.testing.assert_allclose(np.asarray(found["y"]), y, atol=1e-12)
        np.testing.assert_allclose(np.asarray(found["dL/dB"]), dB, atol=1e-12)


def _looked_up(
    w: np.ndarray, g: np.ndarray, B: np.ndarray, k: np.ndarray, places: Callable
) -> tuple[np.ndarray, np.ndarray]:
    """Each ``y[t]`` and the gradient by ``B``, by loops over what counts."""
    pairs = [(t, q) for t in range(len(g)) for q in places(t) if 0 <= q < len(w)]
    y, dB = np.zeros(len(g)), np.zeros(len(B))
    for t, q in pairs:
        y[t] += B[k[q]] * w[q]
    for t, q in pairs:
        dB[k[q]] += 2 * g[t] * y[t] * w[q]
    return y, dB
