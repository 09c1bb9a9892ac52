"""Claims whose sides drift apart, if at all, by a factor from each time to the next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core.build import compare, div
from einrnn.core.model import Range
from einrnn.core.nodes import Affine, Element, Expr, Index, Reduce
from einrnn.core.traverse import elements, substitute, tensors, walk
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.domain import follows
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.terms import Poly, Term
from einrnn.symbolic.normal.zero import is_zero
from einrnn.symbolic.proof.clock import UP, Time
from einrnn.symbolic.proof.entries import Chosen
from einrnn.symbolic.proof.induction import at
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.statement import Proof, Statement, fixed, narrowed
from einrnn.symbolic.proof.trace import Scaled

_MOST_FACTORS = 4


def by_factor(
    opener: Opener,
    statement: Statement,
    difference: Expr,
    chosen: Chosen,
    index: Index,
    direction: int,
) -> Proof | None:
    """The difference of the sides is a product of entries times what it was one time before,
    and it is 0 at the first time: ``(1 - a) s[t] - …`` is ``a`` times the same at ``t - 1``."""
    statement = narrowed(statement, index)
    if statement.condition is not None or not _goes_alone(opener, difference):
        return None
    if not opener.defined.is_kept(statement, index, direction):
        return None
    span = statement.ranges[index]
    ranges = {**statement.ranges, index: after_first(span, direction)}
    work = opener.normaliser(replace(statement, ranges=ranges), ())
    now = work.poly(opener.opened(work, difference, index, direction, chosen))
    there = af.shift(af.of(index), -direction)
    # of what reads two times back the one before has entries of this time, too
    reach = opener.reach(difference, index, direction)
    earlier = substitute(difference, {index: there})
    before = work.poly(opener.opened_to(reach, work, earlier, index, direction, chosen))
    recurrent = frozenset(e for e in elements(expression(before)) if opener.clock.recurs(e.tensor))
    for factor in (
        *_factors(now, before, recurrent),
        *_growth(opener, work, statement, index, there),
    ):
        scaled = work.product(factor, before)
        rest = tm.plus((now, tm.scale(scaled, Fraction(-1))))
        if not is_zero(work, work.canonical(rest)):
            continue
        first = span.lo if direction == UP else span.hi
        others = {i: r for i, r in statement.ranges.items() if i is not index}
        start = fixed(statement, index, first, others)
        if not follows((), af.minus(span.hi, span.lo)):  # nothing is said of no time at all
            start = replace(start, condition=compare("<=", span.lo, span.hi))
        if not at(opener, start, Time(0, direction)):
            return None
        step = "before" if direction == UP else "after"
        words = f"the difference, 0 at one end, is a multiple of that at the {index.name} {step}"
        return Proof("induction", (words,), Scaled(index, direction, first, expression(factor)))
    return None


def after_first(span: Range, direction: int) -> Range:
    """The times that have one before them."""
    if direction == UP:
        return Range(af.shift(span.lo, 1), span.hi)
    return Range(span.lo, af.shift(span.hi, -1))


def _goes_alone(opener: Opener, difference: Expr) -> bool:
    """Whether the entries of all that recurs follow from others beside no sum over them: a sum
    multiplies by more than one factor."""
    clock, model = opener.clock, opener.model
    names = [name for name in tensors(difference) if clock.recurs(name)]
    for name in names:
        group = clock.component(name) | {name}
        bodies = [clause.body for clause in model.definitions[name].clauses]
        sums = (node for node in walk(*bodies) if isinstance(node, Reduce))
        if any(tensors(node.body) & group for node in sums):
            return False
    return bool(names)


def _factors(now: Poly, before: Poly, recurrent: frozenset[Element]) -> Iterator[Poly]:
    """What a term with some recurrent entries may have been multiplied by: one that is there
    now over one that was there before, where that is a product."""
    tried: list[Poly] = []
    for old, times in before.items():
        mine = _entries(old, recurrent)
        if not mine:
            continue
        for new, coefficient in now.items():
            alike = new.bound == old.bound and new.conds == old.conds
            if not alike or _entries(new, recurrent) != mine:
                continue
            ratio = tm.merged(new.factors, tuple((atom, -e) for atom, e in old.factors))
            factor = {Term((), (), ratio): coefficient / times}
            if all(e > 0 for _, e in ratio) and factor not in tried and factor != tm.ONE:
                tried.append(factor)
                yield factor
            if len(tried) == _MOST_FACTORS:
                return


def _growth(
    opener: Opener, work: Normaliser, statement: Statement, index: Index, there: Affine
) -> Iterator[Poly]:
    """What the right side is multiplied by, where nothing recurs in it: ``q`` of ``q^t``."""
    right = statement.right
    if index not in right.free or any(map(opener.clock.recurs, tensors(right))):
        return
    ratio = work.poly(div(right, substitute(right, {index: there})))
    if all(exponent > 0 for term in ratio for _, exponent in term.factors):
        yield ratio


def _entries(term: Term, recurrent: frozenset[Element]) -> frozenset[Element]:
    return frozenset(a for a, _ in term.factors if isinstance(a, Element) and a in recurrent)
