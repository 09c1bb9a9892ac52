"""Parts of a term: the factors that one bound index holds together."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import permutations

from einrnn.core import affine as af
from einrnn.core.build import is_bracket
from einrnn.core.nodes import Affine, Cond, Index, Reduce
from einrnn.symbolic.normal.domain import at_least_zero, follows, inequalities
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.settle import span
from einrnn.symbolic.normal.terms import Term, sorted_conds, sorted_factors


def parts_by_index(term: Term) -> Iterator[tuple[Term, Term]]:
    """For each bound index, the sum over it of all that depends on it, and the rest.

    The term is the rest times the part; other bound indices that occur in the part stay
    bound by the rest, around both.
    """
    return parts_by_indices(term, 1)


def parts_by_indices(term: Term, count: int) -> Iterator[tuple[Term, Term]]:
    """As :func:`parts_by_index`, for so many bound indices at once, in every order."""
    for indices in permutations(term.bound, count):
        own = frozenset(indices)
        part = Term(
            indices,
            tuple(cond for cond in term.conds if own & cond.free),
            tuple(pair for pair in term.factors if own & pair[0].free),
        )
        rest = Term(
            tuple(other for other in term.bound if other not in own),
            tuple(cond for cond in term.conds if not own & cond.free),
            tuple(pair for pair in term.factors if not own & pair[0].free),
        )
        yield part, rest


def cancel_sum(term: Term, known: tuple[Affine, ...] = ()) -> Term | None:
    """``Σ_k f_k`` against its own reciprocal, where both are factors of the term and the sum
    has summands: over an empty range nothing is divided, and the term is 0."""
    reciprocals = {
        atom: exponent
        for atom, exponent in term.factors
        if exponent < 0 and isinstance(atom, Reduce) and atom.op == "sum"
    }
    if not reciprocals:
        return None
    for part, rest in parts_by_index(term):
        if any(is_bracket(atom) for atom, _ in part.factors):
            continue
        whole = expression({part: Fraction(1)})
        ends = span(part, part.bound[0])
        if whole in reciprocals and ends is not None:
            powers = dict(rest.factors)
            powers[whole] += 1
            room = af.minus(ends[1], ends[0])
            conds = rest.conds
            if not follows((*known, *inequalities(conds)), room):
                conds = sorted_conds((*conds, at_least_zero(room)))
            return Term(rest.bound, conds, sorted_factors(powers.items()))
    return None


def whole_range(index: Index, size: Affine) -> tuple[Cond, ...]:
    """The conditions that an index runs over a whole axis."""
    here = af.of(index)
    return sorted_conds((at_least_zero(here), at_least_zero(af.minus(af.last(size), here))))
