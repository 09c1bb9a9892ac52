"""Sums and products compared at their ends: cut, stretched, telescoped, counted in strides;
and induction over the index at which one ends."""

import pytest

from tests.symbolic.proving import error_in_numbers, proved, refused

T = "dim T\ninput c[T] positive, x[T], y[T], a, b\nindex r, t : T\n"
PRODUCT = T + "p[t] := prod[r=0..t] c[r]\n"
SURVIVAL = T + "h[t] := sigmoid(x[t] + a)\nS[t] := prod[r=0..t] (1 - h[r])\n"
STICKS = T + "w[t] := c[t] prod[r=0..t-1] (1 - c[r])\n"
BACK = T + "G[t] := y[t] + x[t+1] G[t+1]   with G[T-1] := y[T-1]\n"
MEAN = T + "m[t] := a x[t] + (1 - a) m[t-1]   with m[0] := x[0]\n"
PAIRS = "dim N\ninput x[2*N], g[N], z[3*N]\nindex k : 2*N\nA := sum[n] g[n] (x[2*n] + x[2*n+1])\n"

LAWS = {
    "without one factor": PRODUCT + "[1] dp[t]/dc[r] = p[t]/c[r]   for r <= t",
    "its logarithm": PRODUCT + "[1] d/dc[r] (log(p[t])) = 1/c[r]   for r <= t",
    "the whole product": T + "p := prod[r] c[r]\n[1] c[r] dp/dc[r] = p",
    "survival": SURVIVAL + "[1] dS[t]/dx[r] = -S[t] h[r]   for r <= t",
    "the logarithm of survival": SURVIVAL + "[1] log(S[t]) = -sum[r=0..t] softplus(x[r] + a)",
    "broken sticks": STICKS + "[1] sum[r=0..t] w[r] = 1 - prod[r=0..t] (1 - c[r])",
    "a later stick": STICKS + "[1] dw[t]/dc[r] = -w[t]/(1 - c[r])   for r < t",
    "from the first factor": T + "[1] x[t] prod[r=t+1..T-1] x[r] = prod[r=t..T-1] x[r]",
    "a recurrence backwards": (BACK + "[1] G[t] = sum[s=t..T-1] (prod[n=t+1..s] x[n]) y[s]"),
    "of logarithms": T + "[1] exp(sum[r] log(1 + exp(x[r]))) = prod[r] (1 + exp(x[r]))",
    "differences": T + "[1] sum[t=1..T-1] (x[t] - x[t-1]) = x[T-1] - x[0]",
    "differences up to an index": T + "[1] sum[r=1..t] (x[r] - x[r-1]) = x[t] - x[0]",
    "weighted differences": (T + "[1] sum[r=1..t] a^(t-r) (x[r] - a x[r-1]) = x[t] - a^t x[0]"),
    "powers from the other end": T + "[1] sum[r=0..t] b^(t-r) = (1 - b^(t+1))/(1 - b)",
    "weights of a mean": T + "[1] a sum[r=1..t] (1 - a)^(t-r) + (1 - a)^t = 1",
    "a moving mean": MEAN + "[1] dm[t]/dx[r] = a (1 - a)^(t-r)   for r >= 1 and r <= t",
    "numbers and powers": (T + "[1] sum[r=0..t] r b^r = (b - (t+1) b^(t+1) + t b^(t+2))/(1 - b)^2"),
    "one number": T + "[1] sum[r=1..1] r b = b",
    "by pairs": PAIRS + "[1] dA/dx[k] = sum[n,j=0..1: 2*n+j == k] g[n]",
    "all of them": PAIRS + "[1] sum[k] x[k]^2 = sum[n=0..N-1] (x[2*n]^2 + x[2*n+1]^2)",
    "by threes": PAIRS + "[1] sum[m=0..3*N-1] z[m] = sum[n=0..N-1] sum[j=0..2] z[3*n+j]",
}
TRAPS = {
    "all but another": PRODUCT + "[1] dp[t]/dc[r] = p[t]/c[t]   for r <= t",
    "one factor too many": T + "[1] x[t] prod[r=t..T-1] x[r] = prod[r=t..T-1] x[r]",
    "no first factor": T + "[1] x[0] prod[r=1..t] x[r] = prod[r=1..t] x[r]",
    "of an empty product": T + "[1] prod[r=0..t-1] x[r] = x[0] prod[r=1..t-1] x[r]",
    "negative roots": T + "[1] sqrt(x[t]^2 prod[r=0..t-1] x[r]) = x[t] sqrt(prod[r=0..t-1] x[r])",
    "the first is left": T + "[1] sum[t=1..T-1] (x[t] - x[t-1]) = x[T-1]",
    "an empty sum": T + "[1] sum[r=1..t-1] (x[r] - x[r-1]) = x[t] - x[0]",
    "an odd one": PAIRS + "[1] sum[m=0..2*N-2] x[m] = sum[n=0..N-1] (x[2*n] + x[2*n+1])",
    "of a negative factor": T + "[1] log(prod[r=0..t] x[r]^2) = 2 sum[r=0..t] log(x[r])",
    "a window of three": PAIRS + "[1] dA/dx[k] = sum[n,j=0..2: 2*n+j == k] g[n]",
}


@pytest.mark.parametrize("name", LAWS)
def test_laws(name: str) -> None:
    assert proved(LAWS[name] + "\n")
    assert error_in_numbers(LAWS[name] + "\n") < 1e-8


@pytest.mark.parametrize("name", TRAPS)
def test_traps(name: str) -> None:
    assert refused(TRAPS[name] + "\n")
