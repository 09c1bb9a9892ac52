"""Subexpressions folded back into the names that a document gives them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core.model import Definition, Model
from einrnn.core.nodes import Element, Expr
from einrnn.core.traverse import substitute, walk
from einrnn.dataclass import dataclass
from einrnn.symbolic.match import fold
from einrnn.symbolic.present.lookups import lookups_of
from einrnn.symbolic.present.pattern import Pattern, find
from einrnn.symbolic.present.terms import Term, merged, split
from einrnn.symbolic.ranges import Ranges

_LARGEST = 60


@dataclass(frozen=True)
class Name:
    """A definition with its right side as a pattern."""

    definition: Definition
    pattern: Pattern


def names_of(model: Model, wanted: Iterable[str]) -> tuple[Name, ...]:
    """The definitions that can be recognised, those with the longest right sides first."""
    rows: list[tuple[int, Name]] = []
    for name in wanted:
        if name in model.derived or name not in model.definitions:
            continue
        definition = model.definitions[name]
        clause = definition.clauses[-1]
        size = sum(1 for _ in walk(clause.body))
        if size > _LARGEST or isinstance(clause.body, Element) or not clause.body.free:
            continue
        if any(af.letter(arg) is None for arg in clause.args):
            continue
        pattern = Pattern(split(clause.body), clause.ranges, lookups_of(model))
        rows.append((size, Name(definition, pattern)))
    rows.sort(key=lambda row: -row[0])
    return tuple(name for _, name in rows)


def named(term: Term, names: tuple[Name, ...], ranges: Ranges) -> Term:
    """The term with products that are a definition's right side named."""
    for name in names:
        if len(name.pattern.term.powers) + len(name.pattern.term.bound) < 2:
            continue
        found = find(name.pattern, term, ranges)
        while found is not None:
            binding, rest = found
            args = (substitute(arg, binding) for arg in name.definition.clauses[-1].args)
            entry = Element(name.definition.name, tuple(args))
            term = replace(rest, powers=_in_place(term, rest, entry))
            found = find(name.pattern, term, ranges)
    return term


def _in_place(before: Term, after: Term, entry: Element) -> dict[Expr, Fraction]:
    """The powers left, with the entry where the first of the others has been."""
    pairs: list[tuple[Expr, Fraction]] = []
    placed = False
    for base, exponent in before.powers.items():
        if not placed and after.powers.get(base) != exponent:
            pairs.append((entry, Fraction(1)))
            placed = True
        if base in after.powers:
            pairs.append((base, after.powers[base]))
    return merged(pairs)


def folded(expr: Expr, names: tuple[Name, ...], ranges: Ranges) -> Expr:
    """The expression with whole subexpressions and parts of sums named."""
    for name in names:
        expr = fold(expr, name.definition, ranges)
    return expr
