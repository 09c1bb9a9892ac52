"""Written-out proofs read back as claims, and evaluated without anything that wrote them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product, takewhile
from pathlib import Path

import numpy as np

import einrnn
from einrnn.check.claims import prepare
from einrnn.check.points import Points
from einrnn.check.sizes import trial_sizes
from einrnn.check.verdict import Derivation, Verdict
from einrnn.document import Document
from einrnn.errors import EinrnnError
from einrnn.numeric.interpret import Interpreter

_MOST_POSITIONS = 12


def explained(document: Document, labels: list[str]) -> list[Verdict]:
    """The verdicts on some claims, their proofs written out."""
    return [v for v in document.check(labels=labels, explain=labels) if v.expect == "hold"]


def labels_of(document: Document) -> list[str]:
    """The labels of all claims that must hold."""
    return list(dict.fromkeys(c.label for c in document.model.claims if c.expect == "hold"))


def errors(text: str, verdict: Verdict) -> Iterator[tuple[str, float]]:
    """Each line of a written-out proof with its distance from the first line of its part, as
    the naive interpreter finds it at random inputs that meet the assumptions."""
    for part in verdict.derivation:
        yield from _errors_of(text, verdict, part)


def _errors_of(text: str, verdict: Verdict, part: Derivation) -> Iterator[tuple[str, float]]:
    first, *others = (expression for expression, _ in part.lines)
    claims = "\n".join(
        f"[·line {number}] {first} = {expression}{_condition(part.title or _stated(text, verdict))}"
        for number, expression in enumerate(others)
    )
    document = einrnn.parse(f"{text}\n{claims}\n".replace("·", "the "))
    problems = [d for d in document.diagnostics if d.severity == "error"]
    assert not problems, (verdict.label, [d.message for d in problems], claims)
    prepared = prepare(document.model)
    ready = [r for r in prepared.claims if r.claim.label.startswith("the line ")]
    assert len(ready) == len(others), (verdict.label, prepared.failed)
    points = Points(prepared, 7)
    for sizes in trial_sizes(prepared.model)[:2]:
        point = points.at(sizes, verdict.assumptions)
        if point is None:
            continue
        run = point.interpreter
        for item, expression in zip(ready, others, strict=True):
            yield expression, _distance(run, item)


def _stated(text: str, verdict: Verdict) -> str:
    """A claim as it stands in the text of its document, on one line."""
    first, *others = text.splitlines()[verdict.line - 1 :]
    rest = takewhile(lambda line: line.startswith(" "), others)
    return " ".join(line.partition("#")[0].strip() for line in (first, *rest))


def _condition(title: str) -> str:
    """The condition under which the lines of a part are equal: its own or that of the claim."""
    found = re.search(r"(?:, for|^where|\sfor) (.*)$", title)
    return f"   for {found[1]}" if found else ""


def _distance(run: Interpreter, ready) -> float:
    """The largest relative distance of the sides at some positions where both are defined."""
    spans = [
        range(run.index(r.lo, {}), run.index(r.hi, {}) + 1) for r in ready.claim.ranges.values()
    ]
    places = list(product(*spans))
    chosen = np.random.default_rng(1).permutation(len(places))[:_MOST_POSITIONS]
    worst = 0.0
    for place in chosen:
        env = dict(zip(ready.claim.ranges, places[place], strict=True))
        try:
            left, right = (run.value(s, env) for s in (ready.forward.left, ready.forward.right))
        except EinrnnError:
            continue
        if np.isfinite(left) and np.isfinite(right):
            worst = max(worst, abs(left - right) / max(1.0, abs(left), abs(right)))
    return worst


def source(path: str) -> str:
    """The text of a document."""
    return Path(path).read_text(encoding="utf-8")
