"""Sums over time of what is the same at every time, as marginals of a chain are."""

import pytest

from tests.symbolic.proving import error_in_numbers, proved, refused

CHAIN = """dim T, K
input psi[T, K], A[K, K]
index t, r : T
alpha[t, k] := exp(psi[t, k]) sum[j] alpha[t-1, j] exp(A[j, k])
  with alpha[0, k] := exp(psi[0, k])
Z := sum[k] alpha[T-1, k]
lZ := log(Z)
"""
LINEAR = """dim T, N
index t : T
input A[N, N] orthogonal, x[N]
h[t, i] := A[i, j] h[t-1, j]   with h[0, i] := x[i]
"""
LAWS = {
    "node marginals": CHAIN + "[1] sum[k] dlZ/dpsi[t, k] = 1",
    "not yet normalised": CHAIN + "[1] sum[k] dZ/dpsi[t, k] = Z",
    "edge marginals": CHAIN + "[1] sum[j, k] dlZ/dA[j, k] = T - 1",
    "edge sums": CHAIN + "[1] sum[j, k] dZ/dA[j, k] = (T - 1) Z",
    "all nodes": CHAIN + "[1] sum[t, k] dlZ/dpsi[t, k] = T",
    "lengths": LINEAR + "[1] sum[t=0..T-1] sum[i] h[t, i]^2 = T sum[i] x[i]^2",
}
TRAPS = {
    "an edge too many": CHAIN + "[1] sum[j, k] dlZ/dA[j, k] = T",
    "a node marginal alone": CHAIN + "[1] dlZ/dpsi[t, k] = alpha[t, k] / Z",
    "all nodes but one": CHAIN + "[1] sum[t=1..T-1] sum[k] dlZ/dpsi[t, k] = T",
    "a summand that grows": CHAIN + "[1] sum[t=0..T-1] sum[k] alpha[t, k] = T Z",
    "the last alone": CHAIN + "[1] sum[t=0..T-1] [t == T-1] sum[k] dlZ/dpsi[t, k] = T",
}


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_proved_and_holds_in_numbers(name: str):
    assert proved(LAWS[name])
    assert error_in_numbers(LAWS[name]) < 1e-10


@pytest.mark.parametrize("name", TRAPS)
def test_a_false_law_is_not_proved(name: str):
    assert refused(TRAPS[name])
