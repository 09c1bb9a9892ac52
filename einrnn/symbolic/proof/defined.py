"""Whether one expression has a value wherever another one has.

A statement that is shown wherever both of its sides have values may be used to replace one by
the other only where that has a value too: ``A = C/x`` and ``C = 0`` do not show ``A = 0``, which
may fail at ``x = 0``. A value is computed from others; those that surely are computed have
values wherever it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from functools import cached_property
from typing import NamedTuple

from einrnn.core import affine as af
from einrnn.core.build import number
from einrnn.core.model import Assumption, Clause, Model, Range
from einrnn.core.nodes import (
    Affine,
    Apply,
    Cases,
    Element,
    Expr,
    Index,
    Matrix,
    Mul,
    Node,
    Number,
    Pow,
    Reduce,
)
from einrnn.core.traverse import canonical, parts, substitute
from einrnn.dataclass import dataclass
from einrnn.symbolic.normal.clauses import body_of, surely_not, where
from einrnn.symbolic.normal.domain import follows, known_from
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.guarded import unguarded
from einrnn.symbolic.normal.matrices import ordered
from einrnn.symbolic.normal.orient import oriented
from einrnn.symbolic.normal.places import Known, Place, places
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.stated import facts_of
from einrnn.symbolic.normal.terms import TooLarge
from einrnn.symbolic.proof.carried import Carried
from einrnn.symbolic.proof.statement import Statement
from einrnn.symbolic.ranges import inside

_DEPTH = 3
_MOST_CAUSES = 16
ANY = Index("·any")
_NOWHERE = (af.ZERO, af.ZERO)
_AXES = tuple(Index(f"·axis{number}") for number in range(16))

# an entry: its positions, or where between which ones they are
Pattern = tuple[str, tuple[Affine | Range, ...]]


class _There(NamedTuple):
    """A node that surely is computed, what is known there, and the ranges of bound indices.

    Over an index that may have no values it is computed for each of those that there are.
    """

    node: Node
    known: Known
    bound: Mapping[Index, Range]
    perhaps: frozenset[Index] = frozenset()


@dataclass()
class Needs:
    """What has a value: expressions, entries, of which a position may be any of an axis, and
    expressions at all values that an index in them has in a range."""

    values: set[Node] = field(default_factory=set["Node"])
    entries: set[Pattern] = field(default_factory=set["Pattern"])
    everywhere: set[tuple[Node, Range]] = field(default_factory=set["tuple[Node, Range]"])

    def add(self, other: Needs) -> None:
        """The same and what another one has."""
        self.values |= other.values
        self.entries |= other.entries
        self.everywhere |= other.everywhere

    def common(self, other: Needs) -> Needs:
        """What both have."""
        return Needs(
            self.values & other.values,
            self.entries & other.entries,
            self.everywhere & other.everywhere,
        )

    def add_value(self, node: Node, there: _There, bound: Mapping[Index, Range]) -> None:
        """What has a value where a node has, whose indices are free, or one of which is bound."""
        inside = node.free & bound.keys()
        if not inside and not there.perhaps:
            self.values |= _keys(node)
        elif len(inside) == 1 and there.perhaps <= inside:
            (index,) = inside
            span = bound[index]
            if not (span.lo.free | span.hi.free) & bound.keys():
                mapping = {index: af.of(ANY)}
                self.everywhere |= {(substitute(key, mapping), span) for key in _keys(node)}

    def has_value(self, node: Node, place: Place) -> bool:
        """Whether a value is among them, whatever the indices bound around it are."""
        key = _key(node)
        if key in self.values and not node.free & place.bound:
            return True
        return any(self._has_everywhere(key, index, place) for index in key.free)

    def _has_everywhere(self, key: Node, index: Index, place: Place) -> bool:
        pattern = substitute(key, {index: af.of(ANY)})
        if pattern.free & place.bound:
            return False
        here = af.of(index)
        return any(
            other is pattern
            and not (span.lo.free | span.hi.free) & place.bound
            and follows(place.known, af.minus(here, span.lo))
            and follows(place.known, af.minus(span.hi, here))
            for other, span in self.everywhere
        )

    def has_entry(self, entry: Element, place: Place) -> bool:
        """Whether an entry is among them, whatever the indices bound around it are."""
        return any(
            tensor == entry.tensor
            and all(_meets(own, at, place) for own, at in zip(args, entry.args, strict=True))
            for tensor, args in self.entries
        )


class Defined:
    """What has a value wherever something else has, in a model."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._carried = Carried(model)
        self._total = facts_of(model).total

    @property
    def names(self) -> tuple[str, ...]:
        """The definitions, in their order."""
        return tuple(self._model.definitions)

    def may_replace(self, statement: Statement) -> bool:
        """Whether what the left side is as a pattern has a value only where both sides have."""
        left, known = statement.left, known_from(statement.ranges)
        if isinstance(left, Element):
            return self.follow(left, (statement.right,), known)
        try:
            pattern = expression(Normaliser().poly(left))
        except TooLarge:
            return False
        return self.follow(pattern, (left, statement.right), known)

    def may_assume(self, assumption: Assumption) -> bool:
        """The same of an assumption: it grants nothing where a side has no value."""
        try:
            found = oriented(assumption, facts_of(self._model))
        except TooLarge:
            return False
        sides = (assumption.left, assumption.right)
        known = known_from(assumption.ranges)
        return found is None or self.follow(found[0], sides, known)

    def may_step(self, statement: Statement, index: Index, back: Statement) -> bool:
        """Whether, where a statement has values, it may be used ``back`` in time: its right side
        has a value there wherever the left side has, or wherever the statement has, or at all
        times or at none."""
        known = known_from(statement.ranges)
        if self.may_replace(back) or not self._total.varies(statement.right, index, known):
            return True
        return self._has_values(
            back.right,
            (*known, *known_from(back.ranges)),
            self.needs_of(statement, known),
            _DEPTH,
        )

    def is_kept(self, statement: Statement, index: Index, direction: int) -> bool:
        """Whether both sides have values one step back in time wherever they have."""
        sides = (statement.left, statement.right)
        known = known_from(statement.ranges)
        if not any(self._total.varies(side, index, known) for side in sides):
            return True
        back = {index: af.shift(af.of(index), -direction)}
        earlier = tuple(substitute(side, back) for side in sides)
        # what is one step back is at one of the times, too
        known = (*known, *(substitute(value, back) for value in known))
        needs = self.needs_of(statement, known)
        return all(self._has_values(side, known, needs, _DEPTH) for side in earlier)

    def come_with(self, statement: Statement, others: tuple[Expr, ...]) -> bool:
        """Whether other values are there wherever both sides of a statement are."""
        known = known_from(statement.ranges)
        needs = self.needs_of(statement, known)
        return all(self._has_values(other, known, needs, _DEPTH) for other in others)

    def come_at_all(self, statement: Statement, lemma: Statement) -> bool:
        """Whether both sides of a lemma have values, whatever its indices are, where both sides of
        a statement have."""
        apart = {i: af.of(Index(f"·l{number}")) for number, i in enumerate(lemma.ranges)}
        ranges = {
            next(iter(apart[i].free)): Range(substitute(r.lo, apart), substitute(r.hi, apart))
            for i, r in lemma.ranges.items()
        }
        needs = self.needs_of(statement, known_from(statement.ranges))
        sides = (substitute(side, apart) for side in (lemma.left, lemma.right))
        return all(self._has_values(side, known_from(ranges), needs, _DEPTH) for side in sides)

    def needs_of(self, statement: Statement, known: Known) -> Needs:
        """What surely is computed for both sides."""
        needs = self._needs(statement.left, known, _DEPTH)
        needs.add(self._needs(statement.right, known, _DEPTH))
        return needs

    def follow(self, given: Expr, others: tuple[Expr, ...], known: Known) -> bool:
        """Whether the others have values wherever one expression has."""
        if not any(self._total.lacks(other, known) for other in others):
            return True
        return all(
            self._follow(given, others, (*known, *there)) for there in self._cases(given, known)
        )

    def _follow(self, given: Expr, others: tuple[Expr, ...], known: Known) -> bool:
        needs = self._needs(given, known, _DEPTH)
        return all(self._has_values(other, known, needs, _DEPTH) for other in others)

    def _cases(self, given: Expr, known: Known) -> list[Known]:
        """What is at least zero where each clause decides an entry; nothing for other things."""
        if not isinstance(given, Element) or given.tensor not in self._model.definitions:
            return [()]
        return [where(clause, given) for clause in self._clauses(given, known)]

    def _has_values(self, expr: Expr, known: Known, needs: Needs, depth: int) -> bool:
        return all(
            self._has_value(place, needs, depth)
            for place in places(expr, known)
            if self._total.may_fail(place.node, place.known)
        )

    def _has_value(self, place: Place, needs: Needs, depth: int) -> bool:
        node = place.node
        if not isinstance(node, Element):
            return needs.has_value(node, place) or self._is_carried(node, place, needs)
        if needs.has_entry(node, place):
            return True
        causes = _at(self._causes[node.tensor], node.args)
        if causes is not None and all(needs.has_value(cause, place) for cause in causes):
            return True
        clauses = self._clauses(node, place.known) if depth else []
        return bool(clauses) and all(
            self._has_values(body_of(clause, node), place.known, needs, depth - 1)
            for clause in clauses
        )

    def _is_carried(self, node: Node, place: Place, needs: Needs) -> bool:
        """Whether a reciprocal is that of a sum which is 0 only where another one is whose
        reciprocal has a value."""
        match _key(node):
            case Pow(total, Number(exponent)) if exponent == -1 and not node.free & place.bound:
                others = (
                    value.base
                    for value in needs.values
                    if isinstance(value, Pow) and value.exponent is number(-1)
                )
                return any(self._carried.is_nonzero_with(total, o, place.known) for o in others)
            case _:
                return False

    def _needs(self, expr: Expr, known: Known, depth: int) -> Needs:
        """What surely is computed for an expression."""
        found = Needs()
        for there in _computed(expr, known):
            if isinstance(there.node, Element):
                self._entry_needs(found, there.node, there, depth)
            else:
                found.add_value(there.node, there, there.bound)
        return found

    def _entry_needs(self, found: Needs, entry: Element, there: _There, depth: int) -> None:
        if entry.tensor not in self._total.partial:
            return
        args = _positions(entry, there)
        if args is not None:
            found.entries.add((entry.tensor, args))
        if there.perhaps:
            return
        found.values |= self._closed.get(entry.tensor) or frozenset()
        meaning = self._model.derived.get(entry.tensor)
        if meaning is not None:  # what has no value has no derivative
            found.values |= self._closed.get(meaning.of) or frozenset()
            if depth == _DEPTH:
                of = Element(meaning.of, entry.args[: len(self._model.axes(meaning.of))])
                self._entry_needs(found, of, there, depth + 1)
        clauses = self._clauses(entry, there.known) if depth else []
        every: Needs | None = None
        for clause in clauses:
            own = Needs()
            for inner in _computed(body_of(clause, entry), there.known):
                both = {**there.bound, **inner.bound}
                if isinstance(inner.node, Element):
                    self._entry_needs(own, inner.node, inner._replace(bound=both), depth - 1)
                else:
                    own.add_value(inner.node, inner, both)
            every = own if every is None else every.common(own)
        if every is not None:
            found.add(every)

    def _clauses(self, entry: Element, known: Known) -> list[Clause]:
        """The clauses that may decide an entry."""
        definition = self._model.definitions.get(entry.tensor)
        clauses = definition.clauses if definition is not None else ()
        return [clause for clause in clauses if not surely_not(clause, entry, known)]

    @property
    def _partial(self) -> list[str]:
        """The definitions that may have no value, in their order."""
        return [name for name in self._model.definitions if name in self._total.partial]

    @cached_property
    def _closed(self) -> dict[str, frozenset[Node] | None]:
        """Of each definition what surely is computed for every entry, of that what speaks of no
        index; None for what is never computed, as long as nothing says otherwise."""
        found: dict[str, frozenset[Node] | None] = dict.fromkeys(self._partial)
        _settle(found, self._closed_of)
        return found

    def _closed_of(
        self, name: str, known: Mapping[str, frozenset[Node] | None]
    ) -> frozenset[Node] | None:
        every: frozenset[Node] | None = None
        for clause in self._model.definitions[name].clauses:
            own: frozenset[Node] | None = frozenset()
            for there in _computed(clause.body, known_from(clause.ranges)):
                node = there.node
                if isinstance(node, Element) and not there.perhaps:
                    more = known.get(node.tensor, frozenset[Node]())
                    own = None if own is None or more is None else own | more
                elif own is not None and not node.free and not there.perhaps:
                    own |= _keys(node)
            if own is not None:
                every = own if every is None else every & own
        return every

    @cached_property
    def _causes(self) -> dict[str, frozenset[Node] | None]:
        """Of each definition that may have no value what that can be due to, in letters for its
        axes; None where it may be what speaks of other indices, or there is too much."""
        found: dict[str, frozenset[Node] | None] = dict.fromkeys(self._partial, frozenset[Node]())
        _settle(found, self._causes_of)
        return found

    def _causes_of(
        self, name: str, known: Mapping[str, frozenset[Node] | None]
    ) -> frozenset[Node] | None:
        every = frozenset[Node]()
        for clause in self._model.definitions[name].clauses:
            if len(clause.args) > len(_AXES):
                return None
            letters = zip(map(af.letter, clause.args), _AXES, strict=False)
            axes = {letter: af.of(axis) for letter, axis in letters if letter is not None}
            for place in places(clause.body, known_from(clause.ranges)):
                node = place.node
                if not self._total.may_fail(node, place.known):
                    continue
                if isinstance(node, Element):
                    own = _at(known[node.tensor], node.args)
                else:
                    own = frozenset((_key(node),))
                if own is None or _any_of(own, place.bound):
                    return None
                every |= {substitute(cause, axes) for cause in own}
        return every if len(every) <= _MOST_CAUSES else None


