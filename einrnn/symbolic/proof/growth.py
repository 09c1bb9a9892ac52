"""Sums, products and largest values that go as far as an index, one more at a time.

``Π_{i=1..n} i/(i+1) = 1/(n+1)`` is what one more factor makes of it at ``n - 1``; a statement about
``N`` of something says so of any ``n`` up to ``N``, which becomes an index for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from einrnn.core import affine as af
from einrnn.core.build import apply, sub
from einrnn.core.model import Range
from einrnn.core.nodes import Add, Dim, Expr, Index, Mul, Reduce, ReduceOp
from einrnn.core.traverse import elements, fresh, rename_dims, substitute, walk
from einrnn.symbolic.normal.domain import follows
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.zero import is_zero
from einrnn.symbolic.proof.clock import UP, Time
from einrnn.symbolic.proof.entries import unfold
from einrnn.symbolic.proof.induction import at
from einrnn.symbolic.proof.invariance import between, furthest
from einrnn.symbolic.proof.opening import ROUNDS, Opener
from einrnn.symbolic.proof.statement import Proof, Statement, fixed, narrowed, ranges_beside
from einrnn.symbolic.proof.trace import Generalised, Grown

# what one more makes of them
_JOINED: Mapping[str, Callable[[Expr, Expr], Expr]] = {
    "sum": lambda a, b: Add((a, b)),
    "prod": lambda a, b: Mul((a, b)),
    "max": lambda a, b: apply("max", a, b),
    "min": lambda a, b: apply("min", a, b),
    "logsumexp": lambda a, b: apply("log", Add((apply("exp", a), apply("exp", b)))),
}
_EMPTY = ("sum", "prod")  # these have a value over no range


def joined(op: ReduceOp, some: Expr, more: Expr) -> Expr:
    """The reduction of some values and one more."""
    return _JOINED[op](some, more)


def by_any_size(
    opener: Opener, statement: Statement, prove: Callable[[Statement], Proof | None]
) -> Proof | None:
    """A statement about all of a size, proved for any number of them."""
    for size in _sizes(statement):
        names = frozenset[Index]().union(
            *(node.free for node in walk(statement.left, statement.right))
        )
        index = fresh(Index("n"), names | statement.ranges.keys())
        left, right = (
            rename_dims(side, {size: af.of(index)}) for side in (statement.left, statement.right)
        )
        ranges = {**statement.ranges, index: Range(af.ONE, af.of(size))}
        general = Statement(left, right, ranges)
        proof = by_growth(opener, general, index) or prove(general)
        if proof is not None:
            words = f"for any {index.name} up to {size.name} in place of {size.name}"
            by = Generalised(general, index, proof)
            return Proof(proof.method, (words, *proof.steps), by)
    return None


def _sizes(statement: Statement) -> Iterator[Dim]:
    """The sizes that a reduction goes up to, where no index of the statement does."""
    if statement.condition is not None:
        return
    ranges = [af.dims(end) for r in statement.ranges.values() for end in (r.lo, r.hi)]
    taken = frozenset(dim for dims in ranges for dim in dims)
    found = (n for n in walk(statement.left, statement.right) if isinstance(n, Reduce))
    yield from dict.fromkeys(d for n in found for d in af.dims(n.hi) if d not in taken)


def by_growth(opener: Opener, statement: Statement, index: Index) -> Proof | None:
    """Induction over how far a reduction goes that one of the sides is."""
    statement = narrowed(statement, index)
    others = ranges_beside(statement, index)
    if others is None:
        return None
    span = statement.ranges[index]
    for whole, other in ((statement.left, statement.right), (statement.right, statement.left)):
        if not isinstance(whole, Reduce) or not _goes_up(whole, index):
            continue
        claim = replace(statement, left=whole, right=other)
        first = fixed(claim, index, span.lo, others)
        if (
            opener.defined.is_kept(claim, index, UP)
            and _grows(opener, claim, index)
            and at(opener, first, Time(0, UP))
        ):
            words = f"over {index.name}, one more at a time"
            return Proof("induction", (words,), Grown(claim, index, one_more(claim, index)))
    return None


def _goes_up(whole: Reduce, index: Index) -> bool:
    """Whether a reduction gets one more with an index and changes nothing else."""
    return af.coefficient(whole.hi, index) == 1 and index not in whole.lo.free | whole.body.free


def _grows(opener: Opener, claim: Statement, index: Index) -> bool:
    """Whether one more makes of the right side what that is one later."""
    whole, span = claim.left, claim.ranges[index]
    assert isinstance(whole, Reduce)
    before = {**claim.ranges, index: Range(span.lo, af.shift(span.hi, -1))}
    work = opener.normaliser(replace(claim, ranges=before), ())
    least = af.shift(af.minus(whole.hi, whole.lo), 1 if whole.op in _EMPTY else 0)
    if not follows(work.known, least):
        return False
    later = substitute(claim.right, {index: af.shift(af.of(index), 1)})
    grown = joined(whole.op, claim.right, one_more(claim, index))
    difference = opener.without(work, sub(grown, later), opener.any)
    return is_zero(work, work.poly(_opened(opener, work, difference, claim.right, index)))


def one_more(claim: Statement, index: Index) -> Expr:
    """What comes to the reduction on the left when an index is one more."""
    whole = claim.left
    assert isinstance(whole, Reduce)
    return substitute(whole.body, {whole.index: af.shift(whole.hi, 1)})


def _opened(opener: Opener, work: Normaliser, difference: Expr, before: Expr, index: Index) -> Expr:
    """A difference without what recurs later than what there was ``before``."""
    low, high = furthest(opener, elements(before), index)
    for _ in range(ROUNDS):
        ahead = frozenset(e for e in elements(difference) if between(opener, e, index, low, high))
        if not ahead or opener.expired():
            break
        opened = unfold(difference, opener.model, ahead.__contains__)
        difference = opener.without(work, opened, opener.any)
    return difference
