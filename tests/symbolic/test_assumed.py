"""What is assumed about sums with gaps, sums over pairs, and symmetry."""

import pytest

import einrnn
from tests.symbolic.proving import error_in_numbers, proved, refused

GAP = """dim N, D
input y[N,D], P[N,N] positive symmetric, Q[N,N], v[N], x
assume [p] sum[i] sum[j: j != i] P[i,j] = 1
assume [q] sum[i] sum[j: j != i] Q[i,j] = 1
assume [rows] sum[j: j != i] Q[i,j] = 1
w[i,j] := 1/(1 + sum[d] (y[i,d] - y[j,d])^2)
Z := sum[k] sum[l: l != k] w[k,l]
r[i,j] := w[i,j]/Z
C := sum[i] sum[j: j != i] P[i,j] log(P[i,j]/r[i,j])
"""
PAIRS = """dim N, M
input P[N,M], S[N,N], u[N], v[M], x
assume [all] sum[i,j] P[i,j] = 1
assume [both] S[i,j] = S[j,i]
"""
TSNE = "4 sum[j: j != a] (P[a,j] - r[a,j]) w[a,j] (y[a,d] - y[j,d])"
LAWS = {
    "a sum with a gap": GAP + "[1] sum[i] sum[j: j != i] Q[i,j] x = x using q",
    "each of its rows": GAP + "[1] sum[i] v[i] sum[j: j != i] Q[i,j] = sum[i] v[i] using rows",
    "beside another sum": GAP
    + "[1] sum[k] v[k] sum[i] sum[j: j != i] P[i,j] = sum[k] v[k] using p",
    "neighbours embedded": GAP + f"[1] dC/dy[a,d] = {TSNE} using p",
    "over pairs": PAIRS + "[1] sum[i,j,k] P[i,j] v[k] = sum[k] v[k] using all",
    "pairs and more": PAIRS + "[1] sum[i,j] P[i,j] (u[i] + x) = x + sum[i,j] P[i,j] u[i] using all",
    "symmetric": PAIRS + "[1] sum[i,j] u[i] S[i,j] = sum[i,j] u[j] S[i,j] using both",
    "symmetric, twice": PAIRS + "[1] S[i,j] S[j,k] = S[k,j] S[j,i] using both",
}
TRAPS = {
    "the gap filled": GAP + "[1] sum[i] sum[j] Q[i,j] x = x using q",
    "one row": GAP + "[1] sum[j: j != i] Q[i,j] = 1 using q",
    "another gap": GAP + "[1] sum[i] v[i] sum[j: j != i+1] Q[i,j] = sum[i] v[i] using rows",
    "not assumed": GAP + f"[1] dC/dy[a,d] = {TSNE}",
    "half of it": GAP + f"[1] dC/dy[a,d] = 1/2 {TSNE} using p",
    "a part of the pairs": PAIRS + "[1] sum[i] P[i,j] = 1 using all",
    "not symmetric": PAIRS + "[1] sum[i,j] u[i] S[i,j] = sum[i,j] u[j] S[i,j]",
    "symmetric in one place": PAIRS
    + "assume [some] S[0,1] = S[1,0]\n"
    + "[1] sum[i,j] u[i] S[i,j] = sum[i,j] u[j] S[i,j] using some",
}


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_proved_and_holds_in_numbers(name: str) -> None:
    assert proved(LAWS[name])
    assert error_in_numbers(LAWS[name]) < 1e-9


@pytest.mark.parametrize("name", TRAPS)
def test_a_near_miss_is_not_proved(name: str) -> None:
    assert refused(TRAPS[name])


def test_assumptions_that_lead_in_circles_end() -> None:
    text = "dim N\ninput W[N,N], U[N,N], x[N]\nassume [a] W[i,j] = U[j,i]\n"
    text += "assume [b] U[i,j] = W[j,i]\nL := x[i] W[i,j] U[j,k] x[k]\n"
    found = einrnn.parse(text).derive("dL/dx[k]", using=["a", "b"])
    assert "x[" in str(found)
