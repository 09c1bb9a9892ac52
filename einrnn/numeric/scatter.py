"""Sums over one-hot look-ups: ``Σ_t [x[t] == j] f(t, j)`` adds rows up instead of multiplying.

The look-up may run over several summed indices, ``x[t,b]``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from einrnn.core import affine as af
from einrnn.core.nodes import Affine, Compare, Element, Index, Node
from einrnn.core.traverse import fresh, substitute
from einrnn.dataclass import dataclass
from einrnn.numeric import bounds
from einrnn.numeric.emit import Axis
from einrnn.numeric.scope import Scope
from einrnn.numeric.term import Factor, Term, conditions

N = TypeVar("N", bound=Node)


@dataclass(frozen=True)
class Rows:
    """The condition ``cond`` holds where the look-up at ``summed`` is the position on ``axis``.

    ``summed`` are the axes of the look-up, in their order.

    ``value`` is the look-up as an index expression and ``position`` the same counted from
    the axis's first position; ``letter`` is the index of ``axis``.
    """

    cond: Compare
    scope: Scope
    summed: tuple[Axis, ...]
    axis: Axis
    letter: Index
    value: Affine
    position: Affine


def found(term: Term, order: Sequence[Axis]) -> Rows | None:
    """The condition of a term that pins a free index to a look-up at a summed one."""
    for factor in term.factors:
        for cond, scope in ((factor.node, factor.scope), *factor.guards):
            if isinstance(cond, Compare) and cond.op == "==":
                rows = _rows(cond, scope, term, order)
                if rows is not None:
                    return rows
    return None


def _rows(cond: Compare, scope: Scope, term: Term, order: Sequence[Axis]) -> Rows | None:
    difference = bounds.compared(cond)
    if difference is None:
        return None
    looked_up = [(atom, times) for atom, times in difference.terms if isinstance(atom, Element)]
    letters = [(atom, times) for atom, times in difference.terms if isinstance(atom, Index)]
    if len(looked_up) != 1 or len(letters) != 1 or len(difference.terms) != 2:
        return None
    (entry, sign), (letter, other) = looked_up[0], letters[0]
    axis = scope.bindings[letter]
    inside = [scope.bindings[index] for index in sorted(entry.free, key=lambda i: i.name)]
    summed = tuple(binding for binding in inside if isinstance(binding, Axis))
    if {sign, other} != {1, -1} or difference.constant or not summed:
        return None
    if not isinstance(axis, Axis) or len(summed) != len(inside) or axis not in order:
        return None
    if not set(summed) <= set(term.summed):
        return None
    value = af.of(entry)
    return Rows(cond, scope, summed, axis, letter, value, af.shift(value, -axis.lo))


def remaining(term: Term, rows: Rows) -> Term:
    """The term where the condition holds: without it, and read at the look-up. What guards the
    condition stays."""
    factors: list[Factor] = []
    for factor in term.factors:
        kept = conditions(factor.guards) if _is_it(factor.node, factor.scope, rows) else [factor]
        factors += [_at_rows(part, rows) for part in kept]
    return replace(term, factors=factors, summed=[a for a in term.summed if a not in rows.summed])


def _is_it(node: Node, scope: Scope, rows: Rows) -> bool:
    """Whether a condition is the one that pins the index, and not one in the same words."""
    return node is rows.cond and all(
        scope.bindings[index] == rows.scope.bindings[index] for index in node.free
    )


def _at_rows(factor: Factor, rows: Rows) -> Factor:
    guards = tuple(
        _moved(cond, scope, rows)[:2]
        for cond, scope in factor.guards
        if not _is_it(cond, scope, rows)
    )
    node, scope, cond = _moved(factor.node, factor.scope, rows)
    if node is not factor.node:
        # the position may be out of range where the row is left out
        scope = scope.know(cond)
    return Factor(node, scope, guards)


def _moved(node: N, scope: Scope, rows: Rows) -> tuple[N, Scope, Compare]:
    """The node with the look-up for the pinned index, where it means this index; the scope in
    which that is read, and what pins it, in the letters of that scope."""
    if scope.bindings.get(rows.letter) != rows.axis or rows.letter not in node.free:
        return node, scope, rows.cond
    named: dict[Index, Affine] = {}
    for index in sorted(rows.value.free, key=lambda i: i.name):
        binding = rows.scope.bindings[index]
        if scope.bindings.get(index, binding) != binding:
            # the letter of another sum here
            other = fresh(index, node.free | scope.bindings.keys())
            named[index] = af.of(other)
            index = other
        scope = scope.bind(index, binding)
    value, cond = substitute(rows.value, named), substitute(rows.cond, named)
    return substitute(node, {rows.letter: value}), scope, cond
