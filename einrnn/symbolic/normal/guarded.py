"""Sums whose bodies a condition guards, as sums over fewer values."""

from __future__ import annotations

from einrnn.core import affine as af
from einrnn.core.build import ZERO
from einrnn.core.model import Range
from einrnn.core.nodes import And, Cases, Compare, Cond, Index, Reduce
from einrnn.numeric.bounds import compared
from einrnn.symbolic.normal.domain import follows
from einrnn.symbolic.normal.places import Known


def unguarded(node: Reduce, known: Known) -> Reduce:
    """``Σ_{j=0..n-1} { f(j) if i <= j-1 ; 0 otherwise }`` as ``Σ_{j=i+1..n-1} f(j)``; the sum as
    it is where that is not known to be all that its condition says."""
    match node:
        case Reduce("sum", index, lo, hi, Cases(((cond, body),), otherwise)) if otherwise is ZERO:
            span = _narrowed(Range(lo, hi), index, cond, known)
            return node if span is None else Reduce("sum", index, span.lo, span.hi, body)
        case _:
            return node


def _narrowed(span: Range, index: Index, cond: Cond, known: Known) -> Range | None:
    """The values of a range at which a condition holds, where they are a range again."""
    conds = cond.parts if isinstance(cond, And) else (cond,)
    for part in conds:
        gap = compared(part) if isinstance(part, Compare) else None
        if gap is None or not isinstance(part, Compare) or part.op not in _AT_MOST:
            return None
        sign, shift = _AT_MOST[part.op]
        gap = af.shift(af.scale(gap, sign), shift)  # at most 0
        times = af.coefficient(gap, index)
        rest = af.plus(gap, af.of(index), -times)
        if times == 1 and follows(known, af.plus(span.hi, rest)):
            span = Range(span.lo, af.scale(rest, -1))
        elif times == -1 and follows(known, af.minus(rest, span.lo)):
            span = Range(rest, span.hi)
        else:
            return None
    return span


# what is added to left minus right, times a sign, so that it is at most 0
_AT_MOST = {"<=": (1, 0), "<": (1, 1), ">=": (-1, 0), ">": (-1, 1)}
