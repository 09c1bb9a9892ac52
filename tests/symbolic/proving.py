"""The prover by itself, and numbers to compare with: no tier stands before it."""

from __future__ import annotations

import einrnn
from einrnn.check.claims import prepare
from einrnn.check.proofs import Proofs

# what a proof needs depends on the machine, which may be slow and busy
ENOUGH = 40.0
TRIED = 2.5


def proved(text: str) -> bool:
    """Whether the prover alone accepts the only claim of a document."""
    return _accepted(text, ENOUGH)


def refused(text: str) -> bool:
    """Whether the prover alone does not accept it, as long as people wait for it."""
    return not _accepted(text, TRIED)


def _accepted(text: str, seconds: float) -> bool:
    prepared = prepare(einrnn.parse(text).model)
    assert not prepared.failed
    (ready,) = prepared.claims
    return Proofs(prepared, ()).of(ready, seconds) is not None


def error_in_numbers(text: str) -> float:
    """How far the sides of the only claim are apart at random points, for the numeric engines."""
    (verdict,) = einrnn.parse(text).check(timeout=1)
    assert verdict.max_error is not None
    return verdict.max_error
