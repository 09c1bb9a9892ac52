"""Sums over time whose summand is the same at every time: that, as often as there are times."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import NamedTuple

from einrnn.core import affine as af
from einrnn.core.build import ZERO, compare, iverson
from einrnn.core.model import Range
from einrnn.core.nodes import Add, Affine, Expr, Index, Mul, Value
from einrnn.core.traverse import elements
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.level import levelled
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.settle import span
from einrnn.symbolic.normal.terms import Poly, Term
from einrnn.symbolic.normal.zero import is_zero
from einrnn.symbolic.proof.entries import Chosen
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.statement import Proof, Statement

_TIME = Index("·each")
Prove = Callable[[Statement], Proof | None]


class _Sum(NamedTuple):
    """``Σ_{_TIME in times} summand + rest``."""

    summand: Expr
    times: Range
    rest: Poly


def by_same_summands(
    opener: Opener, statement: Statement, difference: Expr, chosen: Chosen, prove: Prove
) -> Proof | None:
    """Equal once each summand of all that is summed over time is what the rest is over how many
    there are."""
    work = opener.normaliser(statement, ())
    found = _as_sum(opener, levelled(work.poly(difference)))
    # tactics that go from one time to the next take ranges to stay
    if found is None or found.times.lo.free | found.times.hi.free:
        return None
    ranges, condition = {**statement.ranges, _TIME: found.times}, statement.condition
    count = af.shift(af.minus(found.times.hi, found.times.lo), 1)
    nonempty = iverson(compare("<=", found.times.lo, found.times.hi))
    for value in _over(found.rest, count):
        together = Add((Mul((Value(count), nonempty, value)), expression(found.rest)))
        counted = opener.without(work, together, chosen)
        if prove(Statement(found.summand, value, ranges, condition)) is None:
            continue
        if (
            is_zero(work, work.poly(counted))
            or prove(Statement(counted, ZERO, statement.ranges, condition)) is not None
        ):
            return Proof("induction", ("each summand of the sum over time is the same",))
    return None


def _over(rest: Poly, count: Affine) -> Iterator[Expr]:
    """What each of ``count`` summands has to be for them and the rest to be 0, where the rest has
    that number as a factor: what is beside one size or index of it."""
    for letter, times in count.terms:
        size = Value(af.of(letter))
        beside = {
            Term(term.bound, term.conds, tuple(f for f in term.factors if f[0] is not size)): -c
            for term, c in rest.items()
            if (size, 1) in term.factors
        }
        if beside:
            yield expression(tm.scale(beside, 1 / Fraction(times)))


def _as_sum(opener: Opener, poly: Poly) -> _Sum | None:
    """A polynomial whose sums over time all have the same times, as one of them."""
    summands: list[Poly] = []
    rest: list[Poly] = []
    times: set[Range] = set()
    for term, coefficient in poly.items():
        letters = [index for index in term.bound if _is_time(opener, term, index)]
        if not letters:
            rest.append({term: coefficient})
            continue
        ends = span(term, letters[0])
        if len(letters) > 1 or ends is None:
            return None
        times.add(Range(*ends))
        summands.append({_without(term, letters[0]): coefficient})
    if len(times) != 1:
        return None
    return _Sum(expression(tm.plus(summands)), times.pop(), tm.plus(rest))


def _is_time(opener: Opener, term: Term, index: Index) -> bool:
    """Whether a dummy counts the times of something that recurs, or of what is computed from it."""
    ends = span(term, index)
    sizes = frozenset(af.dims(ends[1]) if ends else ())
    for element in elements(*(atom for atom, _ in term.factors)):
        if index not in element.free:
            continue
        for name in (element.tensor, *opener.clock.reach(element.tensor)):
            when = opener.clock.time(name)
            if when is not None:
                axis = opener.model.definitions[name].axes[when.axis]
                if sizes & frozenset(af.dims(axis.hi)):
                    return True
    return False


def _without(term: Term, index: Index) -> Term:
    """What a term sums over a dummy, at :data:`_TIME`."""
    bound = tuple(other for other in term.bound if other is not index)
    conds = tuple(cond for cond in term.conds if index not in cond.free)
    return tm.rename(Term(bound, conds, term.factors), {index: af.of(_TIME)})
