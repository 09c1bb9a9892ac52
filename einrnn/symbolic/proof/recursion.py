"""Induction over the order in which the entries of a recurrence are computed.

Where ``a[t,u]`` is computed from ``a[t+1,u]`` and ``a[t,u+1]`` no one index is its time: a claim
about ``a[t,u]`` is shown by what it says of the entries that this one is computed from, which
come before it in whatever order all are computed. Those of which its definition reads none are
the base.
"""

from __future__ import annotations

from functools import partial

from einrnn.core import affine as af
from einrnn.core.build import sub
from einrnn.core.nodes import Element, Expr
from einrnn.core.traverse import elements, tensors
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.zero import is_zero
from einrnn.symbolic.proof.entries import unfold
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.statement import Proof, Statement, as_rule, over_ranges

_ROUNDS = 4


def by_recursion(opener: Opener, statement: Statement) -> Proof | None:
    """Equal where the entries are that the left side is computed from, which has no time alone."""
    statement = over_ranges(statement)
    left = statement.left
    if statement.condition is not None or not isinstance(left, Element):
        return None
    name = left.tensor
    if not opener.has_no_time_alone(left) or not _may_assume(opener, statement, left):
        return None
    opened = _computed_from(opener, opener.normaliser(statement, ()), left)
    if opened is None:
        return None
    work = opener.normaliser(statement, (as_rule(statement),))
    right = unfold(statement.right, opener.model, partial(_runs_with, opener, name))
    difference = opener.without(work, sub(opened, right), opener.any)
    if not is_zero(work, work.poly(difference)):
        difference = opener.without(work, difference, opener.now)
        if not is_zero(work, work.poly(difference)):
            return None
    return Proof("induction", (f"over the entries of {name}, as each is computed from others",))


def _may_assume(opener: Opener, statement: Statement, left: Element) -> bool:
    """Whether what a statement says of other entries may stand for them: it speaks of each entry
    once, its right side is computed from none, and has values where they have."""
    letters = [af.letter(arg) for arg in left.args if arg.free]
    if None in letters or len(set(letters)) < len(letters):
        return False
    named = tensors(statement.right)
    behind = named.union(*map(opener.clock.reach, named))
    if left.tensor in behind or left.tensor in opener.symmetric:
        return False
    return opener.defined.may_replace(statement)


def _computed_from(opener: Opener, work: Normaliser, left: Element) -> Expr | None:
    """An entry in terms of others of its own definition, None where others that recur with it
    are left."""
    others = opener.clock.component(left.tensor) - {left.tensor}
    opened = unfold(left, opener.model, left.__eq__)
    for _ in range(_ROUNDS):
        opened = opener.without(work, opened, opener.any)
        wanted = frozenset(e for e in elements(opened) if e.tensor in others)
        if not wanted:
            return None if left in elements(opened) else opened
        opened = unfold(opened, opener.model, wanted.__contains__)
    return None


def _runs_with(opener: Opener, name: str, element: Element) -> bool:
    """Whether an entry is of a recurrence that runs the way of another one."""
    own, other = opener.clock.time(name), opener.clock.time(element.tensor)
    return own is not None and other is not None and own.direction == other.direction
