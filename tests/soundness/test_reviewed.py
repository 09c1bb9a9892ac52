"""Right derivations that reviewers wrote, and near misses beside them."""

from __future__ import annotations

import pytest

import einrnn

RELU = """
dim B, T, D, H, K
input x[B,T,D], c[K], W[H,H], U[H,D], V[K,H], b[H]
h[n,t,i] := relu(U[i,j] x[n,t,j] + W[i,k] h[n,t-1,k] + b[i]) with h[n,-1,i] := 0
o[n,k] := V[k,i] h[n,T-1,i] + c[k]
L := sum[n,k] o[n,k]^2
go[n,k] := 2 o[n,k]
da[n,t,i] := [h[n,t,i] > 0] W[k,i] da[n,t+1,k] with da[n,T-1,i] := [h[n,T-1,i] > 0] V[k,i] go[n,k]
"""
TRANSLATION = """
dim S, T, D, H
input x[S,D], U[H,D], W[H,H], Wd[H,H], y[T,H], v[T,H]
e[s,i] := tanh(U[i,j] x[s,j] + W[i,k] e[s-1,k]) with e[-1,i] := 0
h[t,i] := tanh(y[t-1,i] + Wd[i,j] h[t-1,j]) with h[-1,i] := 0, h[0,i] := tanh(Wd[i,j] e[S-1,j])
L := sum[t] v[t,i] h[t,i]
gh[t,i] := v[t,i] + Wd[j,i] (1 - h[t+1,j]^2) gh[t+1,j] with gh[T-1,i] := v[T-1,i]
ge[s,i] := W[j,i] (1 - e[s+1,j]^2) ge[s+1,j] with ge[S-1,i] := Wd[j,i] (1 - h[0,j]^2) gh[0,j]
"""
LATTICE = """
dim T, K
input lp[K], A[K,K], e[T,K]
al[t,j] := e[t,j] + logsumexp[i](al[t-1,i] + A[i,j]) with al[0,j] := lp[j] + e[0,j]
L := logsumexp[j](al[T-1,j])
be[t,i] := logsumexp[j](A[i,j] + e[t+1,j] + be[t+1,j]) with be[T-1,i] := 0
"""
STACKED = """
dim T, H, D
input x[T,D], Wx[2,H,D], Wh[2,H,H], gy[T,H]
a[t,g,j] := Wx[g,j,d] x[t,d] + Wh[g,j,k] h[t-1,k]
z[t,j] := sigmoid(a[t,0,j])
c[t,j] := tanh(a[t,1,j])
h[t,j] := (1 - z[t,j]) h[t-1,j] + z[t,j] c[t,j] with h[-1,j] := 0
L := gy[t,j] h[t,j]
gh[t,j] := gy[t,j] + (1 - z[t+1,j]) gh[t+1,j] + sum[g,k] Wh[g,k,j] ga[t+1,g,k]
gh[T-1,j] := gy[T-1,j]
ga[t,g,j] := { gh[t,j] (c[t,j] - h[t-1,j]) z[t,j] (1 - z[t,j]) if g == 0
             ; gh[t,j] z[t,j] (1 - c[t,j]^2) if g == 1 }
"""
SMALL = "dim n = 2, m = 3\ninput A[n,n], B[m,m], P[n,n] invertible\n"
RETURNS = """
dim T
input r[T], g positive
index t, k : T
G[t] := r[t] + g G[t+1] with G[T] := 0
J := G[0]
"""
HINGE = "dim N\ninput z[N], y[N]\nL := sum[n] max(0, 1 - y[n] z[n])\n"
GAUSS = "dim N\ninput S[N,N] invertible, d[N]\nl := d[i] inv(S)[i,j] d[j]\n"
LAST = """
dim T
input A, c
x[t] := A x[t-1] with x[-1] := 1
J := c x[T-1]
"""
TWO = RELU + "[l] dL/do[n,k] = 2 o[n,k]\n"

