"""Terms with a delta over two axes of the result: computed along the diagonal, then put there.

``δ[i,j] f(i,j)`` is 0 off the diagonal, so only ``f(d,d)`` is computed, over one axis ``d``
instead of two. The values are added to the result along a diagonal view of it; no identity
matrix is multiplied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from einrnn.core import affine as af
from einrnn.core.nodes import (
    Add,
    Affine,
    And,
    Cases,
    Compare,
    Cond,
    Expr,
    Index,
    Mul,
    Node,
    Number,
    Reduce,
)
from einrnn.core.traverse import substitute
from einrnn.dataclass import dataclass
from einrnn.numeric import bounds
from einrnn.numeric.emit import Axis, Emitter, Var, letters_of, sizes_of
from einrnn.numeric.labelled import spread
from einrnn.numeric.scope import Scope
from einrnn.numeric.steps import Assemble
from einrnn.numeric.term import Factor, Term, conditions

N = TypeVar("N", bound=Node)


@dataclass(frozen=True)
class Place:
    """An axis of the result runs along ``axis`` of the values, ``offset`` positions on."""

    axis: Axis
    offset: int


@dataclass(frozen=True)
class Diagonal:
    """Values of a term over ``order``; ``places`` says where they belong in the result."""

    term: Term
    order: tuple[Axis, ...]
    places: dict[Axis, Place]


@dataclass(frozen=True)
class Part:
    """Computed values, and the places of those axes of the result that lie along a diagonal."""

    var: Var
    places: dict[Axis, Place]


@dataclass(frozen=True)
class _Delta:
    """``first == second + shift`` for two letters that are bound to axes of the result."""

    cond: Compare
    first: Index
    second: Index
    shift: int


def diagonal(term: Term, order: Sequence[Axis]) -> Diagonal:
    """The term without its deltas over axes in ``order``."""
    places: dict[Axis, Place] = {}
    found = Diagonal(term, tuple(order), places)
    while not found.term.zero:
        delta = _first(found)
        if delta is None:
            break
        found = _carried_out(found, *delta)
    return found


def has_delta(node: Expr, scope: Scope) -> bool:
    """Whether a term, taken apart, has a factor that is a delta over two axes."""
    stack: list[Expr] = [node]
    while stack:
        match stack.pop():
            case Mul(factors):
                stack += factors
            case Reduce("sum", _, _, _, body):
                stack.append(body)
            case Cases(((cond, value),), Number(otherwise)) if otherwise == 0:
                if any(_delta(part, scope) for part in _conjuncts(cond)):
                    return True
                stack.append(value)
            case Add(terms):
                stack += terms
            case _:
                pass
    return False


def assembled(emitter: Emitter, parts: Sequence[Part], wish: Sequence[Axis]) -> Var:
    """The sum of the parts as one array over the axes that some part has.

    The axes follow those of a part that has all of them, which is then written into; else
    the order ``wish``.
    """
    axes = [_axes(part) for part in parts]
    every = {axis for row in axes for axis in row}
    whole = [part.var.axes for part in parts if not part.places and set(part.var.axes) == every]
    order = whole[0] if whole else tuple(axis for axis in wish if axis in every)
    args: list[int] = []
    rows: list[tuple[tuple[int, int], ...]] = []
    for part in parts:
        where = [part.places.get(axis, Place(axis, 0)) for axis in order]
        axes = tuple(dict.fromkeys(place.axis for place in where))
        whole = spread(emitter, part.var, axes)
        args.append(whole.register)
        rows.append(tuple((axes.index(place.axis), place.offset) for place in where))
    shape = sizes_of(order)
    out = emitter.emit(
        Assemble, shape, tuple(args), tuple(rows), shape=shape, letters=letters_of(order)
    )
    return Var(out, order)


def _axes(part: Part) -> set[Axis]:
    """The axes of the result that a part has."""
    inside = {place.axis for place in part.places.values()}
    return {*part.places, *(axis for axis in part.var.axes if axis not in inside)}


# --- finding deltas -----------------------------------------------------------------------


def _conjuncts(cond: Cond) -> tuple[Cond, ...]:
    return cond.parts if isinstance(cond, And) else (cond,)


def _delta(cond: Cond, scope: Scope) -> _Delta | None:
    if not isinstance(cond, Compare) or cond.op != "==":
        return None
    difference = bounds.compared(cond)
    if difference is None:
        return None
    difference = bounds.fixed(difference, scope.sizes)
    letters = [(atom, times) for atom, times in difference.terms if isinstance(atom, Index)]
    if len(letters) != 2 or len(difference.terms) != 2:
        return None
    if not all(isinstance(scope.bindings.get(letter), Axis) for letter, _ in letters):
        return None
    (first, one), (second, other) = letters
    if {one, other} != {1, -1} or scope.bindings[first] == scope.bindings[second]:
        return None
    return _Delta(cond, first, second, -one * difference.constant)


def _first(found: Diagonal) -> tuple[_Delta, Scope] | None:
    """The first delta of a term over two axes of its result."""
    for factor in found.term.factors:
        pairs = [(factor.node, factor.scope), *factor.guards]
        for node, scope in pairs:
            if not isinstance(node, (Compare, And)):
                continue
            for cond in _conjuncts(node):
                delta = _delta(cond, scope)
                if delta is None:
                    continue
                axes = [scope.bindings[letter] for letter in (delta.first, delta.second)]
                if all(axis in found.order for axis in axes):
                    return delta, scope
    return None


# --- carrying one out ---------------------------------------------------------------------


def _carried_out(found: Diagonal, delta: _Delta, scope: Scope) -> Diagonal:
    """The term along the diagonal ``first == second + shift``."""
    first, second = scope.bindings[delta.first], scope.bindings[delta.second]
    assert isinstance(first, Axis)
    assert isinstance(second, Axis)
    lo = max(first.lo, second.lo + delta.shift)
    hi = min(first.lo + first.size, second.lo + second.size + delta.shift) - 1
    if hi < lo:
        return replace(found, term=replace(found.term, zero=True))
    # a letter of its own: what is bound inside a factor cannot be taken for it
    letter = Index(f"{first.index}={second.index}")
    axis = Axis(letter, lo, hi - lo + 1)
    while axis in found.order or axis in found.term.summed:
        axis = replace(axis, copy=axis.copy + 1)
    values = {first: af.of(letter), second: af.shift(af.of(letter), -delta.shift)}
    moved = _Move(axis, values, delta.cond)
    factors: list[Factor] = []
    for factor in (new for old in found.term.factors for new in moved.factor(old)):
        if not isinstance(factor.node, Cond) or factor not in factors:  # once is as good as twice
            factors.append(factor)
    offsets = {first: lo - first.lo, second: lo - delta.shift - second.lo}
    places = dict(found.places)
    for outer, place in found.places.items():
        if place.axis in offsets:
            places[outer] = Place(axis, place.offset + offsets[place.axis])
    for old, offset in offsets.items():
        if not any(place.axis == old for place in found.places.values()):
            places[old] = Place(axis, offset)
    kept = [axis if old == first else old for old in found.order if old != second]
    return Diagonal(replace(found.term, factors=factors), tuple(kept), places)


@dataclass(frozen=True)
class _Move:
    """Two axes replaced by one, of which both indices are functions; ``cond`` then holds."""

    axis: Axis
    values: dict[Axis, Affine]
    cond: Compare

    def factor(self, factor: Factor) -> list[Factor]:
        """The factor along the diagonal; what guards it only where it is the condition."""
        guards: list[tuple[Cond, Scope]] = []
        for cond, scope in factor.guards:
            rest = self._without(cond)
            if rest is not None:
                guards.append((self._node(rest, scope), self._scope(scope)))
        node = self._without(factor.node) if isinstance(factor.node, And) else factor.node
        if node is None or node is self.cond:
            return conditions(tuple(guards))
        return [Factor(self._node(node, factor.scope), self._scope(factor.scope), tuple(guards))]

    def _without(self, cond: Cond) -> Cond | None:
        parts = tuple(part for part in _conjuncts(cond) if part is not self.cond)
        if not parts:
            return None
        return parts[0] if len(parts) == 1 else And(parts)

    def _letters(self, scope: Scope) -> dict[Index, Affine]:
        return {
            letter: self.values[binding]
            for letter, binding in scope.bindings.items()
            if isinstance(binding, Axis) and binding in self.values
        }

    def _node(self, node: N, scope: Scope) -> N:
        letters = self._letters(scope)
        used = {letter: value for letter, value in letters.items() if letter in node.free}
        return substitute(node, used) if used else node

    def _scope(self, scope: Scope) -> Scope:
        gone = self._letters(scope)
        bindings = {letter: b for letter, b in scope.bindings.items() if letter not in gone}
        return Scope({**bindings, self.axis.index: self.axis}, scope.conditions, scope.sizes)
