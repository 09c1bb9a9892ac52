"""Sums over rectangles as they are written, each axis by itself."""

import numpy as np
import pytest

import einrnn
from tests.numeric.test_native import needs_compiler

BACKENDS = ["numpy", pytest.param("native", marks=needs_compiler)]
M, N = 5, 7
# a definition of c[i,j], and the weight of x[a,b] in it
FORMS = {
    "up to a corner": ("sum[a=0..i] sum[b=0..j] x[a,b]", lambda i, j, a, b: a <= i and b <= j),
    "from a corner": ("sum[a=i..M-1] sum[b=j..N-1] x[a,b]", lambda i, j, a, b: a >= i and b >= j),
    "before a column": ("sum[a=0..i] sum[b=0..j-1] x[a,b]", lambda i, j, a, b: a <= i and b < j),
    "under conditions": (
        "sum[a: a <= i] sum[b: b >= j] x[a,b]",
        lambda i, j, a, b: a <= i and b >= j,
    ),
    "with weights": (
        "sum[a=0..i] w[a] sum[b=0..j] x[a,b]",
        lambda i, j, a, b: W[a] * (a <= i and b <= j),
    ),
    "beside a condition": (
        "{ sum[a=0..i] sum[b=0..j] x[a,b] if j > 0 ; 0 otherwise }",
        lambda i, j, a, b: j > 0 and a <= i and b <= j,
    ),
    "beside one that goes further": (
        "sum[a=0..i-1] sum[b=0..j] x[a,b] + sum[a] sum[b=0..j] x[a,b]",
        lambda i, j, a, b: (b <= j) * (1 + (a < i)),
    ),
    "under a condition that keeps it inside": (
        "sum[a=0..M: a <= i] sum[b=0..j] x[a,b]",
        lambda i, j, a, b: a <= i and b <= j,
    ),
    "inside another one": (
        "sum[a=0..i] sum[b=0..j] (x[a,b] + sum[d=0..j] x[a,d])",
        lambda i, j, a, b: (a <= i and b <= j) * (1 + j + 1),
    ),
}
W = np.random.default_rng(1).standard_normal(M)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", FORMS)
def test_a_sum_and_its_gradient(name: str, backend: str):
    text, weight = FORMS[name]
    rng = np.random.default_rng(0)
    x, g = rng.standard_normal((M, N)), rng.standard_normal((M, N))
    document = einrnn.parse(
        f"input x[M,N], g[M,N], w[M]\nc[i,j] := {text}\nL := sum[i,j] g[i,j] c[i,j]\n"
    )
    found = document.compile("c", "dL/dx", backend=backend)(x=x, g=g, w=W)
    table = np.array(
        [
            [[[float(weight(i, j, a, b)) for b in range(N)] for a in range(M)] for j in range(N)]
            for i in range(M)
        ]
    )
    assert np.allclose(found["c"], np.einsum("ijab,ab->ij", table, x))
    assert np.allclose(found["dL/dx"], np.einsum("ijab,ij->ab", table, g))


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_pair_of_corners_is_looked_at(backend: str):
    """All pairs of 300 by 300 corners would not fit into memory."""
    document = einrnn.parse("input x[M,N]\nc[i,j] := sum[a=0..i] sum[b=0..j] x[a,b]\n")
    x = np.random.default_rng(0).standard_normal((300, 300))
    found = document.compile("c", backend=backend)(x=x)["c"]
    assert np.allclose(found, x.cumsum(0).cumsum(1))
