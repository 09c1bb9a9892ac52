"""Terms and polynomials: what a normal form is made of.

A term is a product of powers of atoms, under conditions, summed over bound indices that
run over all integers: the ranges of sums are among the conditions. A polynomial maps terms
to rational coefficients.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import count
from operator import attrgetter
from typing import TypeVar

from einrnn.core import affine as af
from einrnn.core.build import joined_power
from einrnn.core.nodes import Add, Affine, Cond, Element, Expr, Index, Mul, Node, Number, Value
from einrnn.core.traverse import parts, rebuild, substitute, with_parts
from einrnn.dataclass import dataclass
from einrnn.symbolic.normal.domain import at_least_zero, is_zero, side

N = TypeVar("N", bound=Node)
_KEY = attrgetter("key")

Factors = tuple[tuple[Expr, Fraction], ...]


@dataclass(frozen=True)
class Term:
    """``sum over bound of [all conditions] * product of atom^exponent``."""

    bound: tuple[Index, ...]
    conds: tuple[Cond, ...]
    factors: Factors

    def __hash__(self) -> int:
        """Kept: terms are looked up far more often than they are made."""
        kept = self.__dict__.get("_hash")
        if kept is None:
            # a Fraction takes long to hash
            powers = [(atom, power.numerator, power.denominator) for atom, power in self.factors]
            kept = self.__dict__["_hash"] = hash((self.bound, self.conds, *powers))
        return kept

    @property
    def indices(self) -> frozenset[Index]:
        """All indices that occur, free and bound; kept, too."""
        kept = self.__dict__.get("_indices")
        if kept is None:
            nodes = (*self.conds, *(atom for atom, _ in self.factors))
            kept = frozenset(self.bound).union(*[node.free for node in nodes])
            self.__dict__["_indices"] = kept
        return kept


Poly = Mapping[Term, Fraction]

UNIT = Term((), (), ())
NOTHING: Poly = {}
ONE: Poly = {UNIT: Fraction(1)}


class TooLarge(Exception):
    """The normal form would exceed its budget: nothing is decided."""


class Fresh:
    """Bound indices that occur nowhere else."""

    def __init__(self) -> None:
        self._numbers = count()

    def __call__(self) -> Index:
        """The next one."""
        return Index(f"·f{next(self._numbers)}")


def constant(value: int | Fraction) -> Poly:
    """A number as a polynomial."""
    return {UNIT: Fraction(value)} if value else {}


def atom(expr: Expr, exponent: int | Fraction = 1) -> Poly:
    """A power of an atom as a polynomial."""
    return {Term((), (), ((expr, Fraction(exponent)),)): Fraction(1)}


def plus(polys: Iterable[Poly]) -> Poly:
    """The sum, like terms collected."""
    result: dict[Term, Fraction] = {}
    for poly in polys:
        for term, coefficient in poly.items():
            before = result.get(term)
            total = coefficient if before is None else before + coefficient
            if total:
                result[term] = total
            else:
                result.pop(term, None)
    return result


def sorted_terms(poly: Poly) -> list[tuple[Term, Fraction]]:
    """The terms in a fixed order."""
    return sorted(poly.items(), key=lambda pair: _term_key(pair[0]))


def _term_key(term: Term) -> tuple[object, ...]:
    factors = tuple((atom.key, exponent) for atom, exponent in term.factors)
    return (len(term.bound), factors, tuple(cond.key for cond in term.conds))


def degree(term: Term) -> tuple[Fraction, tuple[tuple[bytes, Fraction], ...]]:
    """The sum of the exponents, and what orders terms in which it is the same."""
    total = sum((e for _, e in term.factors), Fraction(0))
    return total, tuple((a.key, e) for a, e in term.factors)


def scale(poly: Poly, by: Fraction) -> Poly:
    """The polynomial times a number."""
    if by == 1:
        return poly
    return {term: by * coefficient for term, coefficient in poly.items()} if by else {}


def merged(first: Factors, second: Factors) -> Factors:
    """The product of two products of powers, sorted, exponents added."""
    if not second:
        return first
    powers: dict[Expr, Fraction] = dict(first)
    for base, exponent in second:
        powers[base] = joined_power(base, powers[base], exponent) if base in powers else exponent
    return sorted_factors(powers.items())


def divides(exponent: Fraction, present: Fraction) -> bool:
    """Whether a power is part of another one: ``a^2`` of ``a^3`` and ``a^-2`` of ``a^-3``."""
    return 0 < exponent <= present or present <= exponent < 0


def sorted_factors(pairs: Iterable[tuple[Expr, Fraction]]) -> Factors:
    """Powers in their fixed order, without zeroth ones."""
    kept = [(base, exponent) for base, exponent in pairs if exponent]
    if len(kept) > 1:
        kept.sort(key=lambda pair: pair[0].key)
    return tuple(kept)


def sorted_conds(conds: Iterable[Cond]) -> tuple[Cond, ...]:
    """Conditions in their fixed order, each once."""
    once = dict.fromkeys(conds)
    return tuple(once) if len(once) < 2 else tuple(sorted(once, key=_KEY))


def moved(node: N, mapping: Mapping[Index, Affine]) -> N:
    """The node with indices replaced and its sums and products in their order again."""
    changed = substitute(node, mapping)
    if changed is node or isinstance(changed, Element | Value):
        return changed
    return in_order(changed)


def in_order(node: N) -> N:
    """The node with the parts of all its sums and products in their fixed order."""
    return rebuild(node, _in_order)


def _in_order(node: Node) -> Node:
    if isinstance(node, Add | Mul):
        below = parts(node)
        # a number comes first, as in what is rebuilt from a polynomial
        ordered = tuple(sorted(below, key=_place))
        return node if ordered == below else with_parts(node, ordered)
    return node


def _place(part: Node) -> tuple[bool, bytes]:
    return not isinstance(part, Number), part.key


def _moved_cond(cond: Cond, mapping: Mapping[Index, Affine]) -> Cond:
    """A condition with indices replaced, the frequent form without going through its parts."""
    parts_ = side(cond)
    if parts_ is None:
        return moved(cond, mapping)
    if not any(index in cond.free for index in mapping):
        return cond
    value = substitute(parts_[1], mapping)
    return is_zero(value) if parts_[0] == "==" else at_least_zero(value)


def rename(term: Term, mapping: Mapping[Index, Affine]) -> Term:
    """The term with indices replaced; bound ones keep their place where replaced by a letter."""
    bound = tuple(
        letter if index in mapping and (letter := af.letter(mapping[index])) else index
        for index in term.bound
    )
    conds = sorted_conds(_moved_cond(cond, mapping) for cond in term.conds)
    powers: dict[Expr, Fraction] = {}
    for base, exponent in term.factors:
        new = moved(base, mapping)
        powers[new] = joined_power(new, powers[new], exponent) if new in powers else exponent
    return Term(bound, conds, sorted_factors(powers.items()))


def apart(term: Term, taken: frozenset[Index]) -> Term:
    """The term with bound indices that are not among those taken."""
    clash = [index for index in term.bound if index in taken]
    if not clash:
        return term
    names = unused("·p", taken | term.indices)
    return rename(term, {index: af.of(next(names)) for index in clash})


def unused(stem: str, taken: Container[Index]) -> Iterator[Index]:
    """Names for bound indices that are not taken, always in the same order: what is met
    again gets the same names, and is not worked out again.

    Something may be known of a name elsewhere, so that each purpose has a stem of its own.
    """
    return (index for number in count() if (index := Index(f"{stem}{number}")) not in taken)
