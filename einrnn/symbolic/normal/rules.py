"""Directed rules on terms: what the user grants, and what is known of inputs.

A rule looks at one settled term and returns an equal polynomial, or None. Each makes the
term smaller, so that applying them comes to an end.
"""

from __future__ import annotations

from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core.build import ONE, delta, is_bracket, power, total
from einrnn.core.model import Assumption, Input, Model, Range
from einrnn.core.nodes import (
    Add,
    Affine,
    Cases,
    Compare,
    Element,
    Expr,
    Index,
    Matrix,
    Mul,
    Pow,
)
from einrnn.core.traverse import substitute, walk
from einrnn.symbolic.match import match
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.cancel import parts_by_index, whole_range
from einrnn.symbolic.normal.consequences import consequences
from einrnn.symbolic.normal.domain import follows, inequalities, is_zero
from einrnn.symbolic.normal.expand import Normaliser, Rule
from einrnn.symbolic.normal.facts import Facts
from einrnn.symbolic.normal.geometric import geometric_sums
from einrnn.symbolic.normal.matpow import matrix_powers
from einrnn.symbolic.normal.orient import oriented
from einrnn.symbolic.normal.places import as_index
from einrnn.symbolic.normal.powers import primitive
from einrnn.symbolic.normal.powersums import power_sums
from einrnn.symbolic.normal.replace import replacement
from einrnn.symbolic.normal.slices import is_plain
from einrnn.symbolic.normal.terms import Poly, Term

_FEW = 8


def rules_of(model: Model, assumptions: tuple[Assumption, ...], facts: Facts) -> tuple[Rule, ...]:
    """The rules that a model's inputs and the granted assumptions give."""
    rules: list[Rule] = [reduce_quotient, vanishes, matrix_powers, power_sums, geometric_sums]
    for given in model.inputs.values():
        rules += fact_rules(given)
    for assumption in assumptions:
        stated = (assumption, *consequences(assumption))
        rules += [rule for one in stated if (rule := granted(one, facts)) is not None]
    return tuple(rules)


def granted(assumption: Assumption, facts: Facts) -> Rule | None:
    """An assumption as a rule."""
    found = oriented(assumption, facts)
    return None if found is None else replacement(*found, assumption.ranges)


def reduce_quotient(work: Normaliser, term: Term) -> Poly | None:
    """x/(1 + x) = 1 - 1/(1 + x): the leading term of a divisor leaves the numerator."""
    powers = dict(term.factors)
    for base, exponent in term.factors:
        if (
            exponent > -1
            or exponent.denominator != 1
            or (base.free & frozenset(term.bound) and (isinstance(base, Element)))
        ):
            continue
        divisor = _divisor(work, base)
        if divisor is None:
            continue
        leading, coefficient, others = divisor
        if not all(powers.get(a, Fraction(0)) >= e for a, e in leading):
            continue
        left = tm.merged(term.factors, tm.sorted_factors((a, -e) for a, e in leading))
        whole = Term(term.bound, term.conds, tm.merged(left, ((base, Fraction(1)),)))
        part = Term(term.bound, term.conds, left)
        rest = tm.scale(work.times(part, others), -1 / coefficient)
        return tm.plus(({whole: 1 / coefficient}, rest))
    return None


def vanishes(work: Normaliser, term: Term) -> Poly | None:
    """x [x == 0] = 0, and x [x - y == 0] = y [x - y == 0]."""
    powers = dict(term.factors)
    for atom, _ in term.factors:
        match atom:
            case Cases(((Compare("==", value, _), _),)) if not _may_lack(work, term):
                if has_factor(work, term, value):
                    return {}
                found = solved(work, value)
                if found is not None and powers.get(found[0], Fraction(0)) >= 1:
                    left = tm.merged(term.factors, ((found[0], Fraction(-1)),))
                    return work.times(Term(term.bound, term.conds, left), found[1])
            case _:
                pass
    return None


def has_factor(work: Normaliser, term: Term, value: Expr) -> bool:
    """Whether a value is among the factors, and nothing is divided by it."""
    known = (*work.known, *inequalities(term.conds))
    found = False
    for atom, exponent in term.factors:
        index = af.of(1)
        if isinstance(atom, Pow) and _is_multiple(work, atom.base, value):
            index = as_index(atom.exponent)
        elif not _is_multiple(work, atom, value):
            continue
        if exponent < 0 or index is None or not follows(known, index):
            return False
        found = found or follows(known, af.shift(index, -1))
    return found


def _is_multiple(work: Normaliser, one: Expr, other: Expr) -> bool:
    """Whether one value is the other times a number: ``y - x`` of ``x - y``."""
    if one is other or not (isinstance(one, Add) and isinstance(other, Add)):
        return one is other
    first, second = (primitive(work.poly(side)) for side in (one, other))
    return first[1] == second[1] and first[0][1] == second[0][1]


