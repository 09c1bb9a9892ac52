"""Reads that no size of this call lets happen, of arrays that are empty or come later.

The values are those of the formulas for these few times, written out.
"""

import numpy as np
import pytest

import einrnn
from tests.numeric.backends import BACKENDS

GIVEN_ROWS = """
dim T, H
input a[T], W[H,H], V[H,H], w0[H]
s[t,i] := tanh(W[i,m] s[t-1,m] + V[i,n] s[t-2,n] + a[t])   with s[0,i] := w0[i]^2, s[1,i] := 1
L      := sum[t,i] a[t] s[t,i]
"""

LATE_GATE = """
dim T, H
input a[T], c[T], V[H,H], w0[H]
s[t,i] := tanh({ a[t-2] if t >= 2 ; 0 otherwise } (V[i,k] s[t-1,k]) + c[t])   with s[-1,i] := w0[i]
L      := sum[t,i] c[t] s[t,i]
"""


@pytest.mark.parametrize("backend", BACKENDS)
def test_as_many_times_as_rows_that_are_given(backend):
    rng = np.random.default_rng(0)
    a, w0 = rng.normal(size=2), rng.normal(size=3)
    program = einrnn.parse(GIVEN_ROWS).compile("dL/dw0", backend=backend)
    given = {"a": a, "w0": w0, "W": np.eye(3), "V": np.eye(3)}
    found = program(**{name: given[name] for name in program.inputs}, **_sizes(program, T=2, H=3))
    np.testing.assert_allclose(found["dL/dw0"], 2 * a[0] * w0, rtol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("T", [1, 2])
def test_a_gate_that_never_opens(T, backend):
    rng = np.random.default_rng(0)
    given = {
        "a": rng.normal(size=T),
        "c": rng.normal(size=T),
        "V": rng.normal(size=(2, 2)),
        "w0": rng.normal(size=2),
    }
    outputs = ("L", "dL/dV", "dL/da", "dL/dw0", "dL/dc")
    program = einrnn.parse(LATE_GATE).compile(*outputs, backend=backend)
    found = program(**{name: given[name] for name in program.inputs}, **_sizes(program, T=T, H=2))
    c = given["c"]
    np.testing.assert_allclose(found["L"], 2 * (c * np.tanh(c)).sum(), rtol=1e-12)
    slope = 2 * (np.tanh(c) + c * (1 - np.tanh(c) ** 2))
    np.testing.assert_allclose(found["dL/dc"], slope, rtol=1e-12)
    for name in ("dL/dV", "dL/da", "dL/dw0"):
        assert not found[name].any()


def _sizes(program, **sizes):
    return {name: sizes[name] for name in program.sizes}
