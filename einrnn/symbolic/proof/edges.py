"""Entries at an edge of an axis that is not time, where their definition has a value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from einrnn.core import affine as af
from einrnn.core.build import ZERO
from einrnn.core.model import Clause, Model, Range
from einrnn.core.nodes import Affine, Element
from einrnn.core.traverse import substitute
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.domain import at_least_zero, follows, inequalities, is_zero
from einrnn.symbolic.normal.expand import Normaliser, Rule
from einrnn.symbolic.normal.powers import power
from einrnn.symbolic.normal.terms import Poly, Term
from einrnn.symbolic.proof.clock import Clock


class Edge(NamedTuple):
    """A clause for one place of an axis, just outside of where the general one holds, whether
    that is before or after it (1 or -1), and how far inside of it an entry is."""

    clause: Clause
    axis: int
    side: int
    inside: Affine


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
            for edge in _edges(model, clock, atom):
                if not _is_only(model, atom, edge.clause, known):
                    continue
                if not follows(known, edge.inside) and not _is_last(model, atom, edge, known):
                    continue
                sure = (af.shift(af.scale(edge.inside, way), -1) for way in (1, -1))
                if not any(follows(known, value) for value in sure):
                    return _in_two(work, term, atom, exponent, edge)
        return None

    return rule


def _edges(model: Model, clock: Clock, entry: Element) -> Iterator[Edge]:
    """Where a definition has values at an edge of one of its axes other than time."""
    own = model.definitions[entry.tensor].clauses[-1]
    for clause, axis in clock.edged[entry.tensor]:
        letter = af.letter(own.args[axis])
        if letter is None or not entry.args[axis].free:
            continue
        span, edge = own.ranges[letter], clause.args[axis]
        beyond = af.minus(entry.args[axis], edge)
        if af.number(af.minus(span.lo, edge)) == 1:
            yield Edge(clause, axis, 1, beyond)
        elif af.number(af.minus(edge, span.hi)) == 1:
            yield Edge(clause, axis, -1, af.scale(beyond, -1))


def _is_only(model: Model, entry: Element, clause: Clause, known: tuple[Affine, ...]) -> bool:
    """Whether at its edge an entry has the value of a clause, and surely of none before it; nor of
    one after it, where the clause may not be for the entry's other places."""
    clauses = model.definitions[entry.tensor].clauses
    place = clauses.index(clause)
    later = () if _covers(clause, entry, known) else clauses[place + 1 : -1]
    return all(
        _is_beside(other, clause, entry, known) or _says_the_same(other, clause)
        for other in (*clauses[:place], *later)
    )


def _covers(clause: Clause, entry: Element, known: tuple[Affine, ...]) -> bool:
    """Whether the places of an entry along the axes that a clause leaves open surely are among
    those it is for."""
    letters = zip(map(af.letter, clause.args), entry.args, strict=True)
    return all(
        follows(known, af.minus(at, clause.ranges[letter].lo))
        and follows(known, af.minus(clause.ranges[letter].hi, at))
        for letter, at in letters
        if letter is not None
    )


def _is_last(model: Model, entry: Element, edge: Edge, known: tuple[Affine, ...]) -> bool:
    """Whether a definition has no values further out, or zeros there as at the edge."""
    place = edge.clause.args[edge.axis]
    clauses = model.definitions[entry.tensor].clauses
    for number, other in enumerate(clauses[:-1]):
        span = _places(other, other.args[edge.axis])
        end = span.lo if edge.side == 1 else span.hi
        beyond = af.scale(af.minus(end, place), -edge.side)
        zeros = other.body is ZERO and edge.clause.body is ZERO
        if zeros or follows((), af.scale(beyond, -1)):
            continue
        zero = [c for c in clauses[:number] if c.body is ZERO and edge.clause.body is ZERO]
        before = [clause for clause in zero if _covers(clause, entry, known)]
        if not _all_decided(before, edge, af.number(beyond)):
            return False
    return True


def _all_decided(clauses: Sequence[Clause], edge: Edge, beyond: int | None) -> bool:
    """Whether clauses for whole edges decide all of some places further out."""
    place = edge.clause.args[edge.axis]
    whole = [
        clause.args[edge.axis]
        for clause in clauses
        if all(arg.free for axis, arg in enumerate(clause.args) if axis != edge.axis)
    ]
    return beyond is not None and all(
        af.shift(place, -edge.side * steps) in whole for steps in range(1, beyond + 1)
    )


def _is_beside(other: Clause, clause: Clause, entry: Element, known: tuple[Affine, ...]) -> bool:
    """Whether a clause is for places of an axis at which an entry surely is not where another one
    holds."""
    for there, own, at in zip(other.args, clause.args, entry.args, strict=True):
        span = _places(other, there)
        here = at if own.free else own
        ahead, behind = af.minus(here, span.hi), af.minus(span.lo, here)
        if any(follows(known, af.shift(beyond, -1)) for beyond in (ahead, behind)):
            return True
    return False


def _places(clause: Clause, arg: Affine) -> Range:
    """The places of an axis for which a clause is."""
    letter = af.letter(arg)
    return Range(arg, arg) if letter is None else clause.ranges[letter]


def _says_the_same(first: Clause, second: Clause) -> bool:
    """Whether two clauses give one value, the same for all entries."""
    return first.body is second.body and not first.body.free


def _in_two(work: Normaliser, term: Term, atom: Element, exponent: Fraction, edge: Edge) -> Poly:
    """A term where an entry is inside of an edge, and where it is at it and has a value."""
    clause, inside = edge.clause, edge.inside
    rest = tm.sorted_factors(pair for pair in term.factors if pair[0] is not atom)
    within = tm.sorted_conds((*term.conds, at_least_zero(af.shift(inside, -1))))
    at_edge = tm.sorted_conds((*term.conds, is_zero(inside)))
    letters = zip(map(af.letter, clause.args), atom.args, strict=True)
    value = substitute(clause.body, {i: at for i, at in letters if i is not None})
    powers = power(work, work.poly(value), tm.constant(exponent))
    there = work.times(Term(term.bound, at_edge, rest), powers)
    return tm.plus(({Term(term.bound, within, term.factors): Fraction(1)}, there))
