"""Which definition a proof opens next, once derivatives are carried out.

Sums and products come before what is normalised or squashed, which is best left as it is for
long; what stands by itself before what is only inside functions. But first of all what brings
the sides nearer to each other; see :class:`_Kind`.
"""

from __future__ import annotations

from enum import IntEnum

from einrnn.core.nodes import Element, Expr
from einrnn.core.traverse import tensors
from einrnn.symbolic.normal.terms import Poly
from einrnn.symbolic.proof.clock import ALGEBRAIC, Clock
from einrnn.symbolic.proof.statement import Statement

Names = frozenset[str]


class _Kind(IntEnum):
    """What opening a definition is good for."""

    STRANGE_TO_ONE_SIDE = 0  # a hand-written adjoint, which no derivative comes to
    KNOWN = 1  # mu[h] := mean[n] z[n,h] where the sides speak of z
    NEW = 2  # it brings in what neither side speaks of


def next_to_open(
    clock: Clock, statement: Statement, opened: Names, closed: Names, left: Poly
) -> str | None:
    """One of the ``closed`` definitions, None where neither side comes to any of them;
    ``left`` is the difference of the sides as far as the others are opened."""
    sides = _met(clock, statement.left, opened), _met(clock, statement.right, opened)
    return _best(clock, sides, opened, closed, by_themselves(left))


def next_at_once(
    clock: Clock, sides: tuple[Expr, Expr], opened: Names, chosen: Names, left: Poly
) -> str | None:
    """One of the ``chosen`` recurrent definitions that the sides mention: a derivative, or one
    that is computed from others at the same time, or from none."""
    met = tensors(sides[0]), tensors(sides[1])
    derived = clock.model.derived
    closed = frozenset(n for n in chosen if n in derived or clock.at_once(n) or clock.instant(n))
    return _best(clock, met, opened, closed - opened, by_themselves(left))


def next_related(clock: Clock, difference: Expr, opened: Names, left: Poly) -> str | None:
    """A recurrent definition by sums, products, quotients and roots of what a difference mentions
    at the same time; ``left`` is its polynomial."""
    there = tensors(difference)
    ready = frozenset(
        name
        for name in by_themselves(left) - opened
        if clock.instant(name)
        and name not in clock.model.derived
        and clock.curvature(name) <= ALGEBRAIC
        and says(clock, name) <= there | opened
    )
    return _best(clock, (there, there), opened, ready, ready)


def _best(
    clock: Clock, sides: tuple[Names, Names], opened: Names, closed: Names, bare: Names
) -> str | None:
    """The first to open of the closed definitions that the sides mention; those that are
    ``bare`` stand by themselves."""
    deep = [side.union(*map(clock.reach, side & clock.model.definitions.keys())) for side in sides]

    def rank(name: str) -> tuple[int, bool, int, int, int, str]:
        known = says(clock, name) <= sides[0] | sides[1] | opened
        if not (name in deep[0] and name in deep[1]):
            kind = _Kind.STRANGE_TO_ONE_SIDE
        else:
            kind = _Kind.KNOWN if known else _Kind.NEW
        before = -len(clock.at_once(name)), -len(clock.reach(name))
        return kind, name not in bare, *before, clock.curvature(name), name

    return min((sides[0] | sides[1]) & closed, key=rank, default=None)


def _met(clock: Clock, side: Expr, opened: Names) -> Names:
    """The names that a side mentions, in what the opened ones among them say too."""
    found: set[str] = set()
    pending = [*tensors(side)]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += says(clock, name) if name in opened else ()
    return frozenset(found - opened)


def says(clock: Clock, name: str) -> Names:
    """The names that a definition mentions."""
    clauses = clock.model.definitions[name].clauses
    return frozenset[str]().union(*(tensors(clause.body) for clause in clauses))


def by_themselves(poly: Poly) -> Names:
    """The names that stand in a polynomial other than inside functions, roots and the like."""
    atoms = [atom for term in poly for atom, _ in term.factors]
    return frozenset(atom.tensor for atom in atoms if isinstance(atom, Element))
