"""What a recurrence up in time and one down in time keep between them.

Forward and backward recursions of a chain meet at any time in the same sum,
``Σ_i a[t,i] b[t,i]``, or in log space ``Σ_i exp(a[t,i] + b[t,i])``. Where that is so, what the
one comes to at its last time is what the other comes to at its first.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from einrnn.core import affine as af
from einrnn.core.build import apply
from einrnn.core.model import Range
from einrnn.core.nodes import Add, Affine, Element, Expr, Index, Mul, Reduce
from einrnn.core.traverse import elements, substitute, tensors
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.replace import replacement
from einrnn.symbolic.normal.zero import is_zero
from einrnn.symbolic.proof.clock import UP
from einrnn.symbolic.proof.entries import Chosen
from einrnn.symbolic.proof.invariance import change
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.statement import Proof, Statement
from einrnn.symbolic.proof.trace import Paired

_TIME = Index("·time")


def by_pairing(
    opener: Opener, statement: Statement, difference: Expr, chosen: Chosen
) -> Proof | None:
    """Equal once what recurrences that run up come to at the end is what those that run down
    come to at the start."""
    ends = _at_ends(opener, difference)
    for up, down in product(*ends):
        for whole, span in _paired(opener, up, down):
            lemma = _lemma(opener, whole, span)
            if lemma is None:
                continue
            rule = replacement(lemma.left, lemma.right, {})
            work = opener.normaliser(statement, (rule,))
            left = opener.without(work, difference, chosen)
            if is_zero(work, work.poly(left)):
                words = f"what {up} and {down} keep between them"
                return Proof("induction", (words,), Paired(_TIME, whole, span, lemma))
    return None


def _at_ends(opener: Opener, expr: Expr) -> tuple[list[str], list[str]]:
    """The recurrences up in time that are read at their last time, and those down in time that
    are read at their first."""
    found: tuple[dict[str, None], dict[str, None]] = ({}, {})
    for element in elements(expr):
        when = opener.clock.time(element.tensor)
        if when is None:
            continue
        axis = opener.model.definitions[element.tensor].axes[when.axis]
        up = when.direction == UP
        if element.args[when.axis] is (axis.hi if up else axis.lo):
            found[0 if up else 1][element.tensor] = None
    return list(found[0]), list(found[1])


def _paired(opener: Opener, up: str, down: str) -> Iterator[tuple[Expr, Range]]:
    """What two recurrences may keep, at one time, with the times that both have."""
    first, second = opener.clock.time(up), opener.clock.time(down)
    axes, others = (opener.model.definitions[name].axes for name in (up, down))
    if first is None or second is None or len(axes) != len(others) or first.axis != second.axis:
        return
    if axes != others:
        return
    letters = [Index(f"·k{place}") for place in range(len(axes))]
    letters[first.axis] = _TIME
    args = tuple(af.of(letter) for letter in letters)
    pair = (Element(up, args), Element(down, args))
    for body in (Mul(pair), apply("exp", Add(pair))):
        whole: Expr = body
        for place, letter in enumerate(letters):
            if place != first.axis:
                whole = Reduce("sum", letter, axes[place].lo, axes[place].hi, whole)
        yield whole, axes[first.axis]


def _lemma(opener: Opener, whole: Expr, span: Range) -> Statement | None:
    """That the value at the last time is that at the first, where the value is the same at
    each time and the next, and the former is one term."""
    steps = {_TIME: Range(span.lo, af.shift(span.hi, -1))}
    work = opener.normaliser(Statement(whole, whole, steps), ())
    if not is_zero(work, work.poly(change(opener, work, whole, _TIME, opener.derived_only))):
        return None
    last, first = (_at(opener, whole, place) for place in (span.hi, span.lo))
    pattern = Normaliser().poly(last)
    if len(pattern) != 1 or set(pattern.values()) != {1}:
        return None
    lemma = Statement(last, first, {})
    return lemma if opener.defined.may_replace(lemma) else None


def _at(opener: Opener, whole: Expr, place: Affine) -> Expr:
    """The value at one time, what is given there written in."""
    expr = substitute(whole, {_TIME: place})
    work = opener.normaliser(Statement(expr, expr, {}), ())
    named = tensors(whole)
    return opener.without(work, expr, lambda element: element.tensor in named)
