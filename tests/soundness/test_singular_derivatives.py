"""Derivatives of determinants where something leaves singular matrices only, or leaps at them."""

import pytest

import einrnn

GIVEN = """dim N
input A[N,N], B[N,N], S[N,N] spd, u[N], v[N], z
f := det(A)
g := det[r,c]([r == c] + u[r] v[c])
h := det(S)
assume [a] det(A) = z - 33
assume [b] z = 3
"""
NOT = {
    "said to be singular": "df/dA[i,j] [z == 33] = 0 using a",
    "a leap": "df/dA[i,j] [det(A) == 0] = 0",
}
PROVED = {
    "anywhere": "df/dA[i,j] = det(A) inv(A)[j,i]",
    "beside another assumption": "df/dA[i,j] = det(A) inv(A)[j,i] using b",
    "of other letters": "df/dA[i,j] = det[k,l](A[k,l]) inv[p,q](A[p,q])[j,i] using b",
    "of a product": "d/dA[i,j] (det(A @ B)) = det(A @ B) inv(A)[j,i]",
    "of rank one and 1": "dg/du[i] = v[i]",
    "of what has an inverse": "dh/dS[i,j] = h inv(S)[j,i] using b",
}


@pytest.mark.parametrize("name", NOT)
def test_it_is_not_proved(name: str) -> None:
    (verdict,) = einrnn.parse(f"{GIVEN}[1] {NOT[name]}\n").check()
    assert verdict.verdict in ("tested", "refuted")


@pytest.mark.parametrize("name", PROVED)
def test_it_is_proved(name: str) -> None:
    (verdict,) = einrnn.parse(f"{GIVEN}[1] {PROVED[name]}\n").check()
    assert verdict.verdict == "proved"
