"""Sums over time of what runs up times what runs down, each opened in turn.

``Σ_t Σ_i a[t,i] h[t,i]`` is one number whether ``h`` is replaced in it by what it was before or
``a`` by what comes after: what an adjoint weighs the inputs with is what the outputs come to.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import permutations, product

from einrnn.core import affine as af
from einrnn.core.build import sub
from einrnn.core.model import Range
from einrnn.core.nodes import Element, Expr, Index, Mul, Reduce
from einrnn.core.traverse import tensors
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.finish import peeled
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.terms import Term
from einrnn.symbolic.normal.zero import is_zero
from einrnn.symbolic.proof.clock import UP
from einrnn.symbolic.proof.entries import Chosen, unfold
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.statement import Proof, Statement

_MOST_AXES = 3


def by_exchange(
    opener: Opener, statement: Statement, difference: Expr, chosen: Chosen
) -> Proof | None:
    """Equal up to the difference between the two ways to open a sum of products."""
    names = sorted(n for n in tensors(difference) if opener.clock.time(n) is not None)
    work = opener.normaliser(statement, ())
    there = work.poly(difference)
    for up, down in product(names, names):
        for whole, one, other in _wholes(opener, up, down):
            if opener.expired():
                return None
            turned = sub(_opened(opener, work, whole, one), _opened(opener, work, whole, other))
            between = work.poly(opener.without(work, turned, chosen))
            if not between:
                continue
            for sign in (1, -1):
                left = tm.plus((there, tm.scale(between, Fraction(sign))))
                shifted = tm.plus({_counted_at(opener, t, up): c} for t, c in left.items())
                ends = expression(work.canonical(peeled(work.canonical(shifted))))
                if is_zero(work, work.poly(opener.without(work, ends, chosen))):
                    words = f"{up} and {down} opened in turn in the sum of their products"
                    return Proof("recurrence", (words,))
    return None


def _counted_at(opener: Opener, term: Term, name: str) -> Term:
    """The term with the index of a sum counted from where it reads an entry of a recurrence."""
    when = opener.clock.time(name)
    for atom, _ in term.factors:
        if when is None or not isinstance(atom, Element) or atom.tensor != name:
            continue
        place = atom.args[when.axis]
        index = af.letter(af.shift(place, -place.constant))
        if index is not None and index in term.bound and place.constant:
            return tm.rename(term, {index: af.shift(af.of(index), -place.constant)})
    return term


def _wholes(opener: Opener, up: str, down: str) -> Iterator[tuple[Expr, Element, Element]]:
    """Sums of products of entries of a recurrence up in time and one down in time, over the
    positions that both have, with the two entries."""
    first, second = opener.clock.time(up), opener.clock.time(down)
    if first is None or second is None or first.direction != UP or second.direction == UP:
        return
    ranges, others = (_general(opener, name) for name in (up, down))
    if not ranges or len(ranges) != len(others) or len(ranges) > _MOST_AXES:
        return
    letters = [Index(f"·x{place}") for place in range(len(ranges))]
    one = Element(up, tuple(af.of(letter) for letter in letters))
    for order in permutations(range(len(ranges))):
        if order[second.axis] != first.axis:
            continue
        if any(ranges[mine] != others[place] for place, mine in enumerate(order)):
            continue
        other = Element(down, tuple(af.of(letters[mine]) for mine in order))
        whole: Expr = Mul((one, other))
        for letter, span in zip(letters, ranges, strict=True):
            whole = Reduce("sum", letter, span.lo, span.hi, whole)
        yield whole, one, other


def _general(opener: Opener, name: str) -> list[Range]:
    """The ranges of the positions for which a definition's last clause is; none where it is for
    a number on some axis."""
    clause = opener.model.definitions[name].clauses[-1]
    letters = [af.letter(arg) for arg in clause.args]
    return [] if None in letters else [clause.ranges[i] for i in letters if i is not None]


def _opened(opener: Opener, work: Normaliser, whole: Expr, entry: Element) -> Expr:
    return work.simple(unfold(whole, opener.model, lambda found: found is entry))
