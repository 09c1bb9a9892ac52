"""Powers of matrices in products, and closed forms of linear recurrences."""

import pytest

from tests.symbolic.proving import error_in_numbers, proved, refused

RECURRENCE = (
    "input A[H,H], u[T,H]\nindex t : T\ns[t,i] := A[i,j] s[t-1,j] + u[t,i] with s[-1,i] := 0\n"
)
LAWS = {
    "its determinant": "dim N, n\ninput X[N,N]\n[1] det(matpow(X,n)) = det(X)^n",
    "derivative of its determinant": (
        "dim N, n\ninput X[N,N]\n[1] d/dX[i,j] (det(matpow(X,n))) = n det(matpow(X,n)) inv(X)[j,i]"
    ),
    "its inverse": "dim N, n\ninput X[N,N]\n[1] inv(matpow(X,3))[i,j] = matpow(X,-3)[i,j]",
    "its determinant in a product": (
        "dim N, n\ninput X[N,N], A[N,N]\n[1] det(matpow(X,n) @ A) = det(X)^n det(A)"
    ),
    "exponents add up": (
        "input A[N,N]\nindex t : T\n"
        "[1] matpow(A, 2 t + 1)[i,j] = sum[k] matpow(A, t)[i,k] matpow(A, t+1)[k,j]"
    ),
    "one from the left": (
        "input A[N,N]\nindex t : T\n[1] matpow(A, t+1)[i,j] = sum[k] A[i,k] matpow(A, t)[k,j]"
    ),
    "one from the right": (
        "input A[N,N]\nindex t : T\n[1] matpow(A, t+1)[i,j] = sum[k] matpow(A, t)[i,k] A[k,j]"
    ),
    "a small power at the end of a sum": (
        "input A[N,N]\nindex t : T\n[1] sum[r=0..t] [r == t] matpow(A, t-r)[i,j] = delta[i,j]"
    ),
    "numbers": "input X[N,N]\n[1] matpow(X,5)[i,j] = matpow(X,3)[i,k] matpow(X,2)[k,j]",
    "large numbers": "input X[N,N]\n[1] matpow(X,19)[i,j] = matpow(X,10)[i,k] matpow(X,9)[k,j]",
    "derivative of a trace": (
        "input X[N,N]\n[1] d/dX[i,j] (sum[k] matpow(X,4)[k,k]) = 4 matpow(X,3)[j,i]"
    ),
    "response": RECURRENCE + "[1] s[t,i] = sum[r=0..t] sum[j] matpow(A, t-r)[i,j] u[r,j]",
}
TRAPS = {
    "its determinant": "dim N, n\ninput X[N,N]\n[1] det(matpow(X,n)) = n det(X)",
    "derivative of its determinant": (
        "dim N, n\ninput X[N,N]\n[1] d/dX[i,j] (det(matpow(X,n))) = n det(matpow(X,n)) inv(X)[i,j]"
    ),
    "its inverse": "dim N, n\ninput X[N,N]\n[1] inv(matpow(X,3))[i,j] = matpow(X,-3)[j,i]",
    "transposed": (
        "input A[N,N]\nindex t : T\n[1] matpow(A, t+1)[i,j] = sum[k] A[k,i] matpow(A, t)[k,j]"
    ),
    "another matrix": (
        "input A[N,N], B[N,N]\nindex t : T\n"
        "[1] matpow(A, t+1)[i,j] = sum[k] B[i,k] matpow(A, t)[k,j]"
    ),
    "three for two": (
        "input A[N,N]\nindex t : T\n"
        "[1] matpow(A, 3 t)[i,j] = sum[k] matpow(A, t)[i,k] matpow(A, t)[k,j]"
    ),
    "not the whole axis": (
        "input A[N,N]\nindex t : T\n"
        "[1] matpow(A, t+1)[i,j] = sum[k=1..N-1] A[i,k] matpow(A, t)[k,j]"
    ),
    "entries for matrices": (
        "input A[N,N]\nindex t : T\n[1] matpow(A, t+1)[i,j] = matpow(A, t)[i,j] A[i,j]"
    ),
    "late": RECURRENCE + "[1] s[t,i] = sum[r=0..t] sum[j] matpow(A, t-r+1)[i,j] u[r,j]",
    "trace for entry": (
        "input A[N,N]\nindex t : T\n"
        "[1] sum[k] matpow(A, 2 t)[k,k] = sum[k] matpow(A, t)[k,k] matpow(A, t)[k,k]"
    ),
}


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_proved_and_holds_in_numbers(name: str):
    assert proved(LAWS[name])
    assert error_in_numbers(LAWS[name]) < 1e-7  # of powers of determinants, by differences


@pytest.mark.parametrize("name", TRAPS)
def test_a_false_law_is_not_proved(name: str):
    assert refused(TRAPS[name])
