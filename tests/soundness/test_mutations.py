"""A small sample of single-token edits; the whole is `python -m tests.fuzz.mutations`."""

import random
from collections import Counter
from pathlib import Path

from tests.fuzz.mutations import Edit, claims, edits, edits_of, outcome

SPECS = Path(__file__).parents[2] / "specs"
SMALL = ("logistic.ein", "gallery/softmax.ein", "gallery/optimiser.ein", "corpus/softmax_ce.ein")


def test_edits_change_one_token_of_the_equation():
    rows = list(edits("[a b] x[i,j] = 2 y[j,i]", ["i", "j"]))
    assert "[a b] x[i,j] = 3 y[j,i]" in rows
    assert "[a b] x[i,i] = 2 y[j,i]" in rows
    assert "[a b] x[i,j] = 2 y[i,j]" in rows
    assert "[a b] x[i-1,j] = 2 y[j,i]" in rows
    assert all(row.startswith("[a b]") for row in rows)


def test_claims_go_on_over_lines():
    text = "input x\n[1] x = x\n    + 0\n[2] x = x\n"
    assert [text[a:b] for a, b in claims(text)] == ["[1] x = x\n    + 0", "[2] x = x"]


def test_no_edit_of_a_sample_is_proved_though_false():
    counts: Counter[str] = Counter()
    for name in SMALL:
        rows = list(edits_of(str(SPECS / name)))
        for row in random.Random(3).sample(rows, 8):
            found = outcome(row)
            assert found != "FALSE PROOF", row.claim
            counts[found] += 1
    assert counts["false"] >= 3


def test_a_prover_that_believes_everything_is_noticed(monkeypatch):
    from einrnn.symbolic.proof.prover import Prover
    from einrnn.symbolic.proof.statement import Proof

    monkeypatch.setattr(Prover, "prove", lambda self, statement: Proof("belief"))
    text = "input x[N]\n[1] x[i] = 2 x[i]\n"
    assert outcome(Edit("-", "1", "", text)) == "FALSE PROOF"
