"""Induction under conditions, causes and effects in time, and forward against backward."""

import pytest

import einrnn
from tests.symbolic.proving import error_in_numbers, proved, refused

MOMENTUM = """index t, r : T
input g[T], b
v[t] := b v[t-1] + g[t]   with v[-1] := 0
w[t] := w[t-1] - v[t]     with w[-1] := 0
"""
AHEAD = "index t : T\ninput g[T+1], b\nv[t] := b v[t-1] + g[t+1]   with v[-1] := 0\n"
CELL = """index t, r, q : T
input f[T], u[T], c0
c[t] := f[t] c[t-1] + u[t]   with c[-1] := c0
"""
CHAIN = """dim T, K
input pi[K], A[K,K], B[T,K]
a[t,j] := B[t,j] sum[i] a[t-1,i] A[i,j]   with a[0,j] := pi[j] B[0,j]
b[t,i] := sum[j] A[i,j] B[t+1,j] b[t+1,j]   with b[T-1,i] := 1
n[t,i] := sum[j] A[j,i] B[t+1,j] n[t+1,j]   with n[T-1,i] := 1
m[t,i] := sum[j] A[i,j] B[t+1,j] m[t+1,j]   with m[T-1,i] := 2
"""
LOGS = """dim T, K
input e[T,K], A[K,K]
a[t,j] := e[t,j] + logsumexp[i](a[t-1,i] + A[i,j])   with a[0,j] := e[0,j]
b[t,i] := logsumexp[j](A[i,j] + e[t+1,j] + b[t+1,j])   with b[T-1,i] := 0
F := logsumexp[j](a[T-1,j])
"""
SQUARES = """dim T, N
input x[T,N], P0[N,N] spd
c[t] := 1 + x[t,i] P[t-1,i,j] x[t,j]
P[t,i,j] := P[t-1,i,j] - P[t-1,i,k] x[t,k] P[t-1,l,j] x[t,l] / c[t]   with P[-1,i,j] := P0[i,j]
S[t,i,j] := S[t-1,i,j] + x[t,i] x[t,j]   with S[-1,i,j] := inv(P0)[i,j]
"""
LAWS = {
    "by an input": MOMENTUM + "[1] dv[t]/dg[r] = b^(t-r) for r <= t",
    "by a later input": MOMENTUM + "[1] dv[t]/dg[r] = 0 for r > t",
    "sum of a recurrence": MOMENTUM + "[1] w[t] = -sum[r=0..t] v[r]",
    "product inside a sum": (
        CELL + "[1] c[t] = c0 prod[r=0..t](f[r]) + sum[r=0..t] u[r] prod[q=r+1..t](f[q])"
    ),
    "ends of a chain": CHAIN + "[1] sum[j] a[T-1,j] = sum[j] pi[j] B[0,j] b[0,j]",
    "ends in logs": LOGS + "[1] F = logsumexp[j](e[0,j] + b[0,j])",
    "inverse of a growing sum": SQUARES + "[1] sum[k] S[t,i,k] P[t,k,j] = delta[i,j]",
    "product of exponentials": (
        "input x[N]\n[1] prod[i] (x[i] exp(x[i])) = prod[i](x[i]) exp(sum[i] x[i])"
    ),
}
TRAPS = {
    "without the condition": MOMENTUM + "[1] dv[t]/dg[r] = b^(t-r)",
    "at the same time": MOMENTUM + "[1] dv[t]/dg[r] = 0 for r >= t",
    "only at first": MOMENTUM + "[1] dv[t]/dg[r] = 1 for r <= t",
    "not at first": MOMENTUM + "[1] dv[t]/dg[r] = b^(t-r) + [r == t] for r <= t",
    "an input read ahead": AHEAD + "[1] dv[t]/dg[r] = 0 for r > t",
    "sum one short": MOMENTUM + "[1] w[t] = -sum[r=0..t-1] v[r]",
    "product from the start": (
        CELL + "[1] c[t] = c0 prod[r=0..t](f[r]) + sum[r=0..t] u[r] prod[q=r..t](f[q])"
    ),
    "chain backwards transposed": CHAIN + "[1] sum[j] a[T-1,j] = sum[j] pi[j] B[0,j] n[0,j]",
    "chain with another end": CHAIN + "[1] sum[j] a[T-1,j] = sum[j] pi[j] B[0,j] m[0,j]",
    "ends in logs, one lost": LOGS + "[1] F = logsumexp[j](b[0,j])",
    "growing sum less": SQUARES + "[1] sum[k] S[t,i,k] P[t,k,j] = 2 delta[i,j]",
    "product of exponentials, factor lost": (
        "input x[N]\n[1] prod[i] (x[i] exp(x[i])) = prod[i](x[i]) exp(x[0])"
    ),
}


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_proved_and_holds_in_numbers(name: str):
    assert proved(LAWS[name])
    assert error_in_numbers(LAWS[name]) < 1e-6


@pytest.mark.parametrize("name", TRAPS)
def test_what_is_nearly_true_is_not_proved(name: str):
    assert refused(TRAPS[name])


def test_marginals_in_log_space_are_proved():
    text = LOGS + (
        "[1] dF/de[t,j] = exp(a[t,j] + b[t,j] - F)\n"
        "[2] refute dF/de[t,j] = exp(a[t,j] + e[t,j] + b[t,j] - F)\n"
    )
    first, second = einrnn.parse(text).check()
    assert (first.verdict, second.verdict) == ("proved", "refuted")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2^T (1 + b)", "2^T + 2^T b"),
        ("b^-T (1 + b)", "b^(-T) + b^(1 - T)"),
        ("sum[t,r] a[t] b^t [r == t]", "sum[t] a[t] b^t"),
        ("2^b^2 (1 + b)", "2^(b^2) + 2^(b^2) b"),
    ],
)
def test_what_stands_beside_a_power_is_no_part_of_its_exponent(written: str, meant: str):
    text = f"index t, r : T\ninput b positive, a[T]\n[1] {written} = {meant}\n"
    assert einrnn.parse(text).check().ok
