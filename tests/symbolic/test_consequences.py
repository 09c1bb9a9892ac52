"""What follows from assumptions at once, and products over ranges factor by factor."""

import pytest

import einrnn
from tests.soundness.test_found import proved_alone

HEAD = """dim T, H, N, M
index t : T
index i, j : H
input y[H], w positive, a[H], b, A[N,N], B[N,N], R[M,N], S[N,M], x[T], c[H] positive
assume [oh] y[i] y[j] = delta[i,j] y[i]
assume [c1] sum[i] y[i] = 1
assume [inv] sum[k] A[m,k] B[k,n] = delta[m,n]
input Z[N,N,N], V[N,N]
assume [three] sum[k] Z[m,k,n] V[k,n] = delta[m,n]
assume [left] sum[k] S[m,k] R[k,n] = delta[m,n]
"""
TRUE = {
    "one letter for two": "y[i]^2 = y[i] using oh",
    "a sum of squares": "sum[i] y[i]^2 = 1 using c1, oh",
    "the other order": "sum[k] B[m,k] A[k,n] = delta[m,n] using inv",
    "determinants": "det(A) det(B) = 1 using inv",
    "a constant": "prod[r=0..t] w = w^(t+1)",
    "a number": "prod[r=0..t] 2 = 2^(t+1)",
    "a constant factor": "prod[i] (w a[i]) = w^H prod[i] a[i]",
    "a power": "prod[i] a[i]^2 = (prod[i] a[i])^2",
    "reciprocals": "prod[i] (1/a[i]) = 1/prod[i] a[i]",
    "two factors": "prod[i] (a[i] c[i]) = (prod[i] a[i]) (prod[i] c[i])",
    "an empty range": "prod[r=1..t] (w x[r]) = w^t prod[r=1..t] x[r]",
    "the same": "(b+1)^50 = (1+b)^50",
}
FALSE = {
    "no merging": "y[i] y[j] = y[i] using oh",
    "three axes": "sum[k] V[m,k] Z[k,n,n] = delta[m,n] using three",
    "not square": "sum[k] R[m,k] S[k,n] = delta[m,n] using left",
    "one too many": "prod[r=0..t] w = w^t",
    "a range that is empty": "prod[r=2..t] (w x[r]) = w^(t-1) prod[r=2..t] x[r]",
    "roots": "prod[i] (a[i]^2)^(1/2) = prod[i] a[i]",
    "a factor once": "prod[i] (w a[i]) = w prod[i] a[i]",
}


@pytest.mark.parametrize("name", TRUE)
def test_it_is_proved(name: str) -> None:
    assert einrnn.parse(f"{HEAD}[1] {TRUE[name]}\n").check()["1"].verdict == "proved"


@pytest.mark.parametrize("name", FALSE)
def test_a_near_miss_is_not_proved(name: str) -> None:
    assert not proved_alone(f"{HEAD}[1] {FALSE[name]}\n")[-1]
