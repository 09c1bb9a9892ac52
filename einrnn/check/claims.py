"""Claims made ready to be judged: derivatives carried out, assumptions resolved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

from einrnn.core import affine as af
from einrnn.core.model import Assumption, Claim, Clause, Definition, Input, Model
from einrnn.core.nodes import (
    Apply,
    Cases,
    Compare,
    Derivative,
    Element,
    Expr,
    Node,
    Number,
    Opaque,
    Reduce,
    Value,
)
from einrnn.core.reach import reached
from einrnn.core.traverse import elements, walk
from einrnn.dataclass import dataclass
from einrnn.errors import Diagnostic, EinrnnError
from einrnn.exact.tensors import Groups
from einrnn.symbolic.derived import Completion, fewer_axes, forward
from einrnn.symbolic.proof.clock import Clock
from einrnn.symbolic.tidy import tidy

UNDEFINED = Apply("undefined", ())
_BRANCHING = ("relu", "abs", "sign", "step", "max", "min")


@dataclass(frozen=True)
class Sides:
    """The two sides of a claim without derivatives, undefined where ``for`` excludes them."""

    left: Expr
    right: Expr


def key_of(claim: Claim) -> str:
    """A name for a claim, of the steps of a chain each, that is unique in its document."""
    return f"{claim.label}#{claim.step}@{claim.span.start}"


@dataclass(frozen=True)
class Ready:
    """A claim with what every tier needs.

    ``forward`` are its sides over derived tensors that follow the definitions; ``reverse``
    the same over adjoints. ``assumptions`` are all it leans on, directly or through
    earlier claims.
    """

    claim: Claim
    forward: Sides
    reverse: Sides
    assumptions: tuple[str, ...]

    @property
    def key(self) -> str:
        """A name for the claim that is unique in its document."""
        return key_of(self.claim)


@dataclass(frozen=True)
class Prepared:
    """A document's claims, and its model closed under the derivatives they need, twice."""

    model: Model
    forward: Model
    reverse: Model
    claims: tuple[Ready, ...]
    failed: tuple[tuple[Claim, Diagnostic], ...]

    @cached_property
    def groups(self) -> tuple[Groups, Groups]:
        """What both models' definitions are evaluated in, each together with what it needs."""
        return Groups(self.forward), Groups(self.reverse)

    @cached_property
    def recurrent(self) -> frozenset[str]:
        """The definitions of the forward model that need themselves."""
        clock = Clock(self.forward)
        return frozenset(name for name in self.forward.definitions if clock.recurs(name))

    @cached_property
    def opaque(self) -> frozenset[str]:
        """The definitions of the forward model with unknown functions in their right sides."""
        return self._having(is_opaque)

    @cached_property
    def branching(self) -> frozenset[str]:
        """Those whose right sides depend on which of some values is larger."""
        return self._having(branches)

    @cached_property
    def extreme(self) -> frozenset[str]:
        """Those whose right sides contain the largest or smallest of values over an index."""
        return self._having(is_extreme)

    def _having(self, kind: Callable[[Node], bool]) -> frozenset[str]:
        found: set[str] = set()
        for name, definition in self.forward.definitions.items():
            if any(map(kind, walk(*(clause.body for clause in definition.clauses)))):
                found.add(name)
        return frozenset(found)


def prepare(model: Model) -> Prepared:
    """Carry out the derivatives of all claims; one that fails does not stop the others."""
    ahead, back = Completion(model, forward), Completion(model, fewer_axes)
    ready: list[Ready] = []
    failed: list[tuple[Claim, Diagnostic]] = []
    for claim in model.claims:
        try:
            ready.append(_carried_out(model, ahead, back, claim))
        except EinrnnError as error:
            diagnostic = Diagnostic(error.code, error.message, claim.span, help=error.help)
            failed.append((claim, diagnostic))
    return Prepared(model, ahead.model, back.model, tuple(ready), tuple(failed))


def prepare_more(prepared: Prepared, claim: Claim) -> tuple[Prepared, Ready | None]:
    """The same models, grown by what one more claim needs, with that claim alone; None in
    its place where its derivatives cannot be carried out."""
    ahead = Completion(prepared.forward, forward)
    back = Completion(prepared.reverse, fewer_axes)
    try:
        ready = _carried_out(prepared.model, ahead, back, claim)
    except EinrnnError:
        return prepared, None
    return replace(prepared, forward=ahead.model, reverse=back.model, claims=(ready,)), ready


def _carried_out(model: Model, ahead: Completion, back: Completion, claim: Claim) -> Ready:
    """A claim without derivatives, in models that grow by what it needs."""
    roots = [(_tidied(side, claim), claim.ranges) for side in (claim.left, claim.right)]
    pairs = ahead.add(roots), back.add(roots)
    sides = [Sides(*(_where(claim, side) for side in pair)) for pair in pairs]
    return Ready(claim, sides[0], sides[1], leans_on(model, claim))


