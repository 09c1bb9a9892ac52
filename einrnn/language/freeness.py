"""All terms of a sum, and both sides of a definition, have the same free indices."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from einrnn.errors import Diagnostic, Related, Span
from einrnn.language import terms as tm
from einrnn.language.advice import whole_tensor
from einrnn.language.occurrences import Occurrences, place_of
from einrnn.language.problem import fail
from einrnn.language.split import without_comments
from einrnn.source import Source


class Freeness:
    """Compares the terms of the sums of one statement; ``warnings`` collects remarks."""

    def __init__(
        self, occurrences: Occurrences, source: Source, hidden: frozenset[str] = frozenset()
    ) -> None:
        self.occurrences = occurrences
        self.source = source
        self.hidden = hidden
        self.warnings: list[Diagnostic] = []

    def check(self, root: tm.Term, free: frozenset[str]) -> list[Diagnostic]:
        """Warnings for terms that lack an index which others have.

        On its own, a sum needs a term that has all the indices. Inside a product, a power,
        a function or a written sum it does not, if the left side or a written sum has them.
        Raises where neither holds, or where a missing index is summed outside.
        """
        stack: list[tuple[tm.Part, frozenset[str], bool]] = [(root, free, False)]
        while stack:
            node, available, nested = stack.pop()
            if isinstance(node, tm.Sum):
                self._sum(node, available, nested, free)
            else:
                nested = True
            names = tm.binds(node)
            if names and isinstance(node, tm.Reduce) and not node.written:
                available = available.difference(names)
            elif names:
                available = available.union(names)
            stack.extend((part, available, nested) for part in reversed(tm.parts(node)))
        return self.warnings

    def _sum(
        self, node: tm.Sum, available: frozenset[str], nested: bool, free: frozenset[str]
    ) -> None:
        terms = [term for _, term in node.terms]
        indices = [frozenset(self.occurrences.of(term)) for term in terms]
        every = frozenset[str]().union(*indices)
        lacking = [number for number, own in enumerate(indices) if own and own != every]
        if not lacking:
            return
        missing = frozenset[str]().union(*(every - indices[number] for number in lacking))
        if every not in indices and not (nested and missing <= available):
            first = lacking[0]
            around = sorted(letter for letter in missing - available if nested)
            if around:
                without = next(n for n in lacking if around[0] not in indices[n])
                with_it = next(n for n in range(len(terms)) if around[0] in indices[n])
                raise _summed(terms[without], around[0], terms[with_it])
            other = next(n for n in range(len(terms)) if indices[n] - indices[first])
            raise self._mismatch(terms[first], indices[first], terms[other], indices[other])
        full = terms[indices.index(every)] if every in indices else None
        for number in lacking:
            summed = sorted(every - indices[number] - available)
            if summed:
                raise _summed(terms[number], summed[0], full or terms[0])
        if _counts(node):
            return
        free &= available
        read = [number for number in lacking if _reads(terms[number])]
        self.warnings += [self._warning(terms[n], every - indices[n], full, free) for n in read]

    def _mismatch(
        self, first: tm.Term, indices: frozenset[str], other: tm.Term, others: frozenset[str]
    ) -> Exception:
        unwritten = (indices ^ others) & self.hidden
        if unwritten:
            short, full = (first, other) if indices & unwritten else (other, first)
            return self._left_out(short, full, unwritten)
        return fail(
            "E208",
            "terms of a sum have different free indices",
            first.span,
            f"free: {listed(indices)}",
            "every term needs the same free indices; is one misspelled, or a sum[…] missing?",
            (Related(other.span, f"free: {listed(others)}"),),
        )

    def _left_out(self, short: tm.Term, full: tm.Term, unwritten: frozenset[str]) -> Exception:
        """A whole tensor beside an entry: the author forgot the indices of the tensor."""
        tensor = whole_tensor(short, unwritten)
        name = shown(tensor.span if tensor else short.span, self.source)
        return fail(
            "E207",
            f"{name} is a whole tensor and stands beside a number",
            tensor.span if tensor else short.span,
            "its indices are left out",
            f"write the indices of {name}, or leave them out in every term",
            (Related(full.span, "no index is left out here"),),
        )

    def equation(
        self, left: tm.Term, right: tm.Term, free: frozenset[str], excused: frozenset[str]
    ) -> list[Diagnostic]:
        """A warning where a right side has some of the free indices but not all.

        An index that the left side has twice, as ``dq[t,l]/ds[t,m]`` has t, may be gone, and so
        may ``excused`` ones; but one of two factors may be meant to be summed.
        """
        have = frozenset(self.occurrences.of(right))
        twice = {name for name, count in self.occurrences.of(left).items() if count > 1}
        missing = free - have - excused
        multiplied = sorted(missing & self._multiplied(left))
        if have and multiplied:
            letter, rest = multiplied[0], shown(left.span, self.source)
            help_text = f"a left side is not summed: write sum[{letter}] {rest} if that is meant"
            found = self._warning(right, frozenset((letter,)), None, free)
            return [replace(found, help=help_text)]
        missing -= twice
        return [self._warning(right, missing, None, free)] if have and missing else []

    def _multiplied(self, term: tm.Term) -> frozenset[str]:
        """The letters that several factors of a product have."""
        factors = [factor for _, factor in term.factors] if isinstance(term, tm.Product) else []
        counts = Counter(letter for factor in factors for letter in self.occurrences.of(factor))
        return frozenset(letter for letter, count in counts.items() if count > 1)

    def _warning(
        self, term: tm.Term, lacks: frozenset[str], full: tm.Term | None, free: frozenset[str]
    ) -> Diagnostic:
        letters = " and ".join(sorted(lacks))
        index = "index" if len(lacks) == 1 else "indices"
        return Diagnostic(
            "W209",
            f"{shown(term.span, self.source)} has no {index} {letters}; "
            f"it is taken to be the same for every {letters}",
            term.span,
            f"the same for every {letters}",
            help=self._unsummed(full, lacks & free) if full else None,
            severity="warning",
        )

    def _unsummed(self, full: tm.Term, letters: frozenset[str]) -> str | None:
        """Help where the other term has a letter of the left side more than once: its author
        may take it for summed."""
        counts = self.occurrences.of(full)
        for letter in sorted(letters):
            if counts[letter] > 1:
                rest = shown(full.span, self.source)
                return (
                    f"{rest} is not summed over {letter}, which the left side has; "
                    "if it should be, use another letter there"
                )
        return None


def shown(span: Span, source: Source, most: int = 40) -> str:
    """The text of a span on one line, its end left out where it is long."""
    text = " ".join(without_comments(source.text[span.start : span.end]).split())
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _summed(term: tm.Term, letter: str, full: tm.Term) -> Exception:
    return fail(
        "E208",
        f"terms of a sum have different free indices: {letter} is summed around them",
        term.span,
        f"has no {letter}",
        f"write the sum over {letter} explicitly, or repeat the factors for each term",
        (Related(place_of(full, letter), f"{letter} occurs here"),),
    )


def check_definition(
    right: tm.Term, free: frozenset[str], occurrences: Occurrences, place: Span
) -> None:
    """The right side of a definition, whose left side is at ``place``, has all free indices or
    none."""
    have = frozenset(occurrences.of(right))
    missing = free - have
    if have and missing:
        letter = sorted(missing)[0]
        raise fail(
            "E211",
            f"the right side lacks the index {letter} of the left side",
            right.span,
            f"free: {listed(have)}",
            f"add {letter} on the right, or drop it on the left; what is the same for every "
            f"{letter} is multiplied by [{letter} >= 0]",
            (Related(place, f"{letter} is free here"),) if place != right.span else (),
        )


def _counts(node: tm.Part) -> bool:
    """Whether a term is arithmetic on positions and numbers alone, as ``2*n + k == m`` has it:
    there no tensor is taken to be the same for every letter."""
    stack = [node]
    while stack:
        part = stack.pop()
        if not isinstance(part, tm.Sum | tm.Product | tm.Power | tm.Position | tm.Num):
            return False
        stack.extend(tm.parts(part))
    return True


def _reads(term: tm.Term) -> bool:
    """Whether a term reads a tensor: ``delta[i,j]`` beside ``p[t,j]`` is meant as it is."""
    stack: list[tm.Part] = [term]
    while stack:
        part = stack.pop()
        if isinstance(part, tm.Read | tm.Opaque):
            return True
        stack.extend(tm.parts(part))
    return False


def listed(letters: frozenset[str]) -> str:
    """Letters as people list them."""
    return ", ".join(sorted(letters)) or "none"
