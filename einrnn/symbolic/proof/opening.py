"""Entries of definitions opened as far as a proof needs."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import field, replace
from functools import cached_property, partial

from einrnn.core import affine as af
from einrnn.core.build import sub
from einrnn.core.cputime import passed
from einrnn.core.model import Assumption, Model
from einrnn.core.nodes import Affine, Element, Expr, Index, Number, Pow
from einrnn.core.traverse import elements, tensors, walk
from einrnn.dataclass import dataclass
from einrnn.symbolic.normal.domain import follows, inequalities, known_from, of_sizes
from einrnn.symbolic.normal.ends import Ends
from einrnn.symbolic.normal.expand import Normaliser, Rule
from einrnn.symbolic.normal.facts import Facts
from einrnn.symbolic.normal.finish import peeled
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.rules import has_factor, inverse_pair, rules_of
from einrnn.symbolic.normal.stated import assumed_unit, facts_of, said_symmetric
from einrnn.symbolic.normal.terms import Poly, Term
from einrnn.symbolic.normal.zero import is_zero
from einrnn.symbolic.proof.clock import UP, Clock, Time, clock_of
from einrnn.symbolic.proof.defined import Defined
from einrnn.symbolic.proof.edges import at_edges
from einrnn.symbolic.proof.entries import Chosen, unfold
from einrnn.symbolic.proof.order import next_related
from einrnn.symbolic.proof.statement import Lemma, Proof, Statement, as_rule

ROUNDS = 12
_FIRST_TIMES = 3


@dataclass()
class Opener:
    """Opens entries of one closed model, and brings what that leaves to normal form.

    ``found`` lemmas are rules from the start, of ``symmetric`` tensors the last two positions may
    be exchanged. ``deadline`` is a time of
    :func:`time.process_time` after which nothing more is opened.
    """

    model: Model
    assumptions: tuple[Assumption, ...] = ()
    deadline: float = float("inf")
    found: tuple[Lemma, ...] = ()
    symmetric: frozenset[str] = frozenset()
    clock: Clock = field(init=False)
    _rules: tuple[Rule, ...] = field(init=False)
    _facts: Facts = field(init=False)

    def __post_init__(self) -> None:
        self.clock = clock_of(self.model)
        self.assumptions = tuple(filter(self.defined.may_assume, self.assumptions))
        said = [said_symmetric(self.model, a.left, a.right, a.ranges) for a in self.assumptions]
        facts = _assuming(facts_of(self.model), self.assumptions)
        symmetric = facts.symmetric.union(self.symmetric, (name for name in said if name))
        self._facts = replace(facts, symmetric=symmetric)
        pairs = zip(self.assumptions, said, strict=True)
        others = tuple(given for given, name in pairs if name is None)
        granted = rules_of(
            self.model, (*others, *filter(None, map(self._unfolded, others))), self._facts
        )
        found = tuple(as_rule(lemma.statement) for lemma in self.found)
        edged = (at_edges(self.model, self.clock),) if self.clock.edged else ()
        self._rules = (*granted, inverse_pair, self.causal, *edged, *found)

    def _unfolded(self, assumption: Assumption) -> Assumption | None:
        """What an assumption says once definitions that do not recur are unfolded, as they are in
        what it is used for; None if it has none."""
        sides = [unfold(s, self.model, self._is_plain) for s in (assumption.left, assumption.right)]
        left, right = sides
        if left is assumption.left and right is assumption.right:
            return None
        return replace(assumption, left=left, right=right)

    def _is_plain(self, element: Element) -> bool:
        return len(self.model.definitions[element.tensor].clauses) == 1 and not self.clock.recurs(
            element.tensor
        )

    @property
    def tied(self) -> frozenset[str]:
        """The tensors between whose entries some equation holds."""
        return self._facts.tied | self._facts.units.keys()

    @cached_property
    def defined(self) -> Defined:
        """What has a value wherever something else has."""
        return Defined(self.model)

    def by_normal_form(
        self, statement: Statement, chosen: Chosen, rules: tuple[Rule, ...]
    ) -> Proof | None:
        """Equal once chosen definitions that do not recur are unfolded."""
        work = self.normaliser(statement, rules)
        difference = self.without(work, sub(statement.left, statement.right), chosen)
        if is_zero(work, work.poly(difference)):
            return Proof("normal form")
        return None

    def normaliser(
        self,
        statement: Statement,
        rules: tuple[Rule, ...],
        nonnegative: frozenset[Expr] = frozenset(),
    ) -> Normaliser:
        """Normal forms where the ranges and the condition of a statement hold, and some
        expressions are not negative."""
        return Normaliser(
            _known_of(statement),
            rules=(*self._rules, *rules),
            deadline=self.deadline,
            facts=replace(self._facts, nonnegative=nonnegative),
            ends=Ends(self._opened_at_ends, self.clock.at_ends),
        )

    def plain(self, statement: Statement) -> Normaliser:
        """Normal forms without rules: what is assumed is not made use of."""
        return Normaliser(_known_of(statement), deadline=self.deadline, facts=self._facts)

    def _opened_at_ends(self, expr: Expr) -> Expr:
        """The expression without entries at times for which their definition has a clause, or at
        places of other axes: those once, since the general clause reads others there."""
        for turn in range(ROUNDS):
            wanted = frozenset(
                e
                for e in elements(expr)
                if self._is_at_end(e) or (not turn and self.clock.is_at_edge(e))
            )
            if not wanted:
                break
            expr = unfold(expr, self.model, wanted.__contains__)
        return expr

    def _is_at_end(self, element: Element) -> bool:
        when = self.clock.time(element.tensor)
        return when is not None and self.at_boundary(element, when)

    def without(self, work: Normaliser, expr: Expr, chosen: Chosen) -> Expr:
        """The expression without chosen entries of definitions that do not recur."""
        for _ in range(ROUNDS):
            expr = work.simple(expr)
            pending = [e for e in elements(expr) if self.opens(e, work) and chosen(e)]
            if is_now(chosen):
                pending += [e for e in elements(expr) if self.opens_now(e)]
            if not pending or passed(self.deadline):
                return expr
            wanted = frozenset(pending)
            expr = unfold(expr, self.model, wanted.__contains__)
        return expr

    def opens(self, element: Element, work: Normaliser) -> bool:
        """Whether an entry may always be unfolded: it does not recur, or is a boundary."""
        if element.tensor not in self.model.definitions:
            return False
        when = self.clock.time(element.tensor)
        if when is None:
            return not self.clock.recurs(element.tensor)
        return self.at_boundary(element, when) or self.at_one_time(element)

    def first_at_once(self, found: Iterable[Element]) -> frozenset[Element]:
        """The entries of recurrences that need others of their own time, and which nothing else
        among those found needs at its time."""
        at_once = self.clock.at_once
        own = [e for e in found if not self.derived_only(e) and at_once(e.tensor)]
        needed = frozenset[str]().union(*(at_once(e.tensor) for e in own))
        return frozenset(e for e in own if e.tensor not in needed)

    def at_one_time(self, element: Element) -> bool:
        """Whether a total derivative is by an entry of the same time: it ends there."""
        places = self.clock.precedes(element.tensor)
        return bool(places) and element.args[places[0].of] is element.args[places[0].wrt]

    def at_boundary(self, element: Element, when: Time) -> bool:
        """Whether an entry is at a time for which its definition has a clause."""
        there = element.args[when.axis]
        for clause in self.model.definitions[element.tensor].clauses:
            own = clause.args[when.axis]
            if af.letter(own) is None and af.minus(own, there) is af.ZERO:
                return True
        return False

    def causal(self, work: Normaliser, term: Term) -> Poly | None:
        """A total derivative by what comes later is 0."""
        known = (*work.known, *inequalities(term.conds))
        for atom, _ in term.factors:
            if not isinstance(atom, Element):
                continue
            later = (place.by_later(atom.args) for place in self.clock.precedes(atom.tensor))
            if any(follows(known, ahead) for ahead in later) and has_factor(work, term, atom):
                return {}
        return None

    def opened(
        self, work: Normaliser, expr: Expr, index: Index, direction: int, chosen: Chosen
    ) -> Expr:
        """The expression with recurrent entries unfolded until all are behind the index, and
        none is ahead of the one that was furthest behind before; there only what leads back
        further is left."""
        reach = self.reach(expr, index, direction)
        return self.opened_to(reach, work, expr, index, direction, chosen)

    def reach(self, expr: Expr, index: Index, direction: int) -> int:
        """How far from the index what is furthest behind it is, at least one step."""
        return min([-1, *self.offsets(expr, index, direction)])

    def opened_to(
        self, reach: int, work: Normaliser, expr: Expr, index: Index, direction: int, chosen: Chosen
    ) -> Expr:
        """The same with none left that is ahead of what is ``reach`` from the index."""
        for turn in range(ROUNDS):
            expr = work.simple(expr)
            now = frozenset(
                e
                for e in elements(expr)
                if chosen(e)
                and not (turn and self.has_no_time_alone(e))
                and (
                    self.offset(e, index, direction, reach) > reach
                    or (self.offset(e, index, direction, reach - 1) >= reach and self.opens_now(e))
                )
            )
            now -= self._not_last(now, direction)
            if not now or self.expired():
                return expr
            expr = unfold(expr, self.model, now.__contains__)
            expr = self.alike(work, self.without(work, expr, chosen))
        return expr

    def _not_last(self, found: frozenset[Element], direction: int) -> frozenset[Element]:
        """Of entries without a time alone those that others of them may be computed from."""
        rows: dict[str, dict[Element, int]] = {}
        for e in found:
            if self.has_no_time_alone(e):
                place = direction * sum(arg.constant for arg in e.args)
                rows.setdefault(e.tensor, {})[e] = place
        return frozenset(
            e for row in rows.values() for e, place in row.items() if place < max(row.values())
        )

    def alike(self, work: Normaliser, expr: Expr) -> Expr:
        """The expression with sums that end at different distances from one place brought to
        the shortest: what is split off is opened as all else is."""
        poly = work.poly(expr)
        shorter = peeled(poly)
        return expr if shorter == poly else expression(work.canonical(shorter))

    def computed_last(self, found: Iterable[Element]) -> frozenset[Element]:
        """The entries of recurrences that are computed later than others of the same one."""
        rows: dict[tuple[str, Affine], dict[int, list[Element]]] = {}
        for element in found:
            when = self.clock.time(element.tensor)
            if when is not None:
                place = element.args[when.axis]
                start = af.shift(place, -place.constant)
                offsets = rows.setdefault((element.tensor, start), {})
                offsets.setdefault(place.constant * when.direction, []).append(element)
        latest = [row[max(row)] for row in rows.values() if len(row) > 1]
        return frozenset(element for row in latest for element in row)

    def has_no_time_alone(self, expr: Expr) -> bool:
        """Whether an entry needs others of the same recurrence at its own time: to open those,
        too, comes to an end at the edge of another axis only."""
        return isinstance(expr, Element) and expr.tensor in self.clock.at_once(expr.tensor)

    def opens_now(self, element: Element) -> bool:
        """Whether an entry leads to others of its own time only, and is no derivative by one
        of the same time."""
        return self.clock.instant(element.tensor)

    def offset(self, element: Element, index: Index, direction: int, other: int) -> int:
        """How far a recurrent entry is ahead of the index in time; ``other`` for the rest."""
        when = self.clock.time(element.tensor)
        if when is None or when.direction != direction:
            return other
        there = af.minus(element.args[when.axis], af.of(index))
        return other if there.terms else there.constant * direction

    def offsets(self, expr: Expr, index: Index, direction: int) -> list[int]:
        """How far recurrent entries are ahead of the index in time, 0 for the rest."""
        return [self.offset(e, index, direction, 0) for e in elements(expr)]

    def hurried(self, share: int = 4) -> Opener:
        """The same with a quarter, or another share, of the time that is left: for what shows at
        once or not at all, so that most of it is left to what comes after."""
        now = time.process_time()
        return replace(self, deadline=min(self.deadline, now + (self.deadline - now) / share))

    def expired(self) -> bool:
        """Whether the time is up."""
        return passed(self.deadline)

    def is_zero_opened(
        self, work: Normaliser, difference: Expr, index: Index, direction: int, chosen: Chosen
    ) -> bool:
        """Whether a difference is 0 once what recurs at the index is opened there."""
        ahead = self._divisors_ahead(difference, index, direction)
        if ahead:  # quotients of quotients, if those that they are computed from are opened too
            alone = self.without(work, unfold(difference, self.model, ahead.__contains__), chosen)
            if is_zero(work, work.poly(alone)):
                return True
        opened = self.opened(work, difference, index, direction, chosen)
        if is_zero(work, work.poly(opened)) or self._is_zero_related(work, opened, chosen):
            return True
        # what is known of earlier times may speak of times before those
        further = self.opened(work, opened, index, direction, chosen)
        if further is not opened and is_zero(work, work.poly(further)):
            return True
        ahead = self._run_back(opened, index, direction)
        if ahead:
            opened = self.without(work, unfold(opened, self.model, ahead.__contains__), chosen)
            if is_zero(work, work.poly(opened)):
                return True
        ahead = self._apart(opened, index) or self._all_near_start(opened)
        for _ in range(_FIRST_TIMES):
            if not ahead:
                return False
            opened = self.without(work, unfold(opened, self.model, ahead.__contains__), chosen)
            if is_zero(work, work.poly(opened)):
                return True
            ahead = frozenset(e for e in elements(opened) if self._is_near_start(e))
        return False

    def _divisors_ahead(self, expr: Expr, index: Index, direction: int) -> frozenset[Element]:
        """The recurrent entries that are further ahead than others, where something is divided by
        one of them."""
        nowhere = -(1 << 30)
        found = {e: self.offset(e, index, direction, nowhere) for e in elements(expr)}
        offsets = {offset for offset in found.values() if offset > nowhere}
        if len(offsets) < 2:
            return frozenset()
        ahead = frozenset(e for e, offset in found.items() if offset == max(offsets))
        divided = (node for node in walk(expr) if isinstance(node, Pow) and _divides(node))
        return ahead if any(ahead & {*elements(node)} for node in divided) else frozenset()

    def _is_zero_related(self, work: Normaliser, difference: Expr, chosen: Chosen) -> bool:
        """Whether a difference is 0 once what is computed, at one time, from what it speaks of is
        opened, one definition after the other."""
        if is_derived_only(chosen):
            return False
        opened: frozenset[str] = frozenset()
        while not self.expired():
            name = next_related(self.clock, difference, opened, work.poly(difference))
            if name is None:
                return False
            opened |= {name}
            wanted = partial(_is_one_of, opened)
            difference = self.rid_of(work, difference, wanted, chosen)
            if is_zero(work, work.poly(difference)):
                return True
        return False

    def rid_of(self, work: Normaliser, expr: Expr, wanted: Chosen, chosen: Chosen) -> Expr:
        """The expression without some recurrent entries, and without the chosen ones that do not
        recur, as far as some rounds go."""
        for _ in range(ROUNDS):
            there = frozenset(e for e in elements(expr) if wanted(e))
            if not there:
                break
            expr = unfold(expr, self.model, there.__contains__)
            expr = self.without(work, expr, chosen)
        return expr

    def _run_back(self, expr: Expr, index: Index, direction: int) -> frozenset[Element]:
        """The entries of recurrences that run the other way at a time from which they lead back
        to the index: ``a[t+1]`` where ``a`` runs up and time is looked at down."""
        return frozenset(
            e
            for e in elements(expr)
            if (there := self._from(e, index, -direction)) is not None
            and not there.terms
            and there.constant == -direction
        )

    def _apart(self, expr: Expr, index: Index) -> frozenset[Element]:
        """The latest entries of recurrences at a distance of two times, one of which is the
        index: ``a[t-r]`` in a convolution."""
        rows: dict[tuple[str, Affine], dict[int, list[Element]]] = {}
        for e in elements(expr):
            there = self._from(e, index, UP)
            if there is not None and there.terms:
                key = e.tensor, af.shift(there, -there.constant)
                rows.setdefault(key, {}).setdefault(there.constant, []).append(e)
        return frozenset(e for row in rows.values() for e in row[max(row)])

    def _all_near_start(self, expr: Expr) -> frozenset[Element]:
        """The entries near the times at which recurrences begin, where all that run their way
        are: what is left speaks of the first times."""
        times = {e: self.clock.time(e.tensor) for e in elements(expr)}
        near = frozenset(e for e in times if self._is_near_start(e))
        ways = {when.direction for e, when in times.items() if when and e in near}
        others = any(when and when.direction in ways for e, when in times.items() if e not in near)
        return frozenset() if others else near

    def _is_near_start(self, element: Element) -> bool:
        """Whether an entry is a number of times after the one at which its recurrence begins."""
        when = self.clock.time(element.tensor)
        if when is None:
            return False
        axis = self.model.definitions[element.tensor].axes[when.axis]
        first = axis.lo if when.direction == UP else axis.hi
        return af.number(af.minus(element.args[when.axis], first)) is not None

    def _from(self, element: Element, index: Index, direction: int) -> Affine | None:
        """How much later than an index an entry is of a recurrence in a direction, but for
        derivatives."""
        when = self.clock.time(element.tensor)
        if when is None or when.direction != direction or self.derived_only(element):
            return None
        place = element.args[when.axis]
        return af.minus(place, af.of(index)) if index in place.free else None

    def derived_only(self, element: Element) -> bool:
        """Entries of total derivatives."""
        return element.tensor in self.model.derived

    def any(self, element: Element) -> bool:
        """Everything."""
        return True

    def now(self, element: Element) -> bool:
        """Everything, recurrent entries that lead to others of their own time included."""
        return True


def opens_some(chosen: Chosen) -> bool:
    """Whether a choice is of some definitions by their names, so that more comes later."""
    return getattr(chosen, "__func__", None) is None


def is_now(chosen: Chosen) -> bool:
    """Whether a choice is :meth:`Opener.now`, of whichever opener."""
    return getattr(chosen, "__func__", None) is Opener.now


def is_derived_only(chosen: Chosen) -> bool:
    """Whether a choice is :meth:`Opener.derived_only`, of whichever opener."""
    return getattr(chosen, "__func__", None) is Opener.derived_only


def _is_one_of(names: frozenset[str], element: Element) -> bool:
    return element.tensor in names


def _assuming(facts: Facts, assumptions: tuple[Assumption, ...]) -> Facts:
    """The facts with what assumptions say; of a tensor that two of them speak of, or one beside
    a fact, only that some equation holds."""
    units, tied = dict(facts.units), set(facts.tied)
    seen = {*units, *tied}
    for given in assumptions:
        named = tensors(given.left) | tensors(given.right)
        unit = assumed_unit(given)
        if unit is not None and unit[0] not in seen:
            units[unit[0]] = unit[1]
        else:
            tied |= named
        seen |= named
    kept = {name: unit for name, unit in units.items() if name not in tied}
    return replace(facts, units=kept, tied=frozenset(tied))


def _divides(power: Pow) -> bool:
    return isinstance(power.exponent, Number) and power.exponent.value < 0


def _known_of(statement: Statement) -> tuple[Affine, ...]:
    """What is at least zero by the ranges and the condition of a statement."""
    known = known_from(statement.ranges)
    if statement.condition is not None:
        brackets = Normaliser().bracket(statement.condition)
        if len(brackets) == 1:
            ((term, _),) = brackets.items()
            given = inequalities(term.conds)
            known = (*known, *given, *of_sizes(given, statement.ranges))
    return known
