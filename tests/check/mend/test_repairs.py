"""Repairs of wrong derivations: the right claim comes out, up to equality.

Whether a repair is right is decided without the code that found it: the compiled program
and the naive interpreter evaluate it against what a person says is right.
"""

import re
from functools import cache
from pathlib import Path

import pytest

import einrnn
from einrnn.check.verdict import Verdict
from tests.check.mend.wrong import WRONG

CORPUS = sorted(Path("specs/corpus").glob("w_*.ein"))
ROWS = {row[0]: row for row in WRONG}


@cache
def wrong(text: str) -> Verdict:
    return einrnn.parse(text).check(labels=["wrong"])["wrong"]


def equal(text: str, verdict: Verdict) -> bool:
    """Whether the repaired right side equals the right claim's, as a claim of its own."""
    assert verdict.repair is not None
    claims = re.sub(r"(?ms)^\[wrong\].*\Z", "", text)
    report = einrnn.parse(f"{claims}[again] {verdict.repair.statement}\n").check(timeout=1)
    return report["again"].verdict in ("proved", "tested")


@pytest.mark.parametrize("name", ROWS)
def test_a_wrong_step_is_repaired(name: str):
    _, document, left, written, right = ROWS[name]
    text = f"{document}[right] {left} = {right}\n[wrong] {left} = {written}\n"
    verdict = wrong(text)
    assert verdict.verdict == "refuted"
    assert not verdict.notes
    assert verdict.suggestion is not None
    assert equal(text, verdict)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_a_published_mistake_is_repaired(path: Path):
    text = path.read_text(encoding="utf-8").replace("[wrong] refute ", "[wrong] ")
    verdict = wrong(text)
    assert verdict.verdict == "refuted"
    assert verdict.suggestion is not None
    assert equal(text, verdict)


POOLING = """input x[C,I], g[C]
a[c] := mean[i] x[c,i]
L := sum[c] g[c] a[c]
"""
FILTER = """input P0 positive, H, A, R positive, Q positive
p[t] := A^2 P[t-1] + Q with p[0] := P0
S[t] := H^2 p[t] + R
K[t] := p[t] H/S[t]
P[t] := (1 - K[t] H)^2 p[t] + K[t]^2 R
index t : T
"""
PROCESS = """input y[N], K[N,N] spd
a[i] := inv(K)[i,j] y[j]
l := -1/2 sum[i] y[i] a[i] - 1/2 logdet(K)
"""
VALUES = """input P[S,S], r[S], g
M[i,j] := delta[i,j] - g P[i,j]
V[i] := inv(M)[i,j] r[j]
"""
ALONE = (
    (POOLING, "dL/dx[c,i] = g[c]", "dL/dx[c,i] = g[c]/I"),
    (POOLING, "da[c]/dx[e,i] = 1/I", "da[c]/dx[e,i] = delta[c,e]/I"),
    (FILTER, "dP[t]/dp[t] = 1 - K[t] H", "dP[t]/dp[t] = (1 - K[t] H)^2"),
    (PROCESS, "dl/dy[i] = -1/2 a[i]", "dl/dy[i] = -a[i]"),
    ("input S[N,N]\n", "dS[i,j]/dS[k,l] = delta[i,k]", "dS[i,j]/dS[k,l] = delta[i,k] delta[j,l]"),
    (
        "input A[N,N], a[N]\n",
        "d/da[i] (A[j,k] a[j] a[k]) = (A[i,j] + A[j,i]) a[j]",
        "d/da[i] (sum[j,k] A[j,k] a[j] a[k]) = sum[j] (A[i,j] + A[j,i]) a[j]",
    ),
)


@pytest.mark.parametrize(("document", "written", "right"), ALONE)
def test_the_side_that_people_mean_is_repaired(document: str, written: str, right: str):
    """Nothing else in the document says what is right, and other left sides would do as well."""
    repair = wrong(f"{document}[wrong] {written}\n").repair
    assert repair is not None
    assert repair.verdict == "proved"
    left, side = right.split(" = ")
    assert repair.statement.split(" = ")[0].replace("sum[j] sum[k]", "sum[j,k]") == left
    (same,) = einrnn.parse(f"{document}[1] {side} = {repair.right}\n").check()
    assert same.verdict == "proved"


