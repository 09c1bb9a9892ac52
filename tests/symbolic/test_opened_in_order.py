"""Definitions opened one after the other, and what their diagonals, products and powers come to."""

import time
from dataclasses import replace

import pytest

import einrnn
from einrnn.core import affine as af
from einrnn.core.model import Range
from einrnn.symbolic.proof.prover import Prover
from einrnn.symbolic.proof.statement import Statement
from tests.symbolic.proving import error_in_numbers, proved, refused

NORMALISED = """dim N, K, H, D
input x[N,D], W[H,D], V[K,H], y[N,K], eps positive, g[H], b[H]
z[n,h]  := W[h,d] x[n,d]
m[h]    := mean[n] z[n,h]
va[h]   := mean[n] (z[n,h] - m[h])^2
zh[n,h] := (z[n,h] - m[h])/sqrt(va[h] + eps)
a[n,h]  := relu(g[h] zh[n,h] + b[h])
o[n,k]  := V[k,h] a[n,h]
L       := 1/(2 N) sum[n,k] (o[n,k] - y[n,k])^2
eo[n,k] := 1/N (o[n,k] - y[n,k])
eb[n,h] := [g[h] zh[n,h] + b[h] > 0] sum[k] V[k,h] eo[n,k]
ez[n,h] := g[h]/sqrt(va[h] + eps) (eb[n,h] - mean[i] eb[i,h] - zh[n,h] mean[i] (eb[i,h] zh[i,h]))
ew[n,h] := g[h]/sqrt(va[h] + eps) (eb[n,h] - zh[n,h] mean[i] (eb[i,h] zh[i,h]))
"""
GATED = """dim T, H
input x[T,H], Uz[H,H], Ur[H,H], Uh[H,H], y[T,H], h0[H]
z[t,i] := sigmoid(x[t,i] + Uz[i,j] h[t-1,j])
r[t,i] := sigmoid(Ur[i,j] h[t-1,j])
c[t,i] := tanh(x[t,i] + Uh[i,j] (r[t,j] h[t-1,j]))
h[t,i] := (1 - z[t,i]) h[t-1,i] + z[t,i] c[t,i]   with h[-1,i] := h0[i]
E      := 1/2 sum[t,i] (h[t,i] - y[t,i])^2
"""
STEP = (
    "[1] dh[t,i]/dh[t-1,j] = (1 - z[t,i]) delta[i,j]"
    " + (c[t,i] - h[t-1,i]) z[t,i] (1 - z[t,i]) Uz[i,j]"
    " + z[t,i] (1 - c[t,i]^2) (Uh[i,j] r[t,j]"
    " + sum[m] Uh[i,m] h[t-1,m] r[t,m] (1 - r[t,m]) Ur[m,j])"
)
KALMAN = """dim T
input y[T], a, q positive, r positive, m0, p0 positive
mp[t] := a m[t-1]
pp[t] := a^2 p[t-1] + q
k[t]  := pp[t]/(pp[t] + r)
m[t]  := mp[t] + k[t] (y[t] - mp[t])   with m[-1] := m0
p[t]  := (1 - k[t]) pp[t]   with p[-1] := p0
"""
FACTORS = """dim D, Q
input F[D,Q], psi[D] positive
C[i,j] := F[i,q] F[j,q] + psi[i] delta[i,j]
M[p,q] := delta[p,q] + sum[i] F[i,p] F[i,q]/psi[i]
"""
EVIDENCE = """dim N, D
input X[N,D], t[N], al positive, be positive
A[i,j] := al delta[i,j] + be X[n,i] X[n,j]
C[n,k] := delta[n,k]/be + X[n,i] X[k,i]/al
"""
SKIP = """dim T, H
input x[T,H], W[H,H], Q[H,H], y[T,H]
z[t,i] := x[t,i] + W[i,j] s[t-1,j] + Q[i,j] s[t-2,j]
s[t,i] := tanh(z[t,i])   with s[-1,i] := 0, s[-2,i] := 0
L      := 1/2 sum[t,i] (s[t,i] - y[t,i])^2
b[t,i] := s[t,i] - y[t,i] + W[j,i] a[t+1,j] + Q[j,i] a[t+2,j]
a[t,i] := b[t,i] (1 - s[t,i]^2)   with a[T,i] := 0, a[T+1,i] := 0
"""
BATCH = """dim B, T, K, F
input x[B,T,F], w[K,F], A[K,K]
u[n,t,k]    := w[k,f] x[n,t,f]
al[n,0,k]   := u[n,0,k]
al[n,t,k]   := u[n,t,k] + logsumexp[j](al[n,t-1,j] + A[j,k])
be[n,T-1,k] := 0
be[n,t,j]   := logsumexp[k](A[j,k] + u[n,t+1,k] + be[n,t+1,k])
lZ[n]       := logsumexp[k](al[n,T-1,k])
J           := 1/B sum[n] lZ[n]
p[n,t,k]    := exp(al[n,t,k] + be[n,t,k] - lZ[n])
"""
GAIN = """dim T
input a[T], u[T]
z[t] := a[t] z[t-1] + u[t]   with z[-1] := 0
"""
TWO_STARTS = """dim T
index t : T
input x[T], w
z[t] := { x[t] if t == 0 ; z[t-1] + w s[t-1] otherwise }   with z[-1] := 1
s[t] := s[t-1] + z[t-1]   with s[-1] := 0
y[t] := { x[t] if t == 0 ; y[t-1] + w u[t-1] otherwise }   with y[-1] := 0
u[t] := u[t-1] + y[t-1]   with u[-1] := 0
[A] s[t] = u[t]
[B] z[t] = y[t]
"""
TWO_WAYS = """dim T
index t : T
index s : T+1
input x[T], y[T+1], w, v
f[t] := w f[t-1] + x[t]   with f[-1] := 0
g[s] := { f[T-1] if s == T ; v g[s+1] + y[s] otherwise }
h[t] := g[t+1]   with h[-1] := 0
[A] f[t] = h[t]
[B] g[s] = f[s-1]
"""
LAWS = {
    "normalised over a batch": NORMALISED + "[1] dL/dW[h,d] = sum[n] ez[n,h] x[n,d]",
    "one step of gates": GATED + STEP,
    "an adjoint by one step": GATED
    + "[1] dE/dh[t,j] = h[t,j] - y[t,j] + dE/dh[t+1,i] dh[t+1,i]/dh[t,j]  for t < T-1",
    "from the first state": GATED + "[1] dE/dh0[j] = dE/dh[0,i] dh[0,i]/dh0[j]",
    "a product up to the time before": KALMAN + "[1] dmp[t]/dm0 = a prod[u=0..t-1] (a (1 - k[u]))",
    "and of squares": KALMAN + "[1] dpp[t]/dp0 = a^2 prod[u=0..t-1] (a^2 (1 - k[u])^2)",
    "through a diagonal": FACTORS
    + "[1] sum[j] inv(C)[i,j] F[j,q] = sum[p] F[i,p] inv(M)[p,q]/psi[i]",
    "the inverse of a diagonal and more": FACTORS
    + "[1] inv(C)[i,j] = delta[i,j]/psi[i] - F[i,p] inv(M)[p,q] F[j,q]/(psi[i] psi[j])",
    "its determinant": FACTORS + "[1] det(C) = det(M) prod[i] psi[i]",
    "its logarithm": FACTORS + "[1] logdet(C) = logdet(M) + sum[i] log(psi[i])",
    "the inverse through scalars": EVIDENCE
    + "[1] inv(C)[n,k] = be delta[n,k] - be^2 X[n,i] inv(A)[i,j] X[k,j]",
    "whole powers": "dim N\ninput c\n[1] (c^2)^N = c^(2 N)",
    "powers of what is positive": "input c positive, x\n[1] (c^2)^x = c^(2 x)",
    "the last time by the first": GAIN + "[1] dz[T-1]/du[0] = prod[r=1..T-1] a[r]",
}
TRAPS = {
    "the mean lost": NORMALISED + "[1] dL/dW[h,d] = sum[n] ew[n,h] x[n,d]",
    "a gate lost": GATED + STEP.replace(" r[t,m] (1 - r[t,m])", " r[t,m]"),
    "a step too far": GATED
    + "[1] dE/dh[t,j] = h[t,j] - y[t,j] + dE/dh[t+1,i] dh[t,i]/dh[t,j]  for t < T-1",
    "from another state": GATED + "[1] dE/dh0[j] = dE/dh[0,i] dh[0,i]/dh[0,j]",
    "a product up to this time": KALMAN + "[1] dmp[t]/dm0 = a prod[u=0..t] (a (1 - k[u]))",
    "a product one short": KALMAN + "[1] dmp[t]/dm0 = a prod[u=1..t-1] (a (1 - k[u]))",
    "the diagonal lost": FACTORS + "[1] sum[j] inv(C)[i,j] F[j,q] = sum[p] F[i,p] inv(M)[p,q]",
    "the other index": FACTORS
    + "[1] inv(C)[i,j] = delta[i,j]/psi[i] - F[i,p] inv(M)[p,q] F[j,q]/psi[i]^2",
    "the inverse through a scalar lost": EVIDENCE
    + "[1] inv(C)[n,k] = be delta[n,k] - be X[n,i] inv(A)[i,j] X[k,j]",
    "the determinant without": FACTORS + "[1] det(C) = det(M)",
    "the determinant of what may be 0": "dim N = 3\n"
    "input q boolean, W[N,N] invertible, u[N], v[N]\n"
    "[1] det[i,j](q W[i,j] + u[i] v[j]) = det(W) (q + sum[i,j] v[i] inv(W)[i,j] u[j])",
    "the determinant of a diagonal with zeros": "dim N = 2\ninput u[N], v[N]\n"
    "[1] det[i,j]([i <= 0] delta[i,j] + u[i] v[j]) = 0",
    "a condition across a product": "input A[N,M], B[M,K], C[K,M], D[M,N]\n"
    "[1] det[i,j](delta[i,j] + sum[m,k,n: m <= n] A[i,m] B[m,k] C[k,n] D[n,j])"
    " = det[k,l](delta[k,l] + sum[j,m,n: m <= n] C[k,n] D[n,j] A[j,m] B[m,l])",
    "powers of what is not whole": "input c, x\n[1] (c^2)^x = c^(2 x)",
    "another power": "dim N\ninput c\n[1] (c^2)^N = c^(N + 2)",
    "the last time with the first": GAIN + "[1] dz[T-1]/du[0] = prod[r=0..T-1] a[r]",
}
ATTENDING = """dim S, T, H, A
input k[S,H], Wq[A,H], Wk[A,H], v[A], Ws[H,H], y[T,H], s0[H]
z[t,r,a]  := tanh(Wq[a,i] s[t-1,i] + Wk[a,j] k[r,j])
al[t,r]   := softmax[r](v[a] z[t,r,a])
c[t,i]    := al[t,r] k[r,i]
s[-1,i]   := s0[i]
s[t,i]    := tanh(Ws[i,j] s[t-1,j] + c[t,i])
L         := 1/2 sum[t,i] (s[t,i] - y[t,i])^2
gs[t,i]   := s[t,i] - y[t,i] + Ws[j,i] gp[t+1,j] + Wq[a,i] sum[r] gz[t+1,r,a]
gp[T,i]   := 0
gp[t,i]   := gs[t,i] (1 - s[t,i]^2)
ge[t,r]   := al[t,r] sum[i] gp[t,i] (k[r,i] - c[t,i])
gz[T,r,a] := 0
gz[t,r,a] := ge[t,r] v[a] (1 - z[t,r,a]^2)
"""


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_proved_and_holds_in_numbers(name: str) -> None:
    assert proved(LAWS[name])
    assert error_in_numbers(LAWS[name]) < 1e-9


