"""Derivatives carried out for many roots in turn are those carried out for each afresh."""

from __future__ import annotations

from pathlib import Path

import pytest

import einrnn
from einrnn.errors import EinrnnError
from einrnn.symbolic.derived import Completion, complete, fewer_axes, forward

SPECS = Path(__file__).parents[2] / "specs"


@pytest.mark.parametrize("policy", [forward, fewer_axes])
@pytest.mark.parametrize("name", ["rnn", "logistic", "gallery/crf"])
def test_what_is_remembered_changes_nothing(name: str, policy) -> None:
    document = einrnn.load(SPECS / f"{name}.ein")
    grown, afresh = Completion(document.model, policy), document.model
    for claim in document.model.claims:
        roots = [(side, claim.ranges) for side in (claim.left, claim.right)]
        afresh, done = complete(afresh, roots, policy)
        assert grown.add(roots) == done
    assert list(grown.model.definitions) == list(afresh.definitions)
    for name, definition in afresh.definitions.items():
        assert grown.model.definitions[name].clauses == definition.clauses


def test_a_failure_leaves_everything_as_it_was() -> None:
    document = einrnn.parse(
        """
dim N
index i : N
input x[N]
A := sum[i] x[i]^2 + { dB/dx[0] if N > 1 ; 0 otherwise }
B := A x[0]
C := sum[i] x[i]^3
[good] dC/dx[i] = 3 x[i]^2
[bad] dB/dx[i] = 0
"""
    )
    claims = {claim.label: claim for claim in document.model.claims}
    work = Completion(document.model, forward)
    with pytest.raises(EinrnnError) as problem:
        work.add([(claims["bad"].left, claims["bad"].ranges)])
    assert problem.value.code == "E510"
    assert work.model is document.model
    roots = [(claims["good"].left, claims["good"].ranges)]
    assert work.add(roots) == complete(document.model, roots, forward)[1]
