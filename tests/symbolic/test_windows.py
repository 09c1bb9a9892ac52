"""Sums counted from where they begin or end, logarithms of products, sums over a few powers: the
prover alone, and near misses that it must not prove."""

import pytest

from tests.symbolic.proving import error_in_numbers, proved, refused

STRIDE = """
dim N, K
input x[2*N+K-2], w[K], g[N]
y[n] := sum[k] w[k] x[2*n+k]
L := sum[n] g[n] y[n]
"""
SHIFT = "dim T\ninput x[T]\n"
POSITIVE = "dim T\ninput c[T] positive\n"
ANY = "dim T\ninput c[T]\n"
NUMBERS = "dim T, N\ninput a, b, r[T], u[T,N], z[N]\n"
POWERS = "dim N\ninput X[N,N], A[N,N]\n"

FLIPPED = """
input w[K], u[N+K-1], x[T], y[T]
c[n] := sum[k] w[K-1-k] u[n+k]
"""

TRANSPOSED = """
dim T
input u[T], w[3], g[2*T+1]
y[n] := sum[i,p] [2*i+p == n] u[i] w[p]
L := sum[n] g[n] y[n]
"""
SERIES = "dim N, n\ninput A[N,N]\nG[i,j] := sum[r=0..n] matpow(A, r)[i,j]\n"

