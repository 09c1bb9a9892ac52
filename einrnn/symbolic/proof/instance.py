"""What has been proved for every time, at the first or the last one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core.build import sub
from einrnn.core.nodes import Element, Expr, Index
from einrnn.core.traverse import elements, substitute, tensors
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.terms import Poly
from einrnn.symbolic.normal.zero import is_zero
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.statement import Lemma, Proof, Statement, fixed
from einrnn.symbolic.proof.tactics import at_constant, by_constants


def by_lemma_at_end(opener: Opener, lemmas: Sequence[Lemma], statement: Statement) -> Proof | None:
    """Equal because a lemma at one end of its times, where what recurs begins, says the same:
    that ``Σ_k P[t,i,k] Q[t,k,j]`` is ``P[T,i,j]`` for all t says that ``Q[0,i,j]`` is."""
    found = elements(statement.left, statement.right)
    if statement.condition is not None or not any(_is_fixed(opener, e) for e in found):
        return None
    names = {element.tensor for element in found}
    near = [lemma for lemma in lemmas if tensors(lemma.statement.left) & names]
    work = opener.normaliser(statement, ())
    difference = _difference(opener, work, statement)
    for lemma in near:
        for end in _at_ends(opener, lemma.statement):
            if opener.expired():
                return None
            same = _in_letters(end, statement)
            if same is None or not opener.defined.come_with(statement, (same.left, same.right)):
                continue
            there = _difference(opener, work, same)
            signs = ((difference, tm.scale(there, sign)) for sign in (Fraction(1), Fraction(-1)))
            left = [work.canonical(tm.plus(pair)) for pair in signs] if there else []
            if any(_vanishes(opener, work, statement, poly) for poly in left):
                return Proof("normal form", (f"with [{lemma.name}] at an end of its times",))
    return None


def _vanishes(opener: Opener, work: Normaliser, statement: Statement, poly: Poly) -> bool:
    """Whether a difference is 0, at once or some steps from the first or the last time."""
    if is_zero(work, poly):
        return True
    written = expression(poly)
    if not any(at_constant(opener, element) for element in elements(written)):
        return False
    return by_constants(opener, statement, written, opener.any) is not None


def _difference(opener: Opener, work: Normaliser, statement: Statement) -> Poly:
    written = sub(statement.left, statement.right)
    return work.poly(opener.without(work, written, opener.any))


def _at_ends(opener: Opener, lemma: Statement) -> Iterator[Statement]:
    """A statement at the ends of each index that is a time in it."""
    if lemma.condition is not None:
        return
    for index, span in lemma.ranges.items():
        others = {i: r for i, r in lemma.ranges.items() if i is not index}
        if any(index in r.lo.free | r.hi.free for r in others.values()) or (
            span.lo.free | span.hi.free
        ):
            continue
        if _is_time(opener, lemma.left, index) or _is_time(opener, lemma.right, index):
            for end in (span.lo, span.hi):
                yield fixed(lemma, index, end, others)


def _is_fixed(opener: Opener, element: Element) -> bool:
    """Whether an entry is at a time that no index has a part in."""
    when = opener.clock.time(element.tensor)
    return when is not None and not element.args[when.axis].free


def _is_time(opener: Opener, side: Expr, index: Index) -> bool:
    for element in elements(side):
        when = opener.clock.time(element.tensor)
        if when is not None and index in element.args[when.axis].free:
            return True
    return False


def _in_letters(lemma: Statement, statement: Statement) -> Statement | None:
    """A statement in the letters of another one, each over the same range."""
    if len(lemma.ranges) != len(statement.ranges):
        return None
    mine = lemma.ranges.keys() == statement.ranges.keys()
    order = lemma.ranges if mine else statement.ranges
    mapping = dict(zip(lemma.ranges, map(af.of, order), strict=True))
    renamed = {index: statement.ranges[index] for index in order}
    if [*lemma.ranges.values()] != [*renamed.values()]:
        return None
    left, right = (substitute(side, mapping) for side in (lemma.left, lemma.right))
    return Statement(left, right, renamed)