def _at(causes: frozenset[Node] | None, args: tuple[Affine, ...]) -> frozenset[Node] | None:
    """Causes in letters for axes, at the positions of an entry."""
    if not causes:
        return causes
    places_ = dict(zip(_AXES, args, strict=False))
    return frozenset(substitute(cause, places_) for cause in causes)


def _any_of(nodes: frozenset[Node], indices: frozenset[Index]) -> bool:
    """Whether a node speaks of one of some indices."""
    return any(node.free & indices for node in nodes)


def _settle(
    found: dict[str, frozenset[Node] | None],
    again: Callable[[str, Mapping[str, frozenset[Node] | None]], frozenset[Node] | None],
) -> None:
    """Work every value out from the others until none changes."""
    changed = True
    while changed:
        changed = False
        for name in found:
            new = again(name, found)
            changed = changed or new != found[name]
            found[name] = new


def _key(node: Node) -> Node:
    """A node by which others that have values at the same places are known."""
    match node:
        case Pow(base, Number(exponent)) if exponent < 0 and exponent.denominator == 1:
            return Pow(base, number(-1))
        case Matrix("inv", row, column, size, body, power_):  # all entries have values, or none
            ways = ((row, column), (column, row))
            forms = (Matrix("inv", *way, size, body, power_, _NOWHERE) for way in ways)
            return min(map(ordered, forms), key=repr)
        case _:
            return node


