"""Written-out proofs: what is written in them is true, and as people read it."""

import json
from functools import cache

import pytest
from click.testing import CliRunner

import einrnn
from einrnn.check.layout import broken
from einrnn.check.verdict import Derivation, Verdict
from einrnn.cli import main
from einrnn.language.text import left_text, text
from tests.check.derivations import errors, explained, labels_of, source

RNN = "specs/rnn.ein"
GALLERY = (
    "cross_entropy",
    "elementary",
    "geometric",
    "glm",
    "hmm",
    "layer_norm",
    "losses",
    "mixture",
    "policy_gradient",
    "label_smoothing",
    "scaled_messages",
    "two_steps_back",
    "unrolled_descent",
)
DOCUMENTS = (RNN, "specs/three_steps.ein", *(f"specs/gallery/{name}.ein" for name in GALLERY))
# lines of these read a recurrence off the end of a size that the document does not name
NOT_A_CLAIM = {
    ("specs/gallery/geometric.ein", "gauss"),
    ("specs/gallery/two_steps_back.ein", "by input"),
}
_PAGE = 20


@cache
def verdicts(path: str) -> list[Verdict]:
    document = einrnn.load(path)
    return [v for v in explained(document, labels_of(document)) if v.verdict == "proved"]


@cache
def verdict(path: str, label: str) -> Verdict:
    (found,) = explained(einrnn.load(path), [label])
    return found


@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_proof_is_written_out_on_a_page(path: str):
    for found in verdicts(path):
        assert not found.notes
        assert found.derivation
        for part in found.derivation:
            assert 1 <= len(part.lines) <= _PAGE
            assert all(reason for _, reason in part.lines[1:])


@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_line_is_equal_to_the_first(path: str):
    for found in verdicts(path):
        if (path, found.label) in NOT_A_CLAIM:
            continue
        for line, error in errors(source(path), found):
            assert error < 1e-8, (found.label, line)


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_chain_goes_from_the_left_side_to_the_right(path: str):
    model = einrnn.load(path).model
    claims = {(claim.label, claim.step): claim for claim in model.claims}
    for found in verdicts(path):
        claim = claims[found.label, found.step]
        for part in found.derivation:
            if not part.title:
                assert part.lines[0][0] == left_text(claim.left, model)
                assert part.lines[-1][0] == text(claim.right, model, claim.ranges)


def test_a_false_line_is_found_by_these_tests():
    found = verdict(RNN, "13")
    lines = (*found.derivation[0].lines, ("(yhat[t,i] + y[t,i]) s[t,j]", "wrong"))
    wrong = Verdict(**{**vars(found), "derivation": (Derivation("", lines),)})
    assert max(error for _, error in errors(source(RNN), wrong)) > 1e-3


def test_the_gradient_of_an_output_layer():
    (part,) = verdict(RNN, "13").derivation
    shown = [line for line, _ in part.lines]
    assert shown[1] == "-y[t,k]/yhat[t,k] dyhat[t,k]/dV[i,j]"
    assert shown[-2:] == [
        "(yhat[t,i] sum[k] y[t,k] - y[t,i]) s[t,j]",
        "(yhat[t,i] - y[t,i]) s[t,j]",
    ]
    assert part.lines[-1][1] == "by [onehot]"


def test_an_induction_names_its_hypothesis():
    base, step = verdict(RNN, "19").derivation
    assert base.title == "P(-1), the claim at t = -1"
    assert step.title == "P(t) from P(t-1), for t >= 0"
    assert "by P(t-1)" in [reason for _, reason in step.lines]


def test_cases_are_shown_one_by_one():
    titles = [part.title for part in verdict(RNN, "9").derivation]
    assert titles == ["", "where k != l", "where k == l"]


def test_a_lemma_is_named():
    (part,) = verdict(RNN, "20").derivation
    assert ("sum[r: r <= t] ds[t,m]/ds[r,n] ∂s[r,n]/∂W[i,j]", "by [19]") in part.lines


def test_sums_are_exchanged():
    document = "index t, r : T\ninput a[T], b[T]\n"
    claim = "[1] sum[t] a[t] sum[r=0..t] b[r] = sum[r] b[r] sum[t=r..T-1] a[t]\n"
    (found,) = explained(einrnn.parse(document + claim), ["1"])
    assert [reason for _, reason in found.derivation[0].lines] == ["", "sums exchanged"]


def test_nothing_is_written_out_that_was_not_asked_for():
    document = einrnn.load(RNN)
    assert not document.check(labels=["8"])["8"].derivation


def test_json_has_the_lines():
    result = CliRunner().invoke(main, ["check", RNN, "--explain", "8", "--json"])
    (claim,) = json.loads(result.stdout)["files"][0]["claims"]
    (part,) = claim["derivation"]
    assert part["title"] == ""
    first, *others = part["lines"]
    assert first == {"expression": "dE[t]/dyhat[t,k]", "reason": ""}
    assert others[-1]["expression"] == "-y[t,k]/yhat[t,k]"


def test_long_lines_are_broken_outside_brackets():
    whole = "= a[t,i] (b[t,i] - c[t,i]) + a[t,j] (b[t,j] - c[t,j]) - a[t,k]"
    first, second = broken(whole, 50)
    assert (first, second) == (
        "= a[t,i] (b[t,i] - c[t,i])",
        "    + a[t,j] (b[t,j] - c[t,j]) - a[t,k]",
    )
    assert broken("x" * 80, 50) == ["x" * 80]


def test_a_learned_start_has_an_adjoint_of_its_own():
    text = (
        "dim T\ninput c, x[T]\nindex t, r : T\n"
        "s[t] := c s[t-1] + x[t] with s[-1] := c^2\nL := sum[r](s[r]^2)\n"
    )
    printed = einrnn.parse(text).derive("dL/dc").statements()
    document = einrnn.parse(text + printed)
    assert not document.diagnostics
    assert [verdict.verdict for verdict in document.check()] == ["proved"]
