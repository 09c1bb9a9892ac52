"""Claims about the last time, weighted; about sums that are 0; and at an end of time."""

import pytest

import einrnn
from tests.symbolic.proving import ENOUGH, refused

TWO = (
    "dim T, N\nindex t : T\ninput A[N,N], c[N], u[T,N]\n"
    "x[t,i] := A[i,j] x[t-1,j] + u[t,i] with x[-1,i] := 0\n"
    "y[t,i] := u[t,i] + A[i,j] y[t-1,j] with y[-1,i] := 0\n"
)
TANGENT = (
    "dim T, N\nindex t : T\ninput A[N,N], c[N], eta, u[T,N]\n"
    "x[t,i] := A[i,j] x[t-1,j] + eta u[t,i] with x[-1,i] := 0\n"
    "p[t,i] := A[i,j] p[t-1,j] + u[t,i] with p[-1,i] := 0\n"
    "L := c[i] x[T-1,i]\n"
)
BACKWARD = (
    "dim T, R\nindex t : T\ninput A[T,R,R], l[R], r[R]\n"
    "f[t,a] := A[t,c,a] f[t-1,c] with f[-1,a] := l[a]\n"
    "g[t,c] := A[t,c,a] g[t+1,a] with g[T,a] := r[a]\nZ := f[T-1,a] r[a]\n"
)
# the variance has a name, and its root is taken where it is needed
NORMED = (
    "dim T, H\ninput x[T,H], W[H,H], c[T,H], eps positive\n"
    "a[t,i] := x[t,i] + W[i,j] h[t-1,j]\nv[t] := mean[i] a[t,i]^2\n"
    "n[t,i] := a[t,i]/sqrt(v[t] + eps)\nh[t,i] := n[t,i] with h[-1,i] := 0\nL := c[t,i] h[t,i]\n"
    "gh[t,i] := c[t,i] + W[m,i] ga[t+1,m]\nga[T,i] := 0\n"
    "ga[t,i] := (gh[t,i] - n[t,i] mean[m] (gh[t,m] n[t,m]))/sqrt(v[t] + eps)\n"
)
MESSAGES = (
    "dim T, K\nindex t : T\ninput p[T,K], q[T,K,K]\n"
    "f[t,j] := sum[i] f[t-1,i] p[t-1,i] q[t,i,j] with f[0,j] := 1\n"
    "b[t,i] := sum[j] q[t+1,i,j] p[t+1,j] b[t+1,j] with b[T-1,i] := 1\n"
    "Z := sum[j] f[T-1,j] p[T-1,j]\n"
)
LAWS = {
    "messages without the potential": MESSAGES + "[1] dZ/dp[t,j] = f[t,j] b[t,j]",
    "weighted at the last time": TWO + "[1] c[i] x[T-1,i] = c[i] y[T-1,i]",
    "a sum that is 0": TWO + "[1] x[t,i] - y[t,i] = 0",
    "a difference at the last time": TWO + "[1] x[T-1,i] - y[T-1,i] = 0",
    "a tangent at the last time": TANGENT + "[1] dL/deta = c[i] p[T-1,i]",
    "by its own definition": BACKWARD + "[1] g[0,c] = A[0,c,a] g[1,a]",
    "a lemma at an end": (BACKWARD + "[1] sum[a] f[t,a] g[t+1,a] = Z\n[2] Z = sum[a] l[a] g[0,a]"),
    "a variance with a name": NORMED + "[1] dL/dW[i,j] = sum[t] ga[t,i] h[t-1,j]",
}
TRAPS = {
    "messages with the potential": MESSAGES + "[1] dZ/dp[t,j] = f[t,j] p[t,j] b[t,j]",
    "another weight": TWO + "[1] sum[i] c[i] x[T-1,i] = sum[i,j] c[j] y[T-1,i]",
    "of other sums": TWO + "[1] sum[i] c[i] x[T-1,i] = sum[i=1..N-1] c[i] y[T-1,i]",
    "twice": TWO + "[1] x[t,i] - 2 y[t,i] = 0",
    "a tangent one step early": TANGENT + "[1] dL/deta = c[i] p[T-2,i]",
    "the other way round": BACKWARD + "[1] g[0,c] = A[0,a,c] g[1,a]",
    "without the mean": (
        NORMED.replace("n[t,i] mean[m] (gh[t,m] n[t,m])", "n[t,i] sum[m] (gh[t,m] n[t,m])")
        + "[1] dL/dW[i,j] = sum[t] ga[t,i] h[t-1,j]"
    ),
}


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_proved_and_holds_in_numbers(name: str):
    found = einrnn.parse(LAWS[name]).check(timeout=ENOUGH)
    assert [verdict.verdict for verdict in found] == ["proved"] * len(found)
    assert all(verdict.max_error is not None and verdict.max_error < 1e-9 for verdict in found)


@pytest.mark.parametrize("name", TRAPS)
def test_a_false_law_is_not_proved(name: str):
    assert refused(TRAPS[name])