def _keys(node: Node) -> frozenset[Node]:
    """What has a value where a node has: beside a logarithm also a quotient."""
    match node:
        case Apply("log", (argument,)):
            return frozenset((node, Pow(argument, number(-1))))
        case _:
            return frozenset((_key(node),))


def _computed(expr: Expr, known: Known) -> Iterator[_There]:
    """The nodes that surely are computed with an expression: none that a condition or an empty
    range may leave out. Bound indices have names of their own."""
    stack = [_There(canonical(expr), known, {})]
    while stack:
        there = stack.pop()
        node = there.node
        if isinstance(node, Cases | Affine):
            continue
        yield there
        if isinstance(node, Reduce):
            node = unguarded(node, there.known)
            span = Range(node.lo, node.hi)
            inner = (*there.known, *known_from({node.index: span}))
            perhaps = there.perhaps - {node.index}
            if not follows(there.known, af.minus(node.hi, node.lo)):
                perhaps |= {node.index}
            bound = {**there.bound, node.index: span}
            stack.append(_There(node.body, inner, bound, perhaps))
        elif not (isinstance(node, Mul) and any(isinstance(f, Cases) for f in node.factors)):
            bound = {**there.bound, **inside(node, {})}
            stack += [there._replace(node=part, bound=bound) for part in parts(node)]


