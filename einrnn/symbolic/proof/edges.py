"""Entries at an edge of an axis that is not time, where their definition has a value."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core.model import Clause, Model
from einrnn.core.nodes import Affine, Element
from einrnn.core.traverse import substitute
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.domain import at_least_zero, follows, inequalities, is_zero
from einrnn.symbolic.normal.expand import Normaliser, Rule
from einrnn.symbolic.normal.powers import power
from einrnn.symbolic.normal.terms import Poly, Term
from einrnn.symbolic.proof.clock import Clock


def at_edges(model: Model, clock: Clock) -> Rule:
    """The rule that tells two cases apart where an entry may be at an edge or not: with
    ``a[t,-1] := 0``, ``a[t,s-1]`` is ``[s >= 1] a[t,s-1]``."""

    def rule(work: Normaliser, term: Term) -> Poly | None:
        for atom, exponent in term.factors:
            if not isinstance(atom, Element) or atom.tensor not in clock.edged:
                continue
            if exponent.denominator != 1:
                continue
            known = (*work.known, *inequalities(term.conds))
            for clause, inside in _inside(model, clock, atom):
                if not _is_only(model, atom, clause, known):
                    continue
                sure = (af.shift(af.scale(inside, way), -1) for way in (1, -1))
                if not any(follows(known, value) for value in sure):
                    return _in_two(work, term, atom, exponent, clause, inside)
        return None

    return rule


def _inside(model: Model, clock: Clock, entry: Element) -> Iterator[tuple[Clause, Affine]]:
    """The clauses that give a definition values at an edge of one of its axes other than time,
    each with how far inside of that edge an entry is."""
    own = model.definitions[entry.tensor].clauses[-1]
    for clause, axis in clock.edged[entry.tensor]:
        letter = af.letter(own.args[axis])
        if letter is None or not entry.args[axis].free:
            continue
        span, edge = own.ranges[letter], clause.args[axis]
        beyond = af.minus(entry.args[axis], edge)
        if af.number(af.minus(span.lo, edge)) == 1:
            yield clause, beyond
        elif af.number(af.minus(edge, span.hi)) == 1:
            yield clause, af.scale(beyond, -1)


def _is_only(model: Model, entry: Element, clause: Clause, known: tuple[Affine, ...]) -> bool:
    """Whether at its edge an entry has the value of a clause, and surely of no other one."""
    others = model.definitions[entry.tensor].clauses[:-1]
    return all(
        other is clause or _is_beside(other, clause, entry, known) or _says_the_same(other, clause)
        for other in others
    )


def _is_beside(other: Clause, clause: Clause, entry: Element, known: tuple[Affine, ...]) -> bool:
    """Whether a clause is for one place of an axis, at which an entry surely is not where
    another one holds."""
    for there, own, at in zip(other.args, clause.args, entry.args, strict=True):
        if there.free:
            continue
        ahead = af.minus(at if own.free else own, there)
        if any(follows(known, af.shift(af.scale(ahead, way), -1)) for way in (1, -1)):
            return True
    return False


def _says_the_same(first: Clause, second: Clause) -> bool:
    """Whether two clauses give one value, the same for all entries."""
    return first.body is second.body and not first.body.free


def _in_two(
    work: Normaliser, term: Term, atom: Element, exponent: Fraction, clause: Clause, inside: Affine
) -> Poly:
    """A term where an entry is inside of an edge, and where it is at it and has a value."""
    rest = tm.sorted_factors(pair for pair in term.factors if pair[0] is not atom)
    within = tm.sorted_conds((*term.conds, at_least_zero(af.shift(inside, -1))))
    at_edge = tm.sorted_conds((*term.conds, is_zero(inside)))
    letters = zip(map(af.letter, clause.args), atom.args, strict=True)
    value = substitute(clause.body, {i: at for i, at in letters if i is not None})
    powers = power(work, work.poly(value), tm.constant(exponent))
    there = work.times(Term(term.bound, at_edge, rest), powers)
    return tm.plus(({Term(term.bound, within, term.factors): Fraction(1)}, there))
