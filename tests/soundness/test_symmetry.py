"""Recurrences that are symmetric: shown by induction, and not where anything breaks it."""

import time

import pytest

import einrnn
from einrnn.check.claims import prepare
from einrnn.symbolic.proof.clock import Clock
from einrnn.symbolic.proof.symmetry import square, symmetric

FILTER = """
dim T, N
input F[N,N], Q[N,N] {q}, H[N], R positive, P0[N,N] {p}
Pp[t,i,j] := F[i,k] P[t-1,k,l] F[j,l] + Q[i,j]
S[t] := H[i] Pp[t,i,j] H[j] + R
K[t,i] := sum[j] Pp[t,i,j] H[j] / S[t]
P[t,i,j] := Pp[t,i,j] - {gain}   with P[-1,i,j] := {first}
"""
FIRST = "P0[i,j]"
GAIN = "K[t,i] S[t] K[t,j]"


def shown(text: str) -> frozenset[str]:
    model = prepare(einrnn.parse(text).model).forward
    return symmetric(model, square(model, Clock(model)), time.process_time() + 20)


def text(q: str = "spd", p: str = "spd", gain: str = GAIN, first: str = FIRST) -> str:
    return FILTER.format(q=q, p=p, gain=gain, first=first)


def test_the_covariances_of_a_filter() -> None:
    assert shown(text()) == {"P", "Pp"}


def test_an_initial_value_that_is_made_symmetric() -> None:
    assert shown(text(p="", first="P0[i,j] + P0[j,i]")) == {"P", "Pp"}


NOT = {
    "noise": {"q": ""},
    "start": {"p": ""},
    "gain": {"gain": "K[t,i] S[t] H[j]"},
    "a start that is nearly symmetric": {"p": "", "first": "P0[i,j] + 2 P0[j,i]"},
}


@pytest.mark.parametrize("name", NOT)
def test_what_breaks_it(name: str) -> None:
    assert not shown(text(**NOT[name]))


def test_of_two_only_the_one_that_is() -> None:
    found = shown(
        """
dim T, N
input A[N,N] symmetric, x[T,N]
G[t,i,j] := G[t-1,i,j] + x[t,i] x[t,j]   with G[-1,i,j] := A[i,j]
B[t,i,j] := B[t-1,i,j] + x[t,i] G[t,i,j]   with B[-1,i,j] := 0
"""
    )
    assert found == {"G"}


def test_what_is_added_to_rows_only() -> None:
    found = shown(
        """
dim T, N
input x[T,N]
G[t,i,j] := G[t-1,i,j] + x[t,i] x[t,j] + i   with G[-1,i,j] := 0
"""
    )
    assert not found


CLAIMS = {
    "gain": ("K[t,i] S[t] = sum[j] Pp[t,i,j] H[j]", True),
    "post": ("sum[j] P[t,i,j] H[j] = R K[t,i]", True),
    "symmetric": ("P[t,i,j] = P[t,j,i]", True),
    "short": ("P[t,i,j] = Pp[t,i,j] - K[t,i] sum[k] H[k] Pp[t,k,j]", True),
    "post without R": ("sum[j] P[t,i,j] H[j] = K[t,i]", False),
    "prior": ("P[t,i,j] = Pp[t,j,i]", False),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_claims_about_a_filter(name: str) -> None:
    claim, right = CLAIMS[name]
    (verdict,) = einrnn.parse(text() + f"[x] {claim}\n").check()
    assert verdict.verdict == ("proved" if right else "refuted")
