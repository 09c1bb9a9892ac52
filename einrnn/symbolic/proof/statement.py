"""What is to be proved, what has been, and how it may be used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from einrnn.core import affine as af
from einrnn.core.model import Range
from einrnn.core.nodes import Affine, Cond, Element, Expr, Index
from einrnn.core.traverse import substitute, tensors
from einrnn.dataclass import dataclass
from einrnn.symbolic.normal.domain import follows, known_from, side
from einrnn.symbolic.normal.expand import Normaliser, Rule
from einrnn.symbolic.normal.replace import replacement
from einrnn.symbolic.normal.terms import Poly, Term, TooLarge

if TYPE_CHECKING:
    from einrnn.symbolic.proof.trace import Tactic

Way = Literal["forward", "reverse"]

# values of an index, and of some together, that are looked at one by one
_FEW, _MOST_VALUES = 4, 8


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
    """A proved statement whose left side is one entry of a definition, or one term."""

    name: str
    statement: Statement

    @cached_property
    def about(self) -> frozenset[str]:
        """The tensors that the left side is made of: all have to occur where it is used."""
        return tensors(self.statement.left)

    @cached_property
    def rule(self) -> Rule:
        """The lemma as a rule."""
        return as_rule(self.statement)


def as_rule(statement: Statement) -> Rule:
    """The rule that replaces the left side of a statement by its right side."""
    return replacement(statement.left, statement.right, statement.ranges)


def at_each_value(statement: Statement, most: int = _MOST_VALUES) -> list[Statement]:
    """A statement once for each value of the indices that have few, ``most`` together, or as it
    is: what is said of gates that lie one after the other is shown of one gate at a time."""
    rows = [statement]
    if statement.condition is not None:
        return rows
    for index, span in statement.ranges.items():
        first, last = af.number(span.lo), af.number(span.hi)
        if first is None or last is None or not 1 <= last - first < _FEW:
            continue
        if len(rows) * (last - first + 1) > most:
            break
        values = [af.of(value) for value in range(first, last + 1)]
        rows = [
            fixed(row, index, value, {i: r for i, r in row.ranges.items() if i is not index})
            for row in rows
            for value in values
        ]
    return rows


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
    ranges = dict(statement.ranges)
    # what is said of other indices only comes first: the range of this one may depend on it
    for cond in sorted(term.conds, key=lambda cond: index in cond.free):
        letters = (index,) if index in cond.free else tuple(i for i in ranges if i in cond.free)
        if not any(_narrow(ranges, letter, cond) for letter in letters):
            return statement
    return statement if term.factors else Statement(statement.left, statement.right, ranges)


def ranges_beside(statement: Statement, index: Index) -> Mapping[Index, Range] | None:
    """The ranges of the other indices, where an index may be counted alone: none of them depends
    on it, and no condition is left."""
    others = {i: r for i, r in statement.ranges.items() if i is not index}
    tied = any(index in r.lo.free | r.hi.free for r in others.values())
    return None if tied or statement.condition is not None else others


def over_ranges(statement: Statement) -> Statement:
    """A statement under a condition as one over smaller ranges of the indices of its left side;
    as it is where they do not say the same."""
    if statement.condition is None or not statement.ranges.keys() <= statement.left.free:
        return statement
    found = (narrowed(statement, index) for index in statement.ranges)
    return next((smaller for smaller in found if smaller.condition is None), statement)


def _narrow(ranges: dict[Index, Range], index: Index, cond: Cond) -> bool:
    """Put a condition into the range of an index; whether it could be."""
    others = {i: r for i, r in ranges.items() if i is not index}
    span = _within(ranges[index], side(cond), index, known_from(others))
    if span is not None:
        ranges[index] = span
    return span is not None


def _within(
    span: Range, parts: tuple[str, Affine] | None, index: Index, known: tuple[Affine, ...]
) -> Range | None:
    """The part of a range where a value is at least zero, if it begins or ends at a place
    that is known to lie in the range, or to leave nothing of it at its next."""
    if parts is None or parts[0] != "<=":
        return None
    times = af.coefficient(parts[1], index)
    rest = af.plus(parts[1], af.of(index), -times)
    place = af.scale(rest, -times)
    if abs(times) != 1 or index in rest.free:
        return None
    # of an empty range nothing is said, and what is shown of its ends does no harm
    inside = (
        af.shift(af.minus(place, span.lo), int(times == -1)),
        af.shift(af.minus(span.hi, place), int(times == 1)),
    )
    if not all(follows(known, value) for value in inside):
        return None
    return Range(place, span.hi) if times == 1 else Range(span.lo, place)


def usable(lemmas: Iterable[Lemma]) -> tuple[Lemma, ...]:
    """The lemmas that may be used as rules: one entry on the left with an index or a number of
    sizes at each position, or else one term, and on the right not all that the left side is made
    of; and nothing conditional."""
    return tuple(lemma for lemma in lemmas if _is_rule(lemma.statement))


def _is_rule(statement: Statement) -> bool:
    left = statement.left
    if statement.condition is not None or tensors(left) <= tensors(statement.right):
        return False
    if not statement.right.free <= left.free:
        return False
    if isinstance(left, Element):
        letters = [af.letter(arg) for arg in left.args if arg.free]
        return None not in letters and len(set(letters)) == len(letters)
    return bool(tensors(left)) and _is_one_term(left)


def _is_one_term(left: Expr) -> bool:
    """Whether an expression is a product or a sum of products that a rule can look for."""
    try:
        there = Normaliser().poly(left)
    except TooLarge:
        return False
    return len(there) == 1 and set(there.values()) == {1} and bool(next(iter(there)).factors)


def compatible(
    lemmas: Iterable[Lemma], reach: Callable[[str], frozenset[str]]
) -> tuple[Lemma, ...]:
    """The lemmas that may be rules beside each other: none leads to what it or another one
    begins with, also not through the definitions that ``reach`` says a name needs, so that they
    come to an end. The later ones come first."""
    leads: dict[str, frozenset[str]] = {}
    kept: list[Lemma] = []
    for lemma in reversed(tuple(lemmas)):
        named = tensors(lemma.statement.right)
        towards = named.union(*(reach(name) for name in named))
        beyond = towards.union(*(leads.get(name, frozenset()) for name in towards))
        if lemma.about <= beyond:  # one that is about several needs all of them
            continue
        kept.append(lemma)
        for name in lemma.about:
            leads[name] = leads.get(name, frozenset()) | beyond
        for name, there in leads.items():
            if lemma.about <= there:
                leads[name] = there | beyond
    return tuple(kept)


def noting(name: str, rule: Rule, fired: dict[str, None]) -> Rule:
    """The rule; where it is used, its name is put down."""

    def run(work: Normaliser, term: Term) -> Poly | None:
        found = rule(work, term)
        if found is not None:
            fired[name] = None
        return found

    return run
