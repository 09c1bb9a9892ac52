"""Signs, absolute values, relations between values, bits, and what a one-hot vector picks."""

import pytest

from tests.symbolic.proving import error_in_numbers, proved, refused

HEAD = """dim N
input a, b, c, m[N] boolean, x[N], z[N], p[N] positive, q, y[N] one-hot in N, w[N]
"""
MATRICES = """dim N
input R[N,N] orthogonal, A[N,N] spd, S[N,N,N] spd, Q[N,N,N] orthogonal, X[N,N]
B[i,j] := S[i,i,j]
C[i,j] := A[i,j]^(-1)
D[i,j] := Q[i,i,j]
E[i,j] := A[i,j] + X[i,k] X[j,k]
F[i,j] := A[i,j] + X[i,k] X[k,j]
"""
LAWS = {
    "a sign times a size": "sign(a) abs(a) = a",
    "a sign over a size": "sign(a)/abs(a) = 1/a",
    "a squared sign": "sign(a)^2 = [a != 0]",
    "a cubed sign": "sign(a)^3 = sign(a)",
    "a size of a product": "abs(a b) = abs(a) abs(b)",
    "a sign of a product": "sign(a b) = sign(a) sign(b)",
    "a size of a size": "abs(abs(a)) = abs(a)",
    "a root of a square": "sqrt(a^2 b^2) = abs(a b)",
    "a logarithm of a square": "log(a^2) = 2 log(abs(a))",
    "a reciprocal size": "1/abs(a) = abs(a)/a^2",
    "a relation of a product": "[a b > 0] = [a > 0] [b > 0] + [a < 0] [b < 0]",
    "a product that is 0": "[a b == 0] = 1 - [a != 0] [b != 0]",
    "a relation of a square": "[a^2 > 0] = [a != 0]",
    "a relation beside an exponential": "[exp(a) b > 0] = [b > 0]",
    "a mask read off a result": "[relu(a) > 0] = [a > 0]",
    "a sign of a result": "sign(relu(a)) = [a > 0]",
    "the larger of a few": "max[k=0..1] (k a) = relu(a)",
    "a bit as a relation": "[m[i] == 1] x[i] = m[i] x[i]",
    "a bit that is not": "[m[i] != 1] = 1 - m[i]",
    "a bit above a number": "[m[i] > 1/2] = m[i]",
    "cases by a bit": "{ x[i] if m[i] == 1 ; z[i] otherwise } = m[i] x[i] + (1 - m[i]) z[i]",
    "a logarithm of a choice": "log(sum[k] y[k] p[k]) = sum[k] y[k] log(p[k])",
    "a quotient by a choice": "1/(sum[k] y[k] p[k]) = sum[k] y[k]/p[k]",
    "a choice beside a number": "log(1 + sum[k] y[k] p[k]) = sum[k] y[k] log(1 + p[k])",
}
TRAPS = {
    "a sign is not 1": "sign(a)^2 = 1",
    "no quotient at 0": "{ 1/a if a != 0 ; 0 otherwise } a = 1",
    "a root with a sign": "sqrt(a^2) = a",
    "one case of two": "[a b > 0] = [a > 0] [b > 0]",
    "not every factor": "[a b == 0] = [a == 0]",
    "an infinite quotient": "[1/a > 0] = [a > 0]",
    "no bit": "[x[i] == 1] x[i] = x[i]^2",
    "a bit the other way": "[m[i] == 0] = m[i]",
    "a sum that is no choice": "log(sum[k] w[k] p[k]) = sum[k] w[k] log(p[k])",
    "another choice beside": "log(sum[k] y[k] p[k] + sum[k] y[k]) = sum[k] y[k] log(p[k])",
}


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_proved_and_holds_in_numbers(name: str) -> None:
    text = f"{HEAD}[1] {LAWS[name]}"
    assert proved(text)
    assert error_in_numbers(text) < 1e-9


@pytest.mark.parametrize("name", TRAPS)
def test_a_near_miss_is_not_proved(name: str) -> None:
    assert refused(f"{HEAD}[1] {TRAPS[name]}")


@pytest.mark.parametrize(
    "claim", ["det(R)^2 = 1", "sqrt(det(A)^2) = det(A)", "sqrt(det(E)^2) = det(E)"]
)
def test_what_is_known_of_a_determinant(claim: str) -> None:
    assert proved(f"{MATRICES}[1] {claim}")


@pytest.mark.parametrize(
    "claim",
    [
        "det(R) = 1",
        "det(D)^2 = 1",
        "sqrt(det(B)^2) = det(B)",
        "sqrt(det(C)^2) = det(C)",
        "sqrt(det(F)^2) = det(F)",
    ],
)
def test_what_is_not_known_of_a_determinant(claim: str) -> None:
    assert refused(f"{MATRICES}[1] {claim}")
