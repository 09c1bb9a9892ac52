"""Absolute values and signs of one thing beside each other in a product."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from einrnn.core import build
from einrnn.core.nodes import Apply, Compare, Expr
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.powers import power
from einrnn.symbolic.normal.terms import Poly, Term

if TYPE_CHECKING:
    from einrnn.symbolic.normal.expand import Normaliser


def absolutes(work: Normaliser, term: Term) -> Poly | None:
    """``sign(a) |a| = a``, ``sign(a) / |a| = 1 / a``, ``|a|^2 = a^2`` and ``sign(a)^2 = [a != 0]``,
    one of them applied once; None where none applies."""
    powers = dict(term.factors)
    for atom, exponent in term.factors:
        if not isinstance(atom, Apply) or atom.function not in ("abs", "sign"):
            continue
        if exponent.denominator != 1:
            continue
        found = _one(work, atom, int(exponent), powers)
        if found is not None:
            changed, poly = found
            rest = tm.sorted_factors({**powers, **changed}.items())
            return work.times(Term(term.bound, term.conds, rest), poly)
    return None


def _one(
    work: Normaliser, atom: Apply, exponent: int, powers: dict[Expr, Fraction]
) -> tuple[dict[Expr, Fraction], Poly] | None:
    """New powers of some factors, and what they are multiplied with instead."""
    (inner,) = atom.args
    if atom.function == "abs":
        if abs(exponent) < 2:
            return None
        odd = exponent % 2
        square = power(work, work.poly(inner), tm.constant(exponent - odd))
        return {atom: Fraction(odd)}, square
    if exponent >= 2:
        odd = exponent % 2
        if odd:
            return {atom: Fraction(1)}, tm.ONE
        return {atom: Fraction(0)}, work.bracket(Compare("!=", inner, build.ZERO))
    size = Apply("abs", (inner,))
    beside = powers.get(size, Fraction(0))
    if exponent != 1 or beside.denominator != 1 or not beside:
        return None
    step = 1 if beside > 0 else -1
    whole = power(work, work.poly(inner), tm.constant(step))
    return {atom: Fraction(0), size: beside - step}, whole
