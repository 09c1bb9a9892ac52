"""Iverson brackets of relations between whole numbers, and of others that are simple, as
polynomials."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core import build
from einrnn.core.build import is_bracket
from einrnn.core.nodes import Affine, Apply, Compare, Cond, Element, Expr
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.domain import at_least_zero, follows, inequalities, is_zero, side
from einrnn.symbolic.normal.terms import Poly, Term

_MOST_BRACKETS = 4
_MOST_FACTORS = 3

Relation = Callable[[str, Poly], Poly]


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


def of_bit(op: str, difference: Poly, bits: Container[str]) -> Poly | None:
    """1 where ``difference == 0`` (or ``> 0``) and else 0, where the difference depends on one
    entry only that is 0 or 1; ``bits`` names the tensors with such entries."""
    varying = [(term, times) for term, times in difference.items() if term != tm.UNIT]
    if len(varying) != 1:
        return None
    ((term, times),) = varying
    if term.bound or term.conds or len(term.factors) != 1 or term.factors[0][1] != 1:
        return None
    entry = term.factors[0][0]
    if not isinstance(entry, Element) or entry.tensor not in bits:
        return None
    at_0 = difference.get(tm.UNIT, Fraction(0))
    values = [value > 0 if op == ">" else value == 0 for value in (at_0, at_0 + times)]
    slope = Fraction(values[1] - values[0])
    return tm.plus((tm.constant(int(values[0])), tm.scale(tm.atom(entry), slope)))


def by_bracket(poly: Poly) -> tuple[Expr, Poly, Poly] | None:
    """A bracket among the factors of a value, and what the value is where it is 0 and where it
    is 1."""
    found = dict.fromkeys(
        atom
        for term in poly
        for atom, exponent in term.factors
        if exponent > 0 and is_bracket(atom) and not atom.free & frozenset(term.bound)
    )
    if not found or len(found) > _MOST_BRACKETS:
        return None
    atom = next(iter(found))
    without = {term: times for term, times in poly.items() if atom not in dict(term.factors)}
    held = {
        Term(t.bound, t.conds, tuple(pair for pair in t.factors if pair[0] is not atom)): times
        for t, times in poly.items()
        if t not in without
    }
    return atom, without, tm.plus((without, held))


def is_contradicted(term: Term) -> bool:
    """Whether one factor says that something is 0, and another one that it is positive."""
    said = [a.branches[0][0] for a, _ in term.factors if is_bracket(a)]
    if len(said) < 2:
        return False
    relations = [cond for cond in said if isinstance(cond, Compare) and cond.right is build.ZERO]
    zeros = {cond.left for cond in relations if cond.op == "=="}
    return any(cond.op == ">" and cond.left in zeros for cond in relations)


def of_product(op: str, poly: Poly, relation: Relation) -> Poly | None:
    """1 where a product is 0 (or positive) and else 0, by its factors: even powers count as
    squares, and exponentials not at all. None where it is one factor only."""
    if len(poly) != 1:
        return None
    ((term, times),) = poly.items()
    # 1/0 is infinite, and larger than 0
    whole = all(exponent.denominator == 1 and exponent > 0 for _, exponent in term.factors)
    signed = [pair for pair in term.factors if not _is_exponential(pair[0])]
    if term.bound or term.conds or not whole or len(signed) > _MOST_FACTORS:
        return None
    if len(signed) == 1 and term.factors == ((signed[0][0], 1),):
        return None
    if op == "==":
        zeros = [relation("==", tm.atom(atom)) for atom, _ in signed]
        return complement(_product([complement(zero) for zero in zeros]))
    there = {atom: complement(relation("==", tm.atom(atom))) for atom, _ in signed}
    signs = [_sign(atom, relation) if e % 2 else there[atom] for atom, e in signed]
    sign = tm.scale(_product(signs), Fraction(1 if times > 0 else -1))
    return tm.scale(tm.plus((_product(list(there.values())), sign)), Fraction(1, 2))


def _is_exponential(atom: Expr) -> bool:
    return isinstance(atom, Apply) and atom.function == "exp"


def _sign(atom: Expr, relation: Relation) -> Poly:
    """sign(a) = 2 [a > 0] - 1 + [a == 0]."""
    positive, zero = relation(">", tm.atom(atom)), relation("==", tm.atom(atom))
    return tm.plus((tm.scale(positive, Fraction(2)), tm.constant(-1), zero))


def _product(polys: Sequence[Poly]) -> Poly:
    """The product of brackets, which have no bound indices that could meet."""
    result = tm.ONE
    for poly in polys:
        rows = (
            {
                Term((), tm.sorted_conds((*s.conds, *t.conds)), tm.merged(s.factors, t.factors)): c
                * d
            }
            for s, c in result.items()
            for t, d in poly.items()
        )
        result = tm.plus(rows)
    return result


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
