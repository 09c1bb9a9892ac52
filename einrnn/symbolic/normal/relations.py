"""Relations between values, as polynomials in brackets of ``a > 0`` and ``a == 0``."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from einrnn.core import build
from einrnn.core.nodes import Compare, Expr
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.brackets import by_bracket, complement, of_bit, of_product
from einrnn.symbolic.normal.monotone import of_growing
from einrnn.symbolic.normal.powers import as_number, primitive
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.terms import Poly, Term, sorted_terms

if TYPE_CHECKING:
    from einrnn.symbolic.normal.expand import Normaliser


def value_bracket(work: Normaliser, op: str, left: Expr, right: Expr) -> Poly:
    """1 where a relation between two values holds, and else 0."""
    if op in ("!=", ">=", "<="):
        opposite = {"!=": "==", ">=": "<", "<=": ">"}[op]
        return complement(value_bracket(work, opposite, left, right))
    if op == "<":
        op, left, right = ">", right, left
    difference = tm.plus((work.poly(left), tm.scale(work.poly(right), Fraction(-1))))
    return _relation(work, op, difference)


def _relation(work: Normaliser, op: str, difference: Poly) -> Poly:
    """1 where a value is 0, or positive, and else 0."""
    if not difference:
        return tm.ONE if op == "==" else tm.NOTHING
    number = as_number(difference)
    if number is not None:
        return tm.ONE if op == ">" and number > 0 else tm.NOTHING
    told = of_bit(op, difference, work.facts.bits)
    if told is not None:
        return told
    split = by_bracket(difference)
    if split is not None:
        atom, without, held = split
        no = work.product(complement(tm.atom(atom)), _relation(work, op, without))
        return tm.plus((no, work.product(tm.atom(atom), _relation(work, op, held))))
    again = partial(_relation, work)
    told = of_product(op, difference, again)
    if told is None:
        difference = _without_positive(work, difference)
        told = of_growing(work, op, difference, again)
    return _simple(op, difference) if told is None else told


def _without_positive(work: Normaliser, difference: Poly) -> Poly:
    """A difference without positive factors that all its terms have: [p a > p b] = [a > b]."""
    if len(difference) < 2:
        return difference
    shared = primitive(difference)[0][1]
    # what counts as positive elsewhere may be 0
    surely = [
        (atom, exponent)
        for atom, exponent in shared
        if work.is_positive(atom) and work.facts.total.is_nonzero(atom, work.known)
    ]
    inverse = tm.sorted_factors((atom, -exponent) for atom, exponent in surely)
    return tm.plus(
        {Term(t.bound, t.conds, tm.merged(t.factors, inverse)): c} for t, c in difference.items()
    )


def _simple(op: str, difference: Poly) -> Poly:
    """The relation as brackets of its own, of the difference divided by its first number."""
    leading = sorted_terms(difference)[0][1]
    monic = expression(tm.scale(difference, 1 / leading))
    zero = tm.atom(build.iverson(Compare("==", monic, build.ZERO)))
    if op == "==":
        return zero
    positive = tm.atom(build.iverson(Compare(">", monic, build.ZERO)))
    if leading > 0:
        return positive
    # [-p > 0] = 1 - [p > 0] - [p == 0]
    return tm.plus((tm.ONE, tm.scale(positive, Fraction(-1)), tm.scale(zero, Fraction(-1))))
