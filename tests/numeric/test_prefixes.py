"""Long sums up to an index, or from one on, one step at a time."""

import numpy as np
import pytest

import einrnn
from einrnn.numeric import prefixes
from tests.numeric.test_native import needs_compiler

BACKENDS = ["numpy", pytest.param("native", marks=needs_compiler)]
T, H = 7, 3
# a definition of c[t,i], and the weights of x[r,i] in it
FORMS = {
    "up to": ("sum[r=0..t] x[r,i]", lambda t, r, i: float(r <= t)),
    "up to the one before": ("sum[r=0..t-1] x[r,i]", lambda t, r, i: float(r < t)),
    "from": ("sum[r=t..T-1] x[r,i]", lambda t, r, i: float(r >= t)),
    "from the next": ("sum[r=t+1..T-1] x[r,i]", lambda t, r, i: float(r > t)),
    "under a condition": ("sum[r: r <= t] x[r,i]", lambda t, r, i: float(r <= t)),
    "weights that fall": (
        "sum[r=0..t] g[i]^(t-r) x[r,i]",
        lambda t, r, i: G[i] ** (t - r) if r <= t else 0.0,
    ),
    "weights that fall after one": (
        "sum[r=0..t-1] g[i]^(t-1-r) x[r,i]",
        lambda t, r, i: G[i] ** (t - 1 - r) if r < t else 0.0,
    ),
    "weights that rise": (
        "sum[r=t..T-1] g[i]^(r-t) x[r,i]",
        lambda t, r, i: G[i] ** (r - t) if r >= t else 0.0,
    ),
    "other weights": (
        "sum[r=0..t] tanh(g[i] (t-r)) x[r,i]",
        lambda t, r, i: np.tanh(G[i] * (t - r)) if r <= t else 0.0,
    ),
    "beside something": (
        "2 x[t,i] + sum[r=0..t] x[r,i]",
        lambda t, r, i: 2.0 * (r == t) + (r <= t),
    ),
}
G = np.array([0.9, 0.0, -0.5])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", FORMS)
def test_a_sum_and_its_gradient(name: str, backend: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(prefixes, "_LONG", 1)
    monkeypatch.setattr(prefixes, "_LONG_WITH_POWERS", 1)
    text, weight = FORMS[name]
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((T, H)), rng.standard_normal((T, H))
    document = einrnn.parse(
        "dim T, H\nindex t, r : T\nindex i : H\ninput x[T,H], w[T,H], g[H]\n"
        f"c[t,i] := {text}\nL := sum[t,i] w[t,i] c[t,i]\nM := sum[i] g[i]\n"
    )
    program = document.compile("c", "dL/dx", "M", backend=backend)
    found = program(x=x, w=w, g=G)
    assert ("for %" in str(program)) == (name != "other weights")
    A = np.array([[[weight(t, r, i) for i in range(H)] for r in range(T)] for t in range(T)])
    np.testing.assert_allclose(found["c"], np.einsum("tri,ri->ti", A, x), atol=1e-12)
    np.testing.assert_allclose(found["dL/dx"], np.einsum("tri,ti->ri", A, w), atol=1e-12)


@pytest.mark.parametrize("text", ["sum[r=0..t] x[r]", "sum[r=0..t] g^(t-r) x[r]"])
def test_no_pair_of_times_is_computed(text: str):
    document = einrnn.parse(f"input x[T], g\nindex t : T\nc[t] := {text}\nL := sum[t] c[t]^2\n")
    program = document.compile("L", "dL/dx")
    costs = [program.cost(T=size) for size in (4000, 8000)]
    assert costs[1].flops < 2.2 * costs[0].flops
    assert costs[1].peak < 2.2 * costs[0].peak


@pytest.mark.parametrize("backend", BACKENDS)
def test_nothing_beyond_what_is_wanted_is_read(backend: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(prefixes, "_LONG", 1)
    text = (
        "index t : T\ninput x[T]\nc[t] := sum[r=0..T+2: r <= t] x[r]\n"
        "d[t] := sum[r=-2..T-1: r >= t] x[r]\n"
    )
    x = np.random.default_rng(0).standard_normal(5)
    found = einrnn.parse(text).compile("c", "d", backend=backend)(x=x)
    np.testing.assert_allclose(found["c"], np.cumsum(x), atol=1e-12)
    np.testing.assert_allclose(found["d"], np.cumsum(x[::-1])[::-1], atol=1e-12)
