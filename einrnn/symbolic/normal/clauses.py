"""Which clause of a definition decides an entry, and what it says of it."""

from __future__ import annotations

from einrnn.core import affine as af
from einrnn.core.model import Clause, Range
from einrnn.core.nodes import Affine, Element, Expr
from einrnn.core.traverse import substitute
from einrnn.symbolic.normal.domain import follows

Known = tuple[Affine, ...]


def surely_not(clause: Clause, entry: Element, known: Known) -> bool:
    """Whether a clause is for places at which an entry surely is not."""
    beyond = (af.shift(af.scale(value, -1), -1) for value in where(clause, entry))
    return any(follows(known, value) for value in beyond)


def where(clause: Clause, entry: Element) -> Known:
    """What is at least zero where a clause decides an entry."""
    rows: list[Affine] = []
    for own, at in zip(clause.args, entry.args, strict=True):
        letter = af.letter(own)
        span = Range(own, own) if letter is None else clause.ranges[letter]
        rows += (af.minus(at, span.lo), af.minus(span.hi, at))
    return tuple(rows)


def body_of(clause: Clause, entry: Element) -> Expr:
    """What a clause says of an entry."""
    letters = zip(map(af.letter, clause.args), entry.args, strict=True)
    return substitute(clause.body, {i: at for i, at in letters if i is not None})
