"""Powers of sums with symbolic exponents, brought to the lowest: ``(1-p)^g`` beside ``(1-p)^(g-1)``
is ``(1-p)^(g-1) (1-p)``.

A sum has no value where the lowest power has none; so the others may lean on that, as long as it
is computed wherever they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from einrnn.core.nodes import Add, Cond, Expr, Index, Number, Pow
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.domain import inequalities
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.spans import guards
from einrnn.symbolic.normal.terms import Poly, Term

_MOST_RAISED = 4

# a base and what its exponents have in common
_Kind = tuple[Expr, frozenset[tuple[Term, Fraction]]]
_Group = tuple[tuple[Index, ...], tuple[Cond, ...]]


def lowered(work: Normaliser, poly: Poly) -> Poly:
    """The polynomial with powers of one sum that differ by whole numbers in terms of the lowest,
    among terms that are summed in the same way."""
    groups: dict[_Group, dict[Term, Fraction]] = {}
    for term, coefficient in poly.items():
        key = (term.bound, term.conds) if term.bound else ((), ())
        groups.setdefault(key, {})[term] = coefficient
    rows = [_lowered(work, conds, group) for (_, conds), group in groups.items()]
    if all(row is group for row, group in zip(rows, groups.values(), strict=True)):
        return poly
    return work.canonical(tm.plus(rows))


def _lowered(work: Normaliser, conds: tuple[Cond, ...], group: Poly) -> Poly:
    inside = work.inside(*inequalities(conds))
    found: dict[_Kind, dict[Fraction, Expr]] = {}
    for term in group:
        for atom, kind, whole in _powers(inside, term):
            found.setdefault(kind, {})[whole] = atom
    for kind, atoms in found.items():
        least = min(atoms)
        if len(atoms) == 1 or max(atoms) - least > _MOST_RAISED:
            continue
        higher = {atom: int(whole - least) for whole, atom in atoms.items() if whole > least}
        if _is_certain(work, group, atoms[least], higher.keys()):
            base = inside.poly(kind[0])
            group = tm.plus(
                tm.scale(_in_terms_of(inside, term, base, atoms[least], higher), coefficient)
                for term, coefficient in group.items()
            )
    return group


def _powers(work: Normaliser, term: Term) -> Iterator[tuple[Expr, _Kind, Fraction]]:
    """The powers of sums in a term with exponents that are no numbers, and the whole numbers that
    these are apart from what they have in common with others."""
    for atom, times in term.factors:
        if times != 1 or not isinstance(atom, Pow) or not isinstance(atom.base, Add):
            continue
        if not isinstance(atom.exponent, Number):
            exponent = dict(work.poly(atom.exponent))
            whole = exponent.pop(tm.UNIT, Fraction(0))
            if whole.denominator == 1:
                yield atom, (atom.base, frozenset(exponent.items())), whole


def _is_certain(work: Normaliser, group: Poly, atom: Expr, others: Iterable[Expr]) -> bool:
    """Whether wherever a term with one of the others counts one with an atom is computed."""
    certain = [guards(t, work.facts.bits) for t in group if atom in dict(t.factors)]
    leaning = [t for t in group if any(other in dict(t.factors) for other in others)]
    return all(any(guard <= guards(t, work.facts.bits) for guard in certain) for t in leaning)


def _in_terms_of(
    work: Normaliser, term: Term, base: Poly, least: Expr, higher: Mapping[Expr, int]
) -> Poly:
    """A term with a higher power as the lowest times powers of the base."""
    found = next((atom for atom, _ in term.factors if atom in higher), None)
    if found is None:
        return {term: Fraction(1)}
    exchanged = tm.sorted_factors(((found, Fraction(-1)), (least, Fraction(1))))
    rest = Term(term.bound, term.conds, tm.merged(term.factors, exchanged))
    power = base
    for _ in range(higher[found] - 1):
        power = work.product(power, base)
    return work.times(rest, power)
