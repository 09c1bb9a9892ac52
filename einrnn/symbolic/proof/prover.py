"""Deciding that two sides are equal for all sizes and all lengths of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import field, replace
from functools import partial

from einrnn.core import affine as af
from einrnn.core.build import sub
from einrnn.core.model import Assumption, Model
from einrnn.core.nodes import Compare, Element, Expr, Index, Pow, Reduce
from einrnn.core.traverse import canonical, elements, tensors, walk
from einrnn.dataclass import dataclass
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.finish import unrolled
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.terms import Poly, TooLarge
from einrnn.symbolic.normal.zero import is_zero
from einrnn.symbolic.proof.accumulated import by_accumulation
from einrnn.symbolic.proof.assumed import by_assumptions
from einrnn.symbolic.proof.chained import by_chain
from einrnn.symbolic.proof.closed_forms import by_closed_form
from einrnn.symbolic.proof.common import by_common_factor
from einrnn.symbolic.proof.endpoint import by_every_time
from einrnn.symbolic.proof.entries import Chosen
from einrnn.symbolic.proof.entrywise import by_entries, is_fixed
from einrnn.symbolic.proof.exchange import by_exchange
from einrnn.symbolic.proof.factored import by_needed
from einrnn.symbolic.proof.growth import by_any_size, by_growth
from einrnn.symbolic.proof.induction import by_induction, solved
from einrnn.symbolic.proof.instance import by_lemma_at_end
from einrnn.symbolic.proof.invariance import by_invariance, by_ratio
from einrnn.symbolic.proof.known import Known, nothing
from einrnn.symbolic.proof.lattice import by_lattice
from einrnn.symbolic.proof.multiplied import by_multiplied
from einrnn.symbolic.proof.opening import Opener, is_derived_only, is_now, opens_some
from einrnn.symbolic.proof.order import next_to_open
from einrnn.symbolic.proof.pairing import by_pairing
from einrnn.symbolic.proof.positive import by_arguments
from einrnn.symbolic.proof.recursion import by_recursion
from einrnn.symbolic.proof.scaled import by_factor
from einrnn.symbolic.proof.separate import cases
from einrnn.symbolic.proof.solved import with_entry_apart
from einrnn.symbolic.proof.startpoint import by_every_time_before
from einrnn.symbolic.proof.statement import Lemma, Proof, Statement
from einrnn.symbolic.proof.summand import by_end_of_sum
from einrnn.symbolic.proof.tactics import (
    at_constant,
    by_constants,
    by_inner_step,
    by_step,
)
from einrnn.symbolic.proof.together import proved_together
from einrnn.symbolic.proof.trace import Separately
from einrnn.symbolic.proof.turned import by_turned
from einrnn.symbolic.proof.unfolding import by_unfolding
from einrnn.symbolic.proof.uniform import by_same_summands
from einrnn.symbolic.proof.weighted import by_common_weight


@dataclass()
class Prover:
    """Proves statements about one closed model under some assumptions.

    ``lemmas`` are tried one by one, ``found`` ones are rules from the start.
    Of ``symmetric`` tensors the last two positions may be exchanged.
    ``deadline`` is a time of :func:`time.process_time` after which nothing new is tried. Who is
    ``deep`` looks for statements that would make others true, too.
    """

    model: Model
    assumptions: tuple[Assumption, ...] = ()
    lemmas: tuple[Lemma, ...] = ()
    deadline: float = float("inf")
    found: tuple[Lemma, ...] = ()
    symmetric: frozenset[str] = frozenset()
    deep: bool = True
    _opener: Opener = field(init=False)
    _known: Known = field(init=False)

    def __post_init__(self) -> None:
        self._opener = Opener(
            self.model, self.assumptions, self.deadline, self.found, self.symmetric
        )
        self._known = Known(self._opener, self.lemmas, self.found)

    def prove(self, statement: Statement) -> Proof | None:
        """A proof, or None where none was found before the deadline: in each of the cases of
        the condition, or else of the whole."""
        left, right = (tm.in_order(canonical(s)) for s in (statement.left, statement.right))
        if left is right:
            return Proof("normal form")
        return (
            self._case_by_case(statement)
            or self._prove(statement)
            or self._without_condition(statement)
            or self._with_entry_apart(statement)
        )

    def _with_entry_apart(self, statement: Statement) -> Proof | None:
        if self._opener.expired():
            return None
        apart = with_entry_apart(self._opener, statement)
        return None if apart is None else self._prove(apart)

    def _without_condition(self, statement: Statement) -> Proof | None:
        """A proof that needs no condition: what holds from some time on may hold before it, too."""
        if statement.condition is None or self._opener.expired():
            return None
        found = self._prove(replace(statement, condition=None))
        return found and replace(found, steps=(*found.steps, "without the condition"))

    def _case_by_case(self, statement: Statement) -> Proof | None:
        """A proof of each case, where the condition has several."""
        rows = cases(statement)
        if len(rows) == 1:
            return None
        found: list[tuple[Statement, Proof]] = []
        for row in rows:
            proof = self._prove(row)
            if proof is None:
                return None
            found.append((row, proof))
        steps = (f"in {len(rows)} cases", *dict.fromkeys(s for _, p in found for s in p.steps))
        return Proof(found[0][1].method, steps, Separately(tuple(found)))

    def _prove(self, statement: Statement) -> Proof | None:
        """A proof of a statement as a whole.

        Definitions are unfolded in stages, cheapest first: derivatives, then what the
        statement mentions, then all. Each stage begins with what the one before left.
        """
        work = self._opener.normaliser(statement, ())
        written = sub(statement.left, statement.right)
        as_it_stands = self._known.by_all(statement, written, nothing)
        as_it_stands = as_it_stands or by_chain(self._opener, statement, self.lemmas)
        if as_it_stands is not None:
            return as_it_stands
        stages: list[tuple[Poly, Chosen]] = []
        for poly, chosen in self._unfolded(statement, work):
            if not poly:
                return Proof("normal form")
            stages.append((poly, chosen))
            found = self._known.by_all(statement, expression(poly), chosen)
            found = found or self._by_needed(statement, poly)
            if found is not None:
                return found
        if any(self._known.is_opened_later(lemma) for lemma in self._known.applicable(written)):
            # what lemmas speak of is replaced before all else is opened
            beside = self._known.by_all(statement, written, self._opener.any)
            if beside is not None:
                return beside
        if is_fixed(statement):
            found = by_entries(self._opener, statement, self._opener.any)
            if found is not None:
                return found
        whole = self._at_once(statement) or self._known.by_one_about_a_matrix(statement, written)
        if whole is not None:
            return whole
        at_an_end = self._by_lemma_at_end(statement)
        if at_an_end is not None:
            return at_an_end
        for difference, chosen in self._with_last(stages, work):
            if self._opener.expired():
                return None
            if is_now(chosen):
                found = self._known.by_all(statement, expression(difference), chosen)
                if found is not None:
                    return found
            try:
                proof = self._at_stage(statement, work, expression(difference), chosen)
            except TooLarge:
                continue
            if proof is not None:
                return proof
        known: dict[str, Statement | None] = {}  # closed forms, the same at each stage
        for difference, chosen in stages if self.deep else ():
            found = self._by_closed_form(statement, expression(difference), chosen, known)
            found = found or self._by_common_factor(statement, difference, chosen)
            if found is not None:
                return found
        found = by_entries(self._opener, statement, self._opener.any)
        return found or self._by_arguments(statement) or self._by_any_size(statement)

    def _at_once(self, statement: Statement) -> Proof | None:
        """What needs no stages."""
        written = sub(statement.left, statement.right)
        try:
            found = by_accumulation(self._opener, statement)
            found = found or by_recursion(self._opener, statement)
            return found or self._by_same_summands(statement, written, self._opener.any)
        except TooLarge:
            return None

    def _by_lemma_at_end(self, statement: Statement) -> Proof | None:
        try:
            return by_lemma_at_end(self._opener.hurried(), self.lemmas, statement)
        except TooLarge:
            return None

    def _by_same_summands(
        self, statement: Statement, difference: Expr, chosen: Chosen
    ) -> Proof | None:
        if not self.deep:
            return None
        return by_same_summands(self._opener, statement, difference, chosen, self._by_itself)

    def _by_common_factor(
        self, statement: Statement, difference: Poly, chosen: Chosen
    ) -> Proof | None:
        """Equal once both sides are divided, or multiplied, by what they share."""
        opener = self._opener
        try:
            found = by_common_factor(opener, statement, difference, self._by_itself)
            found = found or by_common_weight(opener, statement, difference, self._by_itself)
            return found or by_turned(opener, self.lemmas, statement, difference, chosen)
        except TooLarge:
            return None

    def _by_any_size(self, statement: Statement) -> Proof | None:
        try:
            return by_any_size(self._opener, statement, self._by_itself) if self.deep else None
        except TooLarge:
            return None

    def _by_arguments(self, statement: Statement) -> Proof | None:
        try:
            return by_arguments(self._opener, statement)
        except TooLarge:
            return None

    def _by_closed_form(
        self,
        statement: Statement,
        difference: Expr,
        chosen: Chosen,
        known: dict[str, Statement | None],
    ) -> Proof | None:
        try:
            return by_closed_form(
                self._opener, statement, difference, chosen, self._by_itself, known
            )
        except TooLarge:
            return None

    def _with_last(
        self, stages: list[tuple[Poly, Chosen]], work: Normaliser
    ) -> Iterator[tuple[Poly, Chosen]]:
        """The stages, and one more that is worked out only when all of them have failed."""
        yield from stages
        if stages and not self._opener.expired():
            try:
                now = self._opener.now
                left = self._opener.without(work, expression(stages[-1][0]), now)
                yield work.poly(left), now
            except TooLarge:
                return

    def _unfolded(self, statement: Statement, work: Normaliser) -> Iterator[tuple[Poly, Chosen]]:
        """The difference of the sides at each stage, up to the first at which it is 0."""
        difference = sub(statement.left, statement.right)
        found: set[tuple[Expr, bool]] = set()
        poly: Poly = {}
        stages = self._stages(statement, lambda: poly)
        for chosen in stages:
            try:
                difference = self._opener.without(work, difference, chosen)
                poly = work.poly(difference)
            except TooLarge:
                continue
            # what may be unfolded next differs between the first stage and the others
            key = (difference, not found)
            if key not in found:
                found.add(key)
                yield poly, chosen
            if self._opener.expired():
                return

    def _stages(self, statement: Statement, left: Callable[[], Poly]) -> Iterator[Chosen]:
        """Derivatives; then the recurrences that the statement mentions, with one definition
        after the other, chosen by what the stage before has ``left``; then everything."""
        yield self._opener.derived_only
        clock, derived = self._opener.clock, self.model.derived.keys()
        names = tensors(statement.left) | tensors(statement.right)
        named = names | {other for name in names for other in clock.component(name)}
        needed = names | {other for name in names for other in clock.reach(name)}
        static = frozenset(n for n in needed & self.model.definitions.keys() if not clock.recurs(n))
        open_ = frozenset(name for name in named if clock.recurs(name))
        closed = static - derived
        while True:
            yield partial(self._among, open_)
            opened = (open_ - derived) | (static - closed)
            name = next_to_open(clock, statement, opened, closed, left())
            if name is None:
                break
            open_, closed = open_ | {name}, closed - {name}
        yield self._opener.any

    def _among(self, names: frozenset[str], element: Element) -> bool:
        return element.tensor in names or self._opener.derived_only(element)

    def _at_stage(
        self, statement: Statement, work: Normaliser, difference: Expr, chosen: Chosen
    ) -> Proof | None:
        """What is tried on a difference from which the chosen definitions are gone."""
        if is_zero(work, work.poly(difference)):
            return Proof("normal form")
        for attempt in self._attempts(statement, work, difference, chosen):
            if self._opener.expired():
                return None
            try:
                proof = attempt()
            except TooLarge:
                continue
            if proof is not None:
                return proof
        return None

    def _attempts(
        self, statement: Statement, work: Normaliser, difference: Expr, chosen: Chosen
    ) -> Iterator[Callable[[], Proof | None]]:
        opener = self._opener
        written = expression(unrolled(work.poly(difference)))
        left = elements(written)
        at_once = partial(by_unfolding, opener, statement, chosen)
        at_constants = any(at_constant(opener, e) for e in left)
        # of derivatives a step or induction is shorter
        first = at_constants or not is_derived_only(chosen)
        if first:
            yield at_once
        if at_constants and not self._hides(left):
            reached = tensors(written).union(*(opener.clock.reach(e.tensor) for e in left))
            derived = self.model.derived.keys()
            used = tuple(lemma for lemma in self.lemmas if lemma.about <= derived & reached)
            yield partial(by_constants, opener, statement, written, chosen)
            if used:
                yield partial(by_constants, opener, statement, written, chosen, used)
        if len(self._known.applicable(difference)) > 1:
            for lemma in self._known.applicable(difference):
                yield partial(self._known.by, statement, difference, chosen, (lemma,))
        # at a later stage less may be left to be opened
        own = opener.hurried(2) if opens_some(chosen) else opener
        for index, direction in self._times(statement, elements(difference)):
            step = partial(by_step, own, statement, difference, chosen, index, direction)
            inductive = partial(by_induction, opener, statement, chosen, index, direction)
            yield from (inductive, step) if _is_closed(statement, index) else (step, inductive)
            for other in solved(opener, statement, index):
                yield partial(by_induction, opener, other, chosen, index, direction)
        if not first:
            yield at_once
        within = self._known.within_reach(difference)
        for index, direction in self._times(statement, elements(difference)) if within else ():
            yield partial(
                self._known.by_helped_step, statement, difference, within, index, direction
            )
        for index, direction in self._times(statement, elements(difference)):
            yield partial(by_factor, opener, statement, difference, chosen, index, direction)
        if self.lemmas and is_now(chosen):
            for index, direction in self._times(statement, elements(difference)):
                yield partial(self._known.by_helped_induction, statement, index, direction)
                after = self._known.by_all_after_the_first
                yield partial(after, statement, difference, index, direction)
        yield partial(by_inner_step, opener, statement, difference, chosen)
        yield partial(by_end_of_sum, opener, statement, difference, chosen)
        yield partial(by_pairing, opener, statement, difference, chosen)
        yield partial(by_exchange, opener, statement, difference, chosen)
        for index in dict.fromkeys(i for i, _ in self._times(statement, elements(difference))):
            yield partial(by_invariance, opener, statement, difference, chosen, index)
            yield partial(by_ratio, opener, statement, chosen, index)
        yield partial(by_lattice, opener, statement, chosen, self._prove)
        yield partial(self._by_same_summands, statement, difference, chosen)
        if is_now(chosen):
            yield from self._last_attempts(statement, difference, chosen)

    def _last_attempts(
        self, statement: Statement, difference: Expr, chosen: Chosen
    ) -> Iterator[Callable[[], Proof | None]]:
        """What needs everything opened, and is tried after all else."""
        opener = self._opener
        times = self._times(statement, elements(difference))
        yield partial(by_assumptions, opener, statement, times)
        for index in _counted(statement, difference):
            yield partial(by_invariance, opener, statement, difference, chosen, index)
            yield partial(by_growth, opener, statement, index)
            yield partial(by_multiplied, opener, statement, index)
        helped = self._known.by_helped_induction if self.lemmas else _not_at_all
        yield partial(by_every_time, opener, statement, helped)
        yield partial(by_every_time_before, opener, statement)

    def _by_needed(self, statement: Statement, difference: Poly) -> Proof | None:
        """By what a derivative inside a sum has to be: it is read off, and cheap to rule out."""
        if not self.deep:
            return None
        try:
            return by_needed(self._opener, statement, difference, self._by_itself)
        except TooLarge:
            return None

    def _by_itself(self, needed: Statement) -> Proof | None:
        return replace(self, deep=False).prove(needed)

    def _hides(self, left: Sequence[Element]) -> bool:
        """Whether some entries will be opened at a later stage, and what is at numbers behind
        them with it."""
        opener, model = self._opener, self._opener.model
        return any(
            e.tensor in model.definitions
            and not opener.derived_only(e)
            and not opener.clock.recurs(e.tensor)
            and any(opener.clock.recurs(other) for other in opener.clock.reach(e.tensor))
            for e in left
        )

    def _times(self, statement: Statement, left: list[Element]) -> list[tuple[Index, int]]:
        """The free indices at which something recurs, with the direction of its time."""
        found: dict[tuple[Index, int], None] = {}
        for element in left:
            when = self._opener.clock.time(element.tensor)
            if when is None:
                continue
            for index in statement.ranges:
                if af.coefficient(element.args[when.axis], index) == 1:
                    found[index, when.direction] = None
        return list(found)

    def proved_together(self, statements: Sequence[Statement]) -> tuple[Statement, ...]:
        """Those of some statements about recurrences that follow by one induction for all.

        The left side of each is an entry of a recurrence with an index at its time.
        """
        return proved_together(self._opener, statements)


def _not_at_all(statement: Statement, index: Index, direction: int) -> None:
    """There is nothing to help."""


def _is_closed(statement: Statement, index: Index) -> bool:
    """Whether the right side is a sum or product as far as the index, or a power of it: what one
    step of a recurrence hardly ever shows."""
    return any(
        (isinstance(node, Reduce) and _reaches(node, index))
        or (isinstance(node, Pow) and index in node.exponent.free)
        for node in walk(statement.right)
    )


def _reaches(node: Reduce, index: Index) -> bool:
    """Whether a bound of a reduction, or a condition on its index, depends on an index."""
    both = {node.index, index}
    return index in node.lo.free | node.hi.free or any(
        isinstance(cond, Compare) and both <= cond.free for cond in walk(node.body)
    )


def _counted(statement: Statement, difference: Expr) -> list[Index]:
    """The free indices as far as which sums or products go, such as ``t`` in ``sum[r=0..t]``."""
    ends = (node for node in walk(difference) if isinstance(node, Reduce))
    found = frozenset[Index]().union(*(node.lo.free | node.hi.free for node in ends))
    return [index for index in statement.ranges if index in found]
