"""What recurs from further back, what has edges on other axes than time, and what only adds up."""

import pytest

import einrnn
from tests.symbolic.proving import error_in_numbers, proved, refused

ORDER = """dim T
input p, q, a[T], b[T]
z[t] := a[t] z[t-1] + b[t] z[t-2]   with z[-1] := 1, z[-2] := 0
R[t] := { a[t+1] R[t+1] if t+1 < T ; 0 otherwise } + { b[t+2] R[t+2] if t+2 < T ; 0 otherwise }
        with R[T-1] := 1
y[t] := p y[t-1] + q y[t-2] + a[t]   with y[-1] := 1, y[-2] := 0
S[t] := p S[t+1] + q S[t+2]   with S[T-1] := 1, S[T] := 0
G[t] := y[t] + p G[t+1] + q G[t+2]   with G[T] := 0, G[T+1] := 0
H[t] := y[t] + p H[t+1] + q H[t+2]   with H[T] := 0, H[T+1] := 1
L    := y[t]^2/2
"""
LATTICE = """dim T, S
input e[T,S], v[S]
a[t,s] := e[t,s] (a[t-1,s] + a[t-1,s-1])   with a[-1,s] := 1, a[t,-1] := 0, a[-1,-1] := 0
b[t,s] := c[t+1,s] + c[t+1,s+1]   with b[T-1,s] := v[s]
c[t,s] := e[t,s] b[t,s]   with c[t,S] := 0
Z := v[s] a[T-1,s]
"""
EDGE = """dim T, S
input e[T,S], v[S]
a[t,s] := e[t,s] (a[t-1,s] + a[t-1,s-1])   with a[-1,s] := 1, a[t,-1] := 1, a[-1,-1] := 0
b[t,s] := c[t+1,s] + c[t+1,s+1]   with b[T-1,s] := v[s]
c[t,s] := e[t,s] b[t,s]   with c[t,S] := 0
Z := v[s] a[T-1,s]
"""
CHAIN = """dim B, T, K
input u[B,T,K], A[K,K]
al[n,t,j] := exp(u[n,t,j]) sum[i] al[n,t-1,i] exp(A[i,j])  with al[n,0,j] := exp(u[n,0,j])
be[n,t,i] := sum[j] exp(A[i,j] + u[n,t+1,j]) be[n,t+1,j]  with be[n,T-1,i] := 1
Z[n] := sum[j] al[n,T-1,j]
L := sum[n] log(Z[n])
"""
SCALED = """dim T, K
input p[K] positive, A[K,K] positive, f[T,K] positive
pr[t,j] := sum[i] ah[t-1,i] A[i,j]   with pr[0,j] := p[j]
c[t] := sum[j] f[t,j] pr[t,j]
ah[t,j] := f[t,j] pr[t,j]/c[t]
bh[t,i] := sum[j] A[i,j] f[t+1,j] bh[t+1,j]/c[t+1]   with bh[T-1,i] := 1
"""
ATTENTION = """dim T, D, P
input q[T,D], k_[T,D], u[T,P], G[T,P], S0[D,P]
Sm[t,d,p] := Sm[t-1,d,p] + k_[t,d] u[t,p]   with Sm[-1,d,p] := S0[d,p]
o[t,p] := q[t,d] Sm[t,d,p]
M := G[t,p] o[t,p]
"""
PATHS = """dim T, H
input x[T,H], W[H,H]
s[t,i] := tanh(x[t,i] + W[i,j] s[t-1,j])   with s[-1,i] := 0
m[i] := mean[t] s[t,i]
"""
MASKED = """dim T, H
input on[T,H] boolean, x[T,H], W[H,H], v[T,H]
h[t,i] := { x[t,i] + W[i,m] h[t-1,m] if on[t,i] == 1 ; h[t-1,i] otherwise }   with h[-1,i] := 0
L := v[t,i] h[t,i]
"""
LAST = """dim T, H
input x[T,H], W[H,H], y[T,H]
s[t,i] := sigmoid(x[t,i] + W[i,m] s[t-1,m])   with s[-1,i] := 0
L := 1/2 sum[t,i] (s[t,i] - y[t,i])^2
"""
LAWS = {
    "two back, with guards": ORDER + "[1] dz[T-1]/dz[t] = R[t]",
    "two back, with values at the end": ORDER + "[1] dy[T-1]/dy[t] = S[t]",
    "two back, driven": ORDER + "[1] dL/dy[t] = G[t]",
    "a lattice with edges": LATTICE + "[1] sum[s] a[t,s] b[t,s] = Z",
    "edge marginals": CHAIN
    + "[1] sum[i,j] al[n,t-1,i] exp(A[i,j] + u[n,t,j]) be[n,t,j]/Z[n] = 1  for t >= 1",
    "scaled messages": SCALED + "[1] sum[j] ah[t,j] bh[t,j] = 1",
    "a state that adds up": ATTENTION
    + "[1] o[t,p] = q[t,d] S0[d,p] + sum[r=0..t] (sum[d] q[t,d] k_[r,d]) u[r,p]",
    "its gradient": ATTENTION + "[1] dM/du[r,p] = sum[t=r..T-1] G[t,p] sum[d] q[t,d] k_[r,d]",
    "a mean of paths": PATHS
    + "[1] dm[i]/dW[k,l] = 1/T sum[t] sum[r=0..t] ds[t,i]/ds[r,k] (1 - s[r,k]^2) s[r-1,l]",
    "masked by cases": MASKED + "[1] dL/dW[i,j] = sum[t] dL/dh[t,i] on[t,i] h[t-1,j]",
    "by the last state": LAST + "[1] dL/ds[T-1,i] = s[T-1,i] - y[T-1,i]",
}
CORNER = """input p[T,U], q[T,U]
A[t,u] := p[t,u] A[t-1,u] + q[t,u] A[t,u-1] with A[-1,u] := 0, A[t,-1] := 0, A[0,0] := 1
"""
LINE = """input a, c
y[t] := 2 y[t-1] - y[t-2] with y[0] := a, y[1] := a + c
"""
LAWS |= {
    "from a time on": LINE + "[1] y[t] = a + c t  for t >= 2",
    "by the entry beside": CORNER + "[1] dA[t,u]/dA[t,u-1] = q[t,u]  for u >= 1",
    "by the entry before": CORNER + "[1] dA[t,u]/dA[t-1,u] = p[t,u]  for t >= 1",
    "by what is before on one axis only": CORNER
    + "[1] dA[t,u]/dA[t-1,u+1] = 0  for t >= 1 and u < U-1",
}
TRAPS = {
    "from a time on, another slope": LINE + "[1] y[t] = a + 2 c t  for t >= 2",
    "two ways to a corner": CORNER
    + "[1] dA[t,u]/dA[t-1,u-1] = p[t,u] q[t-1,u]  for t >= 1 and u >= 1",
    "two back, one lost": ORDER + "[1] dz[T-1]/dz[t] = a[t+1] R[t+1]  for t < T-1",
    "two back, another end": ORDER + "[1] dL/dy[t] = H[t]",
    "another edge": EDGE + "[1] sum[s] a[t,s] b[t,s] = Z",
    "a factor in a batch": CHAIN
    + "[1] sum[i,j] al[n,t-1,i] exp(A[i,j] + u[n,t,j]) be[n,t,j] = 1  for t >= 1",
    "scaled twice": SCALED + "[1] sum[j] ah[t,j] bh[t,j]/c[t] = 1",
    "the state at first lost": ATTENTION
    + "[1] o[t,p] = sum[r=0..t] (sum[d] q[t,d] k_[r,d]) u[r,p]",
    "one time short": ATTENTION + "[1] dM/du[r,p] = sum[t=r+1..T-1] G[t,p] sum[d] q[t,d] k_[r,d]",
    "a mean without its factor": PATHS
    + "[1] dm[i]/dW[k,l] = sum[t] sum[r=0..t] ds[t,i]/ds[r,k] (1 - s[r,k]^2) s[r-1,l]",
    "the mask lost": MASKED + "[1] dL/dW[i,j] = sum[t] dL/dh[t,i] h[t-1,j]",
    "by an earlier state": LAST + "[1] dL/ds[0,i] = s[0,i] - y[0,i]",
}


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_proved_and_holds_in_numbers(name: str) -> None:
    assert proved(LAWS[name])
    assert error_in_numbers(LAWS[name]) < 1e-9


