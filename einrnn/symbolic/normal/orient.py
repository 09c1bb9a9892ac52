"""Which way an equation is used: from its largest term to what that is by all others."""

from __future__ import annotations

from fractions import Fraction

from einrnn.core.model import Assumption
from einrnn.core.nodes import Expr
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.domain import known_from
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.facts import Facts
from einrnn.symbolic.normal.rebuild import expression, term_expression
from einrnn.symbolic.normal.terms import Poly, Term

_MOST_PARTS = 3


def oriented(assumption: Assumption, facts: Facts) -> tuple[Expr, Expr] | None:
    """A term of an assumption, and what it is by the other terms, in normal form; None where no
    term is larger than what it would be replaced by."""
    work = Normaliser(known_from(assumption.ranges), facts=facts)
    left, right = work.poly(assumption.left), work.poly(assumption.right)
    if len(left) != 1 or _size(left) < _size(right):
        left, right = right, left
    if len(left) != 1 or _size(left) < _size(right):
        return _largest_part(*sorted((left, right), key=_size))
    ((term, coefficient),) = left.items()
    image = tm.scale(right, 1 / coefficient)
    return (term_expression(term), expression(image)) if term.factors else None


def _largest_part(rest: Poly, parts: Poly) -> tuple[Expr, Expr] | None:
    """The largest part of a sum with a gap by the others: ``sum[j: j != i] p[i,j]`` is the whole
    sum without an entry, or the sums before and after it."""

    def rank(term: Term) -> tuple[tuple[int, int], bytes]:
        return _size({term: Fraction(1)}), term_expression(term).key

    *others, last = sorted(parts, key=rank)
    if not last.bound or len(parts) > _MOST_PARTS or _size(rest) >= rank(last)[0]:
        return None
    image = tm.plus((rest, {term: -parts[term] for term in others}))
    return term_expression(last), expression(tm.scale(image, 1 / parts[last]))


def _size(poly: Poly) -> tuple[int, int]:
    return (
        max((len(term.bound) for term in poly), default=0),
        max((len(term.factors) for term in poly), default=0),
    )
