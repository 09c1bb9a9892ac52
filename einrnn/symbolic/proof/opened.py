"""Proved claims as they are once recurrences are opened.

What a step of an induction has left may be a multiple of one,
``u[t,k] b[t+1,j] … / c[t]^2 - 1/c[t]`` of ``u[t,k] b[t+1,j] … / c[t] - 1``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial

from einrnn.core import affine as af
from einrnn.core.build import sub
from einrnn.core.nodes import Element, Expr, Index
from einrnn.core.traverse import elements, substitute
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.dummies import canonical
from einrnn.symbolic.normal.expand import Normaliser, Rule
from einrnn.symbolic.normal.terms import Poly, Term, TooLarge
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.scaled import after_first
from einrnn.symbolic.proof.statement import Lemma, Statement

_MOST_FORMS = 4


def opened_rules(
    opener: Opener, statement: Statement, index: Index, direction: int, lemma: Lemma
) -> Iterator[Rule]:
    """What a lemma about one time says once it is opened there, as rules for the steps of an
    induction over the statement: they hold wherever the statement has values."""
    left, right = _at_time(opener, lemma, index, direction)
    if left is None or right is None:
        return
    ranges = {**statement.ranges, index: after_first(statement.ranges[index], direction)}
    inside = replace(statement, ranges=ranges)
    if not opener.defined.come_with(inside, (left, right)):
        return
    work = opener.normaliser(inside, ())
    try:
        written = opener.without(work, sub(left, right), opener.any)
        difference = opener.opened(work, written, index, direction, opener.any)
        for form in _forms(opener, work, difference):
            found = multiples_of(work.poly(form))
            if found is not None:
                yield found
    except TooLarge:
        return


def _forms(opener: Opener, work: Normaliser, difference: Expr) -> Iterator[Expr]:
    """A difference, and with one more of the definitions opened each time that read others of
    their own time only, the later ones first."""
    order = {name: place for place, name in enumerate(opener.model.definitions)}
    for _ in range(_MOST_FORMS):
        yield difference
        now = {e.tensor for e in elements(difference) if opener.opens_now(e)}
        if not now:
            return
        last = max(now, key=order.__getitem__)
        wanted = partial(_is_of, last)
        difference = opener.rid_of(work, difference, wanted, opener.any)


def _is_of(name: str, entry: Element) -> bool:
    return entry.tensor == name


def _at_time(
    opener: Opener, lemma: Lemma, index: Index, direction: int
) -> tuple[Expr, Expr] | tuple[None, None]:
    """The sides of a lemma that speaks of one time only, at an index of time."""
    given = lemma.statement
    free = given.left.free | given.right.free
    if len(free) != 1 or frozenset(given.ranges) != free or given.condition is not None:
        return None, None
    (own,) = free
    work = opener.normaliser(given, ())
    at = {
        when.direction
        for element in elements(opener.without(work, given.left, opener.any))
        if (when := opener.clock.time(element.tensor)) is not None
        and element.args[when.axis] is af.of(own)
    }
    if direction not in at:
        return None, None
    moved = {own: af.of(index)}
    return substitute(given.left, moved), substitute(given.right, moved)


def multiples_of(zero: Poly) -> Rule | None:
    """The rule that takes multiples of the largest sum in a polynomial that is 0 away, for those of
    its other terms."""
    sums = [term for term in zero if term.bound]
    if not sums:
        return None
    largest = max(sums, key=lambda t: (len(t.bound), tm.degree(t)))
    own = _inner(largest)
    if own is None:
        return None
    others: Poly = {t: -c / zero[largest] for t, c in zero.items() if t is not largest}
    below = tuple((atom, -exponent) for atom, exponent in largest.factors)
    outside = {atom: e for atom, e in largest.factors if (atom, e) not in own}

    def rule(work: Normaliser, term: Term) -> Poly | None:
        if len(term.bound) != len(largest.bound) or len(term.conds) != len(largest.conds):
            return None
        term = canonical(term, work.interchangeable)
        if term.bound != largest.bound or term.conds != largest.conds or _inner(term) != own:
            return None
        there = dict(term.factors)
        if not all(tm.divides(e, there.get(atom, Fraction(0))) for atom, e in outside.items()):
            return None  # what is 0 times something says nothing of that
        factor = Term((), (), tm.merged(term.factors, below))
        return work.times(factor, others)

    return rule


def _inner(term: Term) -> tm.Factors | None:
    """The factors that bound indices occur in; None where none does."""
    bound = frozenset(term.bound)
    return tuple(pair for pair in term.factors if pair[0].free & bound) or None
