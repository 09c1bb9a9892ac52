"""Inverses and determinants of sums of matrices, true and nearly true."""

import numpy as np
import pytest

from tests.symbolic.proving import error_in_numbers, proved, refused

GIVEN = """input A[N,N] invertible, B[N,N], U[N,M], V[M,N], C[M,M] invertible, u[N], v[N], w[N], s
index i, j, k, l : N
index a, b : M
P[i,j] := A[i,j] + B[i,j]
R[i,j] := A[i,j] + u[i] v[j]
W[i,j] := A[i,j] + U[i,a] C[a,b] V[b,j]
I1[i,j] := delta[i,j] + u[i] v[j]
I2[i,j] := delta[i,j] + U[i,a] V[a,j]
I3[a,b] := delta[a,b] + V[a,i] U[i,b]
I4[i,j] := 3 delta[i,j] - u[i] v[j]
Q[a,b] := inv(C)[a,b] + V[a,i] inv(A)[i,j] U[j,b]
S[i,j] := s delta[i,j] - B[i,j]
G[a,b] := U[i,a] U[i,b]
c := 1 + v[i] inv(A)[i,j] u[j]
"""
LAWS = {
    "two numbers of two inverses": (
        "s - sum[i,j] v[i] inv(R)[i,j] (w[j] + s u[j])"
        " = (s - sum[i,j] v[i] inv(A)[i,j] (w[j] + s u[j]) + s (c - 1)) / c"
    ),
    "a number of two inverses": (
        "sum[i,j] v[i] inv(R)[i,j] u[j]"
        " = (sum[i,j] v[i] inv(A)[i,j] u[j]) / (1 + sum[i,j] v[i] inv(A)[i,j] u[j])"
    ),
    "rank one, with weights": (
        "sum[i,j] v[i] inv(R)[i,j] B[j,k] = sum[i,j] v[i] inv(A)[i,j] B[j,k]"
        " - (sum[i,j] v[i] inv(A)[i,j] u[j]) (sum[i,j] v[i] inv(A)[i,j] B[j,k]) / c"
    ),
    "both sides": "sum[k] inv(P)[i,k] A[k,j] = delta[i,j] - sum[k] inv(P)[i,k] B[k,j]",
    "difference": "inv(P)[i,j] = inv(A)[i,j] - inv(A)[i,k] B[k,l] inv(P)[l,j]",
    "rank one": "inv(R)[i,j] = inv(A)[i,j] - inv(A)[i,k] u[k] v[l] inv(A)[l,j] / c",
    "Woodbury": "inv(W)[i,j] = inv(A)[i,j] - inv(A)[i,k] U[k,a] inv(Q)[a,b] V[b,l] inv(A)[l,j]",
    "push through": "sum[k] inv(I2)[i,k] U[k,b] = sum[a] U[i,a] inv(I3)[a,b]",
    "residual": "sum[a] inv(I3)[b,a] V[a,i] u[i] = sum[k] V[b,k] inv(I2)[k,i] u[i]",
    "resolvent": "sum[k] B[i,k] inv(S)[k,j] = s inv(S)[i,j] - delta[i,j]",
    "projection": "sum[a,b,k] U[i,a] inv(G)[a,b] U[k,b] U[k,c] = U[i,c]",
    "trace of a projection": "sum[i,a,b] U[i,a] inv(G)[a,b] U[i,b] = M",
    "determinant lemma": "det(R) = det(A) c",
    "one and a product": "det(I1) = 1 + sum[i] u[i] v[i]",
    "three less a product": "det(I4) = 3^N (1 - 1/3 sum[i] u[i] v[i])",
    "turned round": "det(I2) = det(I3)",
    "determinant of three": "det(W) = det(A) det(C) det(Q)",
    "scaled unit": "1^N x[i] = x[i]",
}
TRAPS = {
    "two numbers, one sign": (
        "s - sum[i,j] v[i] inv(R)[i,j] (w[j] - s u[j])"
        " = (s - sum[i,j] v[i] inv(A)[i,j] (w[j] + s u[j]) + s (c - 1)) / c"
    ),
    "a number of two inverses, by the sign": (
        "sum[i,j] v[i] inv(R)[i,j] u[j]"
        " = (sum[i,j] v[i] inv(A)[i,j] u[j]) / (1 - sum[i,j] v[i] inv(A)[i,j] u[j])"
    ),
    "rank one, with weights exchanged": (
        "sum[i,j] v[i] inv(R)[i,j] B[j,k] = sum[i,j] v[i] inv(A)[i,j] B[j,k]"
        " - (sum[i,j] u[i] inv(A)[i,j] v[j]) (sum[i,j] v[i] inv(A)[i,j] B[j,k]) / c"
    ),
    "inverse of a sum": "inv(P)[i,j] = inv(A)[i,j] + inv(B)[i,j]",
    "wrong order": "inv(P)[i,j] = inv(A)[i,j] - sum[k,l] B[i,k] inv(A)[k,l] inv(P)[l,j]",
    "sign": "inv(P)[i,j] = inv(A)[i,j] + inv(A)[i,k] B[k,l] inv(P)[l,j]",
    "Woodbury without the inverse": (
        "inv(W)[i,j] = inv(A)[i,j] - inv(A)[i,k] U[k,a] Q[a,b] V[b,l] inv(A)[l,j]"
    ),
    "Woodbury transposed": (
        "inv(W)[i,j] = inv(A)[i,j] - inv(A)[i,k] U[k,a] inv(Q)[b,a] V[b,l] inv(A)[l,j]"
    ),
    "push through transposed": "sum[k] inv(I2)[i,k] U[k,b] = sum[a] U[i,a] inv(I3)[b,a]",
    "projection on all": "sum[a,b] U[i,a] inv(G)[a,b] U[k,b] = delta[i,k]",
    "trace by rows": "sum[i,a,b] U[i,a] inv(G)[a,b] U[i,b] = N",
    "lemma without one": "det(R) = det(A) (c - 1)",
    "rank above one": "det(I2) = 1 + sum[i,a] U[i,a] V[a,i]",
    "scale to the power one": "det(I4) = 3 (1 - 1/3 sum[i] u[i] v[i])",
    "determinant of a sum": "det(P) = det(A) + det(B)",
    "without the middle": "det(W) = det(A) det(Q)",
    "one entry": "inv(R)[i,i] = inv(A)[i,i] - inv(A)[i,i]^2 u[i] v[i] / c",
}


