"""Deciding that two sides are equal for all sizes and all lengths of time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from einrnn.core import affine as af
from einrnn.core.build import sub
from einrnn.core.model import Assumption, Model, Range
from einrnn.core.nodes import Affine, Cond, Element, Expr, Index
from einrnn.core.traverse import elements, substitute, tensors
from einrnn.symbolic.normal.domain import follows, inequalities
from einrnn.symbolic.normal.expand import Normaliser, Rule, known_from
from einrnn.symbolic.normal.finish import unrolled
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.rules import facts_of, inverse_pair, replacement, rules_of
from einrnn.symbolic.normal.terms import Poly, Term, TooLarge
from einrnn.symbolic.normal.zero import is_zero
from einrnn.symbolic.proof.clock import DOWN, UP, Clock, Time
from einrnn.symbolic.proof.entries import Chosen, unfold

_ROUNDS = 12
_STEPS_AT_NUMBERS = 8


@dataclass(frozen=True)
class Statement:
    """Two sides that are to be equal for all values of ``ranges`` that meet ``condition``."""

    left: Expr
    right: Expr
    ranges: Mapping[Index, Range]
    condition: Cond | None = None


@dataclass(frozen=True)
class Proof:
    """How a statement was proved; ``steps`` say it in words."""

    method: str
    steps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lemma:
    """A proved statement whose left side is one entry of a recurrent definition."""

    name: str
    statement: Statement

    @property
    def tensor(self) -> str:
        """The definition that the lemma is about."""
        assert isinstance(self.statement.left, Element)
        return self.statement.left.tensor


@dataclass
class Prover:
    """Proves statements about one closed model under some assumptions.

    ``lemmas`` are tried one by one, ``found`` ones are rules from the start.
    ``deadline`` is a time of :func:`time.process_time` after which nothing new is tried.
    """

    model: Model
    assumptions: tuple[Assumption, ...] = ()
    lemmas: tuple[Lemma, ...] = ()
    deadline: float = float("inf")
    found: tuple[Lemma, ...] = ()
    clock: Clock = field(init=False)
    _rules: tuple[Rule, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.clock = Clock(self.model)
        granted = rules_of(self.model, self.assumptions)
        found = tuple(self._as_rule(lemma.statement) for lemma in self.found)
        self._rules = (*granted, inverse_pair, self._causal, *found)

    def prove(self, statement: Statement) -> Proof | None:
        """A proof, or None where none was found before the deadline.

        Definitions are unfolded in stages, cheapest first: derivatives, then what the
        statement mentions, then all. Each stage begins with what the one before left.
        """
        work = self._normaliser(statement, ())
        stages = self._unfolded(statement, work)
        if stages and not stages[-1][0]:
            return Proof("normal form")
        for difference, chosen in self._with_last(stages, work):
            if self._expired():
                return None
            try:
                proof = self._at_stage(statement, work, expression(difference), chosen)
            except TooLarge:
                continue
            if proof is not None:
                return proof
        return None

    def _with_last(
        self, stages: list[tuple[Poly, Chosen]], work: Normaliser
    ) -> Iterator[tuple[Poly, Chosen]]:
        """The stages, and one more that is worked out only when all of them have failed."""
        yield from stages
        if stages and not self._expired():
            try:
                yield (
                    work.poly(self._without(work, expression(stages[-1][0]), self._now)),
                    self._now,
                )
            except TooLarge:
                return

    def _unfolded(self, statement: Statement, work: Normaliser) -> list[tuple[Poly, Chosen]]:
        """The difference of the sides at each stage, up to the first at which it is 0."""
        difference = sub(statement.left, statement.right)
        found: dict[tuple[Expr, bool], tuple[Poly, Chosen]] = {}
        for chosen in self._stages(statement):
            try:
                difference = self._without(work, difference, chosen)
                poly = work.poly(difference)
            except TooLarge:
                continue
            # what may be unfolded next differs between the first stage and the others
            found.setdefault((difference, not found), (poly, chosen))
            if not poly or self._expired():
                break
        return list(found.values())

    def _stages(self, statement: Statement) -> Iterator[Chosen]:
        """Derivatives; then one definition after the other, each before those it needs, with
        the recurrences that the statement mentions; then everything."""
        yield self._derived_only
        names = tensors(statement.left) | tensors(statement.right)
        named = names | {other for name in names for other in self.clock.component(name)}
        needed = names | {other for name in names for other in self.clock.reach(name)}
        static = [name for name in needed if not self.clock.recurs(name)]
        static.sort(key=lambda name: (-len(self.clock.reach(name)), name))
        open_ = {name for name in named if self.clock.recurs(name)}
        yield partial(self._among, frozenset(open_))
        for name in static:
            if name in self.model.definitions and name not in self.model.derived:
                open_.add(name)
                yield partial(self._among, frozenset(open_))
        yield self._any

    def _among(self, names: frozenset[str], element: Element) -> bool:
        return element.tensor in names or self._derived_only(element)

    def _at_stage(
        self, statement: Statement, work: Normaliser, difference: Expr, chosen: Chosen
    ) -> Proof | None:
        """What is tried on a difference from which the chosen definitions are gone."""
        if self._is_zero(work, work.poly(difference)):
            return Proof("normal form")
        for attempt in self._attempts(statement, work, difference, chosen):
            if self._expired():
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
        written = expression(unrolled(work.poly(difference)))
        if any(self._at_constant(e) for e in elements(written)):
            yield partial(self._by_constants, statement, written, chosen)
        names = tensors(difference)
        for lemma in reversed(self.lemmas):
            if lemma.tensor in names:
                yield partial(self._by_lemma, statement, difference, chosen, lemma)
        for index, direction in self._times(statement, elements(difference)):
            yield partial(self._by_step, statement, difference, chosen, index, direction)
            yield partial(self._by_induction, statement, chosen, index, direction)
        yield partial(self._by_inner_step, statement, difference, chosen)
        for index in dict.fromkeys(i for i, _ in self._times(statement, elements(difference))):
            yield partial(self._by_invariance, statement, difference, chosen, index)

    def _times(self, statement: Statement, left: list[Element]) -> list[tuple[Index, int]]:
        """The free indices at which something recurs, with the direction of its time."""
        found: dict[tuple[Index, int], None] = {}
        for element in left:
            when = self.clock.time(element.tensor)
            if when is None:
                continue
            for index in statement.ranges:
                if af.coefficient(element.args[when.axis], index) == 1:
                    found[index, when.direction] = None
        return list(found)

    # ------------------------------------------------------------------ normal forms

    def _by_normal_form(
        self, statement: Statement, chosen: Chosen, rules: tuple[Rule, ...]
    ) -> Proof | None:
        """Equal once chosen definitions that do not recur are unfolded."""
        work = self._normaliser(statement, rules)
        difference = self._without(work, sub(statement.left, statement.right), chosen)
        if self._is_zero(work, work.poly(difference)):
            return Proof("normal form")
        return None

    def _by_lemma(
        self, statement: Statement, difference: Expr, chosen: Chosen, lemma: Lemma
    ) -> Proof | None:
        work = self._normaliser(statement, (self._as_rule(lemma.statement),))
        if work.simple(difference) is difference:
            return None  # the lemma does not apply
        left = self._without(work, difference, chosen)
        if not self._is_zero(work, work.poly(left)):
            return None
        return Proof("normal form", (f"with [{lemma.name}]",))

    def _normaliser(self, statement: Statement, rules: tuple[Rule, ...]) -> Normaliser:
        known = known_from(statement.ranges)
        if statement.condition is not None:
            brackets = Normaliser().bracket(statement.condition)
            if len(brackets) == 1:
                ((term, _),) = brackets.items()
                known = (*known, *inequalities(term.conds))
        return Normaliser(
            known,
            rules=(*self._rules, *rules),
            deadline=self.deadline,
            facts=facts_of(self.model),
        )

    def _without(self, work: Normaliser, expr: Expr, chosen: Chosen) -> Expr:
        """The expression without chosen entries of definitions that do not recur."""
        for _ in range(_ROUNDS):
            expr = work.simple(expr)
            pending = [e for e in elements(expr) if self._opens(e, work) and chosen(e)]
            if chosen == self._now:
                pending += [e for e in elements(expr) if self._opens_now(e)]
            if not pending or time.process_time() > self.deadline:
                return expr
            wanted = frozenset(pending)
            expr = unfold(expr, self.model, wanted.__contains__)
        return expr

    def _opens(self, element: Element, work: Normaliser) -> bool:
        """Whether an entry may always be unfolded: it does not recur, or is a boundary."""
        if element.tensor not in self.model.definitions:
            return False
        when = self.clock.time(element.tensor)
        if when is None:
            return not self.clock.recurs(element.tensor)
        return self._at_boundary(element, when) or self._at_one_time(element)

    def _at_one_time(self, element: Element) -> bool:
        """Whether a total derivative is by an entry of the same time: it ends there."""
        places = self.clock.precedes(element.tensor)
        if places is None:
            return False
        of, wrt, _ = places
        return element.args[of] is element.args[wrt]

    def _at_boundary(self, element: Element, when: Time) -> bool:
        there = element.args[when.axis]
        for clause in self.model.definitions[element.tensor].clauses:
            own = clause.args[when.axis]
            if af.letter(own) is None and af.minus(own, there) is af.ZERO:
                return True
        return False

    def _is_zero(self, work: Normaliser, difference: Poly) -> bool:
        return is_zero(work, difference)

    # ------------------------------------------------------------------ time

    def _causal(self, work: Normaliser, term: Term) -> Poly | None:
        """A total derivative by what comes later is 0."""
        known = (*work.known, *inequalities(term.conds))
        for atom, _ in term.factors:
            if not isinstance(atom, Element):
                continue
            places = self.clock.precedes(atom.tensor)
            if places is None:
                continue
            of, wrt, direction = places
            ahead = af.scale(af.minus(atom.args[wrt], atom.args[of]), direction)
            if follows(known, af.shift(ahead, -1)):
                return {}
        return None

    def _by_step(
        self,
        statement: Statement,
        difference: Expr,
        chosen: Chosen,
        index: Index,
        direction: int,
    ) -> Proof | None:
        work = self._normaliser(statement, ())
        if self._is_zero_opened(work, difference, index, direction, chosen):
            return Proof("recurrence", (f"one step of what recurs, at {index.name}",))
        return None

    def _by_induction(
        self, statement: Statement, chosen: Chosen, index: Index, direction: int
    ) -> Proof | None:
        if self._induction(statement, index, direction, chosen):
            way = "up" if direction == UP else "down"
            return Proof("induction", (f"over {index.name}, {way} in time",))
        return None

    def _at_constant(self, element: Element) -> bool:
        """Whether an entry of a recurrence is at a time that is a number."""
        when = self.clock.time(element.tensor)
        return when is not None and af.number(element.args[when.axis]) is not None

    def _by_constants(self, statement: Statement, difference: Expr, chosen: Chosen) -> Proof | None:
        """Equal once entries at times that are numbers are unfolded, some steps far."""
        work = self._normaliser(statement, ())
        derived = any(self._derived_only(e) for e in elements(difference))
        for _ in range(_STEPS_AT_NUMBERS):
            found = [e for e in elements(difference) if self._at_constant(e)]
            # where there are derivatives, entries of the document's own are what they come to
            there = frozenset(e for e in found if self._derived_only(e) or not derived)
            if not there or self._expired():
                return None
            difference = unfold(difference, self.model, there.__contains__)
            difference = self._without(work, difference, chosen)
            if self._is_zero(work, work.poly(difference)):
                return Proof("recurrence", ("unfolded at the first or last times",))
        return None

    def _by_inner_step(
        self, statement: Statement, difference: Expr, chosen: Chosen
    ) -> Proof | None:
        """Equal once entries at the index of a sum over time are unfolded there, where entries
        at the time before (or after) that index occur too."""
        ahead: dict[tuple[str, Affine], dict[int, list[Element]]] = {}
        for element in elements(difference):
            when = self.clock.time(element.tensor)
            if when is None or not chosen(element):
                continue
            there = element.args[when.axis]
            if there.free and not there.free <= statement.ranges.keys():
                base = af.shift(there, -there.constant)
                offset = there.constant * when.direction
                ahead.setdefault((element.tensor, base), {}).setdefault(offset, []).append(element)
        furthest = [rows[max(rows)] for rows in ahead.values() if len(rows) > 1]
        wanted = frozenset(element for row in furthest for element in row)
        if not wanted:
            return None
        work = self._normaliser(statement, ())
        opened = unfold(difference, self.model, wanted.__contains__)
        opened = self._without(work, opened, chosen)
        if not self._is_zero(work, work.poly(opened)):
            return None
        return Proof("recurrence", ("one step of what recurs, inside a sum over time",))

    def _by_invariance(
        self, statement: Statement, difference: Expr, chosen: Chosen, index: Index
    ) -> Proof | None:
        """The difference of the sides is the same at each time and at the next, and 0 at one
        end: recurrences that run up are unfolded at the next time, those that run down at
        this one."""
        if statement.condition is not None:
            return None
        span = statement.ranges[index]
        rest = {**statement.ranges, index: Range(span.lo, af.shift(span.hi, -1))}
        work = self._normaliser(replace(statement, ranges=rest), ())
        after = substitute(difference, {index: af.shift(af.of(index), 1)})
        change = work.simple(sub(after, difference))
        for _ in range(_ROUNDS):
            ahead = frozenset(e for e in elements(change) if self._between(e, index))
            if not ahead or self._expired():
                break
            change = unfold(change, self.model, ahead.__contains__)
            change = self._without(work, change, chosen)
        if not self._is_zero(work, work.poly(change)):
            return None
        others = {i: r for i, r in statement.ranges.items() if i is not index}
        for end, direction in ((span.hi, DOWN), (span.lo, UP)):
            if self._at(self._fixed(statement, index, end, others), Time(0, direction)):
                return Proof("induction", (f"the same at every {index.name}, and true at one end",))
        return None

    def _between(self, element: Element, index: Index) -> bool:
        """Whether a recurrent entry has to be unfolded to compare a time with the next."""
        when = self.clock.time(element.tensor)
        if when is None:
            return False
        there = af.minus(element.args[when.axis], af.of(index))
        if there.terms:
            return False
        return there.constant > 0 if when.direction == UP else there.constant < 1

    def _expired(self) -> bool:
        return time.process_time() > self.deadline

    def _as_rule(self, statement: Statement) -> Rule:
        return replacement(statement.left, statement.right, statement.ranges)

    def _step(
        self,
        statement: Statement,
        index: Index,
        direction: int,
        rules: tuple[Rule, ...],
        chosen: Chosen,
    ) -> bool:
        """Whether the sides are equal once what recurs at the index is unfolded there."""
        work = self._normaliser(statement, rules)
        difference = sub(statement.left, statement.right)
        difference = self._without(work, difference, chosen)
        return self._is_zero_opened(work, difference, index, direction, chosen)

    def _is_zero_opened(
        self, work: Normaliser, difference: Expr, index: Index, direction: int, chosen: Chosen
    ) -> bool:
        opened = self._opened(work, difference, index, direction, chosen)
        return self._is_zero(work, work.poly(opened))

    def _derived_only(self, element: Element) -> bool:
        return element.tensor in self.model.derived

    def _any(self, element: Element) -> bool:
        return True

    def _now(self, element: Element) -> bool:
        """Everything, recurrent entries that lead to others of their own time included."""
        return True

    def _opened(
        self, work: Normaliser, expr: Expr, index: Index, direction: int, chosen: Chosen
    ) -> Expr:
        """The expression with recurrent entries unfolded until all are behind the index, and
        none is ahead of the one that was furthest behind before; there only what leads back
        further is left."""
        reach = min([-1, *self._offsets(expr, index, direction)])
        for _ in range(_ROUNDS):
            expr = work.simple(expr)
            now = frozenset(
                e
                for e in elements(expr)
                if chosen(e)
                and (
                    self._offset(e, index, direction, reach) > reach
                    or (
                        self._offset(e, index, direction, reach - 1) >= reach and self._opens_now(e)
                    )
                )
            )
            if not now or self._expired():
                return expr
            expr = unfold(expr, self.model, now.__contains__)
            expr = self._without(work, expr, chosen)
        return expr

    def _opens_now(self, element: Element) -> bool:
        """Whether an entry leads to others of its own time only, and is no derivative by one
        of the same time."""
        return self.clock.instant(element.tensor)

    def _offset(self, element: Element, index: Index, direction: int, other: int) -> int:
        """How far a recurrent entry is ahead of the index in time; ``other`` for the rest."""
        when = self.clock.time(element.tensor)
        if when is None or when.direction != direction:
            return other
        there = af.minus(element.args[when.axis], af.of(index))
        return other if there.terms else there.constant * direction

    def _offsets(self, expr: Expr, index: Index, direction: int) -> list[int]:
        return [self._offset(e, index, direction, 0) for e in elements(expr)]

    def _induction(
        self, statement: Statement, index: Index, direction: int, chosen: Chosen
    ) -> bool:
        """Base and step; the hypothesis is the statement one step back."""
        if not isinstance(statement.left, Element) or statement.condition is not None:
            return False
        when = self.clock.time(statement.left.tensor)
        if when is None or when.direction != direction:
            return False
        if statement.left.args[when.axis] is not af.of(index):
            return False
        hypothesis = self._one_step_back(statement, index, direction)
        return self._inductive(statement, index, when, (hypothesis,), chosen)

    def _one_step_back(self, statement: Statement, index: Index, direction: int) -> Rule:
        """The statement one step back in time, as a rule."""
        back = {index: af.shift(af.of(index), -direction)}
        others = {
            i: Range(substitute(r.lo, back), substitute(r.hi, back))
            for i, r in statement.ranges.items()
            if i is not index
        }
        left, right = substitute(statement.left, back), substitute(statement.right, back)
        return replacement(left, right, others)

    def _inductive(
        self,
        statement: Statement,
        index: Index,
        when: Time,
        hypotheses: tuple[Rule, ...],
        chosen: Chosen,
    ) -> bool:
        """Whether a statement holds at first, and at each time if the hypotheses do before."""
        for base, step in self._bases_and_steps(statement, index, when):
            shown = self._step(step, index, when.direction, hypotheses, chosen)
            if shown and self._at(base, when):
                return True
        return False

    def proved_together(self, statements: Sequence[Statement]) -> tuple[Statement, ...]:
        """Those of some statements about recurrences that follow by one induction for all.

        The left side of each is an entry of a recurrence with an index at its time. What
        fails is left out, and the others have to be shown without it as a hypothesis.
        """
        kept = tuple(statements)
        while kept and not self._expired():
            hypotheses = self._hypotheses(kept)
            shown = tuple(s for s in kept if self._shown_with(s, hypotheses))
            if shown == kept:
                return kept
            kept = shown
        return ()

    def _hypotheses(self, statements: Sequence[Statement]) -> tuple[Rule, ...]:
        rules: list[Rule] = []
        for statement in statements:
            index, when = self._timed(statement)
            rules.append(self._one_step_back(statement, index, when.direction))
        return tuple(rules)

    def _shown_with(self, statement: Statement, hypotheses: tuple[Rule, ...]) -> bool:
        index, when = self._timed(statement)
        for chosen in (self._derived_only, self._any):
            try:
                if self._inductive(statement, index, when, hypotheses, chosen):
                    return True
            except TooLarge:
                continue
        return False

    def _timed(self, statement: Statement) -> tuple[Index, Time]:
        """The index of time of a statement about a recurrence."""
        assert isinstance(statement.left, Element)
        when = self.clock.time(statement.left.tensor)
        index = None if when is None else af.letter(statement.left.args[when.axis])
        if when is None or index is None:
            raise TooLarge
        return index, when

    def _bases_and_steps(
        self, statement: Statement, index: Index, when: Time
    ) -> Iterator[tuple[Statement, Statement]]:
        """The statement at its first time, and at the times that have one before them.

        Where the definition has a value one step before the first time of the statement,
        that may be the base, and every time of the statement has one before it.
        """
        assert isinstance(statement.left, Element)
        span = statement.ranges[index]
        axis = self.model.definitions[statement.left.tensor].axes[when.axis]
        first = span.lo if when.direction == UP else span.hi
        before = af.shift(first, -when.direction)
        room = af.minus(before, axis.lo) if when.direction == UP else af.minus(axis.hi, before)
        others = {i: r for i, r in statement.ranges.items() if i is not index}
        if follows((), room):
            yield self._fixed(statement, index, before, others), statement
        later = af.shift(first, when.direction)
        rest = Range(later, span.hi) if when.direction == UP else Range(span.lo, later)
        step = replace(statement, ranges={**others, index: rest})
        yield self._fixed(statement, index, first, others), step

    def _fixed(
        self, statement: Statement, index: Index, value: Affine, others: Mapping[Index, Range]
    ) -> Statement:
        mapping = {index: value}
        left, right = (substitute(s, mapping) for s in (statement.left, statement.right))
        ranges = {
            i: Range(substitute(r.lo, mapping), substitute(r.hi, mapping))
            for i, r in others.items()
        }
        return Statement(left, right, ranges)

    def _at(self, statement: Statement, when: Time) -> bool:
        """Whether a statement at one time is true by unfolding everything it needs there."""
        if self._by_normal_form(statement, self._any, ()) is not None:
            return True
        work = self._normaliser(statement, ())
        difference = work.simple(sub(statement.left, statement.right))
        for _ in range(_ROUNDS):
            if self._is_zero(work, work.poly(difference)):
                return True
            wanted = frozenset(
                e
                for e in elements(difference)
                if (time_ := self.clock.time(e.tensor)) is not None
                and time_.direction == when.direction
            )
            if not wanted or self._expired():
                return False
            difference = unfold(difference, self.model, wanted.__contains__)
            difference = self._without(work, difference, self._any)
        return False


def usable(lemmas: Iterable[Lemma]) -> tuple[Lemma, ...]:
    """The lemmas that may be used as rules: one entry on the left with an index at each
    position, which the right side does not lead back to, and nothing conditional."""
    return tuple(lemma for lemma in lemmas if _is_rule(lemma.statement))


def _is_rule(statement: Statement) -> bool:
    left = statement.left
    if not isinstance(left, Element) or statement.condition is not None:
        return False
    letters = [af.letter(arg) for arg in left.args]
    if None in letters or len(set(letters)) < len(letters):
        return False
    return all(element.tensor != left.tensor for element in elements(statement.right))
