"""The verdicts on all claims of a document."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import NamedTuple, TypedDict

from einrnn.check import memo
from einrnn.check.aside import Aside, Prompted, Stream
from einrnn.check.claims import Prepared, Ready
from einrnn.check.judge import Judge
from einrnn.check.numbers import Numbers, Tried
from einrnn.check.shelf import Shelf
from einrnn.check.verdict import Counterexample, Verdict
from einrnn.check.witness import Witness
from einrnn.core.model import Claim
from einrnn.errors import Diagnostic, EinrnnError
from einrnn.exact.exact import Outcome

Progress = Callable[[int, int, str], None]
Words = dict[str, Witness]


class Findings(TypedDict, total=False):
    """What is found out of claims in another process, by their keys."""

    tried: dict[str, Tried]
    outcomes: dict[str, Outcome]
    failures: dict[str, Counterexample | None]


class Found(NamedTuple):
    """Verdicts, and how many of them were known before."""

    verdicts: list[Verdict]
    known: int


def witnesses(
    seed: int, labels: frozenset[str], shelf: Shelf | None
) -> Prompted[Prepared, Words] | None:
    """The word of the other engines on all claims, in a process that loads them while the
    document is read; None where verdicts may be known already."""
    known = memo.any_kept() or not (shelf is None or shelf.empty)
    return None if known else Prompted(partial(_witnessed, seed, labels), _load_engines)


# sympy takes as long to load as a document takes to be read; what its sums load when they are
# first made, and a program when it is first called, is loaded meanwhile, too
_ENGINES = (
    "einrnn.check.witnesses",
    "einrnn.numeric.closed",
    "einrnn.sympy_backend.evaluate",
    "sympy.tensor.tensor",
)


def _load_engines() -> None:
    for engine in _ENGINES:
        import_module(engine)


def _witnessed(seed: int, labels: frozenset[str], given: Prepared) -> Words:
    from einrnn.check.witnesses import Witnesses

    numbers, engines, words = Numbers(given, seed), Witnesses(given, seed), Words()
    for item in given.claims:
        if item.claim.expect == "hold" and (not labels or item.claim.label in labels):
            _quietly(lambda item=item: words.update({item.key: engines.said(item, numbers)}))
    return words


def verdicts(
    judge: Judge,
    labels: frozenset[str] = frozenset(),
    progress: Progress | None = None,
    words: Prompted[Prepared, Words] | None = None,
    shelf: Shelf | None = None,
) -> Found:
    """A verdict on every claim, or on those with one of the labels, in the document's order.

    The same claims of the same document are not judged again in one process, nor where a
    ``shelf`` has their verdicts. The numbers and the counterexamples are worked out in a process
    beside the proofs, and so is the word of the other engines where ``words`` has not begun to.
    """
    keys = _keys(judge)
    if shelf is not None:
        for key, old in zip(keys, shelf.take(keys), strict=True):
            if old is not None:
                memo.keep(key, old)
    pairs = zip(judge.model.claims, keys, strict=True)
    asked = [(claim, key) for claim, key in pairs if not labels or claim.label in labels]
    new = [claim for claim, key in asked if memo.kept(key) is None]
    _ahead(judge, new, words)
    rows: list[Verdict] = []
    for number, (claim, key) in enumerate(asked):
        if progress is not None:
            progress(number, len(asked), claim.label)
        rows.append(_kept_or_judged(judge, claim, key))
    if shelf is not None and not labels:
        shelf.put([key for _, key in asked], rows)
    return Found(rows, len(asked) - len(new))


def _kept_or_judged(judge: Judge, claim: Claim, key: Hashable) -> Verdict:
    """The verdict kept under a key, at the claim's place; else a new one, kept if it is none
    on a defect."""
    found = memo.kept(key)
    if found is not None:
        line, column = judge.source.place(claim.span.start)
        return replace(found, line=line, column=column, statement=claim.text)
    verdict = _judged(judge, claim)
    if not any(d.code.startswith("E9") for d in verdict.diagnostics):
        memo.keep(key, verdict)
    return verdict


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


def _ahead(judge: Judge, claims: Sequence[Claim], words: Prompted[Prepared, Words] | None) -> None:
    """The proofs of some claims; beside them, in processes of their own, the other engines, and
    the numbers of one claim after the other, with the counterexamples once it is known what
    fails."""
    if not claims:
        return
    wanted = {id(claim) for claim in claims}
    places = [at for at, item in enumerate(judge.prepared.claims) if id(item.claim) in wanted]
    if not places:
        return
    until = judge.prepared.claims[: places[-1] + 1]
    ready = [until[at] for at in places]
    if words is not None:
        words.give(judge.prepared)
    said = words or Aside(partial(_said, judge, ready))
    old = _proved_before(judge)
    # claims before them that hold may be lemmas
    lemmas = {id(item.claim) for item in until if item.claim.expect == "hold"} - old
    used = [item for item in until if id(item.claim) in wanted | lemmas]
    found = Stream(
        (
            *(partial(_compared, judge, item) for item in used),
            *(partial(_failure, judge, item) for item in ready),
        )
    )
    for item in until:
        if id(item.claim) in wanted | lemmas:
            judge.take(**found.next())
            _quietly(partial(judge.proof, item))
        elif id(item.claim) in old:
            judge.proofs.remember(item)
    for _ in ready:
        judge.take(**found.next())
    judge.take(words=said.result())


def _said(judge: Judge, ready: Sequence[Ready]) -> Words:
    words = Words()
    for item in ready:
        if item.claim.expect == "hold":
            _quietly(lambda item=item: words.update({item.key: judge.witness(item)}))
    return words


def _compared(judge: Judge, item: Ready) -> Findings:
    """The numbers of a claim; those of the exact tier too where a proof may need them."""
    found = Findings()
    _quietly(lambda: found.update(tried={item.key: judge.numbers.sides(item)}))
    if item.claim.expect == "hold":
        _quietly(lambda: found.update(outcomes={item.key: judge.outcome(item)}))
    return found


def _failure(judge: Judge, item: Ready) -> Findings:
    found = Findings()
    _quietly(lambda: found.update(failures={item.key: judge.counterexample(item)}))
    return found


def _proved_before(judge: Judge) -> set[int]:
    """The claims that were proved in this process, and are known without being proved again."""
    kept = zip(judge.model.claims, map(memo.kept, _keys(judge)), strict=True)
    return {id(claim) for claim, old in kept if old is not None and old.verdict == "proved"}


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
