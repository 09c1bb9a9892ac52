"""Differences whose terms are all summed with one weight: what is weighted is 0 by itself.

That ``Σ_i c[i] dx[T-1,i]/dη`` is ``Σ_i c[i] p[T-1,i]`` for any ``c`` says that ``dx[T-1,i]/dη`` is
``p[T-1,i]``, and follows from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from einrnn.core import affine as af
from einrnn.core.build import ZERO
from einrnn.core.model import Range
from einrnn.core.nodes import Element, Index
from einrnn.core.traverse import tensors
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.settle import span
from einrnn.symbolic.normal.terms import Poly, Term
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.solved import with_entry_apart
from einrnn.symbolic.proof.statement import Proof, Statement

Spans = dict[Index, Range]


def by_common_weight(
    opener: Opener,
    statement: Statement,
    difference: Poly,
    prove: Callable[[Statement], Proof | None],
) -> Proof | None:
    """Equal once the weight and the sums over its letters are left out, where something recurs in
    what is left."""
    if len(difference) < 2:
        return None
    for weight, spans in _weights(next(iter(difference)), statement):
        rows = [(_unweighted(term, weight, spans), c) for term, c in difference.items()]
        known = [(term, c) for term, c in rows if term is not None]
        if len(known) < len(difference):
            continue
        left = expression(tm.plus({term: c} for term, c in known))
        if not any(opener.clock.recurs(name) for name in tensors(left)):
            continue
        ranges = {**statement.ranges, **spans}
        inside = Statement(left, ZERO, ranges, statement.condition)
        found = prove(with_entry_apart(opener, inside) or inside)
        if found is not None:
            words = "without the weight that all is summed with"
            return Proof(found.method, (words, *found.steps))
    return None


def _weights(term: Term, statement: Statement) -> Iterator[tuple[Element, Spans]]:
    """The entries in a term all of whose letters are summed, in letters of their own."""
    for atom, exponent in term.factors:
        letters = _letters(atom) if exponent == 1 else None
        if letters is None or not isinstance(atom, Element):
            continue
        spans = _spans(term, letters, statement)
        if spans is not None:
            new = {letter: Index(f"·weighted{n}") for n, letter in enumerate(letters)}
            args = tuple(af.of(new[letter]) for letter in letters)
            yield Element(atom.tensor, args), {new[i]: spans[i] for i in letters}


def _letters(atom: object) -> tuple[Index, ...] | None:
    """The letters of an entry that is at different ones."""
    if not isinstance(atom, Element) or not atom.args:
        return None
    letters = tuple(letter for arg in atom.args if (letter := af.letter(arg)) is not None)
    return letters if len(set(letters)) == len(atom.args) else None


def _spans(term: Term, letters: tuple[Index, ...], statement: Statement) -> Spans | None:
    """The ranges of some letters that a term sums over, each by itself."""
    found: Spans = {}
    for letter in letters:
        ends = span(term, letter) if letter in term.bound else None
        if ends is None or (ends[0].free | ends[1].free) - statement.ranges.keys():
            return None
        found[letter] = Range(*ends)
    return found


def _unweighted(term: Term, weight: Element, spans: Spans) -> Term | None:
    """A term without the weight and the sums over its letters; None where it has none, or several,
    or sums over other ranges."""
    alike = [a for a, _ in term.factors if isinstance(a, Element) and a.tensor == weight.tensor]
    letters = _letters(alike[0]) if len(alike) == 1 else None
    if letters is None or (alike[0], 1) not in term.factors:
        return None
    for letter, wanted in zip(letters, spans.values(), strict=True):
        ends = span(term, letter) if letter in term.bound else None
        if ends is None or Range(*ends) != wanted:
            return None
    bound = tuple(index for index in term.bound if index not in letters)
    conds = tuple(cond for cond in term.conds if not cond.free & frozenset(letters))
    factors = tuple(pair for pair in term.factors if pair[0] is not alike[0])
    return tm.rename(
        Term(bound, conds, factors), dict(zip(letters, map(af.of, spans), strict=True))
    )