@pytest.mark.parametrize("name", TRAPS)
def test_a_near_miss_is_not_proved(name: str) -> None:
    assert refused(TRAPS[name])


def test_what_a_derivative_without_a_sum_has_to_be_is_read_off() -> None:
    text = ORDER + (
        "M := log(z[T-1])\n"
        "[r] dz[T-1]/dz[t] = R[t]\n"
        "[1] dM/db[t] = z[t-2] R[t]/z[T-1]\n"
        "[2] refute dM/db[t] = z[t-1] R[t]/z[T-1]\n"
    )
    _, first, second = einrnn.parse(text).check()
    assert (first.verdict, second.verdict) == ("proved", "refuted")


def test_a_derivative_that_is_a_recurrence_over_a_number_of_its_own() -> None:
    text = CHAIN + (
        "[1] dL/du[n,t,k] = al[n,t,k] be[n,t,k]/Z[n]\n"
        "[2] refute dL/du[n,t,k] = al[n,t,k] be[n,t,k]\n"
    )
    first, second = einrnn.parse(text).check()
    assert (first.verdict, second.verdict) == ("proved", "refuted")


def test_a_derivative_of_a_mean_over_a_batch() -> None:
    text = CHAIN.replace("sum[n] log(Z[n])", "1/B sum[n] log(Z[n])") + (
        "[1] dL/du[n,t,k] = al[n,t,k] be[n,t,k]/(B Z[n])\n"
        "[2] refute dL/du[n,t,k] = al[n,t,k] be[n,t,k]/Z[n]\n"
    )
    first, second = einrnn.parse(text).check()
    assert (first.verdict, second.verdict) == ("proved", "refuted")
