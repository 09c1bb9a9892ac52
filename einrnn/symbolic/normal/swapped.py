"""Sums over pairs of a function of what changes its sign when the two change places.

``Σ_{i,j} W[j,i] tanh(s[i] - s[j]) = -Σ_{i,j} W[i,j] tanh(s[i] - s[j])``: each such sum becomes half
of itself and half of the same sum with its indices exchanged.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations

from einrnn.core import affine as af
from einrnn.core.nodes import Apply, Expr, Index
from einrnn.core.traverse import substitute
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.brackets import complement
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.parity import EVEN, ODD
from einrnn.symbolic.normal.terms import Poly, Term

_HALF = Fraction(1, 2)
_MOST_BOUND = 6


def swapped(work: Normaliser, poly: Poly) -> Poly:
    """The polynomial with both forms of each sum over pairs; the same where there is none.

    Raises:
        TooLarge: the budget ran out.
    """
    rows: list[Poly] = []
    for term, coefficient in poly.items():
        other = _exchanged(work, term)
        if other is None:
            rows.append({term: coefficient})
        else:
            rows += [{term: _HALF * coefficient}, tm.scale(other, _HALF * coefficient)]
    return tm.plus(rows)


def _exchanged(work: Normaliser, term: Term) -> Poly | None:
    """A term with two of its dummies exchanged everywhere but in a function, whose value there is
    told by the one it had."""
    if not 2 <= len(term.bound) <= _MOST_BOUND:
        return None
    for atom, exponent in term.factors:
        value = _opposite(atom) if exponent == 1 else None
        if value is None:
            continue
        for first, second in _pairs(work, term, atom):
            swap = {first: af.of(second), second: af.of(first)}
            rest = Term(term.bound, term.conds, tuple(f for f in term.factors if f[0] is not atom))
            return tm.plus(
                tm.scale(work.times(tm.rename(rest, swap), {part: Fraction(1)}), times)
                for part, times in value.items()
            )
    return None


def _opposite(atom: Expr) -> Poly | None:
    """What f(-x) is by f(x), where f is a function of which that is known."""
    match atom:
        case Apply(name) if name in EVEN:
            return tm.atom(atom)
        case Apply(name) if name in ODD:
            return tm.scale(tm.atom(atom), Fraction(-1))
        case Apply("sigmoid"):
            return complement(tm.atom(atom))
        case _:
            return None


def _pairs(work: Normaliser, term: Term, atom: Expr) -> Iterator[tuple[Index, Index]]:
    """The dummies whose exchange changes the sign of an argument."""
    assert isinstance(atom, Apply)
    (argument,) = atom.args
    plain = work.poly(argument)
    bound = [index for index in term.bound if index in argument.free]
    for first, second in combinations(bound, 2):
        other = work.poly(substitute(argument, {first: af.of(second), second: af.of(first)}))
        if other == tm.scale(plain, Fraction(-1)):
            yield first, second
