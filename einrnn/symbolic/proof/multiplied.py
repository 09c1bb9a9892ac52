"""Differences that one step multiplies by the last factor of a product that goes as far.

``D(t) = Σ_{r<=t} (1 - f(r)) Π_{k=r+1..t} f(k) + Π_{k<=t} f(k) - 1`` is ``f(t) D(t-1)``, and 0 at
the first ``t``: so it is 0 at each. ``Π_{k=t..r} f(k)`` steps down; ``c^t`` is a product, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from einrnn.core import affine as af
from einrnn.core.build import compare, sub
from einrnn.core.nodes import Expr, Index, Mul, Pow, Reduce
from einrnn.core.traverse import substitute, walk
from einrnn.symbolic.normal.domain import follows
from einrnn.symbolic.normal.zero import is_zero
from einrnn.symbolic.proof.clock import DOWN, UP, Time
from einrnn.symbolic.proof.induction import at
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.scaled import after_first
from einrnn.symbolic.proof.statement import Proof, Statement, fixed, narrowed, ranges_beside
from einrnn.symbolic.proof.trace import Scaled


def by_multiplied(opener: Opener, statement: Statement, index: Index) -> Proof | None:
    """Induction over an index at which the difference of the sides is a multiple of what it is
    one step before."""
    statement = narrowed(statement, index)
    others = ranges_beside(statement, index)
    if others is None:
        return None
    span = statement.ranges[index]
    for direction, factor in dict.fromkeys(_factors(statement, index)):
        if opener.expired():
            return None
        if not opener.defined.is_kept(statement, index, direction):
            continue
        first = span.lo if direction == UP else span.hi
        start = fixed(statement, index, first, others)
        if not follows((), af.minus(span.hi, span.lo)):  # nothing is said of no time at all
            start = replace(start, condition=compare("<=", span.lo, span.hi))
        if _multiplies(opener, statement, index, direction, factor) and at(
            opener, start, Time(0, direction)
        ):
            step = f"{index.name} {'before' if direction == UP else 'after'}"
            words = f"the difference, 0 at one end, is a multiple of that at the {step}"
            return Proof("induction", (words,), Scaled(index, direction, first, factor))
    return None


def _factors(statement: Statement, index: Index) -> Iterator[tuple[int, Expr]]:
    """The last factors of products that go as far as an index, and the bases of powers, each with
    the direction in which there is one more."""
    for node in walk(statement.left, statement.right):
        match node:
            case Reduce("prod", k, lo, hi, body) if index not in body.free:
                if index not in lo.free and af.coefficient(hi, index) == 1:
                    direction, factor = UP, substitute(body, {k: hi})
                elif index not in hi.free and af.coefficient(lo, index) == 1:
                    direction, factor = DOWN, substitute(body, {k: lo})
                else:
                    continue
            case Pow(base, exponent) if index in exponent.free and index not in base.free:
                direction, factor = UP, base
            case _:
                continue
        if factor.free <= statement.ranges.keys():
            yield direction, factor


def _multiplies(
    opener: Opener, statement: Statement, index: Index, direction: int, factor: Expr
) -> bool:
    """Whether the difference is ``factor`` times what it is one step before."""
    ranges = {**statement.ranges, index: after_first(statement.ranges[index], direction)}
    work = opener.normaliser(replace(statement, ranges=ranges), ())
    difference = sub(statement.left, statement.right)
    before = substitute(difference, {index: af.shift(af.of(index), -direction)})
    left = opener.without(work, sub(difference, Mul((factor, before))), opener.any)
    return is_zero(work, work.poly(left))
