"""What has been proved before, used in the proof of something else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from einrnn.core.build import sub
from einrnn.core.nodes import Add, Element, Expr, Index, Matrix
from einrnn.core.traverse import elements, tensors
from einrnn.dataclass import dataclass
from einrnn.symbolic.normal.expand import Rule
from einrnn.symbolic.normal.terms import TooLarge
from einrnn.symbolic.normal.zero import is_zero
from einrnn.symbolic.proof.clock import Time
from einrnn.symbolic.proof.entries import Chosen
from einrnn.symbolic.proof.induction import (
    Beside,
    at,
    at_place,
    bases_and_steps,
    by_induction,
)
from einrnn.symbolic.proof.opened import opened_rules
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.statement import Lemma, Proof, Statement, compatible, noting
from einrnn.symbolic.proof.tactics import by_step
from einrnn.symbolic.proof.trace import AtTime, ByLemmas


def nothing(element: Element) -> bool:
    """Nothing is unfolded."""
    return False


@dataclass(frozen=True, eq=False)
class Known:
    """Proofs by ``lemmas``, which are tried one by one or all at once; ``found`` ones are rules of
    the opener already."""

    opener: Opener
    lemmas: tuple[Lemma, ...]
    found: tuple[Lemma, ...]

    def by_one_about_a_matrix(self, statement: Statement, written: Expr) -> Proof | None:
        """By one lemma about a function of a matrix, where others say what the matrix is."""
        found = self.applicable(written)
        for lemma in found if len(found) > 1 else ():
            if self.opener.expired() or not isinstance(lemma.statement.left, Matrix):
                continue
            try:
                proof = self.by(statement, written, self.opener.any, (lemma,))
            except TooLarge:
                continue
            if proof is not None:
                return proof
        return None

    def by_helped_step(
        self,
        statement: Statement,
        difference: Expr,
        within: tuple[Lemma, ...],
        index: Index,
        direction: int,
    ) -> Proof | None:
        """One step in which what has been proved before is used."""
        opener, fired = self.opener.hurried(), dict[str, None]()
        lemmas = compatible(within, opener.clock.behind)
        rules = tuple(noting(lemma.name, lemma.rule, fired) for lemma in lemmas)
        work = opener.normaliser(statement, rules)
        left = opener.without(work, difference, opener.any)
        proof = by_step(opener, statement, left, opener.any, index, direction, rules)
        if proof is None or not fired:
            return proof
        used = tuple(lemma for lemma in lemmas if lemma.name in fired)
        by = AtTime(index, direction, used)
        return replace(proof, steps=(*proof.steps, f"with {_listed(fired)}"), by=by)

    def by_helped_induction(
        self, statement: Statement, index: Index, direction: int
    ) -> Proof | None:
        """Induction in which what has been proved before is used beside the hypothesis."""
        about = tensors(statement.left)
        others = tuple(lemma for lemma in self.lemmas if not lemma.about & about)
        lemmas = compatible(others, self.opener.clock.behind)
        fired: dict[str, None] = {}
        opener = self.opener
        rules = tuple(noting(lemma.name, lemma.rule, fired) for lemma in lemmas)
        opened: list[Rule] = []
        for lemma in others:
            found = opened_rules(opener, statement, index, direction, lemma)
            opened += [noting(lemma.name, rule, fired) for rule in found]
        beside = Beside(rules, tuple(opened))
        proof = by_induction(opener, statement, opener.any, index, direction, beside)
        if proof is None or not fired:
            return proof
        return replace(proof, steps=(*proof.steps, f"with {_listed(fired)}"))

    def by_all_after_the_first(
        self, statement: Statement, difference: Expr, index: Index, direction: int
    ) -> Proof | None:
        """By what holds of earlier times too, where there are such; by what is written at the
        first time, before which there may be something else."""
        behind = {
            e.tensor
            for e in elements(difference)
            if self.opener.offset(e, index, direction, 0) == -1
        }
        if not any(lemma.about <= behind for lemma in self.lemmas):
            return None
        written = sub(statement.left, statement.right)
        for first, later in bases_and_steps(self.opener, statement, index, Time(0, direction)):
            proof = self.by_all(later, written, nothing) if later is not statement else None
            if proof is not None and at(
                self.opener, at_place(statement, index, first), Time(0, direction)
            ):
                words = f"at the first {index.name} as defined, else {proof.steps[0]}"
                return Proof("recurrence", (words,))
        return None

    def applicable(self, difference: Expr) -> tuple[Lemma, ...]:
        """The lemmas about what occurs, the last ones first."""
        names = tensors(difference)
        return tuple(lemma for lemma in reversed(self.lemmas) if lemma.about <= names)

    def within_reach(self, difference: Expr) -> tuple[Lemma, ...]:
        """The lemmas about what occurs or what that is computed from."""
        names = tensors(difference)
        reached = names.union(*map(self.opener.clock.reach, names)) if self.lemmas else names
        return tuple(lemma for lemma in self.lemmas if lemma.about <= reached)

    def is_opened_later(self, lemma: Lemma) -> bool:
        """Whether a lemma is about something that a later stage has no more of."""
        clock, definitions = self.opener.clock, self.opener.model.definitions
        return any(name in definitions and not clock.recurs(name) for name in lemma.about)

    def by_all(self, statement: Statement, difference: Expr, chosen: Chosen) -> Proof | None:
        """Equal by what has been proved before, all of it at once."""
        if self.opener.expired() or not self.applicable(difference):
            return None
        try:
            clock = self.opener.clock
            # where nothing is unfolded but at ends, lemmas lead to what they speak of alone
            behind = clock.behind_ends if chosen is nothing else clock.behind
            lemmas = compatible(self.lemmas, behind)
            if not lemmas or self._is_lonely(difference, lemmas):
                return None
            return self.by(statement, difference, chosen, lemmas)
        except TooLarge:
            return None

    def _is_lonely(self, difference: Expr, lemmas: tuple[Lemma, ...]) -> bool:
        """Whether some tensor occurs in one term of a difference only, and nothing that holds
        speaks of it: with other entries that term is another, and the rest is not."""
        terms = difference.terms if isinstance(difference, Add) else (difference,)
        counts = Counter(name for term in terms for name in tensors(term))
        spoken = self.opener.tied.union(
            *(lemma.about | tensors(lemma.statement.right) for lemma in (*lemmas, *self.found))
        )
        return any(count == 1 and name not in spoken for name, count in counts.items())

    def by(
        self, statement: Statement, difference: Expr, chosen: Chosen, lemmas: tuple[Lemma, ...]
    ) -> Proof | None:
        """Equal by these lemmas together."""
        fired: dict[str, None] = {}
        rules = tuple(noting(lemma.name, lemma.rule, fired) for lemma in lemmas)
        opener = self.opener.hurried()  # what they say may be longer than what it is said of
        work = opener.normaliser(statement, rules)
        if work.simple(difference) is difference:
            return None  # the lemmas do not apply
        left = opener.without(work, difference, chosen)
        if not is_zero(work, work.poly(left)):
            return None
        if not fired:
            return Proof("normal form")
        used = tuple(lemma for lemma in lemmas if lemma.name in fired)
        return Proof("normal form", (f"with {_listed(fired)}",), ByLemmas(used))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"[{name}]" for name in names)
