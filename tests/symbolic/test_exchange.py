"""What an adjoint weighs the inputs with is what the outputs come to."""

import pytest

from tests.symbolic.proving import error_in_numbers, proved, refused

SYSTEM = """dim T, N, P, M
input A[N,N], B[N,P], C[M,N], u[T,P], w[T,M], h0[N]
index t : T
h[t,i] := A[i,j] h[t-1,j] + B[i,p] u[t,p]   with h[-1,i] := h0[i]
L := sum[t,m,i] w[t,m] C[m,i] h[t,i]
a[T,i] := 0
a[t,i] := sum[m] C[m,i] w[t,m] + sum[j] A[j,i] a[t+1,j]
"""
SCALAR = """dim T
input b, u[T], w[T]
index t : T
h[t] := b h[t-1] + u[t]   with h[-1] := 0
a[t] := w[t] + b a[t+1]   with a[T] := 0
"""
LAWS = {
    "a system": SYSTEM + "[1] L = sum[t,i,p] a[t,i] B[i,p] u[t,p] + sum[i,j] a[0,i] A[i,j] h0[j]",
    "numbers": SCALAR + "[1] sum[t] w[t] h[t] = sum[t] a[t] u[t]",
    "the other way round": SCALAR + "[1] sum[t] a[t] u[t] = sum[t] w[t] h[t]",
}
TRAPS = {
    "without the first state": SYSTEM + "[1] L = sum[t,i,p] a[t,i] B[i,p] u[t,p]",
    "one later": SYSTEM
    + "[1] L = sum[t,i,p] a[t+1,i] B[i,p] u[t,p] + sum[i,j] a[0,i] A[i,j] h0[j]",
    "turned over": SYSTEM
    + "[1] L = sum[t,i,p] a[t,i] B[i,p] u[t,p] + sum[i,j] a[0,j] A[i,j] h0[i]",
    "numbers, one later": SCALAR + "[1] sum[t] w[t] h[t] = sum[t] a[t+1] u[t]",
}


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_proved_and_holds_in_numbers(name: str):
    assert proved(LAWS[name])
    assert error_in_numbers(LAWS[name]) < 1e-10


@pytest.mark.parametrize("name", TRAPS)
def test_a_false_law_is_not_proved(name: str):
    assert refused(TRAPS[name])
