"""Functions of what a one-hot vector picks: ``log(Σ_k y[k] p[k]) = Σ_k y[k] log(p[k])``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from einrnn.core import affine as af
from einrnn.core.nodes import Affine, Element, Index
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.domain import at_least_zero
from einrnn.symbolic.normal.terms import Poly, Term

if TYPE_CHECKING:
    from einrnn.symbolic.normal.expand import Normaliser

Function = Callable[["Normaliser", Poly], Poly]


def picked(work: Normaliser, inner: Poly, function: Function) -> Poly | None:
    """The function of a sum that a one-hot entry picks from, as the sum of its values; None where
    nothing is picked. Terms beside that sum are added to each value."""
    first = next(filter(None, (_pick(work, term) for term in inner)), None)
    if first is None:
        return None
    entry, axis, _ = first
    index = work.fresh()
    values: list[Poly] = []
    for term, coefficient in inner.items():
        found = _pick(work, term)
        if found is None:
            if any(isinstance(a, Element) and a.tensor == entry.tensor for a, _ in term.factors):
                return None
            values.append({term: coefficient})
            continue
        if not _picks_alike(entry, found[0], axis):
            return None
        values.append({_without(work, term, *found, index): coefficient})
    low, high = _bounds(work, entry, index)
    inside = work.inside(low, high)
    at = tuple(af.of(index) if n == axis else arg for n, arg in enumerate(entry.args))
    whole = function(inside, inside.canonical(tm.plus(values)))
    chosen = inside.product(tm.atom(Element(entry.tensor, at)), whole)
    conds = (at_least_zero(low), at_least_zero(high))
    return tm.plus(
        {Term((index, *t.bound), tm.sorted_conds((*t.conds, *conds)), t.factors): c}
        for t, c in chosen.items()
    )


def _bounds(work: Normaliser, entry: Element, index: Index) -> tuple[Affine, Affine]:
    size = work.facts.units[entry.tensor].size
    return af.of(index), af.minus(af.last(size), af.of(index))


def _pick(work: Normaliser, term: Term) -> tuple[Element, int, Index] | None:
    """The one-hot entry of a term that is summed along its axis and nowhere else, the axis, and
    the index of the sum."""
    for atom, exponent in term.factors:
        unit = work.facts.units.get(atom.tensor) if isinstance(atom, Element) else None
        if unit is None or not unit.one_hot or exponent != 1 or not isinstance(atom, Element):
            continue
        index = af.letter(atom.args[unit.axis])
        if index is None or index not in term.bound:
            continue
        others = [arg for n, arg in enumerate(atom.args) if n != unit.axis]
        if any(arg.free & frozenset(term.bound) for arg in others):
            continue
        whole = {at_least_zero(value) for value in _bounds(work, atom, index)}
        if {cond for cond in term.conds if index in cond.free} == whole:
            return atom, unit.axis, index
    return None


def _picks_alike(first: Element, second: Element, axis: int) -> bool:
    """Whether two one-hot entries are of the same vector."""
    pairs = zip(first.args, second.args, strict=True)
    return first.tensor == second.tensor and all(
        a is b for n, (a, b) in enumerate(pairs) if n != axis
    )


def _without(
    work: Normaliser, term: Term, entry: Element, axis: int, index: Index, new: Index
) -> Term:
    """The term without the one-hot entry and its sum, at an index of its own."""
    bounds = {at_least_zero(value) for value in _bounds(work, entry, index)}
    rest = Term(
        tuple(other for other in term.bound if other is not index),
        tuple(cond for cond in term.conds if cond not in bounds),
        tuple(pair for pair in term.factors if pair[0] is not entry),
    )
    return tm.rename(rest, {index: af.of(new)})
