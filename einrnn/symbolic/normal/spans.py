"""Whether a term is surely computed: a division in it then has no value where its divisor is 0.

Under a condition that does not hold, or summed over an empty range, a division is never
carried out, and the whole has a value where the divisor is 0.
"""

from __future__ import annotations

from collections.abc import Container

from einrnn.core import affine as af
from einrnn.core.build import is_bracket
from einrnn.core.nodes import Affine, Cond, Element, Expr, Index
from einrnn.symbolic.normal.domain import follows, inequalities, side
from einrnn.symbolic.normal.terms import Term

_MOST_ROWS = 32

Guard = Cond | Expr | tuple[Expr, tuple[Index, ...], tuple[Cond, ...]]


def guards(term: Term, bits: Container[str]) -> frozenset[Guard]:
    """What has to hold for a term to be computed, besides the ranges of its sums; what an entry
    of ``bits`` picks, which are 0 or 1, may not be computed where it is 0.

    Of a bound index it has to hold somewhere in its range, which is part of the guard.
    """
    bound = frozenset(term.bound)
    conds = [cond for cond in term.conds if not cond.free & bound]
    picking = [atom for atom, exponent in term.factors if exponent > 0 and _picks(atom, bits)]
    ranges = tuple(cond for cond in term.conds if cond.free & bound)
    return frozenset((*conds, *((a, term.bound, ranges) if a.free & bound else a for a in picking)))


def _picks(atom: Expr, bits: Container[str]) -> bool:
    """Whether a factor is 0 or 1."""
    return is_bracket(atom) or (isinstance(atom, Element) and atom.tensor in bits)


def is_computed(term: Term, known: tuple[Affine, ...]) -> bool:
    """Whether a term's sums together have a summand where its guards hold.

    The indices are eliminated one by one: some value of one lies between its bounds if and only if
    each lower bound is at most each upper one (Fourier and Motzkin; exact where indices have the
    coefficients 1 and -1).
    """
    bound = frozenset(term.bound)
    known = (*known, *inequalities(c for c in term.conds if not c.free & bound))
    rows: list[Affine] = []
    for cond in term.conds:
        parts = side(cond)
        if cond.free & bound:
            if parts is None or parts[0] != "<=":
                return False
            rows.append(parts[1])
    for index in term.bound:
        left = _without(index, rows)
        if left is None:
            return False
        rows = left
    return all(follows(known, row) for row in rows)


def _without(index: Index, rows: list[Affine]) -> list[Affine] | None:
    """What has to be at least zero so that an index has a value with which all rows are; None
    where that cannot be told."""
    lows: list[Affine] = []
    highs: list[Affine] = []
    left: list[Affine] = []
    for row in rows:
        times = af.coefficient(row, index)
        rest = af.plus(row, af.of(index), -times)
        if index in rest.free or abs(times) > 1:
            return None
        if not times:
            left.append(rest)
        elif times == 1:
            lows.append(af.scale(rest, -1))
        else:
            highs.append(rest)
    if not lows or not highs or len(left) + len(lows) * len(highs) > _MOST_ROWS:
        return None
    return left + [af.minus(high, low) for low in lows for high in highs]
