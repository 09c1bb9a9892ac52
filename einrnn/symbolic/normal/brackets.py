"""Iverson brackets of relations between whole numbers, as polynomials."""

from __future__ import annotations

from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core.nodes import Affine, Cond
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.domain import at_least_zero, follows, inequalities, is_zero, side
from einrnn.symbolic.normal.terms import Poly, Term


def complement(poly: Poly) -> Poly:
    """1 minus a bracket."""
    return tm.plus((tm.ONE, tm.scale(poly, Fraction(-1))))


def index_bracket(op: str, left: Affine, right: Affine) -> Poly:
    """1 where a relation between two index expressions holds, and else 0."""
    difference = af.minus(right, left)
    match op:
        case "==":
            conds: tuple[Cond, ...] = (is_zero(difference),)
        case "!=":
            return complement(index_bracket("==", left, right))
        case "<=":
            conds = (at_least_zero(difference),)
        case "<":
            conds = (at_least_zero(af.shift(difference, -1)),)
        case ">=":
            conds = (at_least_zero(af.scale(difference, -1)),)
        case _:
            conds = (at_least_zero(af.shift(af.scale(difference, -1), -1)),)
    return {Term((), conds, ()): Fraction(1)}


def implied(holds: Poly) -> tuple[Affine, ...]:
    """What is at least zero where a bracket is 1, if the bracket is one product."""
    if len(holds) != 1:
        return ()
    ((term, _),) = holds.items()
    return inequalities(term.conds)


def exhausted(known: tuple[Affine, ...], brackets: list[Poly]) -> bool:
    """Whether one of some brackets always is 1, as far as their bounds show: wherever a bound
    of the first fails, one of the others has to hold."""
    if not brackets:
        return False
    first, *others = brackets
    if not _of_indices(first):
        return False
    return all(
        follows(known, bound) or exhausted((*known, af.shift(af.scale(bound, -1), -1)), others)
        for bound in implied(first)
    )


def _of_indices(holds: Poly) -> bool:
    """Whether a bracket is one product of relations between whole numbers."""
    if len(holds) != 1:
        return False
    ((term, coefficient),) = holds.items()
    return (
        coefficient == 1
        and not term.bound
        and not term.factors
        and all(side(cond) is not None for cond in term.conds)
    )