RIGHT = {
    "a relu net's bias": RELU + "[1] dL/db[i] = sum[n,t] da[n,t,i]\n",
    "an encoder's states": TRANSLATION + "[1] dL/de[s,i] = ge[s,i]\n",
    "transitions, counted from 0": LATTICE
    + "[1] dL/dA[i,j] = sum[t=0..T-2] exp(al[t,i] + A[i,j] + e[t+1,j] + be[t+1,j] - L)\n",
    "stacked gates": STACKED + "[1] dL/dWh[g,j,k] = sum[t] ga[t,g,j] h[t-1,k]\n",
    "Cayley and Hamilton": SMALL + "[1] matpow(A, 2)[i,j] - tr(A) A[i,j] + det(A) delta[i,j] = 0\n",
    "a small inverse": SMALL + "[1] inv(P)[i,j] = (tr(P) delta[i,j] - P[i,j])/det(P)\n",
    "a small determinant": SMALL
    + "[1] det(B) = 1/6 (tr(B)^3 - 3 tr(B) tr(B @ B) + 2 tr(B @ B @ B))\n",
    "a discounted return": RETURNS + "[1] J = sum[t] g^t r[t]\n",
    "its slope": RETURNS + "[1] dJ/dg = sum[t] t g^(t-1) r[t]\n",
    "a hinge": HINGE + "[1] dL/dz[n] = { -y[n] if y[n] z[n] < 1 ; 0 otherwise }\n",
    "a scalar beside an index of its name": GAUSS
    + "[1] dl/dS[i,j] = -inv(S)[k,i] d[k] inv(S)[j,l] d[l]\n",
    "the same for every index": "dim N\ninput a[N], X[N,N]\n"
    "[1] d/dX[i,j] (sum[k,l] a[k] X[k,l]) = a[i]\n",
    "an axis sized by its last entry": LAST + "[1] dJ/dx[t-1] = A dJ/dx[t] for t >= 1\n",
    "two lemmas about one thing": RELU
    + "[a] dL/do[n,k] = go[n,k]\n[b] dL/do[n,k] = 2 o[n,k]\n[1] go[n,k] = 2 o[n,k]\n",
    "an orthogonal matrix's columns": "dim N\ninput Q[N,N] orthogonal, x[N]\n"
    "[1] sum[i,j] (Q[i,j] x[j])^2 = sum[i] x[i]^2\n",
}
WRONG = {
    "a relu net's bias": RELU + "[1] dL/db[i] = sum[n] da[n,T-1,i]\n",
    "an encoder's states": TRANSLATION + "[1] dL/de[s,i] = W[j,i] ge[s,j]\n",
    "transitions, one too few": LATTICE
    + "[1] dL/dA[i,j] = sum[t=1..T-2] exp(al[t,i] + A[i,j] + e[t+1,j] + be[t+1,j] - L)\n",
    "stacked gates": STACKED + "[1] dL/dWh[g,j,k] = sum[t] ga[t,g,j] h[t,k]\n",
    "Cayley and Hamilton": SMALL + "[1] matpow(A, 2)[i,j] - tr(A) A[i,j] - det(A) delta[i,j] = 0\n",
    "a small inverse": SMALL + "[1] inv(P)[i,j] = (tr(P) delta[i,j] - P[j,i])/det(P)\n",
    "a discounted return": RETURNS + "[1] J = sum[t] g^(t+1) r[t]\n",
    "its slope": RETURNS + "[1] dJ/dg = sum[t] t g^t r[t]\n",
    "a hinge": HINGE + "[1] dL/dz[n] = { -y[n] if y[n] z[n] > 1 ; 0 otherwise }\n",
    "not the same for every index": "dim N\ninput a[N], X[N,N]\n"
    "[1] d/dX[i,j] (sum[k,l] a[k] X[k,l]) = a[j]\n",
    "functions back and forth": "input a\n[1] atan(tan(a)) = a\n",
    "far from 0": "input a\n[1] abs(a - 100) = 100 - a\n",
    "at one of several numbers": "input x\n[0] [x == 7] [x == -1] = 0\n"
    "[1] abs(x) = x sign(x) + [x == 3]\n",
}


def last(text: str) -> einrnn.Verdict:
    """The verdict on the claim that is asked about."""
    return einrnn.parse(text).check(timeout=20, labels=["1"])["1"]


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_step_is_proved(name: str) -> None:
    assert last(RIGHT[name]).verdict == "proved"


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_step_is_refuted(name: str) -> None:
    assert last(WRONG[name]).verdict == "refuted"


def test_a_forgotten_factor_is_found_where_an_index_lacks() -> None:
    text = "dim N, M\ninput x[M], W[N,M]\n[1] d/dW[i,j] (sum[n,m] W[n,m] x[m]^2) = x[j]\n"
    found = last(text)
    assert found.verdict == "refuted"
    assert found.suggestion == "d/dW[i,j] (sum[n,m] W[n,m] x[m]^2) = x[j]^2"


def test_a_repair_knows_the_lemmas_that_numbers_suggest() -> None:
    wrong = RELU + "[1] dL/dW[i,k] = sum[n,t] da[n,t,i] h[n,t,k]\n"
    repair = last(wrong).repair
    assert repair is not None
    assert repair.verdict == "proved"
    assert repair.right == "sum[n] sum[t] da[n,t,i] h[n,t-1,k]"


def test_an_end_that_is_no_whole_number_is_an_error() -> None:
    (problem,) = einrnn.parse("input a\n[1] sum[i=0..a] 1 = a + 1\n").diagnostics
    assert problem.code == "E303"
