"""Claims that follow from what a derivative inside a sum has to be, which no claim states."""

import pytest

from tests.symbolic.proving import error_in_numbers, proved, refused

LINEAR = """dim T, H, D
input A[H,H], B[H,D], x[T,D], c[H], h0[H]
index t, r : T
h[t,i] := A[i,j] h[t-1,j] + B[i,d] x[t,d]   with h[-1,i] := h0[i]
o[t] := c[i] h[t,i]
P[t,r,i,j] := { delta[i,j] if t == r; { 0 if t < r; A[i,k] P[t-1,r,k,j] otherwise } otherwise }
"""
RNN = """dim T, H, D, K
input U[H,D], W[H,H], V[K,H], x[T,D], y[T,K]
index t, r : T
s[t,i] := tanh(U[i,j] x[t,j] + W[i,n] s[t-1,n])   with s[-1,i] := 0
yhat[t,k] := softmax[k](V[k,m] s[t,m])
E[t] := -sum[k] y[t,k] log(yhat[t,k])
L := sum[t] E[t]
assume [onehot] sum[k] y[t,k] = 1
"""
PAST = "sum[r=0..t] ds[t,m]/ds[r,n] ∂s[r,n]/∂W[i,j]"
LAWS = {
    "a matrix of the input": LINEAR
    + "[1] do[t]/dB[k,d] = sum[i] c[i] sum[r=0..t] P[t,r,i,k] x[r,d]",
    "the matrix of the state": LINEAR
    + "[1] do[t]/dA[k,l] = sum[i] c[i] sum[r=0..t] P[t,r,i,k] h[r-1,l]",
    "the first state": LINEAR + "[1] do[t]/dh0[k] = sum[i,j] c[i] P[t,0,i,j] A[j,k]",
    "one error": RNN + f"[1] dE[t]/dW[i,j] = (yhat[t,l] - y[t,l]) V[l,m] {PAST}   using onehot",
    "all errors": RNN
    + f"[1] dL/dW[i,j] = sum[t] (yhat[t,l] - y[t,l]) V[l,m] {PAST}   using onehot",
}
TRAPS = {
    "now": LINEAR + "[1] do[t]/dA[k,l] = sum[i] c[i] sum[r=0..t] P[t,r,i,k] h[r,l]",
    "from 1": LINEAR + "[1] do[t]/dB[k,d] = sum[i] c[i] sum[r=1..t] P[t,r,i,k] x[r,d]",
    "without the first matrix": LINEAR + "[1] do[t]/dh0[k] = sum[i] c[i] P[t,0,i,k]",
    "without its sum to one": RNN + f"[1] dE[t]/dW[i,j] = (yhat[t,l] - y[t,l]) V[l,m] {PAST}",
    "total for immediate": RNN
    + "[1] dE[t]/dW[i,j] = (yhat[t,l] - y[t,l]) V[l,m]"
    + " sum[r=0..t] ds[t,m]/ds[r,n] ds[r,n]/dW[i,j]   using onehot",
}


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_proved_and_holds_in_numbers(name: str):
    assert proved(LAWS[name])
    assert error_in_numbers(LAWS[name]) < 1e-10


@pytest.mark.parametrize("name", TRAPS)
def test_a_false_law_is_not_proved(name: str):
    assert refused(TRAPS[name])
