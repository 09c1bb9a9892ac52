"""Sums counted from any place and in either direction are one sum.

``Σ_k w(K-1-k) x(n+k) = Σ_k w(k) x(n+K-1-k) = Σ_m w(n+K-1-m) x(m)``: what a dummy counts means
nothing. Of all choices that make some position the dummy itself, the one with the least key is
taken, so that terms which differ in that alone become one term. A dummy that no entry is read
with, ``Σ_{k=1..K} tanh(a k)``, is counted from either end of its range.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from einrnn.core import affine as af
from einrnn.core.intern import digest
from einrnn.core.nodes import Affine, Element, Index, Matrix, Mul, Number, Value
from einrnn.core.traverse import substitute, walk
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.apart import by_dummies
from einrnn.symbolic.normal.domain import side
from einrnn.symbolic.normal.dummies import canonical
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.terms import Poly, Term

_MOST_CHOICES = 24


class _Choice(NamedTuple):
    """A term with dummies counted otherwise: what each dummy became, up to a new name."""

    mapping: Mapping[Index, Affine]
    term: Term


def reflected(work: Normaliser, poly: Poly) -> Poly:
    """The polynomial with dummies counted from one place, where some are counted downwards or
    from elsewhere.

    Raises:
        TooLarge: the indices are too symmetric to be told apart in the budget, or a bound index
            has no range.
    """
    if not any(_downwards(term) or _loose(term) or not _anchored(term) for term in poly):
        return poly
    return tm.plus(tm.scale(_least(work, term), times) for term, times in poly.items())


def counted(poly: Poly) -> Poly:
    """The polynomial with the dummies of each term counted from one place, though each be a
    position by itself: ``Σ_{k=0..1} w(k) x(2i+k) = Σ_{k=2i..2i+1} w(k-2i) x(k)``.

    Raises:
        TooLarge: as for :func:`reflected`.
    """
    return tm.plus({_first_of(term): times} for term, times in poly.items())


def _first_of(term: Term) -> Term:
    if _loose(term):
        return term
    return min((choice.term for choice in _choices(term)), key=_downwards_and_key)


def _downwards_and_key(term: Term) -> tuple[int, bytes]:
    return _downwards(term), _key(term)


def _positions(term: Term) -> Iterator[Affine]:
    """The positions at which entries of tensors are read, and the distances from the ends of its
    range for a dummy that is at none of them."""
    yield from _read(term)
    for _index in _loose(term):
        for cond in term.conds:
            parts = side(cond)
            if parts is not None and parts[0] == "<=":
                yield parts[1]


def _read(term: Term) -> Iterator[Affine]:
    """The positions at which entries of tensors are read, and powers of matrices."""
    for node in walk(*(factor for factor, _ in term.factors)):
        if isinstance(node, Element):
            yield from node.args
        elif isinstance(node, Matrix) and node.op == "matpow":
            yield node.power


def _loose(term: Term) -> list[Index]:
    """The bound indices that no entry is read with."""
    used = {index for at in _read(term) for index in at.free}
    return [index for index in term.bound if index not in used]


def _downwards(term: Term) -> int:
    """How often a bound index is subtracted at a position."""
    bound = frozenset(term.bound)
    positions = _read(term)
    return sum(times < 0 and atom in bound for at in positions for atom, times in at.terms)


def _counted_down(term: Term) -> int:
    """How often a bound index is subtracted at a position or in a number, as in exponents."""
    bound = frozenset(term.bound)
    products = (n.factors for n in walk(*(a for a, _ in term.factors)) if isinstance(n, Mul))
    subtracted = sum(
        isinstance(first, Number) and first.value < 0 and bool(second.free & bound)
        for first, second in (pair for pair in products if len(pair) == 2)
        if isinstance(second, Value)
    )
    return _downwards(term) + subtracted


def _least(work: Normaliser, term: Term) -> Poly:
    """A term whose dummies are counted where that is least, apart from those they have nothing
    to do with."""
    mapping: dict[Index, Affine] = {}
    for part in by_dummies(term):
        mapping.update(_least_choice(work, part).mapping)
    # a dummy may have become a sum of others, and one of those a dummy by itself
    moved = replace(tm.rename(term, mapping), bound=term.bound)
    best: Poly = {canonical(moved): Fraction(1)}
    counts = any(isinstance(node, Value) for node in walk(*(atom for atom, _ in term.factors)))
    return work.poly(expression(best)) if counts or _loose(term) else best


def _least_choice(work: Normaliser, part: Term) -> _Choice:
    choices = _choices(part)
    if not _loose(part):
        return min(choices, key=lambda choice: _downwards_and_key(choice.term))
    # what is counted otherwise is another sum inside of functions: exp(k x), exp((K-k) x)
    forms = (work.poly(expression({choice.term: Fraction(1)})) for choice in choices)
    best, _ = min(zip(choices, forms, strict=True), key=lambda pair: _form_key(pair[1]))
    return best


def _form_key(form: Poly) -> tuple[int, int, int, list[tuple[bytes, Fraction]]]:
    keyed = sorted((_key(term), times) for term, times in form.items())
    divided = sum(e < 0 and bool(a.free & {*t.bound}) for t in form for a, e in t.factors)
    return divided, sum(_counted_down(term) for term in form), len(form), keyed


def _key(term: Term) -> bytes:
    powers = [part for atom, exponent in term.factors for part in (atom, str(exponent))]
    return digest(len(term.bound), *term.conds, *powers)


def _choices(term: Term) -> list[_Choice]:
    """The term with every choice of the position that is a dummy by itself, or many of them."""
    start: Mapping[Index, Affine] = {index: af.of(index) for index in term.bound}
    found = {canonical(term): start}
    pending = [(term, start)]
    while pending and len(found) < _MOST_CHOICES:
        here, there = pending.pop()
        for index, other in _substitutions(here):
            # bound indices run over all integers, the range is among the conditions
            new = tm.rename(here, {index: other})
            if (named := canonical(new)) not in found:
                moved = {i: substitute(at, {index: other}) for i, at in there.items()}
                found[named] = moved
                pending.append((new, moved))
    choices = [_Choice(counted, choice) for choice, counted in found.items()]
    return [choice for choice in choices if _anchored(choice.term)] or choices


def _anchored(term: Term) -> bool:
    """Whether each dummy is some position by itself: another choice is reached from each such
    term, and so are all of them."""
    letters = {af.letter(at) for at in _positions(term)}
    return all(index in letters for index in term.bound)


def _substitutions(term: Term) -> Iterator[tuple[Index, Affine]]:
    """For each dummy what it becomes so that some position is the dummy itself."""
    for index in term.bound:
        for at in dict.fromkeys(_positions(term)):
            times = af.coefficient(at, index)
            rest = af.plus(at, af.of(index), -times)
            if abs(times) == 1 and rest is not af.ZERO and index not in rest.free:
                yield index, af.scale(af.minus(af.of(index), rest), times)