@pytest.mark.parametrize("name", TRAPS)
def test_a_near_miss_is_not_proved(name: str) -> None:
    assert refused(TRAPS[name])


def test_adjoints_that_lead_to_one_another_at_one_time() -> None:
    text = ATTENDING + (
        "[1] dL/dv[a] = ge[t,r] z[t,r,a]\n"
        "[2] dL/dWs[i,j] = sum[t] gp[t,i] s[t-1,j]\n"
        "[3] refute dL/dv[a] = al[t,r] gp[t,i] k[r,i] z[t,r,a]\n"
    )
    assert [v.verdict for v in einrnn.parse(text).check()] == ["proved", "proved", "refuted"]


def test_a_repair_says_something() -> None:
    """Both sides of ``∂h[t,i]/∂Uz[k,l] = …`` are 0 here: true, and no help."""
    text = GATED + "[1] dh[t,i]/dUz[k,l] = sum[s=0..t] dh[t,i]/dh[s,n] ∂h[s,n]/∂Uz[k,l]\n"
    (verdict,) = einrnn.parse(text).check()
    assert verdict.verdict == "refuted"
    assert verdict.repair is not None
    assert not verdict.repair.statement.startswith("∂")


def test_adjoints_from_two_times_ahead() -> None:
    """What is at both ends of time is 0: sums may begin later."""
    text = SKIP + (
        "[1] dL/dQ[i,j] = sum[t: t >= 2] a[t,i] s[t-2,j]\n"
        "[2] dL/dW[i,j] = sum[t] a[t,i] s[t-1,j]\n"
        "[3] refute dL/dQ[i,j] = sum[t: t >= 3] a[t,i] s[t-2,j]\n"
    )
    assert [v.verdict for v in einrnn.parse(text).check()] == ["proved", "proved", "refuted"]