def _may_lack(work: Normaliser, term: Term) -> bool:
    """Whether a term may have no value where it looks as if it were 0: ``det(A) inv(A)`` stands
    for cofactors, which are not 0 where the determinant is."""
    return any(isinstance(atom, Matrix) and atom.op == "inv" for atom, _ in term.factors)


def solved(work: Normaliser, value: Expr) -> tuple[Expr, Poly] | None:
    """An entry in terms of the rest where a sum is 0, always the same entry of the sum."""
    if not isinstance(value, Add):
        return None
    poly = work.poly(value)
    single = {
        term.factors[0][0]: term
        for term in poly
        if not term.bound and not term.conds and len(term.factors) == 1 and term.factors[0][1] == 1
    }
    for atom in sorted(single, key=lambda atom: atom.key):
        mentions = [term for term in poly if any(atom in walk(base) for base, _ in term.factors)]
        if isinstance(atom, Element) and mentions == [single[atom]]:
            coefficient = poly[single[atom]]
            others = {term: c for term, c in poly.items() if term is not single[atom]}
            return atom, tm.scale(others, -1 / coefficient)
    return None


def _divisor(work: Normaliser, base: Expr) -> tuple[tm.Factors, Fraction, Poly] | None:
    """Leading factors, their coefficient and the other terms of a sum used as a divisor."""

    if not isinstance(base, Add):
        return None
    poly = work.poly(base)
    if any(is_bracket(atom) for term in poly for atom, _ in term.factors):
        return None  # a bracket is its own square: what it is divided into would come back
    plain = [(t, c) for t, c in poly.items() if not t.bound and not t.conds and t.factors]
    positive = [(t, c) for t, c in plain if all(e > 0 for _, e in t.factors)]
    if not positive:
        return None
    leading, coefficient = max(positive, key=lambda pair: tm.degree(pair[0]))
    others = {t: c for t, c in poly.items() if t is not leading}
    return leading.factors, coefficient, others


def fact_rules(given: Input) -> list[Rule]:
    """The rules that the facts of an input are."""
    rules: list[Rule] = []
    for fact in given.facts:
        match fact.name:
            case "one-hot" | "probability" if fact.axis is not None:
                rules.append(_sums_to_one(given, fact.axis))
                count = af.number(given.axes[fact.axis])
                if count is not None and 1 < count <= _FEW:
                    rules.append(_last_of_few(given, fact.axis, count))
                if fact.name == "one-hot":
                    rules += [_idempotent(given), _exclusive(given, fact.axis)]
            case "boolean":
                rules.append(_idempotent(given))
            case "orthogonal":
                rules += [_orthogonal(given), _unit_determinant(given)]
            case _:
                pass
    return rules


def _sums_to_one(given: Input, axis: int) -> Rule:

    letters = [Index(f"a{position}") for position in range(len(given.axes))]
    entry = Element(given.name, tuple(af.of(letter) for letter in letters))
    ranges = {
        letter: Range(af.ZERO, af.last(size))
        for position, (letter, size) in enumerate(zip(letters, given.axes, strict=True))
        if position != axis
    }
    return replacement(total(letters[axis], given.axes[axis], entry), ONE, ranges)


def _last_of_few(given: Input, axis: int, count: int) -> Rule:
    """The last of a few entries that add up to 1 by the others: p[2] = 1 - p[0] - p[1]."""

    def rule(work: Normaliser, term: Term) -> Poly | None:
        for atom, exponent in term.factors:
            if not isinstance(atom, Element) or atom.tensor != given.name or exponent < 1:
                continue
            if exponent.denominator != 1 or af.number(atom.args[axis]) != count - 1:
                continue
            entries = (
                Element(given.name, (*atom.args[:axis], af.of(k), *atom.args[axis + 1 :]))
                for k in range(count - 1)
            )
            others = tm.plus((tm.ONE, *(tm.scale(tm.atom(e), Fraction(-1)) for e in entries)))
            powers = {**dict(term.factors), atom: exponent - 1}
            factors = tm.sorted_factors((a, e) for a, e in powers.items() if e)
            return work.times(Term(term.bound, term.conds, factors), others)
        return None

    return rule


def _unit_determinant(given: Input) -> Rule:
    """det(R)^2 = 1."""

    def rule(work: Normaliser, term: Term) -> Poly | None:
        for atom, exponent in term.factors:
            if not isinstance(atom, Matrix) or atom.op != "det" or exponent in (0, 1):
                continue
            if exponent.denominator == 1 and _is_whole(given, atom):
                powers = {**dict(term.factors), atom: Fraction(exponent % 2)}
                factors = tm.sorted_factors(powers.items())
                return {Term(term.bound, term.conds, factors): Fraction(1)}
        return None

    return rule


