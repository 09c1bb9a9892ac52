"""Both sides, and all terms of a sum, have the same free indices."""

from __future__ import annotations

from einrnn.errors import Diagnostic, Related, Span
from einrnn.language import terms as tm
from einrnn.language.occurrences import Occurrences, spans_of
from einrnn.language.problem import fail


def check_terms(root: tm.Term, free: frozenset[str], occurrences: Occurrences) -> list[Diagnostic]:
    """Warnings for terms that lack an index which others have.

    Raises where no term has all the indices, or where a missing one is summed outside.
    """
    warnings: list[Diagnostic] = []
    stack: list[tuple[tm.Part, frozenset[str]]] = [(root, free)]
    while stack:
        node, available = stack.pop()
        if isinstance(node, tm.Sum):
            warnings += _sum(node, available, occurrences)
        if not isinstance(node, tm.Reduce) or node.written:
            available |= frozenset(tm.binds(node))
        else:
            available -= frozenset(tm.binds(node))
        stack.extend((part, available) for part in reversed(tm.parts(node)))
    return warnings


def _sum(node: tm.Sum, available: frozenset[str], occurrences: Occurrences) -> list[Diagnostic]:
    indices = [frozenset(occurrences.of(term)) for _, term in node.terms]
    every = frozenset[str]().union(*indices)
    lacking = [number for number, own in enumerate(indices) if own and own != every]
    if not lacking:
        return []
    full = next((number for number, own in enumerate(indices) if own == every), None)
    first = node.terms[lacking[0]][1]
    if full is None:
        other = next(n for n in range(len(indices)) if indices[n] - indices[lacking[0]])
        raise _mismatch(first, indices[lacking[0]], node.terms[other][1], indices[other])
    for number in lacking:
        term = node.terms[number][1]
        summed = sorted(every - indices[number] - available)
        if summed:
            raise _summed(term, summed[0], node.terms[full][1])
    return [_warning(node.terms[n][1], every - indices[n]) for n in lacking]


def _mismatch(
    first: tm.Term, indices: frozenset[str], other: tm.Term, others: frozenset[str]
) -> Exception:
    return fail(
        "E208",
        "terms of a sum have different free indices",
        first.span,
        f"free: {listed(indices)}",
        "every term needs the same free indices; is one misspelled, or a sum[…] missing?",
        (Related(other.span, f"free: {listed(others)}"),),
    )


def _summed(term: tm.Term, letter: str, full: tm.Term) -> Exception:
    return fail(
        "E208",
        f"terms of a sum have different free indices: {letter} is summed around them",
        term.span,
        f"has no {letter}",
        f"write the sum over {letter} explicitly, or repeat the factors for each term",
        (Related(spans_of(full, letter)[0], f"{letter} occurs here"),),
    )


def _warning(term: tm.Term, lacks: frozenset[str]) -> Diagnostic:
    return Diagnostic(
        "W209",
        f"a term lacks {listed(lacks)}, which the others have",
        term.span,
        f"the same for every {listed(lacks)}",
        severity="warning",
    )


def check_sides(
    left: tm.Term | None,
    right: tm.Term,
    free: frozenset[str],
    excused: frozenset[str],
    occurrences: Occurrences,
    place: Span,
) -> None:
    """The right side has all free indices or none; ``excused`` ones may be missing.

    An index that the left side has twice, as ``dq[t,l]/ds[t,m]`` has t, may be gone.
    """
    have = frozenset(occurrences.of(right))
    twice = {n for n, count in occurrences.of(left).items() if count > 1} if left else set[str]()
    missing = free - have - twice - excused
    if have and missing:
        letter = sorted(missing)[0]
        where = spans_of(left, letter)[0] if left is not None else place
        raise fail(
            "E211",
            f"the right side lacks the index {letter} of the left side",
            right.span,
            f"free: {listed(have)}",
            f"add {letter} on the right, or drop it on the left",
            (Related(where, f"{letter} is free here"),) if where != right.span else (),
        )


def listed(letters: frozenset[str]) -> str:
    """Letters as people list them."""
    return ", ".join(sorted(letters)) or "none"