def _text(claim: str) -> str:
    given = GIVEN + ("input x[N]\n" if "x[" in claim else "")
    return f"{given}[1] {claim}\n"


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_proved_and_holds_in_numbers(name: str):
    assert proved(_text(LAWS[name]))
    assert error_in_numbers(_text(LAWS[name])) < 1e-6


@pytest.mark.parametrize("name", TRAPS)
def test_what_is_nearly_true_is_not_proved(name: str):
    assert refused(_text(TRAPS[name]))


def test_entries_outside_the_matrix_are_not_inverted():
    given = "dim M\ninput A[M+1,M]\nB[i,j] := A[i,k] inv[r,c](A[r+1,c])[k,j]\n"
    assert refused(given + "[1] B[i,j] = [i == j + 1]\n")


def test_an_inverse_that_may_not_be_computed_clears_nothing():
    """Where ``i`` is not ``j`` nothing is inverted, and the right side counts all the same."""
    text = GIVEN + "[1] delta[i,j] inv(P)[i,j] = delta[i,j] inv(P)[i,j] + B[i,j] - B[j,i]\n"
    assert refused(text)


def test_an_inverse_in_the_middle_is_found_symmetric_on_the_way():
    """The covariance of a smoother, both ways: A'inv(Q)A stands in it and in its transpose."""
    text = """input A[N,N], P[N,N] spd, Q[N,N] spd
Pp[i,j] := sum[k,l] A[i,k] P[k,l] A[j,l] + Q[i,j]
G[i,j] := sum[k,l] P[i,k] A[l,k] inv(Pp)[l,j]
L[i,j] := inv(P)[i,j] + sum[k,l] A[k,i] inv(Q)[k,l] A[l,j]
[1] inv(L)[i,j] = P[i,j] - sum[k,l] G[i,k] A[k,l] P[l,j]
"""
    assert proved(text)
    assert refused(text.replace("A[k,l] P[l,j]", "A[l,k] P[l,j]"))


def test_the_lemmas_against_numpy():
    rng = np.random.default_rng(5)
    a, b, u = rng.normal(size=(4, 4)), rng.normal(size=(4, 4)), rng.normal(size=(4, 2))
    v, c = rng.normal(size=(2, 4)), rng.normal(size=(2, 2))
    inv, det = np.linalg.inv, np.linalg.det
    assert np.allclose(inv(a + b) @ a, np.eye(4) - inv(a + b) @ b)
    assert np.allclose(det(np.eye(4) + u @ v), det(np.eye(2) + v @ u))
    assert np.allclose(det(a + u @ c @ v), det(a) * det(c) * det(inv(c) + v @ inv(a) @ u))