def _is_whole(given: Input, atom: Matrix) -> bool:
    """Whether a function is one of a whole matrix of an input, not of a part of it."""

    body = atom.body
    if not isinstance(body, Element) or body.tensor != given.name:
        return False
    return atom.size is given.axes[-1] and is_plain(body, atom.row, atom.column)


def _idempotent(given: Input) -> Rule:
    def rule(work: Normaliser, term: Term) -> Poly | None:
        for atom, exponent in term.factors:
            if isinstance(atom, Element) and atom.tensor == given.name and exponent > 1:
                reduced = {**dict(term.factors), atom: Fraction(1)}
                factors = tm.sorted_factors(reduced.items())
                return {Term(term.bound, term.conds, factors): Fraction(1)}
        return None

    return rule


def _exclusive(given: Input, axis: int) -> Rule:
    """y[k] y[l] = δ_kl y[k], other positions being the same."""

    def rule(work: Normaliser, term: Term) -> Poly | None:
        found = [
            a
            for a, e in term.factors
            if isinstance(a, Element) and a.tensor == given.name and e > 0
        ]
        for position, first in enumerate(found):
            for second in found[position + 1 :]:
                same = all(
                    a is b
                    for place, (a, b) in enumerate(zip(first.args, second.args, strict=True))
                    if place != axis
                )
                if same:
                    kept = {a: e for a, e in term.factors if a is not second}
                    pinned = is_zero(af.minus(first.args[axis], second.args[axis]))
                    conds = tm.sorted_conds((*term.conds, pinned))
                    factors = tm.sorted_factors(kept.items())
                    return {Term(term.bound, conds, factors): Fraction(1)}
        return None

    return rule


def _orthogonal(given: Input) -> Rule:
    """Q[i,k] Q[j,k] summed over k is δ_ij, Q[i,k]^2 is 1, and the same for the other axis."""

    i, j, k = Index("a0"), Index("a1"), Index("a2")
    size = given.axes[-1]
    ranges = {i: Range(af.ZERO, af.last(size)), j: Range(af.ZERO, af.last(size))}
    rules: list[Rule] = []
    for along_last in (True, False):
        pairs = [(i, k), (j, k)] if along_last else [(k, i), (k, j)]
        factors = tuple(Element(given.name, (af.of(a), af.of(b))) for a, b in pairs)
        body = total(k, size, Mul(factors))
        rules.append(replacement(body, delta(af.of(i), af.of(j)), ranges))
        square = total(k, size, power(factors[0], 2))
        rules.append(replacement(square, ONE, {i: ranges[i]}))

    def rule(work: Normaliser, term: Term) -> Poly | None:
        for one in rules:
            found = one(work, term)
            if found is not None:
                return found
        return None

    return rule


def inverse_pair(work: Normaliser, term: Term) -> Poly | None:
    """A[i,j] inv(A)[j,k] summed over j is δ_ik, in either order."""
    for part, rest in parts_by_index(term):
        (index,) = part.bound
        inverses = [
            a for a, e in part.factors if isinstance(a, Matrix) and a.op == "inv" and e == 1
        ]
        if len(inverses) != 1 or len(part.factors) != 2:
            continue
        (inverse,) = inverses
        (other,) = (pair for pair in part.factors if pair[0] is not inverse)
        if part.conds != whole_range(index, inverse.size):
            continue
        known = (*work.known, *inequalities(term.conds))
        found = _meets(work, inverse, other, index, known)
        if found is not None:
            left, right = found
            conds = tm.sorted_conds((*rest.conds, is_zero(af.minus(left, right))))
            return {Term(rest.bound, conds, rest.factors): Fraction(1)}
    return None


def _meets(
    work: Normaliser,
    inverse: Matrix,
    other: tuple[Expr, Fraction],
    index: Index,
    known: tuple[Affine, ...],
) -> tuple[Affine, Affine] | None:
    """The outer positions where one side of the inverse meets the matrix itself at the index."""
    atom, exponent = other
    if exponent != 1:
        return None
    here = af.of(index)
    for at, left in ((0, False), (1, True)):
        if inverse.at[at] is not here:
            continue
        outer = inverse.at[1 - at]
        variable = Index("·v")
        if index in outer.free:
            continue
        places = [(af.of(variable), here) if not left else (here, af.of(variable))]
        if inverse.body in work.symmetric:
            places.append((places[0][1], places[0][0]))
        for row, column in places:
            body = substitute(inverse.body, {inverse.row: row, inverse.column: column})
            binding = match(work.simple(body), atom, frozenset((variable,)))
            if binding is not None and _within(binding[variable], inverse.size, known, index):
                return binding[variable], outer
    return None


def _within(place: Affine, size: Affine, known: tuple[Affine, ...], bound: Index) -> bool:
    """Whether a position lies on an axis of this size, and does not move with the sum."""
    inside = follows(known, place) and follows(known, af.minus(af.last(size), place))
    return inside and bound not in place.free
