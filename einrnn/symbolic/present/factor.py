"""Sums of terms with what they have in common written once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import permutations
from math import gcd

from einrnn.core import affine as af
from einrnn.core.build import TRUE, ZERO
from einrnn.core.model import Range
from einrnn.core.nodes import Add, Cases, Expr, Index, Number
from einrnn.core.traverse import fresh, substitute
from einrnn.dataclass import dataclass
from einrnn.symbolic import simplify as s
from einrnn.symbolic.present.cost import cost
from einrnn.symbolic.present.terms import (
    Powers,
    Term,
    collected,
    join,
    merged,
    split,
    substituted,
)
from einrnn.symbolic.ranges import Ranges, bind, conjunction

_MOST_BOUND = 4
_MOST_TERMS = 16

Bound = tuple[tuple[Index, Range], ...]


@dataclass(frozen=True)
class _Group:
    """Terms at ``positions``, renamed to have the sums ``bound`` and the factors ``shared`` in
    common; ``members`` are the renamed terms."""

    positions: tuple[int, ...]
    bound: Bound
    shared: Powers
    members: tuple[Term, ...]

    def saving(self) -> int:
        """How much shorter the sum becomes."""
        once = sum(cost(base) + 1 for base in self.shared) + 2 * len(self.bound)
        return (len(self.positions) - 1) * once


def factored(terms: Sequence[Term], ranges: Ranges) -> Expr:
    """The sum of the terms, common factors written once."""
    pending = collected(terms, ranges)
    while 1 < len(pending) <= _MOST_TERMS:
        best = _best(pending)
        if best is None:
            break
        whole = _together(best, ranges)
        others = [term for n, term in enumerate(pending) if n not in best.positions]
        if not others:
            return whole
        at = best.positions[0]
        pending = collected([*others[:at], split(whole, ranges), *others[at:]], ranges)
    number = _content(pending)
    rests = [join(replace(term, number=term.number / number), ranges) for term in pending]
    return s.mul((Number(number), _plus_first(rests)))


def _content(terms: Sequence[Term]) -> Fraction:
    """The number that all terms have in common, with the sign where they share that too."""
    if len(terms) < 2:
        return Fraction(1)
    sizes = {abs(term.number) for term in terms}
    sign = -1 if all(term.number < 0 for term in terms) else 1
    if len(sizes) == 1:
        return sign * sizes.pop()
    if any(size.denominator != 1 for size in sizes):
        return Fraction(sign)
    return Fraction(sign * gcd(*(int(size) for size in sizes)))


def _plus_first(terms: Sequence[Expr]) -> Expr:
    """A sum that starts with a term that is added, if it has one."""
    at = next((n for n, term in enumerate(terms) if s.split_number(term)[0] > 0), 0)
    if not terms:
        return ZERO
    ordered = (terms[at], *terms[:at], *terms[at + 1 :])
    return s.add(sorted(ordered, key=_is_guarded))


def _is_guarded(term: Expr) -> bool:
    """Whether a term is for some positions only and not a delta; such stand last."""
    return isinstance(term, Cases) and not isinstance(term.branches[0][1], Number)


def _together(group: _Group, ranges: Ranges) -> Expr:
    """The terms of a group as one product under its sums."""
    inside = bind(ranges, dict(group.bound))
    common = group.members[0].cond
    shared_cond = all(term.cond is common for term in group.members)
    mine = {index for index, _ in group.bound}
    rests = [
        Term(
            term.number,
            tuple(pair for pair in term.bound if pair[0] not in mine),
            TRUE if shared_cond else term.cond,
            merged((*term.powers.items(), *((b, -e) for b, e in group.shared.items()))),
        )
        for term in group.members
    ]
    number, body = s.split_number(factored(rests, inside))
    cond = common if shared_cond else TRUE
    if isinstance(body, Add):
        powers = merged((*group.shared.items(), (body, Fraction(1))))
        return join(Term(number, group.bound, cond, powers), ranges)
    rest = split(body, inside)
    powers = merged((*group.shared.items(), *rest.powers.items()))
    cond = conjunction((cond, rest.cond), {})
    return join(Term(number * rest.number, group.bound + rest.bound, cond, powers), ranges)


def _best(terms: Sequence[Term]) -> _Group | None:
    """The group that saves most."""
    groups = [group for n in range(len(terms)) for group in _groups(terms, n)]
    groups = [group for group in groups if group.saving() > 0]
    return max(groups, key=lambda group: group.saving(), default=None)


def _groups(terms: Sequence[Term], first: int) -> Iterator[_Group]:
    """The groups of a term with later ones, one for each of its factors."""
    seed = terms[first]
    for base, exponent in seed.powers.items():
        positions, members = [first], [seed]
        for n, other in enumerate(terms[first + 1 :], first + 1):
            renamed = _aligned(other, seed, base, exponent)
            if renamed is not None:
                positions.append(n)
                members.append(renamed)
        if len(members) > 1 and _may_share(members):
            shared = _shared(members)
            letters = frozenset[Index]().union(*(b.free for b in shared))
            bound = tuple(pair for pair in seed.bound if pair[0] in letters)
            if _is_closed(bound, seed):
                yield _Group(tuple(positions), bound, shared, tuple(members))
    yield from _bare_sums(terms, first)


def _bare_sums(terms: Sequence[Term], first: int) -> Iterator[_Group]:
    """Sums of a single factor over the same ranges: one sum of their difference."""
    seed = terms[first]
    positions, members = [first], [seed]
    for n, other in enumerate(terms[first + 1 :], first + 1):
        if _is_bare(seed) and _is_bare(other) and len(seed.bound) == len(other.bound):
            for renamed in _renamings(other, seed, seed.letters):
                positions.append(n)
                members.append(renamed)
                break
    if len(members) > 1:
        yield _Group(tuple(positions), seed.bound, {}, tuple(members))


def _is_bare(term: Term) -> bool:
    if not term.bound or len(term.powers) != 1 or term.cond is not TRUE:
        return False
    (base,) = term.powers
    return not isinstance(base, Add) and term.letters <= base.free


def _may_share(members: Sequence[Term]) -> bool:
    """Whether a shared factor is defined wherever the sum is looked at."""
    conds = {term.cond for term in members}
    return TRUE in conds or len(conds) == 1


def _is_closed(bound: Bound, term: Term) -> bool:
    """Whether the ranges of these sums do not depend on other sums of the term."""
    inner = term.letters - {index for index, _ in bound}
    return not any((r.lo.free | r.hi.free) & inner for _, r in bound)


def _shared(members: Sequence[Term]) -> dict[Expr, Fraction]:
    """The powers that all members have."""
    found: dict[Expr, Fraction] = {}
    for base, exponent in members[0].powers.items():
        exponents = [member.powers.get(base, Fraction(0)) for member in members]
        if all(e * exponent > 0 for e in exponents):
            found[base] = min(exponents, key=abs)
    return found


def _aligned(other: Term, seed: Term, base: Expr, exponent: Fraction) -> Term | None:
    """``other`` with its bound indices renamed so that it has ``base`` as well."""
    wanted = seed.letters & base.free
    for renamed in _renamings(other, seed, wanted):
        if renamed.powers.get(base, Fraction(0)) * exponent > 0:
            return renamed
    return None


def _renamings(other: Term, seed: Term, wanted: frozenset[Index]) -> Iterator[Term]:
    """``other`` with some of its sums over the letters ``wanted``, which have the same ranges
    in ``seed``, and the rest over letters that ``seed`` does not have."""
    targets = [pair for pair in seed.bound if pair[0] in wanted]
    if len(other.bound) > _MOST_BOUND or len(targets) > len(other.bound):
        return
    for chosen in permutations(other.bound, len(targets)):
        if any(mine[1] != theirs[1] for mine, theirs in zip(chosen, targets, strict=True)):
            continue
        taken = set(seed.free() | other.free())
        mapping = {mine[0]: theirs[0] for mine, theirs in zip(chosen, targets, strict=True)}
        for index, _ in other.bound:
            if index not in mapping:
                mapping[index] = fresh(index, taken) if index in seed.letters else index
                taken.add(mapping[index])
        yield renamed_term(other, mapping)


def renamed_term(term: Term, names: dict[Index, Index]) -> Term:
    """The term with its bound indices renamed."""
    mapping = {old: af.of(new) for old, new in names.items()}
    bound = tuple(
        (names[i], Range(substitute(r.lo, mapping), substitute(r.hi, mapping)))
        for i, r in term.bound
    )
    powers = merged(substituted(term.powers, mapping))
    return Term(term.number, bound, substitute(term.cond, mapping), powers)
