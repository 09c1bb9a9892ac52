"""Branches for entries that are not finite: right when they run, and small when they do not."""

import numpy as np
import pytest

import einrnn
from tests.numeric.test_native import needs_compiler

pytestmark = needs_compiler

# what lies ahead is masked, and may overflow
CAUSAL = """
dim T, D, H
input q[T,D], k[T,D], v[T,H]
A[t,s] := { exp(q[t,d] k[s,d]) if s <= t ; 0 otherwise }
o[t,i] := A[t,s] v[s,i] / (sum[r] A[t,r])
L      := sum[t,i] o[t,i]^2
"""
OUTPUTS = ("L", "dL/dq", "dL/dk", "dL/dv")


def attention(T, seed=0):
    rng = np.random.default_rng(seed)
    shapes = {"q": (T, 3), "k": (T, 3), "v": (T, 4)}
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


@pytest.mark.parametrize("bad", ["none", "nan at the end", "inf at the end", "overflow ahead"])
@pytest.mark.parametrize("output", OUTPUTS)
def test_what_is_not_finite(output, bad):
    data = attention(40)
    if bad.endswith("at the end"):
        data["v"][-1, 1] = float(bad.split()[0])
    if bad == "overflow ahead":
        data["k"][-1] = 1e4 * np.sign(data["q"][0])
    document = einrnn.parse(CAUSAL)
    expected = document.compile(output)(**data)[output]
    found = document.compile(output, backend="native")(**data)[output]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_many_times_need_no_room_for_a_branch_that_does_not_run():
    data = attention(1000)
    document = einrnn.parse(CAUSAL)
    expected = document.compile("dL/dq")(**data)["dL/dq"]
    found = document.compile("dL/dq", backend="native")(**data)["dL/dq"]
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8)
