"""Recurrences along two axes, two steps back, scaled: right claims are proved, wrong ones not."""

from pathlib import Path

import pytest

import einrnn
from tests.soundness.test_found import all_proved, proved_alone

GALLERY = Path(__file__).parents[2] / "specs" / "gallery"
DOCUMENTS = (
    "arma",
    "layers_and_time",
    "scaled_messages",
    "soft_dtw",
    "substitution",
    "transducer",
    "two_steps_back",
    "unrolled_descent",
)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_decided(name: str) -> None:
    report = einrnn.load(str(GALLERY / f"{name}.ein")).check()
    for verdict in report.verdicts:
        expected = "refuted" if verdict.expect == "refute" else "proved"
        assert verdict.verdict == expected, verdict.label


LATTICE = """dim T, U
index t : T
index u : U
input e[T,U] positive, s[T,U] positive
al[t,u] := s[t,u] al[t-1,u] + e[t,u] al[t,u-1] with al[-1,u] := 0, al[t,-1] := 0, al[0,0] := 1
P := al[T-1,U-1]
on[t,u] := s[t+1,u] with on[T-1,u] := 0
up[t,u] := e[t,u+1] with up[t,U-1] := 0
"""
FIRST = "dim T, N\nindex t, r : T\ninput p, q, th, e[T], k[N], M[N,N], v[N]\n"
# each false at an end, at one size, or where something on the way has no value
FALSE = {
    "no corner": LATTICE
    + "be[t,u] := on[t,u] be[t+1,u] + up[t,u] be[t,u+1] with be[T,u] := 0, be[t,U] := 0\n"
    "[1] dP/dal[t,u] = be[t,u]",
    "another corner": LATTICE + "be[t,u] := on[t,u] be[t+1,u] + up[t,u] be[t,u+1]"
    " with be[T,u] := 0, be[t,U] := 0, be[T-1,U-1] := 1, be[0,0] := 1\n"
    "[1] dP/dal[t,u] = be[t,u]",
    "an edge": LATTICE.replace("on[T-1,u] := 0", "on[T-1,u] := 1")
    + "be[t,u] := on[t,u] be[t+1,u] + up[t,u] be[t,u+1]"
    " with be[T,u] := 1, be[t,U] := 0, be[T-1,U-1] := 1\n"
    "[1] dP/dal[t,u] = be[t,u]",
    "the second of two bases": FIRST + "c[t] := 2 cos(th) c[t-1] - c[t-2]"
    " with c[0] := 1, c[1] := 2 cos(th)\n[1] c[t] = cos(t th)",
    "the first of two bases": FIRST + "w[t] := p w[t-1] + q w[t-2] with w[0] := 1, w[-1] := 1\n"
    "y[t] := p y[t-1] + q y[t-2] + e[t] with y[-1] := 0, y[-2] := 0\n"
    "[1] y[t] = sum[r=0..t] w[t-r] e[r]",
    "one time only": FIRST + "a[t] := p a[t-1] + e[t] with a[0] := 1\n"
    "S := 1/2 sum[t=1..T-1] a[t]^2\nl[t] := a[t] + p l[t+1] with l[T-1] := a[T-1]\n"
    "[1] dS/da[t] = l[t]",
    "a value that is not there": FIRST
    + "x[t] := { x[t-1] + 1 if t == 5 ; x[t-1] otherwise } with x[0] := 3\n"
    "[1] x[t] = 3 (t - 5)/(t - 5)",
    "a size of one": FIRST + "z[r] := e[r] with z[-1] := 1\n"
    "[1] sum[r=T-2..T-1: r >= 0] z[r] = z[T-1] + z[T-2]",
    "a start that a size decides": FIRST + "x[t] := x[t-1] + e[t] with x[0] := 5 + 2 [T == 1]\n"
    "[1] x[t] = 5 + sum[r=1..t] e[r]",
    "a start by cases": FIRST
    + "x[t] := p x[t-1] + e[t] with x[0] := { 1 if T >= 2 ; q otherwise }\n"
    "[1] x[t] = p^t + sum[r=1..t] p^(t-r) e[r]",
    "a power too many": FIRST + "B[i,j] := delta[i,j] - p M[i,j]\n"
    "x[t,i] := x[t-1,i] - p sum[j] M[i,j] x[t-1,j] with x[0,i] := v[i]\n"
    "[1] x[t,i] = sum[j] matpow(B, t+1)[i,j] v[j]",
    "a product that is not kept": FIRST + "a[t] := p a[t-1] with a[0] := 1\n"
    "b[t] := p b[t+1] with b[T-1] := 1\n[0] a[t] b[t] = a[T-1]\n[1] a[t] b[t]^2 = a[T-1]",
    "a sum that is empty once": FIRST + "x[t] := x[t-1] + e[t] with x[-1] := p\n"
    "[1] sum[r=1..t] x[r] = sum[r=1..t-1] x[r] + x[t-1] + e[t]",
    "a first summand that is not there": FIRST + "y[t] := y[t+1] + e[t] with y[T] := p\n"
    "[1] sum[r=t..T-2] y[r] = sum[r=t+1..T-2] y[r] + y[t+1] + e[t]",
    "a sum over times that a condition skips": FIRST
    + "y[t] := (e[t] - sum[r=t+1..T-1: r != 9] y[r])/q\n"
    "[1] sum[r=t+1..T-1] y[r] = e[t] - q y[t]",
    "the other way": FIRST + "input W[T,T]\nx[t] := (e[t] - sum[r=0..t-1] W[t,r] x[r])/W[t,t]\n"
    "[1] sum[r=0..t] W[r,t] x[r] = e[t]",
    "a function at 0": FIRST + "s[t] := s[t-1] + 1 with s[0] := 0\n[1] cos(s[t] th) = 1",
}


