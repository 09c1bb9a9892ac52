"""Powers with symbolic exponents: ``b^n b^m = b^(n + m)``, ``b^(n - 1) b = b^n``, and
``b^0 = 1``."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from einrnn.core.nodes import Add, Expr, Number, Pow
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.domain import inequalities
from einrnn.symbolic.normal.powers import power
from einrnn.symbolic.normal.terms import Poly, Term

if TYPE_CHECKING:
    from einrnn.symbolic.normal.expand import Normaliser


def collected(work: Normaliser, term: Term) -> Poly | None:
    """The powers of one base with symbolic exponents as one; None where that changes nothing.

    Only whole powers of powers are collected: ``((-1)^2)^(1/2)`` is not ``(-1)^1``.
    """
    symbolic = [(a, e) for a, e in term.factors if _is_symbolic(a) and e.denominator == 1]
    if not symbolic:
        return None
    exponents: dict[Expr, list[Poly]] = {}
    for atom, times in symbolic:
        assert isinstance(atom, Pow)
        exponents.setdefault(atom.base, []).append(tm.scale(work.poly(atom.exponent), times))
    for atom, times in term.factors:
        # powers of sums are multiplied out, and divisors are cleared
        if atom in exponents and times.denominator == 1 and not isinstance(atom, Add):
            exponents[atom].append(tm.constant(times))
            symbolic.append((atom, times))
    product: Poly = tm.ONE
    there = work.inside(*inequalities(term.conds))  # where an exponent may be natural
    for base, polys in exponents.items():
        product = work.product(product, power(there, work.poly(base), tm.plus(polys)))
    if product == {Term((), (), tm.sorted_factors(symbolic)): Fraction(1)}:
        return None
    rest = tuple(pair for pair in term.factors if pair not in symbolic)
    return work.times(Term(term.bound, term.conds, rest), product)


def _is_symbolic(atom: Expr) -> bool:
    return isinstance(atom, Pow) and not isinstance(atom.exponent, Number)
