"""Derivatives of the largest of several values, of which some are the same: against differences."""

from typing import Any

import numpy as np
import pytest

import einrnn

RNG = np.random.default_rng(7)
# a document, a number, the input it is differentiated by, and arrays
CASES: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "each distance twice": (
        "dim N\ninput x[N]\nD[i,j] := (x[i]-x[j])^2\nR := max[i,j](D[i,j])\n",
        "R",
        "x",
        {"x": RNG.normal(size=4)},
    ),
    "a row looked up twice": (
        "dim T, V, D\ninput E[V,D], tok[T] integer in V\nP[d] := max[t](E[tok[t],d])\n"
        "L := sum[d] P[d]^3\n",
        "L",
        "E",
        {"E": RNG.normal(size=(3, 2)), "tok": np.array([0, 0, 2, 2, 1])},
    ),
    "every other value": (
        "dim N\nindex j : N\ninput a\nu[j] := a (-1)^j\nU := max[j](u[j])\n",
        "U",
        "a",
        {"a": np.array(1.5), "N": 7},
    ),
    "equal data": (
        "dim N\ninput x[N], b\nz[n] := x[n] + b\nU := max[n](z[n])^2\n",
        "U",
        "b",
        {"x": np.array([1.0, 1, 0, 1]), "b": np.array(0.5)},
    ),
    "the smallest product": (
        "dim N\ninput x[N]\nM := min[i,j](x[i] x[j])\n",
        "M",
        "x",
        {"x": RNG.normal(size=3)},
    ),
    "all apart": (
        "dim C, N\ninput x[C,N], w[C]\nbig[c] := max[i](x[c,i])\nL := w[c] big[c]^2\n",
        "L",
        "x",
        {"x": RNG.normal(size=(2, 5)), "w": RNG.normal(size=2)},
    ),
    "best paths": (
        "dim T, K\ninput e[T,K], A[K,K]\n"
        "v[t,j] := e[t,j] + max[i](v[t-1,i] + A[i,j]) with v[0,j] := e[0,j]\n"
        "S := max[j](v[T-1,j])\n",
        "S",
        "A",
        {"e": RNG.normal(size=(6, 3)), "A": RNG.normal(size=(3, 3))},
    ),
}


@pytest.mark.parametrize("backend", ["numpy", "native"])
@pytest.mark.parametrize("name", CASES)
def test_equal_values_share(name: str, backend: Any) -> None:
    text, number, by, given = CASES[name]
    program = einrnn.parse(text).compile(number, f"d{number}/d{by}", backend=backend)
    at = given[by]

    def value(place: tuple[int, ...], step: float) -> float:
        moved = at.copy()
        moved[place] += step
        return float(program(**{**given, by: moved})[number])

    found = np.asarray(program(**given)[f"d{number}/d{by}"])
    for place in np.ndindex(at.shape):
        slope = (value(place, 1e-6) - value(place, -1e-6)) / 2e-6
        assert found[place] == pytest.approx(slope, abs=1e-7), place


FALSE = {
    "every other value": "dim N\nindex j : N\ninput a\nu[j] := a (-1)^j\nU := max[j](u[j])\n"
    "[1] dU/da = sum[j] (-1)^j [u[j] == U]\n",
    "two of many": "dim N\nindex j : N\ninput a\nz[j] := a - (j-2)^2 (j-6)^2\nM := max[j](z[j])\n"
    "[1] dM/da = sum[j] [z[j] == M]\n",
    "far away": "dim N\nindex j : N\ninput a\nz[j] := a - (j-60)^2 (j-63)^2\nM := max[j](z[j])\n"
    "[1] dM/da = sum[j] [z[j] == M]\n",
    "symmetric": "dim N\ninput S[N,N] symmetric, x\nu[i,j] := S[i,j] + x\nM := max[i,j](u[i,j])\n"
    "[1] dM/dx = sum[i,j] [u[i,j] == M]\n",
    "moved together": "dim N\ninput x[N], a\nM := max[j](x[j] + a)\n"
    "[1] dM/da = sum[j] [x[j] + a == M]\n",
    "moved together, where they are the same": "dim N\ninput x[N], a\nu[j] := x[j] + a\n"
    "M := max[j](u[j])\n[1] dM/da [x[0] == x[N-1]] = sum[j] [u[j] == M] [x[0] == x[N-1]]\n",
    "moved by a window": "dim N\ninput x[N], b[N]\nu[i] := b[i] + sum[j: j <= i] x[j]\n"
    "M := max[i](u[i])\n[1] dM/dx[k] = sum[i: i >= k] [u[i] == M]\n",
    "by what the document differentiates by elsewhere": "dim N\ninput x[N], a\nu[j] := x[j] + a\n"
    "M := max[j](u[j])\n[0] dM/du[j] = [u[j] == M]\n[1] dM/da = sum[j] [u[j] == M]\n",
    "assumed to be the same": "dim N\ninput x[N], a\nassume [c] x[i] = 1\nM := max[i](a + x[i])\n"
    "[1] dM/da = sum[i] [a + x[i] == M] using c\n",
    "looked up": "dim T, V\ninput e[V], tok[T] integer in V, a\nM := max[t](e[tok[t]] + a)\n"
    "[1] dM/da = sum[t] [e[tok[t]] + a == M]\n",
    "read by the others": "dim N\ninput x[N]\nu[i] := x[i] + sum[j: j != i] x[j]\n"
    "M := max[i](u[i])\n[1] dM/dx[k] = sum[i] [u[i] == M]\n",
}


@pytest.mark.parametrize("name", FALSE)
def test_what_equal_values_make_false_is_not_proved(name: str) -> None:
    verdict = einrnn.parse(FALSE[name]).check()["1"]
    assert verdict.verdict not in ("proved", "invalid")


def test_one_of_values_of_their_own_has_all() -> None:
    text = """dim C, N, K
input x[C,N], g[C], W[K,N], b[K], v[N]
big[c] := max[i](x[c,i])
L := g[c] big[c]
y[k] := b[k] + sum[i] W[k,i] v[i]
M := min[k](y[k])
[x] dL/dx[c,i] = g[c] [x[c,i] == big[c]]
[b] dM/db[k] = [y[k] == M]
[W] dM/dW[k,i] = [y[k] == M] v[i]
"""
    assert {v.verdict for v in einrnn.parse(text).check().verdicts} == {"proved"}


def test_what_is_computed_from_a_maximum_is_compared_with_it() -> None:
    text = """dim n, V, H
input h[n,H], W[H,V], b[V], tok[n] integer in V
z[a,v] := h[a,j] W[j,v] + b[v]
top[a] := max[v](z[a,v])
c[a,v] := exp(z[a,v] - top[a])
p[a,v] := c[a,v]/(sum[u] c[a,u])
loss := -1/n sum[a] log(p[a,tok[a]])
[1] dloss/dz[a,v] = 1/n (p[a,v] - [v == tok[a]])
[2] dloss/dz[a,v] = p[a,v] - [v == tok[a]]
"""
    report = einrnn.parse(text).check()
    assert (report["1"].verdict, report["2"].verdict) == ("proved", "refuted")
