"""Differences that are made of multiples of what is assumed to be 0."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from einrnn.core import affine as af
from einrnn.core.build import sub
from einrnn.core.model import Assumption
from einrnn.core.nodes import Affine, Element, Expr, Index
from einrnn.core.traverse import elements, substitute
from einrnn.symbolic.normal.domain import follows
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.ideal import is_combination
from einrnn.symbolic.normal.quotients import cleared
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.statement import Proof, Statement

_WORDS = "a combination of what is assumed"


def by_assumptions(
    opener: Opener, statement: Statement, times: Sequence[tuple[Index, int]]
) -> Proof | None:
    """Equal because the difference of the sides, or what it is by one step of what recurs at one
    of the ``times``, is a combination of those of assumptions, all of them times what they are
    divided by: where an assumption holds its sides have values, and so no divisor is 0."""
    if not opener.assumptions:
        return None
    work = opener.plain(statement)
    difference = opener.without(work, sub(statement.left, statement.right), opener.any)
    if _is_made_of_them(opener, work, difference):
        return Proof("normal form", (_WORDS,))
    for index, direction in times:
        opened = opener.opened(work, difference, index, direction, opener.any)
        if opened is not difference and _is_made_of_them(opener, work, opened):
            return Proof("recurrence", (f"one step of what recurs, at {index.name}", _WORDS))
    return None


def _is_made_of_them(opener: Opener, work: Normaliser, difference: Expr) -> bool:
    found = elements(difference)
    assumed = (i for given in opener.assumptions for i in _instances(work, given, found))
    equations = [cleared(work, work.poly(side)) for side in dict.fromkeys(assumed)]
    return is_combination(cleared(work, work.poly(difference)), equations)


def _instances(work: Normaliser, given: Assumption, found: list[Element]) -> Iterator[Expr]:
    """The differences of an assumption's sides at the positions at which its entries occur."""
    difference = sub(given.left, given.right)
    if not given.ranges:
        yield difference
        return
    for element in elements(difference):
        letters = [af.letter(arg) for arg in element.args]
        if not given.ranges.keys() <= {*letters}:
            continue
        for other in found:
            if other.tensor == element.tensor:
                pairs = zip(letters, other.args, strict=True)
                binding = {letter: at for letter, at in pairs if letter is not None}
                if _within(work, given, binding):
                    yield substitute(difference, binding)


def _within(work: Normaliser, given: Assumption, binding: dict[Index, Affine]) -> bool:
    """Whether positions are surely in the ranges of an assumption."""
    return all(
        follows(work.known, af.minus(binding[index], span.lo))
        and follows(work.known, af.minus(span.hi, binding[index]))
        for index, span in given.ranges.items()
    )
