"""The flagship: every equation of the document, and every wrong reading of one."""

from functools import cache
from pathlib import Path

import pytest

import einrnn
from einrnn.check.verdict import Report

EQUATIONS = """
1a 1b 2 3 4 5 6 7 8 9 10a 10b 11 12a 12b 12c 13 14 15 16a 16b 16c 17 18 19 20 21 22 23 24 2.4
""".split()  # noqa: SIM905
WRONG = """
4 immediate,9 sigmoid,11 without,13 without,15 immediate,17 total,17 immediate,18 immediate
19 before,20 total,20 immediate,22 immediate,23 total,23 immediate,23 from 1,2.4 without 1/N
""".strip().replace("\n", ",").split(",")  # fmt: skip


@cache
def report() -> Report:
    return einrnn.load("specs/rnn.ein").check()


@pytest.mark.parametrize("label", [*EQUATIONS, "example", "local W", "local U", "local s"])
def test_an_equation_holds(label: str):
    verdicts = [v for v in report() if v.label == label]
    assert verdicts
    for verdict in verdicts:
        assert verdict.expect == "hold"
        assert verdict.verdict == "proved"
        assert verdict.max_error is not None
        assert verdict.max_error < 1e-10
        assert any(sizes["T"] >= 5 for sizes in verdict.sizes_tested)


@pytest.mark.parametrize("label", WRONG)
def test_a_wrong_reading_is_refuted(label: str):
    verdict = report()[label]
    assert verdict.expect == "refute"
    assert verdict.verdict == "refuted"
    found = verdict.counterexample
    assert found is not None
    assert abs(found.left - found.right) > 1e-6


def test_nothing_is_unexpected():
    assert report().ok
    assert report().counts["unexpected"] == 0


def test_what_needs_one_hot_targets_says_so():
    for label in ("11", "13", "14", "21", "24"):
        assert report()[label].assumptions == ("onehot",)
    assert report()["20"].assumptions == ()


def test_counterexamples_to_11_and_13_are_no_one_hot_targets():
    """They fail where the targets do not add up to one, where the right reading holds."""
    for label in ("11 without", "13 without", "21 without", "24 without"):
        found = report()[label].counterexample
        assert found is not None
        rows = found.inputs["y"]
        assert any(abs(sum(row) - 1) > 1e-9 for row in rows)


def test_wrong_readings_for_the_recurrent_weights_need_three_steps():
    """With a zero initial state they agree with the right one up to T = 2."""
    for label in ("15 immediate", "20 total", "17 total"):
        found = report()[label].counterexample
        assert found is not None
        assert found.sizes["T"] >= 3


def test_a_claim_asked_for_alone_has_the_claims_before_it_as_lemmas():
    from einrnn.check import memo

    memo.forget()
    path = Path(__file__).parents[2] / "specs" / "rnn.ein"
    alone = einrnn.load(path).check(labels=["21"])
    assert [verdict.label for verdict in alone] == ["21"]
    steps = ("with [1b], [local W], [20]",)
    assert (alone["21"].verdict, alone["21"].steps) == ("proved", steps)


def test_a_new_claim_has_those_judged_before_as_lemmas():
    from einrnn.check import memo

    memo.forget()
    path = Path(__file__).parents[2] / "specs" / "rnn.ein"
    text = path.read_text(encoding="utf-8")
    start = text.index("[21]")
    einrnn.parse(text[:start]).check(labels=["20"])
    again = einrnn.parse(text[: text.index("\n", start)]).check(labels=["21"])
    assert again["21"].verdict == "proved"
