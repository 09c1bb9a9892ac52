"""Differences of which all terms share a factor or a condition: what is left is 0 by itself.

That ``∂F/∂L[i,j] = -b[i] x[j]`` for ``j < i`` is what ``∂F/∂x[i] = b[i]`` says, times ``x[j]``.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from einrnn.core.build import ZERO, is_bracket
from einrnn.core.nodes import And, Cond, Expr
from einrnn.core.traverse import tensors
from einrnn.symbolic.normal import terms as tm
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
    factors = _factors(difference)
    if not shared and not factors:
        return None
    left = expression(
        tm.plus({_without(term, shared, factors): c} for term, c in difference.items())
    )
    if not any(opener.clock.recurs(name) for name in tensors(left)):
        return None
    ranges = {index: span for index, span in statement.ranges.items() if index in left.free}
    conds = tuple(cond for cond in tm.sorted_conds(shared) if cond.free <= ranges.keys())
    found = prove(Statement(left, ZERO, ranges, _all(conds)))
    return found and Proof(found.method, ("without what all terms share", *found.steps))


def _on_letters(term: Term) -> frozenset[Cond]:
    """The conditions of a term that none of its sums moves."""
    return frozenset(cond for cond in term.conds if not cond.free & frozenset(term.bound))


def _factors(poly: Poly) -> tm.Factors:
    """The powers that every term has. What only some are divided by is no factor of all: where a
    condition leaves these out it may be 0."""
    rows = [
        {a: e for a, e in term.factors if not a.free & frozenset(term.bound) and not is_bracket(a)}
        for term in poly
    ]
    found: dict[Expr, Fraction] = {}
    for atom in rows[0]:
        exponents = [row.get(atom, Fraction(0)) for row in rows]
        if all(e > 0 for e in exponents):
            found[atom] = min(exponents)
        elif all(e < 0 for e in exponents):
            found[atom] = max(exponents)
    return tm.sorted_factors(found.items())


def _without(term: Term, shared: frozenset[Cond], factors: tm.Factors) -> Term:
    conds = tuple(cond for cond in term.conds if cond not in shared)
    inverse = tuple((atom, -exponent) for atom, exponent in factors)
    return Term(term.bound, conds, tm.merged(term.factors, inverse))


def _all(conds: tuple[Cond, ...]) -> Cond | None:
    return And(conds) if len(conds) > 1 else conds[0] if conds else None
