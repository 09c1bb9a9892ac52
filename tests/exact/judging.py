"""Claims of a text, judged by the exact tier alone."""

from __future__ import annotations

import einrnn
from einrnn.check.claims import Prepared, named_assumptions, prepare
from einrnn.exact.exact import Exact, Outcome


def prepared(text: str) -> Prepared:
    return prepare(einrnn.parse(text).model)


def outcomes(text: str, seed: int = 0) -> dict[str, Outcome]:
    """What the exact tier says of each claim, over adjoints; by label."""
    ready = prepared(text)
    assert not ready.failed
    exact = Exact(ready.reverse, seed)
    found: dict[str, Outcome] = {}
    for item in ready.claims:
        granted = named_assumptions(ready.model, item.assumptions)
        sides = item.reverse
        found[item.claim.label] = exact.compare(
            sides.left, sides.right, item.claim.ranges, item.claim.condition, granted
        )
    return found


def verdict(declarations: str, claim: str, seed: int = 0) -> str:
    """The verdict on one claim, written without its label."""
    return outcomes(f"{declarations}\n[it] {claim}\n", seed)["it"].verdict
