"""Conditions as guards of what may have no value.

``{1/d if d != 0; 5 otherwise}`` is ``[d != 0]/d + 5 [d == 0]``, where nothing is divided at 0. As
``1/d - [d == 0]/d + …`` it would be: a guard is a sum of brackets, and takes nothing away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from einrnn.core import build
from einrnn.core.build import is_bracket
from einrnn.core.nodes import And, Compare, Cond, Expr, Mul, Not, Or, Relation
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.terms import Poly, Term
from einrnn.symbolic.ranges import opposite
from einrnn.symbolic.simplify import flat

if TYPE_CHECKING:
    from einrnn.symbolic.normal.expand import Normaliser


def guard(work: Normaliser, cond: Cond) -> Poly:
    """1 where a condition holds and else 0, as a sum of brackets of which one at most is 1: what is
    undefined where the condition fails may be multiplied by it, and is computed nowhere else."""
    match cond:
        case Compare("!=", left, right):
            less, more = Compare("<", left, right), Compare(">", left, right)
            return tm.plus((guard(work, less), guard(work, more)))
        case Compare(op, left, right):
            found = work.bracket(cond)
            if is_guard(found):
                return found
            if op in ("<=", ">="):
                apart = Compare("<" if op == "<=" else ">", left, right)
                return tm.plus((guard(work, apart), guard(work, Compare("==", left, right))))
            if op in ("<", "<="):
                left, right = right, left
            difference = work.simple(build.sub(left, right))
            relation: Relation = "==" if op == "==" else ">"
            bracket = build.iverson(Compare(relation, difference, build.ZERO))
            work.guards[bracket] = found
            return tm.atom(bracket)
        case And(parts):
            result = tm.ONE
            for part in parts:
                result = work.product(result, guard(work, part))
            return result
        case Or(parts):
            result, before = tm.NOTHING, tm.ONE
            for part in parts:
                result = tm.plus((result, work.product(before, guard(work, part))))
                before = work.product(before, guard(work, Not(part)))
            return result
        case Not(part):
            return guard(work, opposite(part))


def is_guard(holds: Poly) -> bool:
    """Whether a bracket is a sum of brackets that each keep what they multiply from being
    computed where they are 0."""
    return all(
        times > 0 and all(is_bracket(atom) for atom, _ in term.factors)
        for term, times in holds.items()
    )


def guarded(work: Normaliser, expr: Mul) -> tuple[Poly, list[Expr]]:
    """The guards of a product, where its brackets are some because another factor may have no
    value, and the other factors."""
    factors = flat((expr,), Mul)
    others = [factor for factor in factors if not is_bracket(factor)]
    if len(others) == len(factors) or not any(
        work.facts.total.lacks(factor, work.known) for factor in others
    ):
        return tm.ONE, factors
    guards = tm.ONE
    for factor in factors:
        if is_bracket(factor):
            guards = work.product(guards, guard(work, factor.branches[0][0]))
    return guards, others


def freed(work: Normaliser, term: Term) -> Poly | None:
    """The term with one guard in its normal form, where nothing is left that needs one."""
    found = next((atom for atom, _ in term.factors if atom in work.guards), None)
    if found is None:
        return None
    others = tuple(pair for pair in term.factors if pair[0] is not found)
    if work.facts.total.product_lacks(others, work.known_for(term)):
        return None
    return work.times(Term(term.bound, term.conds, others), work.guards[found])
