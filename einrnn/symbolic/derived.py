"""Derivatives of named tensors as definitions of their own.

The total derivative of an entry of ``s`` by an entry of ``W`` is an entry of the derived
tensor ``ds/dW``, with the axes of both. Its definition comes in one of two forms with the
same values:

*forward*, from the definition of ``s``: the rules of differentiation applied to its right
side, so that a recurrence for ``s`` becomes a recurrence for ``ds/dW`` in the same
direction, boundary values included;

*reverse*, from everything that uses ``W``: the adjoint. A recurrence for ``s`` becomes a
recurrence for ``dL/ds`` that runs the other way.

The immediate partial ``∂s/∂W`` differentiates the right side of ``s`` alone, looking
through late names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, cast

from einrnn.core import affine as af
from einrnn.core.build import ZERO
from einrnn.core.model import Clause, Definition, Derived, Model, Range
from einrnn.core.nodes import (
    Add,
    Affine,
    Cond,
    Derivative,
    Element,
    Expr,
    Index,
    Node,
)
from einrnn.core.trampoline import Steps, trampoline
from einrnn.core.traverse import elements, fresh, parts, substitute, walk, with_parts
from einrnn.errors import EinrnnError, LanguageError
from einrnn.symbolic import simplify as s
from einrnn.symbolic.clauses import fits, uncovered
from einrnn.symbolic.derivative import differentiate
from einrnn.symbolic.match import fold
from einrnn.symbolic.ranges import Ranges, inside
from einrnn.symbolic.tidy import tidy

Direction = Literal["forward", "reverse"]
Policy = Callable[[Model, str, str], Direction]

_MARK = {"total": "d", "immediate": "∂"}


def forward(model: Model, of: str, wrt: str) -> Direction:
    """Always along the definitions."""
    return "forward"


def reverse(model: Model, of: str, wrt: str) -> Direction:
    """Always as adjoints."""
    return "reverse"


def fewer_axes(model: Model, of: str, wrt: str) -> Direction:
    """Reverse where the differentiated tensor has at most as many axes as the other."""
    return "reverse" if len(model.axes(of)) <= len(model.axes(wrt)) else "forward"


def complete(
    model: Model, roots: Sequence[tuple[Expr, Ranges]], policy: Policy = forward
) -> tuple[Model, list[Expr]]:
    """Carry out every derivative in the roots and in the definitions they need.

    Returns the model with the definitions of all derived tensors that are needed, and
    the roots without :class:`Derivative` nodes.

    Raises:
        LanguageError: E510, a definition contains a derivative of itself.
    """
    work = Completion(model, policy)
    done = work.add(roots)
    return work.model, done


class Completion:
    """The model as it grows, and what is known about which name needs which."""

    def __init__(self, model: Model, policy: Policy) -> None:
        self.model = model
        self.policy = policy
        self._carried: set[str] = set()
        self._open: list[str] = []
        self._needs: dict[str, tuple[str, ...]] = {}
        self._reached: dict[str, frozenset[str]] = {}

    def add(self, roots: Sequence[tuple[Expr, Ranges]]) -> list[Expr]:
        """Carry out every derivative in more roots and in the definitions they need; see
        :func:`complete`. Where that fails, all is as it was before."""
        model, carried = self.model, set(self._carried)
        try:
            done = [self.carry_out(expr, ranges) for expr, ranges in roots]
            self.finish(done)
        except EinrnnError:
            self.model, self._carried, self._open = model, carried, []
            self._needs, self._reached = {}, {}
            raise
        return done

    def definition(self, name: str) -> Definition:
        """A definition without derivatives in it, built where it does not exist yet."""
        if name in self._carried:
            return self.model.definitions[name]
        if name in self._open:
            cycle = " needs ".join([*self._open[self._open.index(name) :], name])
            raise LanguageError("E510", f"a definition contains a derivative of itself: {cycle}")
        self._open.append(name)
        old = self.model.definitions.get(name)
        new = self._build(name) if old is None else self._without_derivatives(old)
        self._open.pop()
        self._carried.add(name)
        if new is not old:
            self.model = self.model.with_definitions({name: new})
        return new

    def finish(self, roots: Sequence[Expr]) -> None:
        """Build every definition that the roots need, directly or not."""
        pending = [e.tensor for root in roots for e in elements(root)]
        seen: set[str] = set()
        while pending:
            name = pending.pop()
            if name in seen or name in self.model.inputs:
                continue
            seen.add(name)
            pending += self.needs(name)

    def needs(self, name: str) -> tuple[str, ...]:
        """The names on the right side of a definition."""
        if name in self.model.inputs:
            return ()
        if name not in self._needs:
            clauses = self.definition(name).clauses
            found = [e.tensor for clause in clauses for e in elements(clause.body)]
            self._needs[name] = tuple(dict.fromkeys(found))
        return self._needs[name]

    def reach(self, name: str) -> frozenset[str]:
        """Every name that a definition needs, directly or not; itself only in a recurrence."""
        if name not in self._reached:
            found: dict[str, None] = {}
            pending = [*self.needs(name)]
            while pending:
                other = pending.pop()
                if other not in found:
                    found[other] = None
                    pending += self.needs(other)
            self._reached[name] = frozenset(found)
        return self._reached[name]

    def _without_derivatives(self, old: Definition) -> Definition:
        clauses = tuple(
            Clause(c.args, c.ranges, self.carry_out(c.body, c.ranges)) for c in old.clauses
        )
        if all(new.body is c.body for new, c in zip(clauses, old.clauses, strict=True)):
            return old
        return Definition(old.name, old.axes, clauses, old.late, old.span)

    def carry_out(self, expr: Expr, ranges: Ranges) -> Expr:
        """The expression with its derivatives replaced by what they are."""
        if not any(isinstance(node, Derivative) for node in walk(expr)):
            return expr
        return cast(Expr, _carry_out(self, expr, dict(ranges)))

    def apply(self, node: Derivative, ranges: Ranges) -> Expr:
        """One derivative whose body has none."""
        if isinstance(node.body, Element):
            return self.of_entry(node.kind, node.body, node.tensor, node.args, ranges)
        avoid = frozenset[Index]().union(*(arg.free for arg in node.args))

        def leaf(element: Element, inner: Ranges) -> Expr:
            if node.kind == "total" or element.tensor in self.model.derived:
                return self.of_entry(node.kind, element, node.tensor, node.args, inner)
            return self.held_fixed(element, node.tensor, node.args, inner)

        return differentiate(node.body, leaf, avoid, ranges)

    def of_entry(
        self,
        kind: Literal["total", "immediate"],
        element: Element,
        wrt: str,
        args: tuple[Affine, ...],
        ranges: Ranges,
    ) -> Expr:
        """The derivative of an entry of a tensor by an entry of another."""
        of = element.tensor
        if of in self.model.inputs:
            return same_entry(element.args, args, ranges) if of == wrt else ZERO
        if kind == "total":
            recurrent = wrt in self.reach(of)
            if of == wrt and not recurrent:
                return same_entry(element.args, args, ranges)
            if not recurrent:
                return ZERO
        return Element(self.named(kind, of, wrt), (*element.args, *args))

    def held_fixed(
        self, element: Element, wrt: str, args: tuple[Affine, ...], ranges: Ranges
    ) -> Expr:
        """What an entry contributes to an immediate partial: late names are looked through."""
        if element.tensor == wrt:
            return same_entry(element.args, args, ranges)
        definition = self.model.definitions.get(element.tensor)
        if definition is None or not definition.late:
            return ZERO
        avoid = frozenset[Index]().union(*(arg.free for arg in args))
        branches: list[tuple[Cond, Expr]] = []
        for clause in self.definition(element.tensor).clauses:
            pairs = zip(map(af.letter, clause.args), element.args, strict=True)
            body = substitute(clause.body, {i: v for i, v in pairs if i is not None})
            use = differentiate(
                body, lambda e, inner: self.held_fixed(e, wrt, args, inner), avoid, ranges
            )
            branches.append((fits(clause, element.args, ranges), use))
        return s.cases(branches, ZERO, ranges)

    def named(self, kind: Literal["total", "immediate"], of: str, wrt: str) -> str:
        """The name of a derived tensor, with its meaning noted in the model."""
        mark = _MARK[kind]
        above, below = (f"({name})" if "/" in name else name for name in (of, wrt))
        name = f"{mark}{above}/{mark}{below}"
        if name not in self.model.derived:
            self.model = self.model.with_definitions({}, {name: Derived(kind, of, wrt)})
        return name

    def _build(self, name: str) -> Definition:
        meaning = self.model.derived[name]
        self.definition(meaning.of)
        if meaning.kind == "total" and (
            self.policy(self.model, meaning.of, meaning.wrt) == "reverse"
        ):
            return self._reverse(name, meaning)
        return self._forward(name, meaning)

    def _forward(self, name: str, meaning: Derived) -> Definition:
        definition = self.definition(meaning.of)
        clauses: list[Clause] = []
        for clause in self._differentiated(meaning):
            body = fold(clause.body, definition, clause.ranges)
            clauses.append(Clause(clause.args, clause.ranges, tidy(body, clause.ranges)))
        return Definition(name, (*definition.axes, *self.model.axes(meaning.wrt)), tuple(clauses))

    def _differentiated(self, meaning: Derived) -> Iterator[Clause]:
        """The derivatives of a definition's clauses.

        A partial of a derivative is one of the right side that this has before names are put
        into it: with ``e`` for ``exp(x)`` in it, ``∂/∂x (∂e/∂x)`` would be 0.
        """
        before = self.model.derived.get(meaning.of)
        if before is not None and meaning.kind == "immediate":
            clauses = tuple(self._differentiated(before))
        else:
            clauses = self.definition(meaning.of).clauses
        by_axes = self.model.axes(meaning.wrt)
        for clause in clauses:
            by = self._letters(meaning.wrt, clause_indices(clause))
            ranges = {**clause.ranges, **dict(zip(by, by_axes, strict=True))}
            args = tuple(af.of(index) for index in by)
            yield Clause((*clause.args, *args), ranges, self._along(clause, meaning, args, ranges))

    def _letters(self, name: str, taken: frozenset[Index]) -> tuple[Index, ...]:
        """An index for each axis of a tensor: those of its own definition where it has one."""
        count = len(self.model.axes(name))
        wishes = [Index(letter) for letter in "ijklmnop"]
        if name in self.model.definitions:
            args = self.model.definitions[name].clauses[-1].args
            own = [af.letter(arg) for arg in args]
            wishes = [letter or wish for letter, wish in zip(own, wishes, strict=False)]
        chosen: list[Index] = []
        for position in range(count):
            wish = wishes[position % len(wishes)]
            chosen.append(fresh(wish, taken | frozenset(chosen)))
        return tuple(chosen)

    def _along(
        self, clause: Clause, meaning: Derived, args: tuple[Affine, ...], ranges: Ranges
    ) -> Expr:
        """The derivative of one clause; a total one by itself also has the disturbed entry."""

        def leaf(element: Element, inner: Ranges) -> Expr:
            if meaning.kind == "total":
                return self.of_entry("total", element, meaning.wrt, args, inner)
            return self.held_fixed(element, meaning.wrt, args, inner)

        avoid = frozenset[Index]().union(*(arg.free for arg in args))
        body = differentiate(clause.body, leaf, avoid, ranges)
        if meaning.kind == "total" and meaning.of == meaning.wrt:
            return s.add((same_entry(clause.args, args, ranges), body))
        return body

    def _reverse(self, name: str, meaning: Derived) -> Definition:
        """dX[x]/dY[y] = δ + sum over users Z of Y of dX[x]/dZ[z] times Z's own use of Y[y]."""
        of, wrt = meaning.of, meaning.wrt
        of_axes, by_axes = self.model.axes(of), self.model.axes(wrt)
        above = self._letters(of, frozenset())
        below = self._letters(wrt, frozenset(above))
        ranges = dict(zip((*above, *below), (*of_axes, *by_axes), strict=True))
        x = tuple(af.of(index) for index in above)
        y = tuple(af.of(index) for index in below)
        terms: list[Expr] = []
        if of == wrt:
            terms.append(same_entry(x, y, ranges))
        for user in (of, *sorted(self.reach(of) - {of})):
            if wrt in self.needs(user):
                terms.append(self._through(of, x, user, wrt, y, ranges))
        clause = Clause((*x, *y), ranges, tidy(s.add(terms), ranges))
        return Definition(name, (*of_axes, *by_axes), (clause,))

    def _through(
        self,
        of: str,
        x: tuple[Affine, ...],
        user: str,
        wrt: str,
        y: tuple[Affine, ...],
        ranges: Ranges,
    ) -> Expr:
        """Sum over the entries z of ``user`` of d of[x]/d user[z] times its direct use of y."""
        definition = self.definition(user)
        avoid = frozenset(ranges)
        terms: list[Expr] = []
        for position, original in enumerate(definition.clauses):
            clause = renamed(original, avoid)
            inner = {**ranges, **clause.ranges}

            def leaf(element: Element, within_: Ranges) -> Expr:
                if element.tensor != wrt:
                    return ZERO
                return same_entry(element.args, y, within_)

            use = differentiate(clause.body, leaf, avoid, inner)
            use = fold(use, definition, inner)
            weight = self.of_entry("total", Element(of, x), user, clause.args, inner)
            if of == user and user not in self.reach(of):
                weight = same_entry(x, clause.args, inner)
            where = uncovered(definition, position, clause)
            for part in use.terms if isinstance(use, Add) else (use,):  # each at its own entry
                term = s.guard(where, s.mul((weight, part)), inner)
                for index in reversed(tuple(clause.ranges)):
                    term = s.total(index, clause.ranges[index], term, inner)
                terms.append(term)
        return s.add(terms)


