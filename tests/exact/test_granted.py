"""Facts and assumptions hold by construction, and matter."""

from __future__ import annotations

import numpy as np
import pytest

import einrnn
from einrnn.exact.field import FIELDS
from einrnn.exact.inputs import Inputs
from einrnn.exact.matrices import product
from tests.exact.judging import outcomes, verdict

LINEAR = [
    ("input y[T,K]", "sum[k] y[t,k] = 1", "sum[t,k] y[t,k] = T"),
    ("input A[N,N]", "A[i,j] = A[j,i]", "sum[j] A[i,j] A[j,k] = sum[j] A[k,j] A[j,i]"),
    ("input x[N,K], z[N,K]", "x[0,j] = 0", "sum[j] x[0,j] z[0,j] = 0"),
    ("input x[N]", "sum[i] x[i] = 0", "sum[i,j] x[i] x[j] = 0"),
    ("input a, b, c", "a = b + c", "exp(a) = exp(b) exp(c)"),
    ("input a, b, c", "a + 2 b = 3 c", "exp(exp(a)) = exp(exp(3 c - 2 b))"),
    ("input A[N,N], B[N,N]", "sum[j] A[i,j] B[j,k] = delta[i,k]", "sum[i,j] A[i,j] B[j,i] = N"),
    ("input y[N]", "y[k] y[l] = delta[k,l] y[k]", "sum[k] y[k] sum[l] y[l] = sum[k] y[k]^2"),
    ("input Q[N,N]", "sum[k] Q[i,k] Q[j,k] = delta[i,j]", "sum[k] Q[k,i] Q[k,j] = delta[i,j]"),
]


@pytest.mark.parametrize(("inputs", "assumed", "claim"), LINEAR)
def test_claims_hold_with_their_assumption_and_not_without(
    inputs: str, assumed: str, claim: str
) -> None:
    text = (
        f"{inputs}\nassume [granted] {assumed}\n[with] {claim} using granted\n[without] {claim}\n"
    )
    found = outcomes(text)
    assert found["with"].verdict == "agrees"
    assert found["with"].bound < 2**-50
    assert found["without"].verdict == "differs"


def test_assumptions_that_cannot_be_met_leave_a_claim_undecided() -> None:
    text = "input x, y\nassume [no] exp(x) = 0\n[it] x = y using no\n"
    assert outcomes(text)["it"].verdict == "undecided"


FACTS = """dim N, K
input S[N,N] symmetric, P[N,N] spd, Q[N,N] orthogonal, R[N,N] invertible
input h[N,K] one-hot in K, p[N,K] probability in K, b[N] boolean, i[N] integer in K, c[N] positive
"""


@pytest.mark.parametrize("level", range(len(FIELDS)))
def test_inputs_obey_their_facts_at_every_level(level: int) -> None:
    field, sizes = FIELDS[level], {"N": 3, "K": 4}
    inputs = Inputs(einrnn.parse(FACTS + "u := 1\n").model, sizes, 0, 3)
    found = {name: inputs(name, level) for name in ("S", "P", "Q", "h", "p", "b", "i", "c")}
    for name in ("S", "P"):
        assert (found[name] == np.swapaxes(found[name], -1, -2)).all()
    turned = np.swapaxes(found["Q"], -1, -2)
    assert (product(field, found["Q"], turned) == np.eye(3)).all()
    assert (found["h"].sum(axis=-1) == 1).all()
    assert set(np.unique(found["h"])) == {0, 1}
    assert (field.sum(found["p"], -1) == 1).all()
    assert (field.character(found["p"]) == 1).all()
    assert (field.character(found["c"]) == 1).all()
    assert found["b"].max() <= 1
    assert found["i"].max() < 4
    assert (found["h"] == inputs("h", 0)).all()


def test_facts_decide_claims() -> None:
    assert verdict(FACTS, "sum[k] h[n,k] h[n,k] = 1") == "agrees"
    assert verdict(FACTS, "sum[k] p[n,k] p[n,k] = 1") == "differs"
    assert verdict(FACTS, "S[n,m] = S[m,n]") == "agrees"
    assert verdict(FACTS, "R[n,m] = R[m,n]") == "differs"
    assert verdict(FACTS, "inv(Q)[n,m] = Q[m,n]") == "agrees"
    assert verdict(FACTS, "sqrt(c[n])^2 = c[n]") == "agrees"
