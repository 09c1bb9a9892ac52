"""The tier of proofs: claims decided for all sizes, each with the claims before it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from einrnn.check.claims import Prepared, Ready, Sides, named_assumptions
from einrnn.check.conjectures import conjectures, constants, lively, symmetric_by_numbers
from einrnn.check.points import Point
from einrnn.core.cputime import passed
from einrnn.core.model import Assumption, Fact, Model
from einrnn.core.nodes import Affine, Cases, Dim, Expr
from einrnn.core.numbers import fixed_dims, ranges_in, with_numbers
from einrnn.core.reach import reached
from einrnn.core.traverse import rename_dims, tensors
from einrnn.dataclass import dataclass
from einrnn.symbolic.exhaustive import with_exhaustive_cases
from einrnn.symbolic.maxima import differentiated_by, one_each, with_one_each
from einrnn.symbolic.normal.stated import said_symmetric
from einrnn.symbolic.proof.defined import Defined
from einrnn.symbolic.proof.generic import is_generic
from einrnn.symbolic.proof.positive import surely_positive
from einrnn.symbolic.proof.prover import Prover
from einrnn.symbolic.proof.solved import solved_for
from einrnn.symbolic.proof.statement import Lemma, Proof, Statement, Way, over_ranges, usable
from einrnn.symbolic.proof.symmetry import symmetric
from einrnn.symbolic.proof.together import is_timed

if TYPE_CHECKING:
    from einrnn.symbolic.narrate.scene import Scene

_CONJECTURE_SECONDS = 8.0
_SYMMETRY_SECONDS = 2.0
_TOGETHER_SECONDS = 4.0
_POSITIVE_SHARE = 0.25
# whose turn it is to look for a proof, and for which part of the time
_TURNS: tuple[tuple[Way, float], ...] = (
    ("forward", 0.08),
    ("reverse", 0.25),
    ("forward", 0.37),
    ("reverse", 0.3),
)


@dataclass(frozen=True)
class _Known:
    """A proved claim and the assumptions that it leans on.

    A ``partial`` one may replace its left side only where something else has its values.
    """

    lemma: Lemma
    assumptions: frozenset[str]
    partial: bool = False


@dataclass()
class Proofs:
    """Proves claims of one document; what is proved may be used for later claims.

    At one of ``points`` conjectures are looked for, lemmas that the document does not state.
    """

    prepared: Prepared
    points: tuple[Point, ...]
    _known: dict[str, list[_Known]] = field(default_factory=dict[str, list[_Known]])
    # what claims say to be symmetric, with the assumptions that they lean on
    _mirrored: dict[str, list[tuple[str, frozenset[str]]]] = field(
        default_factory=dict[str, "list[tuple[str, frozenset[str]]]"]
    )
    # by their keys what the proved claims lean on
    proved: dict[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    # by what they assume the claims that hold together
    _together: dict[frozenset[str], frozenset[str]] = field(
        default_factory=dict["frozenset[str]", "frozenset[str]"]
    )

    def of(self, ready: Ready, seconds: float) -> Proof | None:
        """A proof of a claim: over recurrences that run forward, or over adjoints.

        Which of the two is short cannot be told beforehand, and the other may take very long:
        both get a little time first, then what they did not use up.
        """
        _ = self._found, self._symmetric  # the search for lemmas has time of its own
        ways = _ways(ready)
        open_ = [way for way, _ in ways]
        deadline = time.process_time() + seconds
        for way, share in _TURNS:
            if way not in open_:
                continue
            until = min(deadline, time.process_time() + share * seconds)
            statement = self._statement(ready, dict(ways)[way])
            if not is_generic(self._models[way], statement, self._granted(ready)):
                return None
            prover = self._prover(ready, way, statement, until)
            proof = prover.prove(statement)
            if proof is not None:
                self.remember(ready)
                return replace(proof, way=way)
            if not passed(until):
                open_.remove(way)  # all was tried
        proof = self._with_positive(ready, seconds)
        if proof is not None:
            self.remember(ready)
            return proof
        if self._is_among(ready):
            self.remember(ready)
            return Proof("induction", ("of all claims about what recurs together",))
        return None

    def _with_positive(self, ready: Ready, seconds: float) -> Proof | None:
        """A proof where all is positive that a claim takes logarithms of: where it is not, the
        claim has no values."""
        statement = self._statement(ready, ready.forward)
        model = self._models["forward"]
        # an assumption may tie entries that are positive to others
        assumed = (side for a in self._granted(ready) for side in (a.left, a.right))
        names = surely_positive(model, self._defined["forward"], statement)
        names -= reached(model, tuple(assumed))
        new = {
            name: replace(given, facts=(*given.facts, Fact("positive")))
            for name, given in model.inputs.items()
            if name in names and not given.has("positive")
        }
        if not new:
            return None
        until = time.process_time() + _POSITIVE_SHARE * seconds
        prover = replace(
            self._prover(ready, "forward", statement, until),
            model=replace(model, inputs={**model.inputs, **new}),
        )
        found = prover.prove(statement)
        words = f"with {', '.join(new)} positive, where logarithms have values"
        return found and replace(found, steps=(*found.steps, words), by=None)

    def _is_among(self, ready: Ready) -> bool:
        """Whether a claim is one of those about recurrences that hold by one induction for all
        that assume the same."""
        assumed = frozenset(ready.assumptions)
        if assumed not in self._together:
            self._together[assumed] = self._shown_together(assumed)
        return ready.key in self._together[assumed]

    def _shown_together(self, assumed: frozenset[str]) -> frozenset[str]:
        model = self._models["forward"]
        rows = {
            item.key: self._statement(item, item.forward)
            for item in self.prepared.claims
            if item.claim.expect == "hold" and frozenset(item.assumptions) == assumed
        }
        # each is used in the proofs of the others, wherever these have values
        whole = self._defined["forward"].may_replace
        rows = {key: row for key, row in rows.items() if is_timed(model, row) and whole(row)}
        if len(rows) < 2:
            return frozenset()
        granted = named_assumptions(self._models["stated"], tuple(assumed))
        deadline = time.process_time() + _TOGETHER_SECONDS
        shown = Prover(model, granted, deadline=deadline).proved_together(tuple(rows.values()))
        return frozenset(key for key, row in rows.items() if row in shown)

    def over(self, prepared: Prepared) -> Proofs:
        """A prover of statements over a larger model, that knows what this one knows by now
        and looks for no lemmas of its own."""
        own = (self.prepared.forward, self.prepared.reverse)
        plain = all(new is old for new, old in zip(self._with_one_each, own, strict=True))
        # else what is known of maxima may not hold there
        same = plain or self._by >= differentiated_by(prepared.forward, ())
        known = {way: list(lemmas) for way, lemmas in self._known.items() if same}
        mirrored = {way: list(said) for way, said in self._mirrored.items() if same}
        other = Proofs(prepared, (), known, mirrored, dict(self.proved))
        other.__dict__.update(_found=self._found, _symmetric=self._symmetric)  # cached properties
        return other

    @cached_property
    def _found(self) -> dict[str, tuple[Lemma, ...]]:
        """The conjectures about derivatives that could be proved; they assume nothing."""
        found: dict[str, tuple[Lemma, ...]] = {}
        if not self.points:
            return found
        searches = (("forward", (constants, conjectures)), ("reverse", (conjectures,)))
        for way, looked in searches:
            model = self._models[way]
            values = lively(model, self.points)
            statements = [one for search in looked for one in search(model, values)]
            deadline = time.process_time() + _CONJECTURE_SECONDS
            proved = Prover(model, deadline=deadline).proved_together(statements)
            whole = filter(self._defined[way].may_replace, proved)
            found[way] = tuple(Lemma(_name(statement), statement) for statement in whole)
        return found

    @cached_property
    def _symmetric(self) -> dict[str, frozenset[str]]:
        """The recurrences, of either model, of which the last two positions may be exchanged."""
        found: dict[str, frozenset[str]] = {}
        for way in ("forward", "reverse") if self.points else ():
            model = self._models[way]
            names = symmetric_by_numbers(model, self.points[0])
            deadline = time.process_time() + _SYMMETRY_SECONDS
            found[way] = symmetric(model, names, deadline) if names else frozenset()
        return found

    @cached_property
    def _models(self) -> dict[str, Model]:
        """The document's model and the two closed ones, with sizes that the document fixes
        replaced by their numbers."""
        forward, reverse = self._with_one_each
        stated = with_numbers(self.prepared.model)
        return {
            "stated": stated,
            "forward": with_exhaustive_cases(with_numbers(forward)),
            "reverse": with_exhaustive_cases(with_numbers(reverse)),
        }

    @cached_property
    def _defined(self) -> dict[str, Defined]:
        """What has a value wherever something else has, in either model."""
        return {way: Defined(self._models[way]) for way in ("forward", "reverse")}

    def scene(self, ready: Ready, way: Way, seconds: float) -> Scene:
        """Where a proof of a claim may be told again, in some time."""
        from einrnn.symbolic.narrate.scene import Scene

        statement = self._statement(ready, dict(_ways(ready))[way])
        deadline = time.process_time() + seconds
        granted, found = self._granted(ready), self._found.get(way, ())
        return Scene(self._models[way], statement, granted, found, deadline)

    def _said_symmetric(self, way: Way, lemma: Lemma) -> str | None:
        """The tensor that a lemma says to be symmetric, wherever it has a value."""
        said, model = lemma.statement, self._models[way]
        if said.condition is not None or not self._defined[way].may_replace(said):
            return None
        return said_symmetric(model, said.left, said.right, said.ranges)

    def _granted(self, ready: Ready) -> tuple[Assumption, ...]:
        return named_assumptions(self._models["stated"], ready.assumptions)

    def _prover(self, ready: Ready, way: Way, statement: Statement, deadline: float) -> Prover:
        model, granted = self._models[way], self._granted(ready)
        allowed, come = frozenset(ready.assumptions), self._defined[way].come_at_all
        lemmas = [
            known.lemma
            for known in self._known.get(way, ())
            if known.assumptions <= allowed
            and (not known.partial or come(statement, known.lemma.statement))
        ]
        said = {name for name, held in self._mirrored.get(way, ()) if held <= allowed}
        found, mirrored = self._found.get(way, ()), self._symmetric.get(way, frozenset()) | said
        return Prover(model, granted, tuple(lemmas), deadline, found, mirrored)

    def _statement(self, ready: Ready, pair: Sides) -> Statement:
        claim = ready.claim
        sides = [_unconditional(side) if claim.condition else side for side in _both(pair)]
        sides = [one_each(side, self.prepared.forward, self._by) for side in sides]
        left, right = (rename_dims(side, self._numbers) for side in sides)
        condition = claim.condition and rename_dims(claim.condition, self._numbers)
        return Statement(left, right, ranges_in(claim.ranges, self._numbers), condition)

    @cached_property
    def _with_one_each(self) -> tuple[Model, Model]:
        """The closed models, in which one value of a maximum has its derivative where it may."""
        prepared = self.prepared
        return with_one_each(prepared.forward, self._by), with_one_each(prepared.reverse, self._by)

    @cached_property
    def _by(self) -> frozenset[str]:
        """What the document differentiates by."""
        prepared = self.prepared
        sides = [side for claim in prepared.model.claims for side in (claim.left, claim.right)]
        ahead = differentiated_by(prepared.forward, sides)
        return ahead | differentiated_by(prepared.reverse, sides)

    @cached_property
    def _numbers(self) -> Mapping[Dim, Affine]:
        return fixed_dims(self.prepared.model)

    def remember(self, ready: Ready) -> None:
        """Keep a proved claim, in those of its two forms in which it may serve as a rule."""
        assumptions = self.proved[ready.key] = frozenset(ready.assumptions)
        for way, pair in _ways(ready):
            lemma = Lemma(ready.claim.label, over_ranges(self._statement(ready, pair)))
            defined, known = self._defined[way], self._known.setdefault(way, [])
            if (name := self._said_symmetric(way, lemma)) is not None:
                self._mirrored.setdefault(way, []).append((name, assumptions))
            elif usable((lemma,)):
                partial = not defined.may_replace(lemma.statement)
                known.append(_Known(lemma, assumptions, partial))
            elif (about_one := solved_for(defined, lemma)) is not None:
                known.append(_Known(about_one, assumptions))


def _name(statement: Statement) -> str:
    """What a lemma says, in short: ``dL/dz = dz``."""
    sides = (statement.left, statement.right)
    return " = ".join(", ".join(sorted(tensors(side))) for side in sides)


def _ways(ready: Ready) -> tuple[tuple[Way, Sides], ...]:
    return ("forward", ready.forward), ("reverse", ready.reverse)


def _both(pair: Sides) -> tuple[Expr, Expr]:
    return pair.left, pair.right


def _unconditional(side: Expr) -> Expr:
    """What a side says where the condition of its claim holds."""
    return side.branches[0][1] if isinstance(side, Cases) else side
