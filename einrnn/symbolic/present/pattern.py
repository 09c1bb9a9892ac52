"""Products found inside larger products: a definition's right side, or what a user grants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core.build import TRUE
from einrnn.core.model import Range
from einrnn.core.nodes import Affine, Expr, Index
from einrnn.core.traverse import substitute
from einrnn.dataclass import dataclass
from einrnn.symbolic.match import matches
from einrnn.symbolic.present.lookups import Lookups, without_lookups
from einrnn.symbolic.present.terms import Term, merged
from einrnn.symbolic.ranges import Ranges, at_least_zero, bind

_MOST_FACTORS = 8

Binding = Mapping[Index, Affine]


@dataclass(frozen=True)
class Pattern:
    """A product with the ranges of its variables: the letters that stand for anything in
    them. Its sums are letters that must be summed over the same ranges in what it is found in."""

    term: Term
    ranges: Ranges
    lookups: Lookups = field(default_factory=dict[str, Range])


def find(pattern: Pattern, term: Term, ranges: Ranges) -> tuple[Binding, Term] | None:
    """What the variables stand for, and the term without the instance; None where there is
    no instance of the pattern among the factors."""
    shape = pattern.term
    if shape.cond is not TRUE or not shape.powers or len(shape.powers) > _MOST_FACTORS:
        return None
    if len(shape.powers) > len(term.powers) or len(shape.bound) > len(term.bound):
        return None
    variables = frozenset(pattern.ranges) | shape.letters
    inside = bind(ranges, dict(term.bound))
    for binding, rest in _instances(list(shape.powers.items()), dict(term.powers), {}, variables):
        bound = _sums(shape, binding, term, rest)
        if bound is None or not _in_ranges(pattern.ranges, binding, inside, pattern.lookups):
            continue
        left = Term(term.number / shape.number, bound, term.cond, merged(rest.items()))
        return {i: a for i, a in binding.items() if i in pattern.ranges}, left
    return None


def _instances(
    wanted: list[tuple[Expr, Fraction]],
    powers: dict[Expr, Fraction],
    binding: Binding,
    variables: frozenset[Index],
) -> Iterator[tuple[Binding, dict[Expr, Fraction]]]:
    """The bindings under which all wanted powers are among the given ones, and what is left."""
    if not wanted:
        yield binding, powers
        return
    base, exponent = wanted[0]
    for other, available in powers.items():
        if available * exponent <= 0 or abs(available) < abs(exponent):
            continue
        for found in matches(base, other, binding, variables):
            rest = {**powers, other: available - exponent}
            yield from _instances(wanted[1:], rest, found, variables)


def _sums(
    shape: Term, binding: Binding, term: Term, rest: Mapping[Expr, Fraction]
) -> tuple[tuple[Index, Range], ...] | None:
    """The sums of the term that the instance does not take along; None where its own sums
    are not whole sums of the term that nothing else needs."""
    known = dict(term.bound)
    gone: set[Index] = set()
    for index, range_ in shape.bound:
        letter = af.letter(binding[index]) if index in binding else None
        if letter is None or letter in gone or letter not in known:
            return None
        want = Range(substitute(range_.lo, binding), substitute(range_.hi, binding))
        if known[letter] != want:
            return None
        gone.add(letter)
    kept = tuple(pair for pair in term.bound if pair[0] not in gone)
    outside = frozenset[Index]().union(
        term.cond.free,
        *(base.free for base, e in rest.items() if e),
        *(r.lo.free | r.hi.free for _, r in kept),
        *(a.free for i, a in binding.items() if i not in shape.letters),
    )
    return None if gone & outside else kept


def _in_ranges(wanted: Ranges, binding: Binding, ranges: Ranges, lookups: Lookups) -> bool:
    """Whether every variable provably stands for a position in its range."""
    for index, range_ in wanted.items():
        if index not in binding:
            return False
        value, ranges = without_lookups(binding[index], ranges, lookups)
        if not at_least_zero(af.minus(value, range_.lo), ranges):
            return False
        if not at_least_zero(af.minus(range_.hi, value), ranges):
            return False
    return True
