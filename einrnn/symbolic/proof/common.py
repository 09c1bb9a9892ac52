"""Differences of which all terms share a factor or a condition: what is left is 0 by itself.

That ``∂F/∂L[i,j] = -b[i] x[j]`` for ``j < i`` is what ``∂F/∂x[i] = b[i]`` says, times ``x[j]``.
"""

from __future__ import annotations

from collections.abc import Callable

from einrnn.core.build import ZERO
from einrnn.core.nodes import And, Cond
from einrnn.core.traverse import tensors
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.powers import primitive
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.terms import Poly, Term
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.statement import Proof, Statement


def by_common_factor(
    opener: Opener,
    statement: Statement,
    difference: Poly,
    prove: Callable[[Statement], Proof | None],
) -> Proof | None:
    """Equal once what the terms of the difference share is left out, where something recurs in
    what is left."""
    if len(difference) < 2 or statement.condition is not None:
        return None
    first, *others = (_on_letters(term) for term in difference)
    shared = first.intersection(*others)
    (_, factors), rest = primitive(difference)
    if not shared and not factors:
        return None
    left = expression(tm.plus({_without(term, shared): c} for term, c in rest.items()))
    if not any(opener.clock.recurs(name) for name in tensors(left)):
        return None
    ranges = {index: span for index, span in statement.ranges.items() if index in left.free}
    conds = tuple(cond for cond in tm.sorted_conds(shared) if cond.free <= ranges.keys())
    found = prove(Statement(left, ZERO, ranges, _all(conds)))
    return found and Proof(found.method, ("without what all terms share", *found.steps))


def _on_letters(term: Term) -> frozenset[Cond]:
    """The conditions of a term that none of its sums moves."""
    return frozenset(cond for cond in term.conds if not cond.free & frozenset(term.bound))


def _without(term: Term, shared: frozenset[Cond]) -> Term:
    conds = tuple(cond for cond in term.conds if cond not in shared)
    return Term(term.bound, conds, term.factors)


def _all(conds: tuple[Cond, ...]) -> Cond | None:
    return And(conds) if len(conds) > 1 else conds[0] if conds else None
