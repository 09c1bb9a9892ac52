"""The verdict ladder: what may be said of one claim of a document."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from einrnn.check.claims import (
    Prepared,
    Ready,
    named_assumptions,
    prepare,
    with_free_boundaries,
)
from einrnn.check.kinks import may_be_convention
from einrnn.check.numbers import Numbers, Tried
from einrnn.check.proofs import Proofs
from einrnn.check.sizes import trial_sizes
from einrnn.check.tolerance import AGREES, REFUTES
from einrnn.check.verdict import Counterexample, Verdict
from einrnn.check.witness import Witness
from einrnn.core.model import Claim, Model
from einrnn.dataclass import dataclass
from einrnn.errors import Diagnostic
from einrnn.exact.exact import Exact, Outcome
from einrnn.source import Source
from einrnn.symbolic.proof.statement import Proof

if TYPE_CHECKING:
    from einrnn.check.candidates import Candidates
    from einrnn.check.witnesses import Witnesses

_MOST_DRAWS = 6  # of inputs at which lemmas are looked for
_SEARCH_SECONDS = 3.0
_PROOF_SECONDS = 8.0
_SYMPY_SECONDS = 2.0
_REPAIR_SECONDS = 6.0
_DERIVATION_SECONDS = 4.0
# relative differences that rounding leaves; what is beyond is looked at again
_NOISE = 1e-13


@dataclass()
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
    _outcomes: dict[str, Outcome] = field(default_factory=dict[str, Outcome])
    _proofs: dict[str, Proof | None] = field(default_factory=dict[str, "Proof | None"])
    _words: dict[str, Witness] = field(default_factory=dict[str, Witness])
    _failures: dict[str, Counterexample | None] = field(
        default_factory=dict[str, "Counterexample | None"]
    )
    # seconds that went into proofs ahead of the verdicts
    _spent: dict[str, float] = field(default_factory=dict[str, float])

    @cached_property
    def prepared(self) -> Prepared:
        """The claims with their derivatives carried out."""
        return prepare(self.model)

    @cached_property
    def numbers(self) -> Numbers:
        """The numeric tier of the document as it stands."""
        return Numbers(self.prepared, self.seed)

    @cached_property
    def exact(self) -> Exact:
        """The exact tier."""
        return Exact(self.prepared.forward, self.seed)

    @cached_property
    def witnesses(self) -> Witnesses:
        """The other engines, which take long to load."""
        from einrnn.check.witnesses import Witnesses

        return Witnesses(self.prepared, self.seed)

    @cached_property
    def candidates(self) -> Candidates:
        """The simple inputs at which counterexamples are looked for."""
        from einrnn.check.candidates import Candidates

        return Candidates(self.prepared, self.seed)

    @cached_property
    def proofs(self) -> Proofs:
        """The prover, with what it has proved so far."""
        sizes = trial_sizes(self.model)[0]
        found = (self.numbers.points.at(sizes, (), draw) for draw in range(_MOST_DRAWS))
        return Proofs(self.prepared, tuple(point for point in found if point is not None))

    @cached_property
    def any_start(self) -> Numbers | None:
        """The numeric tier with constant boundary values free, where there are any."""
        freed = with_free_boundaries(self.model)
        return None if freed is None else Numbers(prepare(freed), self.seed + 1)

    def verdict(self, ready: Ready) -> Verdict:
        """What is found out about one claim."""
        start = time.monotonic() - self._spent.get(ready.key, 0.0)
        tried, failure = self.numbers.sides(ready), self.counterexample(ready)
        # the interpreter has confirmed a counterexample: no other engine needs to be asked
        witness = self.witness(ready) if failure is None else Witness()
        defects = (*tried.defects, *witness.defects)
        base = self._base(ready, tried, witness)
        if defects:
            return self._defective(base, ready, defects)
        verdict = (
            self._refuted(base, failure)
            or self._proved(base, ready)
            or self._refuted(base, self._close_failure(ready, tried))
            or self._tested(base, ready, tried)
        )
        if verdict.verdict == "refuted" and (
            ready.claim.expect == "hold" or ready.claim.label in self.explain
        ):
            verdict = self._explained(verdict, ready)
        elif verdict.verdict == "proved" and ready.claim.label in self.explain:
            verdict = self._written_out(verdict, ready)
        return replace(verdict, seconds=time.monotonic() - start)

    # ------------------------------------------------------------------ what is found out

    def outcome(self, ready: Ready) -> Outcome:
        """The word of the exact tier."""
        if ready.key not in self._outcomes:
            granted = named_assumptions(self.model, ready.assumptions)
            pair, ranges = ready.forward, ready.claim.ranges
            self._outcomes[ready.key] = self.exact.compare(
                pair.left, pair.right, ranges, None, granted
            )
        return self._outcomes[ready.key]

    def proof(self, ready: Ready) -> Proof | None:
        """A proof for all sizes; looked for only where no tier of numbers objects."""
        if ready.key not in self._proofs:
            start = time.monotonic()
            tried = self.numbers.sides(ready)
            open_ = tried.sizes and tried.failed_at is None and self._agrees(ready, tried)
            open_ = open_ and not self._is_convention(ready)
            found = None
            if open_ and self._is_open(ready, tried):
                found = self.proofs.of(ready, min(self.seconds, _PROOF_SECONDS))
            self._proofs[ready.key] = found
            self._spent[ready.key] = time.monotonic() - start
        return self._proofs[ready.key]

    def _is_open(self, ready: Ready, tried: Tried) -> bool:
        """Whether the exact tier leaves a claim open: where it cannot tell, floats that differ at
        extreme entries are held against a claim if the interpreter confirms them."""
        verdict = self.outcome(ready).verdict
        if verdict != "undecided" or tried.extreme is None:
            return verdict in ("agrees", "undecided")
        return not self.numbers.surely_fails_at(tried.extreme, ready)

    def _is_convention(self, ready: Ready) -> bool:
        """Whether what a claim says of a derivative hangs on what that is taken for at a kink."""
        return may_be_convention(self.prepared, ready) or self.numbers.ties(ready)

    def _agrees(self, ready: Ready, tried: Tried) -> bool:
        """Whether the numbers agree: in floats, or where those are too inexact to tell, exactly."""
        if tried.error <= AGREES:
            return True
        outcome = self.outcome(ready)
        return tried.error <= REFUTES and outcome.verdict == "agrees" and outcome.exact

    def witness(self, ready: Ready) -> Witness:
        """The word of the other engines at one point."""
        if ready.key not in self._words:
            self._words[ready.key] = self.witnesses.said(ready, self.numbers)
        return self._words[ready.key]

    def counterexample(self, ready: Ready) -> Counterexample | None:
        """Where a claim fails, if a tier of numbers objects to it."""
        if ready.key not in self._failures:
            self._failures[ready.key] = self._counterexample(ready)
        return self._failures[ready.key]

    def _counterexample(self, ready: Ready) -> Counterexample | None:
        from einrnn.check import counterexample as examples

        tried = self.numbers.sides(ready)
        seconds, place, found = min(self.seconds, _SEARCH_SECONDS), tried.failed_at, None
        if place is not None or self.outcome(ready).verdict == "differs":
            found = examples.find(self.candidates, ready, seconds)
            if found is None and place is None:
                found = examples.find_exactly(self.candidates, ready, seconds)
        elif not self.outcome(ready).exact:
            place = tried.extreme
        point = None if place is None else self.numbers.at(place, ready)
        if found is None and point is not None:
            found = examples.from_point(self.candidates, ready, point, seconds)
        if found is None and tried.failed_at is not None:
            sure = self.numbers.surely_failing(ready)
            if sure is not None:
                found = examples.from_point(self.candidates, ready, sure, seconds)
        return found

    def _close_failure(self, ready: Ready, tried: Tried) -> Counterexample | None:
        """Where a claim that could not be proved fails by little, yet surely."""
        from einrnn.check.counterexample import find_closely

        if tried.error <= _NOISE and self.outcome(ready).verdict != "differs":
            return None
        return find_closely(self.candidates, ready, min(self.seconds, _SEARCH_SECONDS))

    def take(
        self,
        tried: Mapping[str, Tried] | None = None,
        outcomes: Mapping[str, Outcome] | None = None,
        words: Mapping[str, Witness] | None = None,
        failures: Mapping[str, Counterexample | None] | None = None,
    ) -> None:
        """What was worked out elsewhere, by the keys of claims."""
        self.numbers.take(tried or {})
        self._outcomes.update(outcomes or {})
        self._words.update(words or {})
        self._failures.update(failures or {})

    # ------------------------------------------------------------------ the verdicts
    def _explained(self, verdict: Verdict, ready: Ready) -> Verdict:
        """The verdict with its explanation; a defect there does not undo the refutation."""
        from einrnn.check.explain import explained

        seconds = min(self.seconds, _REPAIR_SECONDS)
        try:
            return explained(verdict, self.prepared, ready, self.numbers, self.proofs, seconds)
        except Exception as error:
            return _unexplained(verdict, error)

    def _written_out(self, verdict: Verdict, ready: Ready) -> Verdict:
        """The verdict with the proof written out; a defect there does not undo the proof."""
        from einrnn.check.derivation import derivation

        proof = self.proof(ready)
        assert proof is not None
        seconds = min(self.seconds, _DERIVATION_SECONDS)
        try:
            written = derivation(ready, proof, self.proofs, self.numbers, seconds)
        except Exception as error:
            return _unexplained(verdict, error)
        return replace(verdict, derivation=written)

    def invalid(self, claim: Claim, diagnostics: tuple[Diagnostic, ...]) -> Verdict:
        """The verdict on a claim that is not well formed."""
        return replace(self._blank(claim), verdict="invalid", diagnostics=diagnostics)

    def _blank(self, claim: Claim) -> Verdict:
        line, column = self.source.place(claim.span.start)
        return Verdict(claim.label, claim.step, line, column, claim.text, claim.expect, "tested")

    def _base(self, ready: Ready, tried: Tried, witness: Witness) -> Verdict:
        worst = max(tried.error, tried.rounding, tried.cross, witness.cross)
        return replace(
            self._blank(ready.claim),
            assumptions=ready.assumptions,
            sizes_tested=tried.sizes,
            max_error=worst if tried.sizes else None,
        )

    def _defective(self, base: Verdict, ready: Ready, defects: tuple[str, ...]) -> Verdict:
        """Two ways to compute one side disagree: nothing may be said of the claim."""
        problems = tuple(
            Diagnostic(
                "E900",
                f"a defect of einrnn, not of the document: {defect}",
                ready.claim.span,
                help="please report this document",
            )
            for defect in defects
        )
        return replace(base, verdict="invalid", diagnostics=problems)

    def _refuted(self, base: Verdict, found: Counterexample | None) -> Verdict | None:
        if found is None:
            return None
        return replace(base, verdict="refuted", method="counterexample", counterexample=found)

    def _proved(self, base: Verdict, ready: Ready) -> Verdict | None:
        found = self.proof(ready)
        if found is None:
            return None
        return replace(base, verdict="proved", method=found.method, steps=found.steps)

    def _tested(self, base: Verdict, ready: Ready, tried: Tried) -> Verdict:
        if not tried.sizes:
            note = "no inputs were found at which both sides have a value"
            if not self.numbers.has_points(ready):
                names = ", ".join(f"[{name}]" for name in ready.assumptions)
                note = f"no inputs were found that satisfy {names}: nothing was tried"
            return replace(base, method="at no point", notes=(note,))
        if tried.error > AGREES:
            note = f"the sides differ by {tried.error:.1e}, too little to refute the claim"
            if tried.error > REFUTES:
                note = "the sides differ where one of them has no value, or rounding decides which"
            return replace(base, notes=(note,))
        outcome = self.outcome(ready)
        if outcome.verdict == "differs":
            note = "the sides differ modulo primes, yet no real inputs were found at which they do"
            return replace(base, notes=(note,))
        if self._is_convention(ready):
            note = "what a derivative is where two values are the same is a convention"
            return replace(base, method=self._method(ready, outcome), notes=(note,))
        start = self._initial_state(ready)
        note = "holds for the stated boundary values, not for arbitrary ones"
        return replace(
            base,
            method=self._method(ready, outcome),
            initial_state=start,
            notes=(note,) if start == "stated" else (),
        )

    def _method(self, ready: Ready, outcome: Outcome) -> str:
        """How a claim was tested: exactly where the exact tier could."""
        if outcome.verdict == "agrees" and outcome.exact:
            return "exact modulo primes, and numbers"
        from einrnn.check.symbolic import equal_in_sympy

        symbolic = equal_in_sympy(
            self.prepared,
            ready,
            lambda sizes: self.numbers.points.at(sizes, ready.assumptions),
            min(self.seconds, _SYMPY_SECONDS),
        )
        return "sympy and numbers" if symbolic else "numbers"

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


def _unexplained(verdict: Verdict, error: Exception) -> Verdict:
    note = f"a defect of einrnn stopped the explanation: {type(error).__name__}: {error}"
    return replace(verdict, notes=(*verdict.notes, note))
