"""Verdicts on small documents with known answers."""

import numpy as np
import pytest

import einrnn
from einrnn.check.verdict import Verdict


def verdict(text: str, label: str = "1") -> Verdict:
    return einrnn.parse(text).check(timeout=3)[label]


TRUE = {
    "quotients over a sum": "[1] sum[i] x[i]/(1 + x[i]) + sum[i] 1/(1 + x[i]) = N\ninput x[N]",
    "the two forms of the sigmoid": "input x\n[1] 1/(1 + exp(-x)) = exp(x)/(1 + exp(x))",
    "sigmoid by name": "input x\n[1] sigmoid(x) = 1/(1 + exp(-x))",
    "sigmoid of the negative": "input x\n[1] sigmoid(-x) = 1 - sigmoid(x)",
    "softmax is shift-invariant": "input q[K], c\n[1] softmax[k](q[k] + c) = softmax[k](q[k])",
    "softmax adds up to one": "input q[K]\n[1] sum[k] softmax[k](q[k]) = 1",
    "logsumexp shifts": "input q[K], c\n[1] logsumexp[k](q[k] + c) = c + logsumexp[k](q[k])",
    "dummies and order": (
        "input A[N,M], B[M,P], c[N]\n[1] sum[i,j] A[i,j] B[j,k] c[i] = B[m,k] c[n] A[n,m]"
    ),
    "delta picks": "input A[N,N]\n[1] sum[k] delta[i,k] A[k,j] = A[i,j]",
    "symmetry": "input A[N,N] symmetric, x[N]\n[1] sum[j] A[i,j] x[j] = x[j] A[j,i]",
    "one-hot": "input y[K] one-hot in K\n[1] y[k] y[l] = delta[k,l] y[k]",
    "inverse": "input A[N,N] invertible\n[1] sum[j] A[i,j] inv(A)[j,k] = delta[i,k]",
    "quadratic form": "input A[N,N], x[N]\nf := x[i] A[i,j] x[j]\n"
    "[1] df/dx[k] = A[k,j] x[j] + A[j,k] x[j]",
    "split range": "index t : T\ninput a[T]\n[1] sum[r=0..t] a[r] = a[t] + sum[r=0..t-1] a[r]",
    "linear recurrence": "input a, x[T]\nh[t] := a h[t-1] + x[t] with h[-1] := 0\n"
    "[1] dh[t]/dx[r] = { a^(t-r) if r <= t ; 0 otherwise }",
    "adjoint recurrence": "input a, x[T]\nindex t : T\n"
    "h[t] := tanh(a h[t-1] + x[t]) with h[-1] := 0\n"
    "L := sum[t] h[t]\n"
    "g[t] := 1 + a g[t+1] (1 - { h[t+1]^2 if t < T-1 ; 0 otherwise }) with g[T] := 0\n"
    "[1] dL/dh[t] = g[t]",
    "trace": "input A[N,N], B[N,N]\n[1] tr(A @ B) = tr(B @ A)",
    "max pooling": "input x[N]\nm := max[i](x[i])\n[1] dm/dx[k] = [x[k] == m]",
    "relu": "input x\n[1] relu(x) - relu(-x) = x",
}


@pytest.mark.parametrize("name", TRUE)
def test_true_claims_hold(name: str):
    found = verdict(TRUE[name])
    assert found.verdict in ("proved", "tested"), found
    assert not found.diagnostics


PROVED = [name for name in TRUE if name not in ("linear recurrence", "adjoint recurrence")]


@pytest.mark.parametrize("name", PROVED)
def test_true_claims_are_proved(name: str):
    assert verdict(TRUE[name]).verdict == "proved"


