"""Verdicts in words: how a claim was proved, and what is wrong with one that was refuted."""

from __future__ import annotations

from collections.abc import Iterator

from einrnn.check.layout import written
from einrnn.check.verdict import Verdict


def how(verdict: Verdict) -> Iterator[str]:
    """The method, the assumptions and the steps of a proof, line by line."""
    yield f"  {verdict.verdict} by {verdict.method}"
    if verdict.assumptions:
        yield f"  using {', '.join(verdict.assumptions)}"
    for number, step in enumerate(verdict.steps, 1):
        yield f"    {number}. {step}"
    for part in verdict.derivation:
        yield ""
        if part.title:
            yield f"  {part.title}:"
        yield from (f"    {line}" for line in written(part))


def why_not(verdict: Verdict) -> Iterator[str]:
    """The residual, the wrong term, the repair and the assumption that would do."""
    if verdict.residual:
        yield f"  left - right = {verdict.residual}"
    if verdict.wrong_term:
        yield f"  the term {verdict.wrong_term} is wrong"
    if verdict.repair is not None:
        yield f"  {verdict.repair.edit}"
        judged = "proved" if verdict.repair.verdict == "proved" else "tested, not proved"
        yield f"  help: did you mean {verdict.repair.statement} ({judged})"
    if verdict.true_under:
        yield f"  help: it is true if {verdict.true_under}"