@pytest.mark.parametrize("name", FALSE)
def test_a_near_miss_is_not_proved(name: str) -> None:
    assert not proved_alone(FALSE[name] + "\n")[-1]


TRUE = {
    "an inverse as a rule": """dim n, m
input P[n,n] spd, R[m,m] spd, H[m,n], x[n], y[m]
S := H @ P @ H.T + R
K := P @ H.T @ inv(S)
Q := P - K @ H @ P
[info] inv(Q) = inv(P) + H.T @ inv(R) @ H
[gain] K = Q @ H.T @ inv(R)
[mean] inv(Q) @ (x + K @ (y - H @ x)) = inv(P) @ x + H.T @ inv(R) @ y
""",
    "messages in logarithms": """dim T, K
input a0[K], A[K,K], e[T,K]
f[t,j] := e[t,j] + logsumexp[i](f[t-1,i] + A[i,j]) with f[0,j] := a0[j] + e[0,j]
al[t,j] := exp(e[t,j]) sum[i] al[t-1,i] exp(A[i,j]) with al[0,j] := exp(a0[j] + e[0,j])
be[t,i] := sum[j] exp(A[i,j] + e[t+1,j]) be[t+1,j] with be[T-1,i] := 1
Z := logsumexp[j](f[T-1,j])
[f] f[t,j] = log(al[t,j])
[kept] sum[j] al[t,j] be[t,j] = sum[j] al[T-1,j]
[f by Z] dZ/df[t,j] = al[t,j] be[t,j]/sum[i](al[T-1,i])
[e] dZ/de[t,j] = al[t,j] be[t,j]/sum[i](al[T-1,i])
[one] sum[j] dZ/de[t,j] = 1
""",
    "sums that may be 0": """dim T, K
input pi[K] probability in K, A[K,K] probability in K, B[T,K] positive
al[t,j] := B[t,j] sum[i] al[t-1,i] A[i,j] with al[0,j] := pi[j] B[0,j]
ab[t,j] := B[t,j] sum[i] ah[t-1,i] A[i,j] with ab[0,j] := pi[j] B[0,j]
ah[t,j] := ab[t,j]/sum[k] ab[t,k]
[1] ah[t,j] = al[t,j]/sum[i](al[t,i])
""",
}


@pytest.mark.parametrize("name", TRUE)
def test_what_lemmas_show_is_proved(name: str) -> None:
    assert all_proved(TRUE[name])
