"""Loops that only add up or multiply rows, against numpy's own running sums and products."""

import numpy as np
import pytest

import einrnn

TEXT = """
dim T, H
index t : T
input x[T,H], w[H], c[T], u
S[t,h] := S[t-1,h] + x[t,h]   with S[-1,h] := w[h]
B[t,h] := x[t,h] + B[t+1,h]   with B[T,h] := w[h]
P[t] := P[t-1] c[t]   with P[-1] := u
Q[t] := c[t+1] Q[t+1]   with Q[T-1] := u
R[t,h] := sum[r=0..t] x[r,h]
L := sum[t,h] (S[t,h]^2 + R[t,h] B[t,h]) + sum[t] P[t] Q[t]
"""
OUTPUTS = ("S", "B", "P", "Q", "R", "dL/dx", "dL/dw")


def up(rows, start):
    return np.cumsum(np.concatenate((start[None], rows)), axis=0)[1:]


def expected(x, w, c, u):
    S, R = up(x, w), up(x, 0 * w)
    B = up(x[::-1], w)[::-1]
    P = u * np.cumprod(c)
    Q = u * np.cumprod(np.concatenate(([1.0], c[:0:-1])))[::-1]
    later = up((2 * S + B)[::-1], 0 * w)[::-1]
    dw = (2 * S).sum(axis=0) + R.sum(axis=0)
    return {"S": S, "B": B, "P": P, "Q": Q, "R": R, "dL/dx": later + up(R, 0 * w), "dL/dw": dw}


@pytest.mark.parametrize("backend", ["numpy", "native", "jax", "torch"])
@pytest.mark.parametrize("T", [1, 2, 40, 300])
def test_running_sums_and_products(T, backend):
    if backend in ("jax", "torch"):
        pytest.importorskip(backend)
    rng = np.random.default_rng(T)
    x, w, c = rng.normal(size=(T, 3)), rng.normal(size=3), 1 + rng.normal(size=T) / 9
    program = einrnn.parse(TEXT).compile(*OUTPUTS, backend=backend)
    found = program(x=x, w=w, c=c, u=np.array(1.5))
    for name, want in expected(x, w, c, 1.5).items():
        np.testing.assert_allclose(
            np.asarray(found[name]), want, rtol=1e-6 if backend == "jax" else 1e-11
        )


def test_no_loop_is_left():
    source = einrnn.parse(TEXT).compile("S", "B", "P", "Q", "R").source(T=50, H=3)
    assert source.count(".accumulate(") == 5
    assert "for " not in source.split("def program")[1]
