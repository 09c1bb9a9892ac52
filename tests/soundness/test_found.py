"""False statements that once had a proof: neither the prover alone nor the whole may say so."""

from __future__ import annotations

import pytest

import einrnn
from einrnn.check.judge import Judge
from einrnn.document import Document
from einrnn.source import Source
from tests.symbolic.proving import ENOUGH

SHIFTED_INVERSE = """
dim M
input A[M+1,M]
B[i,j] := A[i,k] inv[r,c](A[r+1,c])[k,j]
[1] B[i,j] = [i == j + 1]
"""
DIAGONAL_OF_INVERSE = """
input A[N,N] invertible
[1] sum[k] A[k,k] (inv(A)[k,j] - inv(A)[j,k]) = 0
"""
CASE_LEFT_OUT = """
input q[T], c[T]
a[t] := { q[t] if t == 1 ; sum[k=2..t](c[0]) otherwise }
b[t] := { q[t] if t == 1 ; (t-1) c[0] otherwise }
[1] a[t] = b[t]
"""


def proved_alone(text: str, seconds: float = 3.0) -> list[bool]:
    """Whether the prover proves the claims of a document, numbers not asked."""
    document = Document(Source.of(text))
    judge = Judge(document.model, document.source)
    assert judge.prepared.claims
    return [judge.proofs.of(ready, seconds) is not None for ready in judge.prepared.claims]


def all_proved(text: str) -> bool:
    """The same of all claims, however slow and busy the machine is."""
    return all(proved_alone(text, ENOUGH))


@pytest.mark.parametrize("text", [SHIFTED_INVERSE, DIAGONAL_OF_INVERSE, CASE_LEFT_OUT])
def test_no_false_proof(text: str) -> None:
    assert not any(proved_alone(text))


def test_true_neighbours_are_proved() -> None:
    inverse = "input A[N,N] invertible\n[1] sum[k] A[i,k] inv(A)[k,j] = delta[i,j]\n"
    assert all_proved(inverse)
    assert all_proved(CASE_LEFT_OUT.replace("a[t] = b[t]", "a[t] = b[t] for t >= 1"))


@pytest.mark.parametrize(
    ("assumed", "claimed"),
    [
        ("x[i] = 0 for i >= 1", "x[i] = 0"),
        ("x[i] = y[i] for i != 2", "x[i] = y[i]"),
    ],
)
def test_assumption_counts_only_where_it_is_granted(assumed: str, claimed: str) -> None:
    where = assumed[assumed.index(" for ") :]
    text = (
        "input x[N], y[N]\n"
        f"assume [a] {assumed}\n"
        f"[1] refute {claimed} using a\n"
        f"[2] {claimed} using a{where}\n"
    )
    report = einrnn.parse(text).check()
    assert report["1"].verdict == "refuted"
    assert report["2"].verdict in ("proved", "tested")


GUARDED_QUOTIENT = """
input q[T], c, d
S := sum[r=12..T-1](q[r])
a := { 1/S - 1/(S+1) if T > 12 ; c if T == 12 ; 0 otherwise }
b := { 1/(S (S+1)) if T > 12 ; d if T == 12 ; 0 otherwise }
[1] a = b
"""
QUOTIENT_UNDER_A_VALUE = """
input x[N], c, d
S[i] := sum[r=0..i-1](x[r])
a[i] := { 1/S[i] - 1/(S[i]+1) if i > 0 ; { c if c == 0.5 ; 0 otherwise } otherwise }
b[i] := { 1/(S[i] (S[i]+1)) if i > 0 ; { d if c == 0.5 ; 0 otherwise } otherwise }
[1] a[i] = b[i]
"""


@pytest.mark.parametrize("text", [GUARDED_QUOTIENT, QUOTIENT_UNDER_A_VALUE])
def test_divisor_is_cleared_only_where_it_divides(text: str) -> None:
    assert not any(proved_alone(text))
    assert not any(v.verdict == "proved" for v in einrnn.parse(text).check())


def test_quotients_are_still_proved() -> None:
    text = "input q[T]\nS := sum[r](q[r])\n[1] 1/S - 1/(S+1) = 1/(S (S+1))\n"
    softmax = "input q[K]\n[1] sum[k] softmax[k](q[k]) = 1\n"
    assert all_proved(text)
    assert all_proved(softmax)


LOST_BRACKET = """
input x[N], e[N]
a[i] := { 1/relu(x[i]) if x[i] > 0 ; 0 otherwise }
[1] a[i] = 1/x[i]
[2] { 1/(step(x[i]) e[i]) if x[i] > 0 ; 0 otherwise } = 1/e[i]
[3] { 1/[x[i] == 0] if x[i] == 0 ; 0 otherwise } = 1
"""


def test_a_bracket_does_not_cancel_against_its_reciprocal() -> None:
    assert not any(proved_alone(LOST_BRACKET))
    assert all_proved("input x[N]\n[1] relu(x[i])^2/relu(x[i]) = relu(x[i])\n")
