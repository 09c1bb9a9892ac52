"""Differences of quotients decided by clearing denominators.

``a/b - c/d`` is 0 where ``a d - c b`` is, wherever both quotients have a value. A term without
the divisor may be multiplied by it only if, wherever that term counts, some term that divides
is computed: else both sides have values where the divisor is 0. Sums are multiplied out only
here: as divisors in a normal form they are atoms.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

from einrnn.core.nodes import Add, Expr, Index, Reduce
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.domain import inequalities
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.lowered import lowered
from einrnn.symbolic.normal.spans import guards, is_computed
from einrnn.symbolic.normal.terms import Poly, Term

_ROUNDS = 4
_MOST_EXPONENT = 8

Group = tuple[tuple[Index, ...], tuple[object, ...]]


def is_sum(atom: Expr) -> bool:
    """Whether an atom is a sum that can be multiplied out."""
    return isinstance(atom, Add) or (isinstance(atom, Reduce) and atom.op == "sum")


def vanishes_cleared(work: Normaliser, poly: Poly) -> bool:
    """Whether a polynomial is 0 once its divisors are cleared.

    Divisors without bound indices are cleared for all terms together; those with bound
    indices for all terms that are summed in the same way.

    Raises:
        TooLarge: the products have too many terms.
    """
    for _ in range(_ROUNDS):
        poly = lowered(work, cleared(work, lowered(work, poly)))
        remaining = _inner(work, poly)
        if not remaining:
            return True
        if remaining == poly:
            return False
        poly = remaining
    return False


def cleared(work: Normaliser, poly: Poly) -> Poly:
    """The polynomial times every divisor that no bound index occurs in."""
    for _ in range(_ROUNDS):
        divisors = _divisors(poly, outside=True)
        divisors = {d: p for d, p in divisors.items() if _may_clear(work, poly, d)}
        if not divisors:
            return poly
        poly = _times_powers(work, poly, divisors)
    return poly


def _inner(work: Normaliser, poly: Poly) -> Poly:
    """The polynomial without the groups of summands that add up to 0."""
    groups: dict[Group, dict[Term, Fraction]] = {}
    for term, coefficient in poly.items():
        groups.setdefault((term.bound, term.conds), {})[term] = coefficient
    kept: list[Poly] = []
    for group in groups.values():
        if not _group_vanishes(work, group):
            kept.append(group)
    return tm.plus(kept)


def _group_vanishes(work: Normaliser, group: Mapping[Term, Fraction]) -> bool:
    """Whether terms that are summed in the same way have summands that add up to 0."""
    first = next(iter(group))
    if not first.bound:
        return False
    inside = work.inside(*inequalities(first.conds))
    summand: Poly = {Term((), (), term.factors): c for term, c in group.items()}
    for _ in range(_ROUNDS):
        divisors = _divisors(summand, outside=False)
        divisors = {d: p for d, p in divisors.items() if _may_clear(inside, summand, d)}
        if not divisors:
            return not inside.canonical(summand)
        summand = _times_powers(inside, summand, divisors)
    return not summand


def _may_clear(work: Normaliser, poly: Poly, divisor: Expr) -> bool:
    """Whether the polynomial has no value where the divisor is 0 and a term without it counts."""
    dividing = [t for t in poly if dict(t.factors).get(divisor, Fraction(0)) < 0]
    others = [t for t in poly if t not in dividing]
    certain = [guards(t, work.facts.bits) for t in dividing if is_computed(t, work.known)]
    return all(
        any(guard <= guards(other, work.facts.bits) for guard in certain) for other in others
    )


def _divisors(poly: Poly, outside: bool) -> dict[Expr, Fraction]:
    """Sums that divide some term, each with its largest power.

    With ``outside`` only those that no term has bound indices of.
    """
    found: dict[Expr, Fraction] = {}
    for term in poly:
        for atom, exponent in term.factors:
            if exponent < 0 and is_sum(atom):
                found[atom] = max(found.get(atom, Fraction(0)), -exponent)
    if outside:
        bound = frozenset(index for term in poly for index in term.bound)
        found = {atom: power for atom, power in found.items() if not atom.free & bound}
    return {a: p for a, p in found.items() if p <= _MOST_EXPONENT}


def _times_powers(work: Normaliser, poly: Poly, powers: Mapping[Expr, Fraction]) -> Poly:
    """The polynomial times powers of sums, as far as that leaves whole powers of them."""
    rows: list[Poly] = []
    for term, coefficient in poly.items():
        row: Poly = {_without(term, powers): coefficient}
        own = dict(term.factors)
        for atom, power in powers.items():
            left = own.get(atom, Fraction(0)) + power
            whole = math.floor(left)
            rest = left - whole
            if rest:
                row = work.product(row, tm.atom(atom, rest - 1))
                whole += 1
            base = work.poly(atom)
            for _ in range(whole):
                row = work.product(row, base)
        rows.append(row)
    return work.canonical(tm.plus(rows))


def _without(term: Term, powers: Mapping[Expr, Fraction]) -> Term:
    """The term without the atoms among the powers."""
    kept = tuple(pair for pair in term.factors if pair[0] not in powers)
    return Term(term.bound, term.conds, kept)
