"""Identities that must agree, near-misses that must differ, and what must stay undecided."""

from __future__ import annotations

import pytest

from tests.exact.judging import outcomes, verdict

_VECTORS = "dim N, K\ninput a[N], b[N], q[K], c, d\np[k] := softmax[k](q[k])\n"

AGREE = [
    "softmax[k](q[k] + c) = p[k]",
    "sigmoid(c) = exp(c) / (1 + exp(c))",
    "sigmoid(-c) = 1 - sigmoid(c)",
    "tanh(c) = 2 sigmoid(2 c) - 1",
    "logsumexp[k](q[k] + c) = c + logsumexp[k](q[k])",
    "log(p[k]) = q[k] - logsumexp[m](q[m])",
    "tanh(c + d) = (tanh(c) + tanh(d)) / (1 + tanh(c) tanh(d))",
    "cosh(c)^2 - sinh(c)^2 = 1",
    "exp(c + exp(d + 1)) = exp(c) exp(exp(d) exp(1))",
    "sum[i] a[i]/(1 + a[i]) + sum[i] 1/(1 + a[i]) = N",
    "sum[i,j] delta[i,j] a[i] b[j] = sum[i] a[i] b[i]",
    "sum[i,j: i < j] a[i] b[j] + sum[i,j: i >= j] a[i] b[j] = sum[i] a[i] sum[j] b[j]",
    "softplus(c) - softplus(-c) = c",
    "log(sigmoid(c)) = -softplus(-c)",
    "exp(2 log(exp(c) + 1)) = 1 + 2 exp(c) + exp(2 c)",
    "exp(logsumexp[k](q[k])) = sum[k] exp(q[k])",
    "log(6) = log(2) + log(3)",
    "sqrt(4) = 2",
    "exp(c)^(1/2) = exp(c/2)",
    "sin(c)^2 + cos(c)^2 = 1",
    "abs(c d) = abs(c) abs(d)",
    "max(c, d) + min(c, d) = c + d",
    "prod[i] (exp(a[i])) = exp(sum[i] a[i])",
    "(-1)^N * (-1)^N = 1",
]

DIFFER = [
    "softmax[k](q[k] + c) = p[k]^2",
    "sigmoid(c) = exp(c) / (2 + exp(c))",
    "tanh(c) = 2 sigmoid(c) - 1",
    "tanh(c + d) = (tanh(c) + tanh(d)) / (1 - tanh(c) tanh(d))",
    "cosh(c)^2 + sinh(c)^2 = 1",
    "exp(c + d) = exp(c) + exp(d)",
    "exp(exp(c + d)) = exp(exp(c)) exp(exp(d))",
    "sum[i] a[i]/(1 + a[i]) + sum[i] 1/(2 + a[i]) = N",
    "sum[i,j: i < j] a[i] b[j] + sum[i,j: i > j] a[i] b[j] = sum[i] a[i] sum[j] b[j]",
    "sum[i] a[i] b[i] = sum[i] a[i] sum[j] b[j]",
    "prod[i] a[i] = sum[i] a[i]",
    "sum[i] a[i]/a[i] = N + 1",
    "sqrt(9) = 2",
]

UNDECIDED = [
    # true, but beyond the laws that the stand-ins keep
    "max(c, d) = c + max(0, d - c + 0 d)",
    "cos(2 c) = 1 - 2 sin(c)^2",
    "sqrt((1 + c^2)^2) = 1 + c^2",
    # false, and not to be told from the true ones above by this tier
    "log(c + d) = log(c) + log(d)",
    "sin(2 c) = sin(c) cos(c)",
]


@pytest.mark.parametrize("claim", AGREE)
def test_true_claims_agree(claim: str) -> None:
    assert verdict(_VECTORS, claim) == "agrees"


@pytest.mark.parametrize("claim", DIFFER)
def test_near_misses_differ(claim: str) -> None:
    assert verdict(_VECTORS, claim) == "differs"


@pytest.mark.parametrize("claim", UNDECIDED)
def test_what_only_some_laws_are_kept_of_is_never_refuted(claim: str) -> None:
    assert all(verdict(_VECTORS, claim, seed) != "differs" for seed in range(4))


def test_false_claims_through_stand_ins_are_undecided() -> None:
    assert verdict(_VECTORS, "log(c + d) = log(c) + log(d)") == "undecided"
    assert verdict(_VECTORS, "sin(2 c) = sin(c) cos(c)") == "undecided"


def test_names_of_bound_indices_do_not_matter() -> None:
    text = "dim N\ninput A[N,N], B[N,N], x[N]\n"
    left = "sum[i,j,k] A[i,j] B[j,k] x[k] x[i]"
    right = "sum[k,i,j] x[j] x[k] B[i,j] A[k,i]"
    assert verdict(text, f"{left} = {right}") == "agrees"
    assert verdict(text, f"{left} = sum[k,i,j] x[i] x[k] B[i,j] A[k,i]") == "differs"


def test_opaque_functions_are_functions_of_values() -> None:
    text = """dim N
input x[N], y[N], c
function f(u[i])
function g(v)
[sum] f(x + y) = f(y + x)
[other] f(x) = f(y)
[inside] g(c + 1) = g((c^2 - 1)/(c - 1))
[functions] f(x) = g(c)
"""
    found = outcomes(text)
    assert found["sum"].verdict == found["inside"].verdict == "agrees"
    assert found["other"].verdict == found["functions"].verdict == "differs"
