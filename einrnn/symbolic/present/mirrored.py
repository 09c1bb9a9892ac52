"""Definitions that are symmetric by what they say."""

from __future__ import annotations

from einrnn.core import affine as af
from einrnn.core.model import Definition
from einrnn.core.traverse import substitute
from einrnn.symbolic.normal.domain import known_from
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.terms import TooLarge


def is_symmetric(definition: Definition) -> bool:
    """Whether the last two positions of a definition may change places: its only clause says the
    same then, as far as sums and products go."""
    if len(definition.clauses) != 1 or len(definition.axes) < 2:
        return False
    (clause,) = definition.clauses
    row, column = (af.letter(arg) for arg in clause.args[-2:])
    if row is None or column is None or definition.axes[-1] != definition.axes[-2]:
        return False
    work = Normaliser(known_from(clause.ranges))
    turned = substitute(clause.body, {row: af.of(column), column: af.of(row)})
    try:
        return clause.body is not turned and work.poly(clause.body) == work.poly(turned)
    except TooLarge:
        return False
