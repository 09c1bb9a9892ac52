"""The verdict ladder: what may be said of each claim of a document."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from einrnn.check import counterexample as examples
from einrnn.check.claims import Prepared, Ready, prepare, with_free_boundaries
from einrnn.check.compare import AGREES
from einrnn.check.explain import explained
from einrnn.check.numbers import Numbers, Tried
from einrnn.check.proofs import Proofs
from einrnn.check.sizes import trial_sizes
from einrnn.check.symbolic import equal_in_sympy
from einrnn.check.verdict import Verdict
from einrnn.core.model import Claim, Model
from einrnn.errors import Diagnostic, EinrnnError
from einrnn.source import Source

_SEARCH_SECONDS = 3.0
_PROOF_SECONDS = 6.0
_SYMPY_SECONDS = 2.0
_REPAIR_SECONDS = 2.0

Progress = Callable[[int, int, str], None]


@dataclass
class Judge:
    """Judges the claims of one model.

    ``seed`` fixes all random choices; ``seconds`` bounds the search for a counterexample
    and the work in sympy for any one claim. A claim that should hold and is refuted is
    explained, as are all that ``explain`` names.
    """

    model: Model
    source: Source
    seed: int = 0
    seconds: float = 10.0
    explain: frozenset[str] = frozenset()

    @cached_property
    def prepared(self) -> Prepared:
        """The claims with their derivatives carried out."""
        return prepare(self.model)

    @cached_property
    def numbers(self) -> Numbers:
        """The numeric tier of the document as it stands."""
        return Numbers(self.prepared, self.seed)

    @cached_property
    def proofs(self) -> Proofs:
        """The prover, with what it has proved so far."""
        sizes = trial_sizes(self.model)[0]
        return Proofs(self.prepared, self.numbers.points.at(sizes, ()))

    @cached_property
    def any_start(self) -> Numbers | None:
        """The numeric tier with constant boundary values free, where there are any."""
        freed = with_free_boundaries(self.model)
        return None if freed is None else Numbers(prepare(freed), self.seed + 1)

    def verdicts(self, progress: Progress | None = None) -> list[Verdict]:
        """A verdict on every claim, in the order of the document."""
        failed = {id(claim): problem for claim, problem in self.prepared.failed}
        ready = {id(item.claim): item for item in self.prepared.claims}
        verdicts: list[Verdict] = []
        for number, claim in enumerate(self.model.claims):
            if progress is not None:
                progress(number, len(self.model.claims), claim.label)
            if id(claim) in failed:
                verdicts.append(self.invalid(claim, (failed[id(claim)],)))
            else:
                verdicts.append(self._guarded(ready[id(claim)]))
        return verdicts

    def _guarded(self, ready: Ready) -> Verdict:
        """The verdict, or the report of a defect that must not stop the other claims."""
        try:
            return self.verdict(ready)
        except EinrnnError as error:
            problem = Diagnostic(error.code, error.message, ready.claim.span, help=error.help)
        except Exception as error:
            message = f"a defect of einrnn, not of the document: {type(error).__name__}: {error}"
            help_ = "please report this document"
            problem = Diagnostic("E999", message, ready.claim.span, help=help_)
        return self.invalid(ready.claim, (problem,))

    def verdict(self, ready: Ready) -> Verdict:
        """What is found out about one claim."""
        start = time.monotonic()
        tried = self.numbers.cross_validated(ready)
        if tried.failed_at is None and tried.sizes:
            tried = replace(tried, failed_at=self.numbers.guarded(ready).failed_at)
        base = self._base(ready, tried)
        if tried.defects:
            verdict = self._defective(base, ready, tried)
        else:
            verdict = (
                self._refuted(base, ready, tried)
                or self._proved(base, ready, tried)
                or self._tested(base, ready, tried)
            )
        if verdict.verdict == "refuted" and (
            ready.claim.expect == "hold" or ready.claim.label in self.explain
        ):
            verdict = self._explained(verdict, ready)
        return replace(verdict, seconds=time.monotonic() - start)

    def _explained(self, verdict: Verdict, ready: Ready) -> Verdict:
        """The verdict with its explanation; a defect there does not undo the refutation."""
        seconds = min(self.seconds, _REPAIR_SECONDS)
        try:
            return explained(verdict, self.prepared, ready, self.numbers, self.proofs, seconds)
        except Exception as error:
            note = f"a defect of einrnn stopped the explanation: {type(error).__name__}: {error}"
            return replace(verdict, notes=(*verdict.notes, note))

    def invalid(self, claim: Claim, diagnostics: tuple[Diagnostic, ...]) -> Verdict:
        """The verdict on a claim that is not well formed."""
        return replace(self._blank(claim), verdict="invalid", diagnostics=diagnostics)

    def _blank(self, claim: Claim) -> Verdict:
        line, column = self.source.place(claim.span.start)
        return Verdict(claim.label, claim.step, line, column, claim.text, claim.expect, "tested")

    def _base(self, ready: Ready, tried: Tried) -> Verdict:
        return replace(
            self._blank(ready.claim),
            assumptions=ready.assumptions,
            sizes_tested=tried.sizes,
            max_error=max(tried.error, tried.cross) if tried.sizes else None,
        )

    def _defective(self, base: Verdict, ready: Ready, tried: Tried) -> Verdict:
        """Two ways to compute one side disagree: nothing may be said of the claim."""
        problems = tuple(
            Diagnostic(
                "E900",
                f"a defect of einrnn, not of the document: {defect}",
                ready.claim.span,
                help="please report this document",
            )
            for defect in tried.defects
        )
        return replace(base, verdict="invalid", diagnostics=problems)

    def _refuted(self, base: Verdict, ready: Ready, tried: Tried) -> Verdict | None:
        if tried.failed_at is None:
            return None
        seconds = min(self.seconds, _SEARCH_SECONDS)
        found = examples.find(self.prepared, ready, self.seed, seconds)
        found = found or examples.at_point(self.prepared, ready, tried.failed_at)
        if found is None:
            return None
        return replace(base, verdict="refuted", method="counterexample", counterexample=found)

    def _proved(self, base: Verdict, ready: Ready, tried: Tried) -> Verdict | None:
        """A proof for all sizes, of a claim that numbers agree with."""
        if not tried.sizes or tried.error > AGREES or tried.failed_at is not None:
            return None
        found = self.proofs.of(ready, min(self.seconds, _PROOF_SECONDS))
        if found is None:
            return None
        return replace(base, verdict="proved", method=found.method, steps=found.steps)

    def _tested(self, base: Verdict, ready: Ready, tried: Tried) -> Verdict:
        if not tried.sizes:
            note = "no inputs were found at which both sides have a value"
            return replace(base, notes=(note,))
        if tried.error > AGREES:
            note = f"the sides differ by {tried.error:.1e}, too little to refute the claim"
            return replace(base, notes=(note,))
        symbolic = equal_in_sympy(
            self.prepared,
            ready,
            lambda sizes: self.numbers.points.at(sizes, ready.assumptions),
            min(self.seconds, _SYMPY_SECONDS),
        )
        start = self._initial_state(ready)
        note = "holds for the stated boundary values, not for arbitrary ones"
        return replace(
            base,
            method="sympy and numbers" if symbolic else "numbers",
            initial_state=start,
            notes=(note,) if start == "stated" else (),
        )

    def _initial_state(self, ready: Ready) -> Literal["any", "stated"] | None:
        """Whether the claim also holds with other constants as boundary values."""
        if self.any_start is None:
            return None
        claims = self.any_start.prepared.claims
        same = next((other for other in claims if other.key == ready.key), None)
        if same is None:
            return None
        tried = self.any_start.sides(same)
        if not tried.sizes:
            return None
        return "any" if tried.error <= AGREES else "stated"
