"""Products of symmetric matrices: their entries may be read in either order."""

import pytest

import einrnn
from tests.symbolic.proving import error_in_numbers, proved, refused

GIVEN = """input x[N], y[N], A[N,N] symmetric, Q[N,N] spd, B[N,N]
L := 1/2 x[k] A[k,i] Q[i,j] A[j,l] x[l]
M := 1/2 x[k] A[k,i] A[i,l] x[l]
P[i] := x[i] - A[i,j] x[j]
K := 1/2 P[i] Q[i,j] P[j]
"""
RIGHT = {
    "a palindrome": "sum[k,l] A[i,k] Q[k,l] A[l,j] = A[j,k] Q[k,l] A[l,i]",
    "a cube": "sum[k,l] A[i,k] A[k,l] A[l,j] = A[j,k] A[k,l] A[l,i]",
    "a gradient": "dL/dx[i] = A[i,k] Q[k,l] A[l,j] x[j]",
    "a gradient of a square": "dM/dx[i] = A[i,k] A[k,j] x[j]",
    "a Hessian": "d2K/dx[i]dx[j] = (delta[i,k] - A[i,k]) Q[k,l] (delta[l,j] - A[l,j])",
}
WRONG = {
    "two of them": "sum[k] A[i,k] Q[k,j] = A[j,k] Q[k,i]",
    "an unsymmetric one": "sum[k,l] A[i,k] B[k,l] A[l,j] = A[j,k] B[k,l] A[l,i]",
    "another order": "dL/dx[i] = Q[i,k] A[k,l] A[l,j] x[j]",
}


@pytest.mark.parametrize("name", RIGHT)
def test_it_is_proved(name: str) -> None:
    text = GIVEN + f"[1] {RIGHT[name]}\n"
    assert proved(text)
    assert error_in_numbers(text) < 1e-9


@pytest.mark.parametrize("name", WRONG)
def test_what_is_false_is_not(name: str) -> None:
    assert refused(GIVEN + f"[1] {WRONG[name]}\n")


DERIVED = {
    "dL/dx[i]": "A[i,k] Q[k,j] A[j,l] x[l]",
    "dM/dx[i]": "A[i,j] A[j,l] x[l]",
}


@pytest.mark.parametrize("asked", DERIVED)
def test_a_derivative_is_one_term(asked: str) -> None:
    assert str(einrnn.parse(GIVEN).derive(asked)) == DERIVED[asked]
