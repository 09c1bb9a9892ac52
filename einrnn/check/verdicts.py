"""The verdicts on all claims of a document."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from functools import partial

from einrnn.check import memo
from einrnn.check.aside import Aside
from einrnn.check.claims import Ready
from einrnn.check.judge import Beside, Judge
from einrnn.check.verdict import Verdict
from einrnn.core.model import Claim
from einrnn.errors import Diagnostic, EinrnnError

Progress = Callable[[int, int, str], None]


def verdicts(judge: Judge, progress: Progress | None = None) -> list[Verdict]:
    """A verdict on every claim, in the order of the document.

    The same claims of the same document are not judged again in one process. The other
    engines and the counterexamples are worked out in a process beside the proofs.
    """
    claims = judge.model.claims
    keys = _keys(judge)
    old = [memo.kept(key) for key in keys]
    if None in old:
        _ahead(judge, [claim for claim, found in zip(claims, old, strict=True) if found is None])
    rows: list[Verdict] = []
    for number, (claim, key, found) in enumerate(zip(claims, keys, old, strict=True)):
        if progress is not None:
            progress(number, len(claims), claim.label)
        if found is None:
            rows.append(_judged(judge, claim))
            if not any(d.code.startswith("E9") for d in rows[-1].diagnostics):
                memo.keep(key, rows[-1])
        else:
            line, column = judge.source.place(claim.span.start)
            rows.append(replace(found, line=line, column=column, statement=claim.text))
    return rows


def _keys(judge: Judge) -> list[Hashable]:
    """What each verdict depends on: claims before it may serve as lemmas."""
    model = memo.model_key(judge.model)
    keys: list[Hashable] = []
    before: Hashable = ()
    for claim in judge.model.claims:
        before = (before, memo.claim_key(claim))
        explain = claim.label in judge.explain
        keys.append((judge.seed, judge.seconds, explain, model, before))
    return keys


def _ahead(judge: Judge, claims: Sequence[Claim]) -> None:
    """Numbers of all claims first; then the proofs, and the rest beside them."""
    wanted = {id(claim) for claim in claims}
    ready = [item for item in judge.prepared.claims if id(item.claim) in wanted]
    for item in ready:
        _quietly(partial(judge.numbers.sides, item))
        _quietly(partial(judge.outcome, item))
    aside = Aside(partial(_besides, judge, ready))
    for item in ready:
        _quietly(partial(judge.proof, item))
    judge.take(aside.result())


def _besides(judge: Judge, ready: Sequence[Ready]) -> dict[str, Beside]:
    for item in ready:
        _quietly(partial(judge.beside, item))
    return judge.besides


def _quietly(work: Callable[[], object]) -> None:
    """Do what will be asked for again, where its failure is reported claim by claim."""
    try:
        work()
    except Exception:
        return


def _judged(judge: Judge, claim: Claim) -> Verdict:
    for failed, problem in judge.prepared.failed:
        if failed is claim:
            return judge.invalid(claim, (problem,))
    (ready,) = (item for item in judge.prepared.claims if item.claim is claim)
    return _guarded(judge, ready)


def _guarded(judge: Judge, ready: Ready) -> Verdict:
    """The verdict, or the report of a defect that must not stop the other claims."""
    try:
        return judge.verdict(ready)
    except EinrnnError as error:
        problem = Diagnostic(error.code, error.message, ready.claim.span, help=error.help)
    except Exception as error:
        message = f"a defect of einrnn, not of the document: {type(error).__name__}: {error}"
        help_ = "please report this document"
        problem = Diagnostic("E999", message, ready.claim.span, help=help_)
    return judge.invalid(ready.claim, (problem,))