def _positions(entry: Element, there: _There) -> tuple[Affine | Range, ...] | None:
    """The positions of an entry, where a bound index that one of them counts by ones is for all
    those that it runs through; None where bound indices are not so."""
    inside = [arg.free & there.bound.keys() for arg in entry.args]
    alone = sum(map(len, inside)) == len(frozenset[Index]().union(*inside))
    if not alone or not there.perhaps <= frozenset[Index]().union(*inside):
        return None
    found: list[Affine | Range] = []
    for arg, indices in zip(entry.args, inside, strict=True):
        if not indices:
            found.append(arg)
            continue
        index, *others = indices
        span, step = there.bound[index], af.coefficient(arg, index)
        by_ones = abs(step) == 1 and index not in af.plus(arg, af.of(index), -step).free
        if others or not by_ones or (span.lo.free | span.hi.free) & there.bound.keys():
            return None
        ends = [substitute(arg, {index: end}) for end in (span.lo, span.hi)]
        found.append(Range(*ends) if step == 1 else Range(*reversed(ends)))
    return tuple(found)


def _meets(own: Affine | Range, at: Affine, place: Place) -> bool:
    """Whether a position surely is one of those that are computed."""
    if isinstance(own, Affine):
        return own is at and not at.free & place.bound
    ends = (af.minus(at, own.lo), af.minus(own.hi, at))
    # what a bound index is called is no matter
    return not (own.lo.free | own.hi.free) & place.bound and all(
        follows(place.known, end) for end in ends
    )