RIGHT = {
    "a convolution, transposed": TRANSPOSED + "[x] dL/du[i] = sum[p] g[2*i+p] w[p]\n",
    "of matrix powers": SERIES
    + "[x] sum[k] (delta[i,k] - A[i,k]) G[k,j] = delta[i,j] - matpow(A, n+1)[i,j]\n",
    "as many times as the index": POWERS
    + "[x] sum[k=0..N] sum[l=0..k] sum[m] matpow(X,l)[i,m] matpow(X,k-l)[m,j]"
    " = sum[k=0..N] (k+1) matpow(X,k)[i,j]\n",
    "flipped": FLIPPED + "[x] c[n] = sum[k] w[k] u[n+K-1-k]\n",
    "flipped, by w": FLIPPED + "[x] dc[n]/dw[k] = u[n+K-1-k]\n",
    "both ends": FLIPPED + "[x] sum[t] x[t] y[T-1-t] = sum[t] y[t] x[T-1-t]\n",
    "from a later start": FLIPPED + "[x] sum[t=1..T-1] x[t] y[T-t] = sum[t=1..T-1] y[t] x[T-t]\n",
    "two of them": FLIPPED
    + "[x] sum[t,r] x[T-1-t] y[T-1-r] x[r]^2 = sum[t,r] x[t] y[r] x[T-1-r]^2\n",
    "of the index alone": NUMBERS
    + "[x] sum[k=0..T-1] tanh(a k + b) = sum[k=1..T] tanh(a (T-k) + b)\n",
    "harmonic": NUMBERS + "[x] sum[k=0..T-1] a/(k+1) = sum[k=1..T] a/k\n",
    "exponentials": NUMBERS + "[x] sum[k=0..T-1] exp(a k) = sum[k=0..T-1] exp(a (T-1-k))\n",
    "of another index's": NUMBERS
    + "[x] sum[k=0..N-1-i] z[i] exp(a k) = sum[k=0..N-1-i] z[i] exp(a (N-1-i-k))\n",
    "powers of two": NUMBERS + "[x] sum[k=0..T-1] a^(T-1-k) b^k = sum[k=0..T-1] a^k b^(T-1-k)\n",
    "the later by the earlier": NUMBERS
    + "[x] sum[t] sum[s=0..t] a^(t-s) r[s] u[t,n] = sum[s] r[s] sum[j=0..T-1-s] a^j u[s+j,n]\n",
    "stride": STRIDE + "[x] sum[m] x[m] dL/dx[m] = sum[k] w[k] dL/dw[k]\n",
    "window": SHIFT + "[x] sum[t=1..T-1] x[t-1]^2 = sum[t=0..T-2] x[t]^2\n",
    "product": POSITIVE + "[x] log(prod[t] c[t]) = sum[t] log(c[t])\n",
    "powers": POWERS + "[x] d/dX[i,j] (tr(A @ matpow(X, 3))) = "
    "(A @ X @ X)[j,i] + (X @ A @ X)[j,i] + (X @ X @ A)[j,i]\n",
}
WRONG = {
    "a convolution, transposed and flipped": TRANSPOSED + "[x] dL/du[i] = sum[p] g[2*i+p] w[2-p]\n",
    "of matrix powers": SERIES
    + "[x] sum[k] (delta[i,k] - A[i,k]) G[k,j] = delta[i,j] - matpow(A, n)[i,j]\n",
    "as many times as the index less one": POWERS
    + "[x] sum[k=0..N] sum[l=0..k] sum[m] matpow(X,l)[i,m] matpow(X,k-l)[m,j]"
    " = sum[k=0..N] k matpow(X,k)[i,j]\n",
    "flipped": FLIPPED + "[x] c[n] = sum[k] w[k] u[n+k]\n",
    "both ends": FLIPPED + "[x] sum[t] x[t] y[T-1-t] = sum[t] y[t] x[t]\n",
    "from a later start": FLIPPED + "[x] sum[t=1..T-1] x[t] y[T-t] = sum[t=1..T-1] y[t] x[T-1-t]\n",
    "two of them": FLIPPED + "[x] sum[t,r] x[T-1-t] y[T-1-r] x[r]^2 = sum[t,r] x[t] y[r] x[r]^2\n",
    "of the index alone": NUMBERS
    + "[x] sum[k=0..T-1] tanh(a k + b) = sum[k=0..T-1] tanh(a (T-k) + b)\n",
    "harmonic": NUMBERS + "[x] sum[k=0..T-1] a/(k+1) = sum[k=1..T-1] a/k\n",
    "powers of two": NUMBERS + "[x] sum[k=0..T-1] a^(T-1-k) b^k = sum[k=0..T-1] a^k b^(T-k)\n",
    "the later by the earlier": NUMBERS
    + "[x] sum[t] sum[s=0..t] a^(t-s) r[s] u[t,n] = sum[s] r[s] sum[j=0..T-1-s] a^j u[j,n]\n",
    "stride": STRIDE + "[x] sum[m] x[m] dL/dx[m] = 2 sum[k] w[k] dL/dw[k]\n",
    "stride, shifted": STRIDE + "[x] dL/dw[k] = sum[n=0..N-2] g[n+1] x[2*n+k]\n",
    "window": SHIFT + "[x] sum[t=1..T-1] x[t-1]^2 = sum[t=1..T-1] x[t]^2\n",
    "window, longer": SHIFT + "[x] sum[t=1..T-1] x[t-1]^2 = sum[t=0..T-1] x[t]^2\n",
    "product": POSITIVE + "[x] log(prod[t] c[t]) = T log(c[0])\n",
    "powers": POWERS + "[x] d/dX[i,j] (tr(A @ matpow(X, 3))) = "
    "(A @ X @ X)[j,i] + (X @ A @ X)[j,i] + (X @ X @ A)[i,j]\n",
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_holds_is_proved(name: str) -> None:
    assert proved(RIGHT[name])
    assert error_in_numbers(RIGHT[name]) < 1e-9


@pytest.mark.parametrize("name", WRONG)
def test_near_misses_are_not(name: str) -> None:
    assert refused(WRONG[name])
    assert error_in_numbers(WRONG[name]) > 1e-6


def test_a_logarithm_of_a_product_of_unknown_sign() -> None:
    """Where two factors are negative the left side has a value and the right one none: nothing
    is said there."""
    assert proved(ANY + "[x] log(prod[t] c[t]) = sum[t] log(c[t])\n")
    assert refused(ANY + "[x] log(prod[t] c[t])^2 = log(prod[t] abs(c[t]))^2 + [c[0] < 0]\n")
