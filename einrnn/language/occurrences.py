"""How often each index occurs in a term, and where."""

from __future__ import annotations

from collections.abc import Iterable

from einrnn.errors import Span
from einrnn.language import terms as tm

Counts = dict[str, int]


class Occurrences:
    """Counts free occurrences of index letters; ``x[i]^2`` has two of i.

    Additive alternatives do not add up: a sum counts its fullest term, cases count
    their conditions and their fullest value. Every term is counted once.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[tm.Part, Counts]] = {}

    def of(self, node: tm.Part) -> Counts:
        """The letters that occur free in a term, in order, with their counts."""
        known = self._known.get(id(node))
        if known is not None:
            return known[1]
        stack = [node]
        while stack:
            here = stack[-1]
            waiting = [part for part in tm.parts(here) if id(part) not in self._known]
            if waiting:
                stack += waiting
            else:
                stack.pop()
                self._known[id(here)] = (here, self._count(here))
        return self._known[id(node)][1]

    def _get(self, node: tm.Part) -> Counts:
        return self._known[id(node)][1]

    def power(self, exponent: tm.Term) -> int:
        """The value of an exponent that is a whole number from 2 on, else 1."""
        if isinstance(exponent, tm.Num) and exponent.value.denominator == 1:
            return max(int(exponent.value), 1)
        return 1

    def _count(self, node: tm.Part) -> Counts:
        """The counts of a node whose parts are counted."""
        match node:
            case tm.Read(_, args):
                return self._args({}, args)
            case tm.Position(value):
                return self._args({}, (value,))
            case tm.Sum(terms):
                return _most(self._get(term) for _, term in terms)
            case tm.Cases(branches, otherwise):
                values = [value for _, value in branches]
                values += [otherwise] if otherwise is not None else []
                conditions = _all(self._get(condition) for condition, _ in branches)
                return _add(conditions, _most(self._get(value) for value in values))
            case tm.Power(base, exponent):
                times = self.power(exponent)
                counts = {name: times * count for name, count in self._get(base).items()}
                return _add(counts, self._get(exponent))
            case tm.Reduce() | tm.Softmax() | tm.Matrix() | tm.Opaque():
                return self._binder(node)
            case tm.Derivative(_, body, _, args):
                return self._args(dict(self._get(body)), args)
            case _:
                return _all(self._get(part) for part in tm.parts(node))

    def _binder(self, node: tm.Reduce | tm.Softmax | tm.Matrix | tm.Opaque) -> Counts:
        match node:
            case tm.Reduce(_, letters, condition, body):
                ends = self._args({}, tm.args_of(node))
                inside = _add(dict(self._get(condition)) if condition else {}, self._get(body))
                return _without(_add(ends, inside), (bound.name for bound in letters))
            case tm.Softmax(letters, body):
                names = [bound.name for bound in letters]
                return _without(dict(self._get(body)), names) | dict.fromkeys(names, 1)
            case tm.Matrix(_, row, column, body):
                inside = _without(dict(self._get(body)), (row, column))
                return self._args(inside, tm.args_of(node))
            case tm.Opaque(_, at, args):
                counts = self._args({}, at)
                for names, body in args:
                    _add(counts, _without(dict(self._get(body)), names))
                return counts

    def _args(self, counts: Counts, args: tuple[tm.Arg, ...]) -> Counts:
        """The counts with those of index expressions added."""
        for arg in args:
            for _, atom in arg.parts:
                if isinstance(atom, tm.Letter):
                    counts[atom.name] = counts.get(atom.name, 0) + 1
                elif isinstance(atom, tm.Read):
                    _add(counts, self._get(atom))
        return counts


def _add(counts: Counts, more: Counts) -> Counts:
    for name, count in more.items():
        counts[name] = counts.get(name, 0) + count
    return counts


def _all(below: Iterable[Counts]) -> Counts:
    total: Counts = {}
    for counts in below:
        _add(total, counts)
    return total


def _most(below: Iterable[Counts]) -> Counts:
    total: Counts = {}
    for counts in below:
        for name, count in counts.items():
            total[name] = max(total.get(name, 0), count)
    return total


def _without(counts: Counts, names: Iterable[str]) -> Counts:
    for name in names:
        counts.pop(name, None)
    return counts


def place_of(term: tm.Part, letter: str) -> Span:
    """Where a letter first occurs free in the text; the whole term if nowhere."""
    found: list[Span] = []
    stack: list[tm.Part] = [term]
    while stack:
        node = stack.pop()
        found += [own.span for own in tm.own_letters(node) if own.name == letter]
        if letter not in tm.binds(node):
            stack.extend(tm.parts(node))
    return min(found, key=lambda span: span.start, default=term.span)
