"""Arithmetic on index expressions: integer combinations of indices, sizes and look-ups.

A document has few of them, which are added and shifted over and over: results are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from einrnn.core.nodes import Affine, Atom, Dim, Index

_KEPT = 1 << 16


def affine(constant: int, terms: Mapping[Atom, int] | None = None) -> Affine:
    """The index expression with these coefficients."""
    kept = [(atom, coefficient) for atom, coefficient in (terms or {}).items() if coefficient]
    if len(kept) > 1:
        kept.sort(key=lambda pair: (type(pair[0]).__name__, pair[0].key))
    return Affine(constant, tuple(kept))


@lru_cache(maxsize=_KEPT)
def of(value: int | Atom) -> Affine:
    """A number, an index, a size or a look-up as an index expression."""
    return Affine(value, ()) if isinstance(value, int) else Affine(0, ((value, 1),))


@lru_cache(maxsize=_KEPT)
def plus(left: Affine, right: Affine, times: int = 1) -> Affine:
    """``left + times * right``."""
    if not right.terms:
        return Affine(left.constant + times * right.constant, left.terms)
    terms = dict(left.terms)
    for atom, coefficient in right.terms:
        terms[atom] = terms.get(atom, 0) + times * coefficient
    return affine(left.constant + times * right.constant, terms)


@lru_cache(maxsize=_KEPT)
def minus(left: Affine, right: Affine) -> Affine:
    """``left - right``."""
    return plus(left, right, -1)


@lru_cache(maxsize=_KEPT)
def shift(value: Affine, by: int) -> Affine:
    """``value + by``."""
    return Affine(value.constant + by, value.terms)


@lru_cache(maxsize=_KEPT)
def scale(value: Affine, by: int) -> Affine:
    """``by * value``."""
    return affine(by * value.constant, {atom: by * c for atom, c in value.terms})


def number(value: Affine) -> int | None:
    """The value, where nothing but a number is left."""
    return None if value.terms else value.constant


def letter(value: Affine) -> Index | None:
    """The index, where the expression is one index and nothing else."""
    if value.constant == 0 and len(value.terms) == 1:
        atom, coefficient = value.terms[0]
        if coefficient == 1 and isinstance(atom, Index):
            return atom
    return None


def coefficient(value: Affine, atom: Atom) -> int:
    """How often an atom is counted (0 where it does not occur)."""
    for other, times in value.terms:
        if other is atom:
            return times
    return 0


ZERO = of(0)
ONE = of(1)


def last(size: Affine) -> Affine:
    """The last position of an axis of this size."""
    return shift(size, -1)


def dims(value: Affine) -> tuple[Dim, ...]:
    """The sizes that occur outside look-ups."""
    return tuple(atom for atom, _ in value.terms if isinstance(atom, Dim))
