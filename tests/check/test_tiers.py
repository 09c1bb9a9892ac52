"""The tiers of a verdict one by one, and that each notices what is corrupted on purpose."""

import numpy as np
import pytest

import einrnn
from einrnn.check import memo, witnesses
from einrnn.check.assumptions import residuals, satisfy
from einrnn.check.differences import largest_error
from einrnn.check.judge import Judge
from einrnn.core.build import number
from einrnn.core.model import Clause, Definition, Model
from einrnn.core.nodes import Derivative
from einrnn.symbolic.derived import complete, forward
from tests.builders import at, entry, rnn

SIZES = {"T": 5, "H": 2, "D": 2, "K": 3, "N": 5}


def data(model: Model) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        name: rng.normal(size=tuple(SIZES[a.terms[0][0].name] for a in given.axes))
        for name, given in model.inputs.items()
    }


def test_differences_accept_right_derivatives_and_notice_wrong_ones():
    root = Derivative("total", entry("s", "t", "m"), "W", (at("a"), at("b")))
    model, _ = complete(rnn(), [(root, {})], forward)
    arrays, rng = data(model), np.random.default_rng(1)
    assert largest_error(model, SIZES, arrays, "ds/dW", rng) < 1e-8
    old = model.definitions["ds/dW"]
    wrong = tuple(Clause(c.args, c.ranges, number(1)) for c in old.clauses)
    broken = model.with_definitions({"ds/dW": Definition("ds/dW", old.axes, wrong)})
    assert largest_error(broken, SIZES, arrays, "ds/dW", rng) > 1e-3


def test_inputs_are_moved_onto_the_assumptions():
    model = einrnn.parse(
        "input y[T,K], Q[N,N]\nassume [one] sum[k] y[t,k] = 1\n"
        "assume [orthogonal] sum[k] Q[i,k] Q[j,k] = delta[i,j]"
    ).model
    rng = np.random.default_rng(0)
    arrays = {"y": rng.normal(size=(3, 4)), "Q": rng.normal(size=(3, 3))}
    sizes = {"T": 3, "K": 4, "N": 3}
    moved = satisfy(model, model.assumptions, sizes, arrays)
    assert moved is not None
    assert np.abs(residuals(model, model.assumptions, sizes, (moved,))).max() < 1e-12
    np.testing.assert_allclose(moved["y"].sum(1), 1)
    np.testing.assert_allclose(moved["Q"] @ moved["Q"].T, np.eye(3), atol=1e-12)


def test_assumptions_that_cannot_hold_are_noticed():
    model = einrnn.parse("input y[K]\nassume [no] sum[k] y[k]^2 = -1").model
    arrays = {"y": np.ones(3)}
    assert satisfy(model, model.assumptions, {"K": 3}, arrays) is None


def test_a_disagreement_of_the_engines_is_reported_as_a_defect(monkeypatch: pytest.MonkeyPatch):
    """The interpreter is made to lie: the claim is not judged, and the tool says so."""
    honest = witnesses.interpreted

    def lying(point, ready, chosen):
        return [(left + 1e-3, right) for left, right in honest(point, ready, chosen)]

    monkeypatch.setattr(witnesses, "interpreted", lying)
    memo.forget()
    report = einrnn.parse("input x[N]\n[1] x[i] + x[i] = 2 x[i]").check()
    verdict = report["1"]
    assert verdict.verdict == "invalid"
    assert verdict.diagnostics[0].code == "E900"
    assert "defect of einrnn" in verdict.diagnostics[0].message
    assert not report.ok


def test_a_crash_in_one_claim_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch):
    honest = Judge.verdict

    def crashing(self, ready):
        if ready.claim.label == "1":
            raise ZeroDivisionError("on purpose")
        return honest(self, ready)

    monkeypatch.setattr(Judge, "verdict", crashing)
    memo.forget()
    report = einrnn.parse("input x[N]\n[1] x[i] = x[i]\n[2] x[i] + x[i] = 2 x[i]").check()
    assert report["1"].diagnostics[0].code == "E999"
    assert report["2"].verdict == "proved"
