"""Scans whose steps are exponentials, sums from an index on, and adjoints stored one step later."""

import pytest

import einrnn
from tests.symbolic.proving import error_in_numbers, proved, refused

SCAN = "dim T\nindex t, r : T\ninput a[T], x[T]\nh[t] := exp(a[t]) h[t-1] + x[t] with h[-1] := 0\n"
FROM = "dim N\nindex i, j, k : N\ninput s[N], d[N]\nC[i] := sum[j=i..N-1] exp(s[j])\n"
LINEAR = "dim T, H\ninput x[T,H], W[H,H], g[H], h\n"
DOWN = (
    "s[t,i] := W[i,j] s[t-1,j] + x[t,i] with s[-1,i] := 0\n"
    "L := sum[i] g[i] s[T-1,i]\nlam[T,i] := g[i]\nlam[t,i] := sum[j] W[j,i] lam[t+1,j]\n"
)
ODE = (
    "dim T, N\ninput A[N,N], x0[N], h, g[N]\n"
    "x[t,i] := x[t-1,i] + h A[i,j] x[t-1,j] with x[-1,i] := x0[i]\n"
    "L := sum[i] g[i] x[T-1,i]\np[T,i] := g[i]\np[t,i] := p[t+1,i] + h sum[j] A[j,i] p[t+1,j]\n"
)
LAWS = {
    "unrolled": SCAN + "[1] h[t] = sum[r=0..t] x[r] prod[s=r+1..t] exp(a[s])",
    "unrolled as one exponential": SCAN + "[1] h[t] = sum[r=0..t] x[r] exp(sum[s=r+1..t] a[s])",
    "that falls": "dim T\nindex t : T\ninput a[T], x[T]\n"
    "h[t] := exp(-2 a[t]) h[t-1] + x[t] with h[-1] := 0\n"
    "[1] h[t] = sum[r=0..t] x[r] exp(-2 sum[s=r+1..t] a[s])",
    "logsumexp from an index on": FROM + "[1] logsumexp[j: j >= i](s[j]) = log(C[i])",
    "its exponential": FROM + "[1] exp(logsumexp[j: j <= i](s[j])) = sum[j=0..i] exp(s[j])",
    "a risk set": FROM + "l := sum[i] d[i] (s[i] - log(C[i]))\n[1] sum[k] dl/ds[k] = 0",
    "stored later": LINEAR + DOWN + "[1] dL/ds[t,i] = lam[t+1,i]",
    "at the first time": ODE + "[1] dL/dx0[i] = p[0,i]",
}
TRAPS = {
    "unrolled from too early": SCAN + "[1] h[t] = sum[r=0..t] x[r] exp(sum[s=r..t] a[s])",
    "unrolled too short": SCAN + "[1] h[t] = sum[r=0..t] x[r] exp(sum[s=r+1..t-1] a[s])",
    "logsumexp from the next on": FROM + "[1] logsumexp[j: j > i](s[j]) = log(C[i])",
    "another risk set": FROM + "l := sum[i] d[i] (s[i] - log(C[i]))\n[1] sum[k] dl/ds[k] = C[0]",
    "a reciprocal of another sum": FROM
    + "[1] sum[i] sum[j=i..N-1] d[i] exp(s[j])/(C[i] - exp(s[i])) = sum[i] d[i]",
    "a reciprocal where nothing is": FROM
    + "[1] sum[i=0..N] sum[j=i..N-1] exp(s[j])/(sum[k=i..N-1] exp(s[k])) = N + 1",
    "stored at once": LINEAR + DOWN + "[1] dL/ds[t,i] = lam[t,i]",
    "at the second time": ODE + "[1] dL/dx0[i] = p[1,i]",
}


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_proved_and_holds_in_numbers(name: str):
    assert proved(LAWS[name])
    assert error_in_numbers(LAWS[name]) < 1e-10


@pytest.mark.parametrize("name", TRAPS)
def test_a_false_law_is_not_proved(name: str):
    assert refused(TRAPS[name])


RIDGE = (
    "dim N, D\ninput X[N,D], y[N], l positive\nG[d,e] := X[n,d] X[n,e] + l delta[d,e]\n"
    "K[n,m] := X[n,d] X[m,d] + l delta[n,m]\nf[n] := X[n,d] inv(G)[d,e] X[m,e] y[m]\n"
    "a[n] := inv(K)[n,m] y[m]\n[1] y[n] - f[n] = l a[n]\n"
)
LYAPUNOV = (
    "dim T, N\ninput A[N,N], Q[N,N]\n"
    "P[t,i,j] := A[i,k] P[t-1,k,l] A[j,l] + Q[i,j] with P[-1,i,j] := 0\n"
    "[1] P[t,i,j] = sum[r=0..t] matpow(A, r)[i,k] Q[k,l] matpow(A, r)[j,l]\n"
)
BY_THE_FIRST = {
    "inside a square": RIDGE + "[2] (y[n] - f[n])^2 = l^2 a[n]^2",
    "inside a sum of squares": RIDGE + "[2] sum[n] (y[n] - f[n])^2 = l^2 sum[n] a[n]^2",
    "where a first time is apart": LYAPUNOV
    + "[2] P[t,i,j] - P[t-1,i,j] = matpow(A, t)[i,k] Q[k,l] matpow(A, t)[j,l]",
}
NOT_BY_THE_FIRST = {
    "inside another square": RIDGE + "[2] (y[n] - f[n])^2 = l a[n]^2",
    "a sum of entries": RIDGE + "[2] (sum[n] (y[n] - f[n]))^2 = l^2 sum[n] a[n]^2",
    "a first time that is another": LYAPUNOV.replace(
        "P[-1,i,j] := 0", "P[-1,i,j] := Q[i,j]"
    ).replace("[1] P[t,i,j] = sum[r=0..t]", "[1] P[t,i,j] = sum[r=0..t+1]")
    + "[2] P[t,i,j] - P[t-1,i,j] = matpow(A, t)[i,k] Q[k,l] matpow(A, t)[j,l]",
}


@pytest.mark.parametrize("name", BY_THE_FIRST)
def test_what_is_proved_helps(name: str):
    verdicts = einrnn.parse(BY_THE_FIRST[name] + "\n").check()
    assert [v.verdict for v in verdicts] == ["proved", "proved"]


@pytest.mark.parametrize("name", NOT_BY_THE_FIRST)
def test_it_helps_nothing_false(name: str):
    *_, verdict = einrnn.parse(NOT_BY_THE_FIRST[name] + "\n").check()
    assert verdict.verdict == "refuted"