def test_a_repair_has_values_where_the_claim_has():
    repair = wrong(f"{VALUES}[wrong] dV[i]/dg = inv(M)[i,j] V[j]\n").repair
    assert repair is None or "/g" not in repair.right


def test_a_repair_is_never_the_left_side_itself():
    verdict = wrong("input x[N]\nf := sum[i] exp(x[i])^2\n[wrong] df/dx[i] = exp(x[i])^2\n")
    assert verdict.repair is not None
    assert "df/dx" not in verdict.repair.right


def test_nothing_is_suggested_where_no_small_edit_helps():
    text = "input x, y, z\n[wrong] sin(x y + z) + cos(z^3) = exp(x) - tan(y - z) x^5\n"
    assert wrong(text).suggestion is None


def test_the_wrong_term_is_named():
    text = "input X[N,D], w[D], c\nL := c sum[d] w[d]^2 + sum[n,d] X[n,d] w[d]\n"
    verdict = wrong(text + "[wrong] dL/dw[d] = sum[n] X[n,d] + 2 c w[d]^2\n")
    assert verdict.wrong_term == "2 c w[d]^2"
    assert verdict.residual == "2 c w[d] (1 - w[d])"


@pytest.mark.parametrize(
    ("text", "under"),
    [
        (
            "input A[N,N], x[N]\nf := x[i] A[i,j] x[j]\n[wrong] df/dx[k] = 2 A[k,j] x[j]\n",
            "A is symmetric",
        ),
        (
            "input y[K], q[K]\nE := -y[k] log(softmax[k](q[k]))\n"
            "[wrong] dE/dq[l] = softmax[l](q[l]) - y[l]\n",
            "sum[i] y[i] = 1",
        ),
        (
            "input Q[N,N], x[N]\n[wrong] sum[i,j,k] Q[i,j] Q[i,k] x[j] x[k] = sum[i] x[i]^2\n",
            "Q is orthogonal",
        ),
        (
            "input y[K], c\nassume [unit] sum[k] y[k] = 1\n[wrong] c sum[k] y[k] = c\n",
            "sum[k] y[k] = 1 [unit]",
        ),
    ],
)
def test_an_assumption_that_would_do(text: str, under: str):
    found = wrong(text).true_under
    assert found is not None
    assert found.removesuffix(" (tested, not proved)") == under


def test_refutes_are_explained_only_when_asked():
    text = "input x\n[1] refute d/dx (x^2) = x\n"
    document = einrnn.parse(text)
    assert document.check()["1"].suggestion is None
    assert document.check(explain=["1"])["1"].suggestion == "d/dx (x^2) = 2 x"


def test_the_same_text_gives_the_same_repair():
    text = "input A[N,N], x[N]\nf := x[i] A[i,j] x[j]\n[wrong] df/dx[k] = 2 A[k,j] x[j]\n"
    first, second = (einrnn.parse(text).check()["wrong"] for _ in range(2))
    assert (first.repair, first.true_under) == (second.repair, second.true_under)


def test_a_sum_of_a_thousand_terms_does_not_exhaust_the_stack():
    right = " + ".join(["x"] * 1000)
    verdict = einrnn.parse(f"input x\n[wrong] 1001 x = {right}\n").check(timeout=2)["wrong"]
    assert verdict.verdict == "refuted"


def test_what_holds_where_the_claim_fails_is_not_said_to_make_it_true():
    text = "dim T\nindex t : T\ninput a[T]\n[1] a[t] [t t == 900] = 0\n"  # a may be one-hot there
    verdict = einrnn.parse(text).check()["1"]
    assert verdict.verdict == "refuted"
    assert verdict.true_under is None