def test_marginals_of_a_batch_in_log_space() -> None:
    text = BATCH + (
        "[1] dJ/du[n,t,k] = p[n,t,k]/B\n"
        "[2] dJ/dw[k,f] = 1/B sum[n,t] p[n,t,k] x[n,t,f]\n"
        "[3] refute dJ/du[n,t,k] = p[n,t,k]\n"
    )
    assert [v.verdict for v in einrnn.parse(text).check()] == ["proved", "proved", "refuted"]


def test_what_holds_from_different_times_on_is_not_shown_together() -> None:
    """``z[t] = y[t]`` from t = 0 on only, and ``s[0]`` needs it at -1."""
    model = einrnn.parse(TWO_STARTS).model
    statements = [Statement(c.left, c.right, c.ranges) for c in model.claims]
    prover = Prover(model, deadline=time.process_time() + 5)
    assert prover.proved_together(statements) == ()


def test_what_runs_up_and_what_runs_down_are_not_shown_by_one_another() -> None:
    """Each would follow from the other; neither holds."""
    model = einrnn.parse(TWO_WAYS).model
    first, second = (Statement(c.left, c.right, c.ranges) for c in model.claims)
    ((index, span),) = second.ranges.items()
    later = replace(second, ranges={index: Range(af.of(1), span.hi)})
    prover = Prover(model, deadline=time.process_time() + 5)
    assert prover.proved_together([first, later]) == ()