def _tidied(side: Expr, claim: Claim) -> Expr:
    return tidy(side, claim.ranges)


def _where(claim: Claim, side: Expr) -> Expr:
    if claim.condition is None:
        return side
    return Cases(((claim.condition, side),), UNDEFINED)


def leans_on(model: Model, claim: Claim) -> tuple[str, ...]:
    """The assumptions a claim uses, those of the earlier claims it uses included."""
    assumed = {assumption.name for assumption in model.assumptions}
    by_label: dict[str, list[Claim]] = {}
    for other in model.claims:
        by_label.setdefault(other.label, []).append(other)
    found: dict[str, None] = {}
    seen: set[str] = set()
    pending = list(claim.using)
    while pending:
        name = pending.pop(0)
        if name in assumed:
            found[name] = None
        elif name not in seen:
            seen.add(name)
            pending += [used for other in by_label.get(name, ()) for used in other.using]
    return tuple(found)


def named_assumptions(model: Model, names: tuple[str, ...]) -> tuple[Assumption, ...]:
    """The assumptions of these names, in the document's order."""
    return tuple(a for a in model.assumptions if a.name in names)


def with_free_boundaries(model: Model) -> Model | None:
    """The model with constant boundary values of recurrences replaced by free inputs.

    ``s[-1,i] := 0`` becomes ``s[-1,i] := start[i]``: what holds there holds for any
    constant initial state. None where there is no such value.
    """
    inputs: dict[str, Input] = {}
    changed: dict[str, Definition] = {}
    for name, definition in model.definitions.items():
        clauses = tuple(_freed(model, definition, clause, inputs) for clause in definition.clauses)
        if any(new is not old for new, old in zip(clauses, definition.clauses, strict=True)):
            changed[name] = replace(definition, clauses=clauses)
    if not changed:
        return None
    freed = model.with_definitions(changed)
    return replace(freed, inputs={**model.inputs, **inputs})


def _freed(
    model: Model, definition: Definition, clause: Clause, inputs: dict[str, Input]
) -> Clause:
    """The clause, reading a new input where it gave a number below the first position."""
    outside = any((number := af.number(arg)) is not None and number < 0 for arg in clause.args)
    recurrent = any(
        e.tensor in model.definitions for c in definition.clauses for e in elements(c.body)
    )
    if not (outside and recurrent and isinstance(clause.body, Number)):
        return clause
    letters = [letter for arg in clause.args if (letter := af.letter(arg)) is not None]
    name = f"{definition.name} at {','.join(str(af.number(a)) for a in clause.args if not a.free)}"
    sizes = tuple(af.shift(clause.ranges[letter].hi, 1) for letter in letters)
    inputs[name] = Input(name, sizes)
    read = Element(name, tuple(af.of(letter) for letter in letters))
    return replace(clause, body=read)


def has_derivatives(prepared: Prepared, ready: Ready) -> bool:
    """Whether a claim speaks of derivatives: where entries are equal or 0 they may not exist, and
    what they are taken for there (``relu'(0)`` is 0) is a convention."""
    model, claim = prepared.forward, ready.claim
    if any(isinstance(node, Derivative) for node in walk(claim.left, claim.right)):
        return True
    names = reached(model, (ready.forward.left, ready.forward.right))
    return not names.isdisjoint(model.derived)


def has_opaque(prepared: Prepared, ready: Ready) -> bool:
    """Whether a claim speaks of unknown functions: each engine has its own."""
    return _meets(prepared, ready, is_opaque, prepared.opaque)


def has_branches(prepared: Prepared, ready: Ready) -> bool:
    """Whether what a claim speaks of depends on which of some values is larger."""
    return _meets(prepared, ready, branches, prepared.branching)


def _meets(
    prepared: Prepared, ready: Ready, kind: Callable[[Node], bool], names: frozenset[str]
) -> bool:
    """Whether there are nodes of a kind, which some definitions have, in a claim or in what it
    needs."""
    roots = (ready.forward.left, ready.forward.right)
    if any(map(kind, walk(*roots))):
        return True
    return bool(names) and not names.isdisjoint(reached(prepared.forward, roots))


def is_opaque(node: Node) -> bool:
    """Whether a node is an unknown function."""
    return isinstance(node, Opaque)


def has_extremes(prepared: Prepared, ready: Ready) -> bool:
    """Whether a claim speaks of the largest or smallest of values over an index."""
    return _meets(prepared, ready, is_extreme, prepared.extreme)


def is_extreme(node: Node) -> bool:
    """Whether a node is the largest or smallest of values over an index."""
    return isinstance(node, Reduce) and node.op in ("max", "min")


def branches(node: Node) -> bool:
    """Whether a node's value depends on which of some values is larger."""
    match node:
        case Compare(_, left, right):
            return not (isinstance(left, Value) and isinstance(right, Value))
        case Apply(function):
            return function in _BRANCHING
        case _:
            return is_extreme(node)
