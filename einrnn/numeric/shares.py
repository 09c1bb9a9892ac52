"""Products divided by sums of exponentials, with the exponentials beside them made small first.

``exp(x) / Σ exp(y)`` is ``exp(x - logsumexp(y))``; ``Σ exp(y) v / Σ exp(y)`` is
``Σ exp(y - logsumexp(y)) v``. Nothing overflows, in gradients neither.
"""

from __future__ import annotations

from einrnn.core import affine as af
from einrnn.core.build import ZERO, apply, neg
from einrnn.core.model import Range
from einrnn.core.nodes import Add, Apply, Cases, Compare, Element, Expr, Mul, Number, Pow, Reduce
from einrnn.core.traverse import fresh, substitute, walk
from einrnn.numeric.stable import Opened, exponent
from einrnn.symbolic.ranges import Ranges, at_least_zero, bind
from einrnn.symbolic.running.ends import with_ends


def share(factors: tuple[Expr, ...], opened: Opened, ranges: Ranges) -> Expr | None:
    """A product with a divisor of this kind and something to divide; None where it has none.

    A sum over nothing is no number to divide by: where it may be one, that is looked at.
    """
    for divisor in factors:
        match divisor:
            case Pow(total, Number(power)) if power == -1:
                sum_ = opened(total)
                logarithm = exponent(sum_, opened) if _is_of_sum(sum_) else None
            case _:
                continue
        if logarithm is None:
            continue
        rest = [factor for factor in factors if factor is not divisor]
        for place, factor in enumerate(rest):
            smaller = _divided(factor, logarithm, opened)
            if smaller is not None:
                rest[place] = smaller
                found = Mul(tuple(rest)) if len(rest) > 1 else smaller
                whole = _has_summands(sum_, opened, ranges)
                return found if whole else _where_finite(logarithm, found)
    return None


def _where_finite(logarithm: Expr, value: Expr) -> Expr:
    """A value where a logarithm is that of more than 0; else none."""
    there = Compare(">", logarithm, neg(apply("inf")))
    return Cases(((there, value),), apply("undefined"))


def _is_of_sum(total: Expr) -> bool:
    return any(isinstance(n, Reduce) for n in (total.terms if isinstance(total, Add) else (total,)))


def _has_summands(total: Expr, opened: Opened, ranges: Ranges) -> bool:
    """Whether one of the terms of a sum is there at all times."""
    if isinstance(total, Add):
        return any(_has_summands(opened(term), opened, ranges) for term in total.terms)
    if not isinstance(total, Reduce):
        return not isinstance(total, Cases)
    whole = with_ends(total, ranges)
    if whole is None or not at_least_zero(af.minus(whole.hi, whole.lo), ranges):
        return False
    inside = bind(ranges, {whole.index: Range(whole.lo, whole.hi)})
    return _has_summands(opened(whole.body), opened, inside)


def _divided(expr: Expr, logarithm: Expr, opened: Opened) -> Expr | None:
    """What has an exponential as a factor, divided by ``exp(logarithm)`` there."""
    match expr:
        case Apply("exp", (x,)):
            return Apply("exp", (Add((x, neg(logarithm))),))
        case Mul(factors):
            for place, factor in enumerate(factors):
                found = _divided(factor, logarithm, opened)
                if found is not None:
                    return Mul((*factors[:place], found, *factors[place + 1 :]))
            return None
        case Add(terms):
            rows = [_divided(term, logarithm, opened) for term in terms]
            known = tuple(row for row in rows if row is not None)
            return Add(known) if len(known) == len(rows) else None
        case Cases(((cond, inside),), otherwise) if otherwise is ZERO:
            found = _divided(inside, logarithm, opened)
            return found and Cases(((cond, found),), ZERO)
        case Reduce("sum"):
            index = fresh(expr.index, logarithm.free | expr.body.free - {expr.index})
            body = substitute(expr.body, {expr.index: af.of(index)})
            found = _divided(body, logarithm, opened)
            return found and Reduce("sum", index, expr.lo, expr.hi, found)
        case Element():
            inside = opened(expr)
            is_one = inside is not expr and any(_is_exponential(node) for node in walk(inside))
            return _divided(inside, logarithm, opened) if is_one else None
        case _:
            return None


def _is_exponential(node: object) -> bool:
    return isinstance(node, Apply) and node.function == "exp"
