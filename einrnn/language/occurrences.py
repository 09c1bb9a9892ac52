"""How often each index occurs in a term, and where."""

from __future__ import annotations

from collections import Counter

from einrnn.core.trampoline import Steps, trampoline
from einrnn.errors import Span
from einrnn.language import terms as tm

Counts = Counter[str]


class Occurrences:
    """Counts free occurrences of index letters; ``x[i]^2`` has two of i.

    Additive alternatives do not add up: a sum counts its fullest term, cases count
    their conditions and their fullest value.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[tm.Part, Counts]] = {}
        self._run = trampoline(self._count)

    def of(self, node: tm.Part) -> Counts:
        """The letters that occur free in a term, in order, with their counts."""
        known = self._known.get(id(node))
        return known[1] if known is not None else self._run(node)

    def power(self, exponent: tm.Term) -> int:
        """The value of an exponent that is a whole number from 2 on, else 1."""
        if isinstance(exponent, tm.Num) and exponent.value.denominator == 1:
            return max(int(exponent.value), 1)
        return 1

    def _count(self, node: tm.Part) -> Steps[Counts]:
        known = self._known.get(id(node))
        if known is not None:
            return known[1]
        below: list[Counts] = []
        for part in tm.parts(node):
            below.append((yield self._count(part)))
        counts = self._combine(node, below)
        for name in tm.binds(node):
            counts.pop(name, None)
        for letter in tm.own_letters(node):
            counts[letter.name] += 1
        self._known[id(node)] = (node, counts)
        return counts

    def _combine(self, node: tm.Part, below: list[Counts]) -> Counts:
        match node:
            case tm.Sum():
                return _most(below)
            case tm.Cases(branches, otherwise):
                values = below[1 : 2 * len(branches) : 2]
                values += [below[-1]] if otherwise is not None else []
                conditions = _all(below[0 : 2 * len(branches) : 2])
                return _all([conditions, _most(values)])
            case tm.Power(_, exponent):
                times = self.power(exponent)
                base = Counter({name: times * count for name, count in below[0].items()})
                return _all([base, below[1]])
            case _:
                return _all(below)


def _all(counts: list[Counts]) -> Counts:
    total: Counts = Counter()
    for part in counts:
        total.update(part)
    return total


def _most(counts: list[Counts]) -> Counts:
    total: Counts = Counter()
    for part in counts:
        for name, count in part.items():
            total[name] = max(total[name], count)
    return total


def spans_of(term: tm.Part, letter: str) -> list[Span]:
    """Where a letter occurs free, in the order of the text; the whole term if nowhere."""
    found: list[Span] = []
    stack: list[tm.Part] = [term]
    while stack:
        node = stack.pop()
        found += [own.span for own in tm.own_letters(node) if own.name == letter]
        if letter not in tm.binds(node):
            stack.extend(reversed(tm.parts(node)))
    return found or [term.span]
