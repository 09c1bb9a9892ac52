"""One side of a statement rewritten line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import field
from functools import partial

from einrnn.core import affine as af
from einrnn.core.model import Assumption, Range
from einrnn.core.nodes import Add, Element, Expr, Index, Node, Reduce
from einrnn.core.traverse import elements, rebuild, substitute, tensors
from einrnn.dataclass import dataclass
from einrnn.symbolic import simplify as s
from einrnn.symbolic.match import match
from einrnn.symbolic.narrate.opening import collapsed, opened, readings, spliced, with_ranges
from einrnn.symbolic.narrate.reasons import by_definition, deltas_gone
from einrnn.symbolic.narrate.scene import Line, Scene, Usable, is_large
from einrnn.symbolic.present.facts import Rule, granted_rule, rules_in_words
from einrnn.symbolic.present.lookups import lookups_of
from einrnn.symbolic.present.naming import folded, names_of
from einrnn.symbolic.present.reads import replaced
from einrnn.symbolic.present.simplest import Style, present
from einrnn.symbolic.present.terms import join, split
from einrnn.symbolic.proof.clock import UP
from einrnn.symbolic.proof.invariance import between
from einrnn.symbolic.proof.statement import Statement
from einrnn.symbolic.proof.tactics import at_constant
from einrnn.symbolic.ranges import Ranges, at_least_zero
from einrnn.symbolic.unfold import recurs

MOST_LINES = 24
LEVELS = range(4)
_ROUNDS_AT_NUMBERS = 8


@dataclass(frozen=True)
class Plan:
    """What may be done to a side beyond definitions that do not recur: ``usable`` statements;
    recurrences at the index ``time`` of a ``direction`` down to ``reach`` steps from it, or all
    that lie ``between`` that index and the next; and recurrences at numbers, or at the indices
    of sums."""

    usable: tuple[Usable, ...] = ()
    time: Index | None = None
    direction: int = UP
    reach: int = -1
    at_numbers: bool = False
    in_sums: bool = False
    between: bool = False


@dataclass()
class Side:
    """A side of the statement of a scene as it is rewritten; ``way`` tells whether derivatives
    are adjoints."""

    scene: Scene
    plan: Plan
    reverse: bool
    lines: list[Line]
    _seen: set[str] = field(default_factory=set[str])
    _defined: set[str] = field(default_factory=set[str])
    _rounds: int = 0

    def __post_init__(self) -> None:
        self._seen |= {self.scene.text(line.expr) for line in self.lines}

    @property
    def last(self) -> Expr:
        """The side as it stands."""
        return self.lines[-1].expr

    def advance(self, level: int, other: Expr) -> Line | None:
        """One more line, if there is one. At each of :data:`LEVELS` more may be unfolded:
        derivatives that the ``other`` side does not mention, all of them, the document's own
        definitions that it does not mention, and all of those."""
        for move in self._moves(level, other):
            if len(self.lines) >= MOST_LINES or self.scene.expired or is_large(self.last):
                return None
            line = move()
            if line is None or line.expr is self.last:
                continue
            line = Line(spliced(line.expr), line.reason)
            shown = self.scene.text(line.expr)
            if shown in self._seen:
                continue
            self._seen.add(shown)
            self.lines.append(line)
            return line
        return None

    def _moves(self, level: int, other: Expr) -> Iterator[Callable[[], Line | None]]:
        for usable in (*self.plan.usable, *self.scene.alike):
            yield partial(self._used, usable)
        yield self._collapsed
        if self.plan.between:
            yield partial(self._opened_where, self._is_between)
        elif self.plan.time is not None:
            yield self._as_ranges
            yield self._split_at_end
            yield partial(self._opened_where, self._is_now)
        mentioned = tensors(other) if level == 0 else frozenset[str]()
        yield partial(
            self._opened_where, lambda e: self._is_derived(e) and e.tensor not in mentioned
        )
        if self.plan.at_numbers:
            yield partial(self._opened_at_numbers, self.scene.opener.derived_only)
        if self.plan.in_sums:
            yield self._opened_in_sums
        yield self._named
        yield self._presented
        for words, rule in rules_in_words(self.scene.model):
            yield partial(self._by_rule, words, rule)
        for assumption in self.scene.granted:
            words = f"by [{assumption.name}]"
            yield partial(self._by_rule, words, granted_rule(assumption, self.scene.model))
        if level > 1:
            kept = tensors(other) if level == 2 else frozenset[str]()
            yield partial(self._own_definitions, kept)
            seen = frozenset(elements(other)) if level == 2 else frozenset[Element]()
            if self.plan.time is not None and not self.plan.between:
                yield partial(self._opened_where, lambda e: self._is_ahead(e) and e not in seen)
            if self.plan.at_numbers:
                yield partial(self._opened_at_numbers, lambda e: e not in seen)

    # ------------------------------------------------------------------ what is granted or proved

    def _used(self, usable: Usable) -> Line | None:
        """A statement used from left to right."""
        pattern = usable.statement.left
        if not isinstance(pattern, Element):
            given = Assumption(
                usable.words, usable.statement.ranges, pattern, usable.statement.right, ""
            )
            rule = granted_rule(given, self.scene.model)
            return None if rule is None else Line(self._term_by_term(rule), usable.words)
        if pattern.tensor not in tensors(self.last):
            return None
        expr = replaced(self.last, self.scene.ranges, partial(_instead, usable.statement))
        return Line(expr, usable.words)

    def _term_by_term(self, rule: Rule) -> Expr:
        """A rule used once on each term to which it applies, be the result shorter or not."""
        ranges = self.scene.ranges
        rows: list[Expr] = []
        for term in self.last.terms if isinstance(self.last, Add) else (self.last,):
            found = rule(split(term, ranges), ranges)
            rows.append(term if found is None else join(found, ranges))
        return s.add(rows)

    def _by_rule(self, words: str, rule: Rule | None) -> Line | None:
        if rule is None:
            return None
        return Line(present(self.last, self.scene.ranges, self._style(rule)), words)

    # ------------------------------------------------------------------ definitions

    def _opened_where(self, wanted: Callable[[Element], bool]) -> Line | None:
        chosen = [e for e in readings(self.scene, self.last) if wanted(e)]
        return self._opened(chosen)

    def _opened(self, chosen: list[Element]) -> Line | None:
        if not chosen:
            return None
        expr = opened(self.scene, self.last, chosen)
        return Line(expr, by_definition(self.scene.model, chosen, self.reverse))

    def _is_derived(self, element: Element) -> bool:
        """A derivative that does not recur, or does so at its beginning."""
        model, opener = self.scene.model, self.scene.opener
        if element.tensor not in model.derived:
            return False
        when = opener.clock.time(element.tensor)
        if when is None:
            return not recurs(model, element.tensor)
        return opener.at_boundary(element, when) or opener.at_one_time(element)

    def _is_now(self, element: Element) -> bool:
        """A derivative at the index of time."""
        time = self.plan.time
        assert time is not None
        if element.tensor not in self.scene.model.derived:
            return False
        now = self._is_derived(element) and af.of(time) in element.args
        return now or self._is_ahead(element)

    def _is_ahead(self, element: Element) -> bool:
        """What recurs at the index of time, or before it as far as the statement reads."""
        time, reach = self.plan.time, self.plan.reach
        assert time is not None
        return self.scene.opener.offset(element, time, self.plan.direction, reach) > reach

    def _is_between(self, element: Element) -> bool:
        """What lies between the index of time and the next."""
        time = self.plan.time
        assert time is not None
        return between(self.scene.opener, element, time)

    def _opened_at_numbers(self, wanted: Callable[[Element], bool]) -> Line | None:
        """What recurs at times that are numbers, some steps far."""
        found = [e for e in readings(self.scene, self.last) if wanted(e) and self._is_fixed(e)]
        if not found or self._rounds >= _ROUNDS_AT_NUMBERS:
            return None
        self._rounds += 1
        return self._opened(found)

    def _is_fixed(self, element: Element) -> bool:
        """What recurs at a time that is a number, or for which there is a clause."""
        opener = self.scene.opener
        when = opener.clock.time(element.tensor)
        if when is None:
            return False
        return at_constant(opener, element) or opener.at_boundary(element, when)

    def _opened_in_sums(self) -> Line | None:
        """What recurs at an index of a sum, where it stands furthest in its time."""
        ahead: dict[str, dict[int, list[Element]]] = {}
        for element in readings(self.scene, self.last):
            when = self.scene.opener.clock.time(element.tensor)
            if when is None:
                continue
            there = element.args[when.axis]
            if not there.free <= self.scene.statement.ranges.keys():
                offset = there.constant * when.direction
                ahead.setdefault(element.tensor, {}).setdefault(offset, []).append(element)
        chosen = [e for rows in ahead.values() if len(rows) > 1 for e in rows[max(rows)]]
        return self._opened(chosen)

    def _own_definitions(self, kept: frozenset[str]) -> Line | None:
        """Definitions of the document that do not recur, those that need others first."""
        clock = self.scene.opener.clock
        names = tensors(self.last) - kept
        own = [n for n in names if n in self.scene.model.definitions and not clock.recurs(n)]
        own = [n for n in own if n not in self.scene.model.derived]
        first = {n for n in own if not any(n in clock.reach(other) for other in own)}
        line = self._opened_where(lambda element: element.tensor in first)
        self._defined |= first
        return line

    # ------------------------------------------------------------------ rewriting

    def _collapsed(self) -> Line:
        expr = collapsed(self.scene, self.last)
        before, after = (self.scene.text(side) for side in (self.last, spliced(expr)))
        return Line(expr, deltas_gone(before, after) or "simplified")

    def _as_ranges(self) -> Line:
        expr = with_ranges(self.last, self.scene.ranges)
        return Line(expr, "the condition as a range")

    def _split_at_end(self) -> Line | None:
        """The last term of a sum over time that ends at the index, by itself."""
        assert self.plan.time is not None
        now = af.of(self.plan.time)
        up = self.plan.direction == UP

        def change(node: Node) -> Node:
            if not (isinstance(node, Reduce) and node.op == "sum"):
                return node
            if (node.hi if up else node.lo) is not now or not _reads_time(node, self.plan.time):
                return node
            lo, hi = (node.lo, af.shift(now, -1)) if up else (af.shift(now, 1), node.hi)
            rest = Reduce("sum", node.index, lo, hi, node.body)
            return s.add((rest, substitute(node.body, {node.index: now})))

        return Line(rebuild(self.last, change), f"the term at {self.plan.time.name} by itself")

    def _named(self) -> Line:
        """Right sides of definitions by their names."""
        definitions = self.scene.model.definitions
        expr = folded(self.last, self._style().names, self.scene.ranges)
        before = frozenset(elements(self.last))
        new = [e for e in elements(expr) if e not in before and e.tensor in definitions]
        # none where the same entry was there beside what has its name now
        return Line(expr, by_definition(self.scene.model, new, self.reverse) or "collected")

    def _presented(self) -> Line:
        return Line(present(self.last, self.scene.ranges, self._style()), "collected")

    def _style(self, *rules: Rule) -> Style:
        clock, model = self.scene.opener.clock, self.scene.model
        names = {other for name in tensors(self.last) for other in (name, *clock.reach(name))}
        names |= {name for name, definition in model.definitions.items() if definition.late}
        wanted = [n for n in model.definitions if n in names - self._defined - set(model.derived)]
        return Style(rules, names_of(model, wanted), lookups_of(model))


def _reads_time(node: Reduce, time: Index | None) -> bool:
    return any(time in arg.free for e in elements(node.body) for arg in e.args)


def _instead(statement: Statement, element: Element, ranges: Ranges) -> Expr:
    """The right side of a statement for an instance of its left side."""
    binding = match(statement.left, element, frozenset(statement.ranges))
    if binding is None:
        return element
    for index, range_ in statement.ranges.items():
        limits = Range(substitute(range_.lo, binding), substitute(range_.hi, binding))
        low, high = af.minus(binding[index], limits.lo), af.minus(limits.hi, binding[index])
        if not (at_least_zero(low, ranges) and at_least_zero(high, ranges)):
            return element
    return substitute(statement.right, binding)