FALSE = {
    "a transposed index": "input A[N,N], x[N]\n[1] A[i,j] x[j] = A[j,i] x[j]",
    "X is not its transpose": "input X[N,N]\n[1] X[i,j] = X[j,i]",
    "a delta does not make a scalar": "input a[N], b[N]\n"
    "[1] delta[i,j] a[j] b[j] = sum[k] a[k] b[k]",
    "true at size 1 only": "input x[N]\n[1] sum[i] x[i]^2 = (sum[i] x[i])^2",
    "true for positive numbers only": "input x\n[1] sqrt(x^2) = x",
    "not at 0": "input x[N]\n[1] sign(x[i])^2 = 1",
    "not where two are equal": "input x[N], y[N]\n[1] [x[i] >= y[i]] = [x[i] > y[i]]",
    "two numbers that may be equal": "input z, v\n[1] [z > v] + [v > z] = 1",
    "more than one largest": "dim N\ninput x[N]\n[1] sum[i] [x[i] == max[j] x[j]] = 1",
    "a missing factor": "input x\n[1] d/dx (tanh(x)^2) = 2 tanh(x)",
    "a constant off by a little": "input x\n[1] 1.00001 x = x",
    "only from the third step": "input a, x[T]\nh[t] := a h[t-1] + x[t] with h[-1] := 0\n"
    "[1] dh[t]/da = h[t-1]",
    "needs the assumption": "input y[K]\nassume [one] sum[k] y[k] = 1\n[1] sum[k] y[k] = 1",
    "a wrong bound": "index t : T\ninput a[T]\n[1] sum[r=0..t] a[r] = sum[r=1..t] a[r]",
}


@pytest.mark.parametrize("name", FALSE)
def test_false_claims_are_refuted(name: str):
    found = verdict(FALSE[name])
    assert found.verdict == "refuted", found
    example = found.counterexample
    assert example is not None
    assert not np.isclose(example.left, example.right, rtol=1e-7, atol=1e-7)


def test_an_assumption_is_used_only_where_it_is_named():
    text = "input y[K]\nassume [one] sum[k] y[k] = 1\n[1] sum[k] y[k] = 1 using one"
    found = verdict(text)
    assert found.verdict == "proved"
    assert found.assumptions == ("one",)


def test_an_assumption_is_inherited_from_the_claims_that_are_used():
    text = (
        "input y[K]\nassume [one] sum[k] y[k] = 1\n"
        "[1] 2 sum[k] y[k] = 2 using one\n[2] 3 sum[k] y[k] = 3 using 1"
    )
    assert verdict(text, "2").assumptions == ("one",)


def test_a_proved_claim_with_an_assumption_proves_nothing_without_it():
    text = (
        "input y[K], c\nassume [one] sum[k] y[k] = 1\nz := c sum[k] y[k]\n"
        "[1] z = c using one\n[2] z = c"
    )
    assert verdict(text, "1").verdict == "proved"
    assert verdict(text, "2").verdict == "refuted"


def test_a_claim_that_must_be_refuted_but_holds_is_unexpected():
    report = einrnn.parse("input x\n[1] refute x + x = 2 x").check()
    assert report["1"].verdict == "proved"
    assert not report["1"].as_expected
    assert not report.ok


def test_the_smallest_counterexample_is_found():
    found = verdict("input A[N,N]\n[1] A[i,j] = A[j,i]").counterexample
    assert found is not None
    assert found.sizes == {"N": 2}
    assert found.exact
    assert {found.left, found.right} == {0.0, 1.0}


def test_conditions_restrict_a_claim():
    text = "index t : T\ninput a[T]\n[1] { a[t] if t > 0 ; 0 otherwise } = a[t] for t >= 1"
    assert verdict(text).verdict == "proved"


def test_a_claim_nothing_can_be_said_of():
    found = verdict("input x\n[1] log(-x^2) = x")
    assert found.verdict == "tested"
    assert "no inputs" in found.notes[0]


def test_invalid_claims_do_not_stop_the_others():
    report = einrnn.parse("input x[N]\n[1] y[i] = x[i]\n[2] x[i] + x[i] = 2 x[i]").check()
    assert report["1"].verdict == "invalid"
    assert report["2"].verdict == "proved"


def test_initial_states_other_than_the_stated_one_are_tried():
    text = (
        "input a, x[T]\nh[t] := a h[t-1] + x[t] with h[-1] := 0\n"
        "[1] h[0] = x[0]\n[2] h[t] = a h[t-1] + x[t]"
    )
    report = einrnn.parse(text).check()
    assert report["1"].verdict in ("proved", "tested")
    assert report["2"].verdict == "proved"


def test_the_same_seed_gives_the_same_report():
    text = FALSE["only from the third step"]
    first, second = (einrnn.parse(text).check(seed=7) for _ in range(2))
    assert first["1"].counterexample == second["1"].counterexample