@trampoline
def _carry_out(work: Completion, node: Node, ranges: Mapping[Index, Range]) -> Steps[Node]:
    inner = inside(node, ranges)
    new: list[Node] = []
    for part in parts(node):
        new.append((yield _carry_out.steps(work, part, inner)))
    rebuilt = node if tuple(new) == parts(node) else with_parts(node, tuple(new))
    return work.apply(rebuilt, ranges) if isinstance(rebuilt, Derivative) else rebuilt


def same_entry(left: Sequence[Affine], right: Sequence[Affine], ranges: Ranges) -> Expr:
    """1 where all positions agree, else 0."""
    return s.mul(s.delta(a, b, ranges) for a, b in zip(left, right, strict=True))


def clause_indices(clause: Clause) -> frozenset[Index]:
    """The indices a clause uses, bound or free."""
    return clause.body.free | frozenset(clause.ranges)


def renamed(clause: Clause, avoid: frozenset[Index]) -> Clause:
    """The clause with indices of its own that are not among ``avoid``."""
    taken = set(avoid | clause.body.free)
    mapping: dict[Index, Affine] = {}
    ranges: dict[Index, Range] = {}
    for index, range_ in clause.ranges.items():
        new = fresh(index, taken) if index in avoid else index
        taken.add(new)
        mapping[index] = af.of(new)
        ranges[new] = range_
    args = tuple(substitute(arg, mapping) for arg in clause.args)
    return Clause(args, ranges, substitute(clause.body, mapping))
