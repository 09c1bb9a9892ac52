"""Two edits at once, found from the values of the single ones.

Where the left side is a constant, or a member of the pool, times what one edit gives, or
differs from it by such a term, the second edit is read off; and two edits in different
terms of a sum repair it together where their changes add up to the difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from einrnn.check.mend.constants import Constant, recognised
from einrnn.check.mend.edit import Edit
from einrnn.check.mend.holes import multiples
from einrnn.check.mend.places import flat, product, replaced, terms_of, total
from einrnn.check.mend.pool import Piece
from einrnn.check.mend.setting import CLOSE
from einrnn.core.build import ONE, number
from einrnn.core.nodes import Add, Expr, Number
from einrnn.dataclass import dataclass

Array = npt.NDArray[Any]

_MOST_PAIRED = 2000
_MOST_FACTORS = 200
_MOST_INSERTED = 40


@dataclass(frozen=True, eq=False)
class Tried:
    """Single edits of ``root`` with their values at one point, where the left side is known.

    ``before`` are the values of the root itself, ``terms`` those of its terms.
    """

    root: Expr
    wanted: Array
    before: Array
    terms: tuple[Array, ...]
    edits: Sequence[Edit]
    values: Sequence[Array]


def with_constants(tried: Tried, known: list[Constant]) -> Iterator[Edit]:
    """One edit and a constant in front of the term that it is in."""
    for edit, rest, value, others in _by_term(tried):
        for _, scale in multiples(tried.wanted - rest, value[:, None]):
            for constant in recognised(scale, known):
                if constant.expr is not ONE:
                    new = product((constant.expr, _term(edit, others)))
                    yield _both(edit, total((*others, new)), *_in_front(constant))


def with_factors(
    tried: Tried, pieces: Sequence[Piece], values: Array, known: list[Constant]
) -> Iterator[Edit]:
    """One edit and a factor out of the pool at the term that it is in."""
    for edit, rest, value, others in _by_term(tried):
        for position, scale in multiples(tried.wanted - rest, value[:, None] * values):
            for constant in recognised(scale, known, 1):
                factor = product((constant.expr, pieces[position].expr))
                new = total((*others, product((factor, _term(edit, others)))))
                cost = 0.7 + pieces[position].cost + constant.cost
                yield _both(edit, new, cost, "the factor {} is missing", (factor,))


def with_terms(
    tried: Tried, pieces: Sequence[Piece], values: Array, known: list[Constant]
) -> Iterator[Edit]:
    """One edit and a term out of the pool."""
    for edit, value in zip(tried.edits, tried.values, strict=True):
        for position, scale in multiples(tried.wanted - value, values):
            for constant in recognised(scale, known, 1):
                term = product((constant.expr, pieces[position].expr))
                cost = 0.9 + pieces[position].cost + constant.cost
                yield _both(edit, total((edit.expr, term)), cost, "the term {} is missing", (term,))


def with_insertions(tried: Tried, pieces: Sequence[Piece], values: Array) -> Tried:
    """The single edits, and further terms out of the pool among them."""
    rows = list(zip(tried.edits, tried.values, strict=True))
    for position, piece in enumerate(pieces[:_MOST_INSERTED]):
        for sign in (1, -1):
            term = product((number(sign), piece.expr))
            edit = Edit(
                total((tried.root, term)), 0.9 + piece.cost, "the term {} is missing", (term,)
            )
            rows.append((edit, tried.before + sign * values[:, position]))
    rows.sort(key=lambda row: row[0].cost)
    return replace(tried, edits=[e for e, _ in rows], values=[v for _, v in rows])


def pairs(tried: Tried) -> Iterator[Edit]:
    """Two edits in different places whose changes add up to the difference."""
    usable = [n for n, edit in enumerate(tried.edits) if edit.path is not None][:_MOST_PAIRED]
    if not usable:
        return
    missing = tried.wanted - tried.before
    rng = np.random.default_rng(len(missing))
    ray = rng.normal(size=len(missing))
    changes = np.array([(tried.values[n] - tried.before) @ ray for n in usable])
    order = np.argsort(changes, kind="stable")
    ordered = changes[order]
    scale = CLOSE * max(1.0, float(np.abs(changes).max()))
    for first, change in enumerate(changes):
        rest = float(missing @ ray) - change
        start, end = np.searchsorted(ordered, [rest - scale, rest + scale])
        for second in sorted(int(n) for n in order[start:end]):
            if first < second:
                joined = _joined(tried, tried.edits[usable[first]], tried.edits[usable[second]])
                if joined is not None:
                    yield joined


def pairs_of_factors(tried: Tried) -> Iterator[Edit]:
    """Two edits in different factors of one term: what they do to it is multiplied."""
    terms = terms_of(tried.root)
    many = isinstance(tried.root, Add)
    for place in range(len(terms)):
        own = [
            n
            for n, edit in enumerate(tried.edits)
            if edit.path is not None and (not many or edit.path[:1] == (place,))
        ][:_MOST_FACTORS]
        rest = tried.before - tried.terms[place] if many else np.zeros_like(tried.before)
        base, wanted = tried.before - rest, tried.wanted - rest
        usable = np.abs(base) > CLOSE
        if len(own) < 2 or not usable.any():
            continue
        ratios = np.stack([(tried.values[n] - rest)[usable] / base[usable] for n in own])
        goal = wanted[usable] / base[usable]
        scale = CLOSE * max(1.0, float(np.abs(goal).max()))
        for first in range(len(own) - 1):
            gaps = np.abs(ratios[first] * ratios[first + 1 :] - goal).max(axis=1)
            for second in np.flatnonzero(gaps < scale):
                edits = tried.edits[own[first]], tried.edits[own[first + 1 + int(second)]]
                joined = _joined(tried, *edits)
                if joined is not None:
                    yield joined


def _joined(tried: Tried, first: Edit, second: Edit) -> Edit | None:
    """Both edits, where neither is inside the other."""
    assert first.path is not None
    assert second.path is not None
    shared = min(len(first.path), len(second.path))
    if first.path[:shared] == second.path[:shared] or first.new is None or second.new is None:
        return None
    expr = replaced(replaced(tried.root, first.path, first.new), second.path, second.new)
    words = f"{first.words}, and {second.words}"
    return Edit(flat(expr), first.cost + second.cost + 0.3, words, (*first.about, *second.about))


def _by_term(tried: Tried) -> Iterator[tuple[Edit, Array, Array, tuple[Expr, ...]]]:
    """Each edit, the values of the terms it leaves alone, of the one it is in, and those
    other terms."""
    terms = terms_of(tried.root)
    for edit, value in zip(tried.edits, tried.values, strict=True):
        if isinstance(tried.root, Add) and edit.path:
            number = edit.path[0]
            rest = tried.before - tried.terms[number]
            others = (*terms[:number], *terms[number + 1 :])
            yield edit, rest, value - rest, others
        yield edit, np.zeros_like(value), value, ()


def _term(edit: Edit, others: tuple[Expr, ...]) -> Expr:
    """The edited term: what the edit leaves beside the other terms."""
    kept = [term for term in terms_of(edit.expr) if term not in others]
    return total(tuple(kept)) if others else edit.expr


def _in_front(constant: Constant) -> tuple[float, str, tuple[Expr, ...]]:
    if isinstance(constant.expr, Number) and constant.expr.value == -1:
        return constant.cost + 0.3, "the sign is wrong", ()
    return constant.cost + 0.5, "the factor {} is missing", (constant.expr,)


def _both(edit: Edit, expr: Expr, cost: float, words: str, about: tuple[Expr, ...]) -> Edit:
    joined = f"{edit.words}, and {words}"
    return Edit(flat(expr), edit.cost + cost + 0.2, joined, (*edit.about, *about))