def test_what_a_derivative_is_at_a_kink_refutes_nothing():
    assert verdict("input x[N]\n[1] d(relu(x[i]))/dx[i] = [x[i] >= 0]").verdict == "tested"
    assert verdict("input x[N]\n[1] d(relu(x[i]))/dx[i] = [x[i] > 0]").verdict == "proved"


def test_a_definition_that_is_not_well_formed_leaves_its_claims_invalid():
    text = "input b, u[T]\nh[t] := b h[t-1] + u[t]   with u[-1] := 0\n[1] h[t] = h[t]"
    assert verdict(text).verdict == "invalid"


def test_an_equation_that_a_counterexample_meets_is_no_way_out():
    text = "dim N\ninput x[N]\n[1] sum[i] [x[i] == max[j] x[j]] = 1"
    found = verdict(text)
    assert found.verdict == "refuted"
    assert "= 0" not in (found.true_under or "")


SINGULAR_AT_TIES = (
    "dim N\ninput x[N]\ng := logsumexp[i](x[i])\nh := 1/(g - log(N) - sum[i] x[i]/N)\n"
    "[1] h^2 = h (h + 1) - h"
)
RANK_ONE = (
    "dim N\ninput A[N,N] spd, u[N], v[N]\nB[i,j] := inv(A)[i,j]\n"
    "c := 1 + v[i] B[i,j] u[j]\nM[i,j] := A[i,j] + u[i] v[j]\n"
    "[1] delta[i,j] = M[i,k] (B[k,j] - B[k,p] u[p] v[l] B[l,j] / c)"
)


@pytest.mark.parametrize("text", [SINGULAR_AT_TIES, RANK_ONE])
def test_what_is_divided_by_0_at_equal_entries_refutes_nothing(text: str):
    assert verdict(text).verdict == "proved"


OUTWEIGHED = """
input e[D], f[D], s boolean, m
q  := sum[d] (e[d] - f[d])^2
Co := 1/2 s q + 1/2 (1 - s) relu(m - q)
"""


@pytest.mark.parametrize(
    "claim",
    [
        "dCo/de[d] = (e[d] - f[d]) (s + (1 - s) [m - q > 0])",
        "[m > 6 + sum[d] e[d]^2] = 0",
        "relu(m - 3 sum[d] e[d]^2 - 3) s = 0",
        "[sum[d] e[d]^2 > 100 m^2 + 1] = 0",
    ],
)
def test_what_fails_only_where_one_input_outweighs_others_is_refuted(claim: str):
    (verdict,) = einrnn.parse(f"{OUTWEIGHED}[1] {claim}").check()
    assert verdict.verdict == "refuted"


def test_what_holds_wherever_one_input_outweighs_others_is_not_refuted():
    right = "dCo/de[d] = (e[d] - f[d]) (s - (1 - s) [m - q > 0])"
    (verdict,) = einrnn.parse(f"{OUTWEIGHED}[1] {right}").check()
    assert verdict.verdict == "proved"


@pytest.mark.parametrize(
    "text",
    [
        "input a[T], u[T]\nz[t] := a[t] z[t-1] + u[t] with z[-1] := 0\n"
        "[1] dz[T-1]/du[0] = prod[r=1..T-2] a[r]",
        "input x[N,D], w[D], ev[N] boolean\neta[i] := sum[d] x[i,d] w[d]\n"
        "R[i] := sum[j: j >= i] exp(eta[j])\nL := sum[i] ev[i] (eta[i] - log(R[i]))\n"
        "[1] dL/dw[d] = sum[i] (x[i,d] - sum[j: j >= i] exp(eta[j]) x[j,d]/R[i])",
    ],
)
def test_what_is_true_of_few_entries_only_is_no_way_out(text: str):
    (verdict,) = einrnn.parse(text).check()
    assert verdict.verdict == "refuted"
    assert verdict.true_under is None


def test_a_matrix_without_an_end_is_no_inverse_and_no_defect():
    text = (
        "input x[N,D], y[N], ls\n"
        "C[n,m] := exp(-sum[d] (x[n,d] - x[m,d])^2/(2 exp(2 ls))) + delta[n,m]\n"
        "[1] inv(C)[n,m] = inv(C)[m,n]"
    )
    (verdict,) = einrnn.parse(text).check()
    assert verdict.verdict == "proved"
