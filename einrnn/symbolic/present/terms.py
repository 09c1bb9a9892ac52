"""Products of factors under sums, taken apart and put together again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core.build import TRUE, compare
from einrnn.core.digits import is_long
from einrnn.core.model import Range
from einrnn.core.nodes import (
    Add,
    Affine,
    Apply,
    Cases,
    Compare,
    Cond,
    Expr,
    Index,
    Mul,
    Number,
    Pow,
    Reduce,
    Value,
)
from einrnn.core.traverse import canonical, elements, fresh, substitute
from einrnn.dataclass import dataclass
from einrnn.symbolic import simplify as s
from einrnn.symbolic.ranges import Ranges, bind, conjunction, conjuncts

Powers = Mapping[Expr, Fraction]

_LARGEST_SUM = 24
_HIGHEST_POWER = 3


@dataclass(frozen=True)
class Term:
    """``number`` times the sum over ``bound`` (outermost first) of a product of powers, where
    ``cond`` holds and else 0. Each base occurs once; exponents are not 0."""

    number: Fraction
    bound: tuple[tuple[Index, Range], ...]
    cond: Cond
    powers: Powers

    @property
    def letters(self) -> frozenset[Index]:
        """The indices the term sums over."""
        return frozenset(index for index, _ in self.bound)

    def outside(self) -> frozenset[Index]:
        """The indices in the ranges of its sums and in its condition."""
        found = self.cond.free
        for _, range_ in self.bound:
            found |= range_.lo.free | range_.hi.free
        return found

    def free(self) -> frozenset[Index]:
        """Every index that occurs, bound or not."""
        return self.outside().union(self.letters, *(base.free for base in self.powers))


def _is_short(value: Fraction, exponent: Fraction) -> bool:
    """Whether a power of a number is a rational that can be written out."""
    whole = exponent.denominator == 1 and (value or exponent > 0)
    return bool(whole) and not is_long(value, int(exponent))


def split(expr: Expr, taken: Iterable[Index] = ()) -> Term:
    """A product, with the sums inside it, as a term; bound indices differ from ``taken``."""
    number = Fraction(1)
    bound: list[tuple[Index, Range]] = []
    conds: list[Cond] = []
    powers: dict[Expr, Fraction] = {}
    used = set(taken) | expr.free
    stack: list[tuple[Expr, Fraction]] = [(expr, Fraction(1))]
    while stack:
        node, exponent = stack.pop()
        match node:
            case Number(value) if _is_short(value, exponent):
                number *= value ** int(exponent)
            case Mul(factors):
                stack.extend((factor, exponent) for factor in reversed(factors))
            case Pow(base, Number(value)) if exponent.denominator == value.denominator == 1:
                stack.append((base, exponent * value))
            case Value(Affine(0, ((atom, times),))) if times != 1 and exponent.denominator == 1:
                number *= Fraction(times) ** int(exponent)
                stack.append((Value(af.of(atom)), exponent))
            case Reduce("sum", index, lo, hi, body) if exponent == 1:
                own = fresh(index, used)
                used.add(own)
                bound.append((own, Range(lo, hi)))
                stack.append((substitute(body, {index: af.of(own)}), exponent))
            case Cases(((cond, body),), Number(zero)) if (
                zero == 0 and exponent == 1 and s.split_guard(node)[0] is not TRUE
            ):
                conds.append(cond)
                stack.append((body, exponent))
            case _:
                powers[node] = powers.get(node, Fraction(0)) + exponent
        if not stack:
            stack += _squares_of_roots(powers)
    kept = {base: e for base, e in powers.items() if e}
    return Term(number, tuple(bound), conjunction(tuple(conds), {}), kept)


def _squares_of_roots(powers: dict[Expr, Fraction]) -> list[tuple[Expr, Fraction]]:
    """Take the even powers of square roots from some powers: ``sqrt(x)^2`` is ``x``."""
    found: list[tuple[Expr, Fraction]] = []
    for base, exponent in tuple(powers.items()):
        if isinstance(base, Apply) and base.function == "sqrt" and exponent and exponent % 2 == 0:
            del powers[base]
            found.append((base.args[0], exponent / 2))
    return found


def join(term: Term, ranges: Ranges) -> Expr:
    """The expression, each sum around the factors that need it."""
    term = _sign_inside(term)
    inner = bind(ranges, dict(term.bound))
    factors = (s.pow_(base, Number(e)) for base, e in arranged(term.powers))
    body = s.guard(term.cond, s.mul(factors), inner)
    for index, range_ in reversed(term.bound):
        inner.pop(index)
        body = over(index, range_, body, inner)
    if isinstance(body, Mul):
        body = s.mul(sorted(body.factors, key=_is_lone_sum))
    return s.mul((Number(term.number), body))


def _sign_inside(term: Term) -> Term:
    """``-(a - b) c`` as ``(b - a) c``."""
    if term.number >= 0:
        return term
    for base, exponent in term.powers.items():
        if isinstance(base, Add) and exponent == 1 and _turns(base):
            turned = sorted(
                (s.mul((Number(Fraction(-1)), t)) for t in base.terms),
                key=lambda t: s.split_number(t)[0] < 0,
            )
            pairs = [(s.add(turned) if b is base else b, e) for b, e in term.powers.items()]
            return replace(term, number=-term.number, powers=merged(pairs))
    return term


def _turns(total: Add) -> bool:
    """Whether a sum reads as well with all signs turned: ``a - b`` does, ``1 - a`` does not."""
    signs = [s.split_number(term)[0] < 0 for term in total.terms]
    return any(signs) and not any(isinstance(term, Number) for term in total.terms)


def _is_lone_sum(factor: Expr) -> bool:
    """Whether a factor is a sum that is always written out; such stand last."""
    return isinstance(factor, Reduce) and not isinstance(factor.body, Mul | Reduce)


def over(index: Index, range_: Range, body: Expr, ranges: Ranges) -> Expr:
    """A sum, which stays one sum where its body has several terms."""
    if index not in body.free or not isinstance(body, Add | Mul) or s.pins(body, index):
        return s.total(index, range_, body, ranges)
    factors = body.factors if isinstance(body, Mul) else (body,)
    inside = [factor for factor in factors if index in factor.free]
    if any(s.split_guard(factor)[0] is not TRUE for factor in inside):
        return s.total(index, range_, body, ranges)
    summed = Reduce("sum", index, range_.lo, range_.hi, s.mul(inside))
    rest = [summed if f is inside[0] else f for f in factors if f is inside[0] or f not in inside]
    return s.mul(rest)


def arranged(powers: Powers) -> list[tuple[Expr, Fraction]]:
    """Factors in the order in which one writes them: sizes, differences, all others."""

    def rank(pair: tuple[Expr, Fraction]) -> int:
        base, exponent = pair
        if exponent < 0 and not base.free and not elements(base):
            return 0
        sided = isinstance(base, Add) and not any(isinstance(t, Number | Cases) for t in base.terms)
        return 1 if sided and exponent > 0 else 2

    return sorted(powers.items(), key=rank)


def letter_first(term: Term, ranges: Ranges) -> Term:
    """Where a condition makes two letters equal, the factors speak of the first one only; where
    it makes them differ, a free one comes first."""
    bound = frozenset(index for index, _ in term.bound)
    mapping: dict[Index, Affine] = {}
    order = {index: number for number, index in enumerate(ranges)}
    conds: list[Cond] = []
    for part in conjuncts(term.cond):
        pair = _equal(part, order)
        if pair is None:
            conds.append(_free_first(part, bound))
            continue
        letter, value = pair
        conds.append(compare("==", value, af.of(letter)))
        if not mapping:
            mapping[letter] = value
    if not mapping and tuple(conds) == tuple(conjuncts(term.cond)):
        return term
    powers = merged(substituted(term.powers, mapping))
    return replace(term, cond=conjunction(tuple(conds), ranges), powers=powers)


def _free_first(cond: Cond, bound: frozenset[Index]) -> Cond:
    match cond:
        case Compare("!=", Value(left) as first, Value(right) as second) if (
            left.free & bound and not right.free & bound
        ):
            return Compare("!=", second, first)
        case _:
            return cond


def _equal(cond: Cond, order: Mapping[Index, int]) -> tuple[Index, Affine] | None:
    """A letter that a condition makes equal to something else, to an earlier letter if to one."""
    match cond:
        case Compare("==", Value(left), Value(right)):
            pairs = [(af.letter(a), b) for a, b in ((left, right), (right, left))]
        case _:
            return None
    found = [(i, value) for i, value in pairs if i in order and i not in value.free]
    return max(((i, v) for i, v in found if i), key=lambda pair: order[pair[0]], default=None)


def substituted(powers: Powers, mapping: Mapping[Index, Affine]) -> list[tuple[Expr, Fraction]]:
    """The powers with indices replaced."""
    return [(substitute(base, mapping), exponent) for base, exponent in powers.items()]


def merged(pairs: Iterable[tuple[Expr, Fraction]]) -> dict[Expr, Fraction]:
    """Powers with equal bases collected."""
    found: dict[Expr, Fraction] = {}
    for base, exponent in pairs:
        found[base] = found.get(base, Fraction(0)) + exponent
    return {base: e for base, e in found.items() if e}


def times(first: Term, second: Term) -> Term:
    """The product; the bound indices of the two differ."""
    return Term(
        first.number * second.number,
        first.bound + second.bound,
        conjunction((first.cond, second.cond), {}),
        merged((*first.powers.items(), *second.powers.items())),
    )


def distribute(term: Term) -> list[Term] | None:
    """The term multiplied out; None where that gives too many terms."""
    pending = [term]
    done: list[Term] = []
    while pending:
        current = pending.pop()
        chosen = _sum_to_open(current)
        if chosen is None:
            done.append(current)
        else:
            pending += _opened(current, chosen)[::-1]
        if len(pending) + len(done) > _LARGEST_SUM:
            return None
    return done


def _sum_to_open(term: Term) -> Add | None:
    """The written-out sum to multiply out next: first one that may cancel something."""
    found = [
        base
        for base, e in term.powers.items()
        if isinstance(base, Add) and e.denominator == 1 and 0 < e <= _HIGHEST_POWER
    ]
    return min(found, key=lambda base: not _divides(base), default=None)


def _divides(total: Add) -> bool:
    return any(e < 0 for addend in total.terms for e in split(addend).powers.values())


def _opened(term: Term, chosen: Add) -> list[Term]:
    """One power of a sum multiplied out."""
    rest = merged((*term.powers.items(), (chosen, Fraction(-1))))
    base = Term(term.number, term.bound, term.cond, rest)
    return [times(base, split(addend, term.free())) for addend in chosen.terms]


def signature(term: Term, ranges: Ranges) -> Expr:
    """What like terms share: all but the number, up to the names of bound indices."""
    powers = dict(sorted(term.powers.items(), key=lambda pair: pair[0].key))
    return canonical(join(replace(term, number=Fraction(1), powers=powers), ranges))


def collected(terms: Iterable[Term], ranges: Ranges) -> list[Term]:
    """Like terms added up, in the order of their first appearance."""
    found: dict[Expr, Term] = {}
    for term in terms:
        if not term.number:
            continue
        key = signature(term, ranges)
        if key in found:
            term = replace(found[key], number=found[key].number + term.number)
        found[key] = term
    return [term for term in found.values() if term.number]
