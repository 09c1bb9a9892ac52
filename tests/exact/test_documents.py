"""The documents in specs/, corrupted passes, and expressions that are very long."""

from __future__ import annotations

from pathlib import Path

import pytest

import einrnn
from einrnn.check.claims import named_assumptions, prepare
from einrnn.core import affine as af
from einrnn.core.build import apply, neg, number
from einrnn.core.model import Clause, Definition, Model, Range
from einrnn.core.nodes import Add, Element, Expr, Index
from einrnn.exact.exact import Exact
from tests.exact.judging import outcomes

SPECS = Path(__file__).parents[2] / "specs"
FILES = sorted(SPECS.rglob("*.ein"))


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(SPECS)))
def test_right_claims_agree_and_wrong_ones_differ(file: Path) -> None:
    model = einrnn.load(str(file)).model
    ready = prepare(model)
    exact = Exact(ready.reverse)
    for item in ready.claims:
        sides, claim = item.reverse, item.claim
        granted = named_assumptions(model, item.assumptions)
        found = exact.compare(sides.left, sides.right, claim.ranges, claim.condition, granted)
        forbidden = "differs" if claim.expect == "hold" else "agrees"
        assert found.verdict != forbidden, (claim.label, found)
        assert (found.difference is None) == (found.verdict != "differs")


@pytest.mark.parametrize("name", ["ds/dz", "dE/ds", "dyhat/dq"])
def test_a_corrupted_derivative_is_caught(name: str) -> None:
    model = einrnn.load(str(SPECS / "rnn.ein")).model
    ready = prepare(model)
    old = ready.reverse.definitions[name]
    *first, last = old.clauses
    wrong = Clause(last.args, last.ranges, neg(last.body))
    broken = ready.reverse.with_definitions(
        {name: Definition(name, old.axes, (*first, wrong), old.late)}
    )
    exact = Exact(broken)
    verdicts = {
        exact.compare(i.reverse.left, i.reverse.right, i.claim.ranges, i.claim.condition).verdict
        for i in ready.claims
        if i.claim.expect == "hold" and not i.assumptions
    }
    assert "differs" in verdicts


def test_the_seed_decides_everything() -> None:
    text = "input a[N], b[N]\n[it] sum[i] a[i] b[i] = sum[i] a[i]\n"
    first, again, other = (outcomes(text, seed)["it"].difference for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_the_point_of_a_difference_is_told() -> None:
    found = outcomes("input a[N]\n[it] a[i] = { a[i] if i != 1 ; 2 a[i] otherwise }\n")["it"]
    assert found.difference is not None
    assert {i.name: at for i, at in found.difference.at.items()} == {"i": 1}
    assert found.difference.right == 2 * found.difference.left % found.difference.prime


def test_reads_out_of_range_count_in_chosen_branches_only() -> None:
    text = (
        "input a[N]\n[it] { a[i-1] if i > 0 ; 5 otherwise } = { 5 if i == 0 ; a[i-1] otherwise }\n"
    )
    assert outcomes(text)["it"].verdict == "agrees"


def test_a_thousand_operands_and_a_thousand_nested_functions() -> None:
    from einrnn.core.model import Input

    model = Model({"N": None}, {"a": Input("a", (af.of(3),))})
    i = Index("i")
    entry: Expr = Element("a", (af.of(i),))
    ranges = {i: Range(af.ZERO, af.of(2))}
    flat = Add((entry,) * 1000)
    deep: Expr = entry
    for _ in range(1500):
        deep = Add((neg(deep), number(1)))
    exact = Exact(model)
    assert exact.compare(flat, flat, ranges).verdict == "agrees"
    assert exact.compare(deep, entry, ranges).verdict == "agrees"
    assert exact.compare(apply("exp", deep), apply("exp", entry), ranges).verdict == "agrees"
    assert exact.compare(apply("log", deep), apply("log", entry), ranges).verdict == "agrees"
