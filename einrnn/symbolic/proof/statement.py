"""What is to be proved, what has been, and how it may be used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from einrnn.core import affine as af
from einrnn.core.model import Range
from einrnn.core.nodes import Affine, Cond, Element, Expr, Index
from einrnn.core.traverse import elements, substitute
from einrnn.symbolic.normal.domain import follows, side
from einrnn.symbolic.normal.expand import Normaliser, Rule, known_from
from einrnn.symbolic.normal.rules import replacement
from einrnn.symbolic.normal.terms import TooLarge

if TYPE_CHECKING:
    from einrnn.symbolic.proof.trace import Tactic

Way = Literal["forward", "reverse"]


@dataclass(frozen=True)
class Statement:
    """Two sides that are to be equal for all values of ``ranges`` that meet ``condition``."""

    left: Expr
    right: Expr
    ranges: Mapping[Index, Range]
    condition: Cond | None = None


@dataclass(frozen=True)
class Proof:
    """How a statement was proved; ``steps`` say it in words, ``by`` for who tells it again.
    ``way`` is the model over which it was: derivatives ahead, or adjoints."""

    method: str
    steps: tuple[str, ...] = ()
    by: Tactic | None = None
    way: Way = "forward"


@dataclass(frozen=True)
class Lemma:
    """A proved statement whose left side is one entry of a recurrent definition."""

    name: str
    statement: Statement

    @property
    def left(self) -> Element:
        """The entry that the lemma is about."""
        assert isinstance(self.statement.left, Element)
        return self.statement.left

    @property
    def tensor(self) -> str:
        """The definition that the lemma is about."""
        return self.left.tensor


def as_rule(statement: Statement) -> Rule:
    """The rule that replaces the left side of a statement by its right side."""
    return replacement(statement.left, statement.right, statement.ranges)


def fixed(
    statement: Statement, index: Index, value: Affine, others: Mapping[Index, Range]
) -> Statement:
    """A statement at one value of an index; ``others`` are the ranges of the other indices."""
    mapping = {index: value}
    left, right = (substitute(s, mapping) for s in (statement.left, statement.right))
    ranges = {
        i: Range(substitute(r.lo, mapping), substitute(r.hi, mapping)) for i, r in others.items()
    }
    return Statement(left, right, ranges)


def narrowed(statement: Statement, index: Index) -> Statement:
    """A statement under a condition as one without, over a smaller range of an index; as it
    is where the condition does not say in what range inside its own the index lies."""
    if statement.condition is None:
        return statement
    try:
        brackets = Normaliser().bracket(statement.condition)
    except TooLarge:
        return statement
    if len(brackets) != 1:
        return statement
    ((term, _),) = brackets.items()
    others = {i: r for i, r in statement.ranges.items() if i is not index}
    span: Range | None = statement.ranges[index]
    for cond in term.conds:
        span = None if span is None else _within(span, side(cond), index, known_from(others))
    if span is None or term.factors:
        return statement
    return Statement(statement.left, statement.right, {**others, index: span})


def _within(
    span: Range, parts: tuple[str, Affine] | None, index: Index, known: tuple[Affine, ...]
) -> Range | None:
    """The part of a range where a value is at least zero, if it begins or ends at a place
    that is known to lie in the range."""
    if parts is None or parts[0] != "<=":
        return None
    times = af.coefficient(parts[1], index)
    rest = af.plus(parts[1], af.of(index), -times)
    place = af.scale(rest, -times)
    if abs(times) != 1 or index in rest.free:
        return None
    inside = (af.minus(place, span.lo), af.minus(span.hi, place))
    if not all(follows(known, value) for value in inside):
        return None
    return Range(place, span.hi) if times == 1 else Range(span.lo, place)


def usable(lemmas: Iterable[Lemma]) -> tuple[Lemma, ...]:
    """The lemmas that may be used as rules: one entry on the left with an index at each
    position, which the right side does not lead back to, and nothing conditional."""
    return tuple(lemma for lemma in lemmas if _is_rule(lemma.statement))


def _is_rule(statement: Statement) -> bool:
    left = statement.left
    if not isinstance(left, Element) or statement.condition is not None:
        return False
    letters = [af.letter(arg) for arg in left.args]
    if None in letters or len(set(letters)) < len(letters):
        return False
    return all(element.tensor != left.tensor for element in elements(statement.right))
