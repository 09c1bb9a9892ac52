"""The tier of proofs: claims decided for all sizes, each with the claims before it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property

from einrnn.check.claims import Prepared, Ready, named_assumptions
from einrnn.check.conjectures import conjectures
from einrnn.check.points import Point
from einrnn.core.model import Model
from einrnn.core.nodes import Cases, Element, Expr
from einrnn.symbolic.proof.prover import Lemma, Proof, Prover, Statement, usable

_CONJECTURE_SECONDS = 8.0


@dataclass(frozen=True)
class _Known:
    """A proved claim and the assumptions that it leans on."""

    lemma: Lemma
    assumptions: frozenset[str]


@dataclass
class Proofs:
    """Proves claims of one document; what is proved may be used for later claims.

    At ``point`` conjectures are looked for, lemmas that the document does not state.
    """

    prepared: Prepared
    point: Point | None
    _known: dict[str, list[_Known]] = field(default_factory=dict[str, list[_Known]])

    def of(self, ready: Ready, seconds: float) -> Proof | None:
        """A proof of a claim: over recurrences that run forward, then over adjoints."""
        _ = self._found  # the search for lemmas has time of its own
        deadline = time.process_time() + seconds
        sides = (
            ("forward", self.prepared.forward, ready.forward),
            ("reverse", self.prepared.reverse, ready.reverse),
        )
        for number, (way, model, pair) in enumerate(sides):
            # the first way leaves some of the time to the second
            until = deadline - (1 - number) * seconds / 3
            statement = _statement(ready, pair.left, pair.right)
            proof = self._prover(ready, way, model, until).prove(statement)
            if proof is not None:
                self._remember(ready)
                return proof
        return None

    def over(self, prepared: Prepared) -> Proofs:
        """A prover of statements over a larger model, that knows what this one knows by now
        and looks for no lemmas of its own."""
        known = {way: list(lemmas) for way, lemmas in self._known.items()}
        other = Proofs(prepared, None, known)
        found = self.__dict__.get("_found")  # the cached property, where it was ever needed
        if found is not None:
            other.__dict__["_found"] = found
        return other

    @cached_property
    def _found(self) -> dict[str, tuple[Lemma, ...]]:
        """The conjectures that could be proved, for each way; they assume nothing."""
        found: dict[str, tuple[Lemma, ...]] = {}
        ways = (("forward", self.prepared.forward), ("reverse", self.prepared.reverse))
        for way, model in ways if self.point is not None else ():
            assert self.point is not None
            statements = conjectures(model, self.point)
            deadline = time.process_time() + _CONJECTURE_SECONDS
            if statements and Prover(model, deadline=deadline).prove_together(statements):
                found[way] = tuple(Lemma(_name(statement), statement) for statement in statements)
        return found

    def _prover(self, ready: Ready, way: str, model: Model, deadline: float) -> Prover:
        granted = named_assumptions(self.prepared.model, ready.assumptions)
        allowed = frozenset(ready.assumptions)
        lemmas = [k.lemma for k in self._known.get(way, ()) if k.assumptions <= allowed]
        return Prover(model, granted, usable([*self._found.get(way, ()), *lemmas]), deadline)

    def _remember(self, ready: Ready) -> None:
        """Keep a proved claim, in both of its forms."""
        assumptions = frozenset(ready.assumptions)
        for way, pair in (("forward", ready.forward), ("reverse", ready.reverse)):
            lemma = Lemma(ready.claim.label, _statement(ready, pair.left, pair.right))
            self._known.setdefault(way, []).append(_Known(lemma, assumptions))


def _name(statement: Statement) -> str:
    """What a lemma says, in short: ``dL/dz = dz``."""
    sides = (statement.left, statement.right)
    return " = ".join(side.tensor for side in sides if isinstance(side, Element))


def _statement(ready: Ready, left: Expr, right: Expr) -> Statement:
    claim = ready.claim
    if claim.condition is None:
        return Statement(left, right, claim.ranges)
    inner = [side.branches[0][1] if isinstance(side, Cases) else side for side in (left, right)]
    return Statement(inner[0], inner[1], claim.ranges, claim.condition)
