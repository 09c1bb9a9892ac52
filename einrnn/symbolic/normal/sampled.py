"""Whether a polynomial is 0, asked of random numbers first.

Most differences on the way to a proof are not 0, and to multiply out their divisors, rewrite
their functions and split cases only to find that out takes seconds. Here their tensors get
random entries, definitions too: what is not 0 then cannot vanish by what holds of all numbers.
Entries that are known to add up to 1 do. Nothing is ever proved here, and nothing refuted: a
polynomial is left alone where its tensors are tied by other assumptions or facts, or where it
does not compute at the numbers chosen.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Mapping
from dataclasses import field
from hashlib import blake2b
from itertools import islice

from einrnn.core import affine as af
from einrnn.core.functions import FUNCTIONS
from einrnn.core.nodes import (
    Add,
    Affine,
    And,
    Apply,
    Cases,
    Compare,
    Cond,
    Dim,
    Element,
    Expr,
    Index,
    Matrix,
    Mul,
    Not,
    Number,
    Opaque,
    Or,
    Pow,
    Reduce,
    Value,
)
from einrnn.core.traverse import tensors, walk
from einrnn.dataclass import dataclass
from einrnn.symbolic.normal.domain import side
from einrnn.symbolic.normal.ends import Ends
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.facts import Facts, Unit
from einrnn.symbolic.normal.terms import Poly, Term

_SAMPLES = 2
_MOST_STEPS = 30_000
_MOST_PLACES = 200
_MOST_DEEP = 40
# rounding stays far below, what is meant to differ far above
_DIFFERS = 1e-6


class NoValue(Exception):
    """There is no value, or it would take too long."""


def surely_differs(work: Normaliser, poly: Poly) -> bool:
    """Whether a polynomial is not 0 at random entries of its tensors, nor could be by what is
    known of them. False says nothing."""
    nodes = [node for term in poly for node in (*term.conds, *(atom for atom, _ in term.factors))]
    if any(work.facts.tied & tensors(node) for node in nodes):
        return False
    if any(isinstance(node, Matrix | Opaque) for node in walk(*nodes)):
        return False
    return any(_not_zero(sample, poly) for sample in samples(work, poly))


def samples(work: Normaliser, poly: Poly) -> Iterator[Sample]:
    """Some sizes, free indices and random entries that a polynomial can be computed at."""
    for number in range(_SAMPLES):
        found = _places(work.known, poly, number)
        if found is not None:
            yield Sample(number, work.facts, work.ends, *found)


def _not_zero(sample: Sample, poly: Poly) -> bool:
    try:
        value = sample.poly(poly)
    except (NoValue, OverflowError, ZeroDivisionError):
        return False
    return math.isfinite(value) and abs(value) > _DIFFERS * sample.largest


def _places(
    known: tuple[Affine, ...], poly: Poly, number: int
) -> tuple[dict[Dim, int], dict[Index, int]] | None:
    """Sizes, and values of the free indices that lie where they are known to; None where
    there are none among the first that are tried."""
    free = frozenset[Index]().union(*(value.free for value in known))
    for term in poly:
        free |= term.indices - frozenset(term.bound)
    letters = sorted(free, key=lambda index: index.name)
    dims = sorted(_dims(known, poly), key=lambda dim: dim.name)
    for more in range(4):
        sizes = {dim: 1 + 2 * number + more - (more > 0 and _low(number, dim)) for dim in dims}
        try:
            return sizes, next(_assignments(known, letters, sizes, number))
        except (StopIteration, NoValue):
            continue
    return None


def _low(number: int, dim: Dim) -> bool:
    return _chance(number, dim.name) < 0.5


def _dims(known: tuple[Affine, ...], poly: Poly) -> set[Dim]:
    nodes = [*known]
    found: set[Dim] = set()
    for term in poly:
        for node in walk(*term.conds, *(atom for atom, _ in term.factors)):
            if isinstance(node, Affine):
                nodes.append(node)
    for node in nodes:
        found.update(atom for atom, _ in node.terms if isinstance(atom, Dim))
    return found


def _assignments(
    known: tuple[Affine, ...], letters: list[Index], sizes: Mapping[Dim, int], number: int
) -> Iterator[dict[Index, int]]:
    """Values of indices at which all that is known holds, different ones first."""
    most = max(sizes.values(), default=1)
    fixed = (_affine(value, sizes, {}) >= 0 for value in known if not value.free)
    found: list[dict[Index, int]] = [{}] if all(fixed) else []
    for place, letter in enumerate(letters):
        inside = frozenset(letters[: place + 1])
        checked = [value for value in known if letter in value.free and value.free <= inside]
        spread = sorted(range(-1, most + 2), key=lambda v, i=letter: _chance(number, i.name, v))
        longer = ({**scope, letter: value} for scope in found for value in spread)
        fitting = (s for s in longer if all(_affine(v, sizes, s) >= 0 for v in checked))
        found = sorted(islice(fitting, _MOST_PLACES), key=lambda s: -len(set(s.values())))
    yield from found


def _affine(value: Affine, sizes: Mapping[Dim, int], scope: Mapping[Index, int]) -> int:
    result = value.constant
    for atom, times in value.terms:
        if isinstance(atom, Index):
            result += times * scope[atom]
        elif isinstance(atom, Dim) and atom in sizes:
            result += times * sizes[atom]
        else:
            raise NoValue
    return result


def _chance(*what: object) -> float:
    """A number from 0 to 1, always the same for the same things."""
    digest = blake2b(repr(what).encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48


@dataclass()
class Sample:
    """Random entries of all tensors, at some sizes and values of the free indices.

    ``largest`` is the largest product that was added up so far.
    """

    number: int
    facts: Facts
    ends: Ends
    sizes: Mapping[Dim, int]
    scope: dict[Index, int]
    largest: float = 0.0
    _entries: dict[tuple[str, tuple[int, ...]], float] = field(
        default_factory=dict["tuple[str, tuple[int, ...]]", float]
    )
    _values: dict[tuple[Expr, tuple[int, ...]], float] = field(
        default_factory=dict["tuple[Expr, tuple[int, ...]]", float]
    )
    _steps: int = 0
    _depth: int = 0

    def poly(self, poly: Poly) -> float:
        """The value of a polynomial.

        Raises:
            NoValue: it has none, or it takes too long.
        """
        return math.fsum(float(c) * self._term(term, abs(float(c))) for term, c in poly.items())

    def _term(self, term: Term, times: float) -> float:
        order = self._order(term)
        inner = frozenset(order)
        outside = [cond for cond in term.conds if not cond.free & inner]
        if not all(self._holds(cond) for cond in outside):
            return 0.0
        levels: list[list[tuple[Expr, float]]] = [[] for _ in range(len(order) + 1)]
        for atom, exponent in term.factors:
            level = max((order.index(i) + 1 for i in atom.free & inner), default=0)
            levels[level].append((atom, float(exponent)))
        return self._summed(term.conds, order, levels, 0, times)

    def _summed(
        self,
        conds: tuple[Cond, ...],
        order: list[Index],
        levels: list[list[tuple[Expr, float]]],
        level: int,
        times: float,
    ) -> float:
        """A product summed over the indices from a level on; ``times`` is the size of what it is
        multiplied by."""
        value = 1.0
        for atom, exponent in levels[level]:
            value *= self._power(self.value(atom), exponent)
        times *= abs(value)
        if level == len(order):
            self.largest = max(self.largest, times)
            return value
        index, total = order[level], 0.0
        outer = frozenset(order[level + 1 :])
        here = [c for c in conds if index in c.free and not c.free & outer]
        before = self.scope.get(index)
        for place in self._range(index, here):
            self.scope[index] = place
            if all(self._holds(cond) for cond in here):
                total += self._summed(conds, order, levels, level + 1, times)
        self._restore(index, before)
        return value * total

    def _restore(self, index: Index, before: int | None) -> None:
        """Give an index back the value that it had before it was bound."""
        if before is None:
            self.scope.pop(index, None)
        else:
            self.scope[index] = before

    def _order(self, term: Term) -> list[Index]:
        """The bound indices, each after those that its bounds depend on."""
        left, order = list(term.bound), list[Index]()
        while left:
            for index in left:
                others = frozenset(left) - {index}
                signs = {
                    sign
                    for cond in term.conds
                    if index in cond.free and not cond.free & others
                    for sign in _bounds(cond, index)
                }
                if len(signs) == 2:
                    break
            else:
                raise NoValue
            left.remove(index)
            order.append(index)
        return order

    def _range(self, index: Index, conds: list[Cond]) -> range:
        """The values that an index may have by the conditions that bound it."""
        low, high = -(10**6), 10**6
        for cond in conds:
            parts = side(cond)
            if parts is None:
                continue
            times = af.coefficient(parts[1], index)
            rest = self.place(af.plus(parts[1], af.of(index), -times))
            for sign in _bounds(cond, index):
                if sign == 1:  # times * index + rest >= 0
                    low = max(low, -((rest if times > 0 else -rest) // abs(times)))
                else:
                    high = min(high, (rest if times < 0 else -rest) // abs(times))
        return range(low, high + 1)

    def place(self, value: Affine) -> int:
        """The value of an index expression."""
        return _affine(value, self.sizes, self.scope)

    def _power(self, base: float, exponent: float) -> float:
        if exponent == 1.0:
            return base
        if base < 0 and not exponent.is_integer():
            raise NoValue
        return base**exponent

    def value(self, expr: Expr) -> float:
        """The value of an expression where all its free indices have one."""
        self._steps += 1
        if self._steps > _MOST_STEPS or self._depth > _MOST_DEEP:
            raise NoValue
        if isinstance(expr, Element):
            return self._entry(expr)
        try:
            where = tuple(self.scope[index] for index in _letters(expr))
        except KeyError:
            raise NoValue from None
        key = (expr, where)
        if key not in self._values:
            self._depth += 1
            self._values[key] = self._compute(expr)
            self._depth -= 1
        return self._values[key]

    def _entry(self, element: Element) -> float:
        at = tuple(self.place(arg) for arg in element.args)
        if element.tensor in self.facts.symmetric:
            at = (*at[:-2], *sorted(at[-2:]))
        key = (element.tensor, at)
        if key not in self._entries:
            given = self._given(*key)
            unit = self.facts.units.get(element.tensor)
            found = self._drawn(*key) if unit is None else self._share(unit, *key)
            self._entries[key] = found if given is None else given
        return self._entries[key]

    def _given(self, name: str, at: tuple[int, ...]) -> float | None:
        """The value of an entry at an end, where its definition has one there."""
        for clause in self.ends.clauses(name):
            letters = [af.letter(arg) for arg in clause.args]
            fixed = [n for n, letter in enumerate(letters) if letter is None]
            if not all(self._is_at(clause.args[n], at[n]) for n in fixed):
                continue
            outer = dict(self.scope)
            pairs = zip(letters, at, strict=True)
            self.scope.update({letter: place for letter, place in pairs if letter is not None})
            try:
                return self.value(clause.body)
            finally:
                self.scope.clear()
                self.scope.update(outer)
        return None

    def _is_at(self, arg: Affine, place: int) -> bool:
        """Whether an index expression is a place; a size that nothing else speaks of is not."""
        try:
            return self.place(arg) == place
        except NoValue:
            return False

    def _drawn(self, name: str, at: tuple[int, ...]) -> float:
        chance = _chance(self.number, name, at)
        mixed = self.number > 0 and name not in self.facts.signs.positive
        sign = -1 if mixed and _chance("sign", name, at) < 0.5 else 1
        return sign * (0.4 + chance)

    def _share(self, unit: Unit, name: str, at: tuple[int, ...]) -> float:
        """An entry of those that add up to 1."""
        size = self.place(unit.size)
        if not 0 <= at[unit.axis] < size <= _MOST_PLACES:
            raise NoValue
        row = [(*at[: unit.axis], place, *at[unit.axis + 1 :]) for place in range(size)]
        drawn = [_chance(self.number, name, other) for other in row]
        if unit.one_hot:
            return float(drawn[at[unit.axis]] == max(drawn))
        return (0.4 + drawn[at[unit.axis]]) / math.fsum(0.4 + chance for chance in drawn)

    def _compute(self, expr: Expr) -> float:
        match expr:
            case Number(value):
                return float(value)
            case Value(index):
                return float(self.place(index))
            case Add(parts):
                return math.fsum(self.value(part) for part in parts)
            case Mul(parts):
                return math.prod(self.value(part) for part in parts)
            case Pow(base, exponent):
                return self._power(self.value(base), self.value(exponent))
            case Apply(function, args):
                found = FUNCTIONS[function].value(*(self.value(arg) for arg in args))
                if not math.isfinite(found):
                    raise NoValue
                return found
            case Cases(branches, otherwise):
                chosen = next((value for cond, value in branches if self._holds(cond)), otherwise)
                return self.value(chosen)
            case Reduce():
                return self._reduced(expr)
            case _:
                raise NoValue

    def _reduced(self, expr: Reduce) -> float:
        before = self.scope.get(expr.index)
        rows: list[float] = []
        for place in range(self.place(expr.lo), self.place(expr.hi) + 1):
            self.scope[expr.index] = place
            rows.append(self.value(expr.body))
        self._restore(expr.index, before)
        match expr.op:
            case "sum":
                return math.fsum(rows)
            case "prod":
                return math.prod(rows)
            case "logsumexp":
                return math.log(math.fsum(math.exp(row) for row in rows))
            case "max" | "min":
                if not rows:
                    raise NoValue
                return max(rows) if expr.op == "max" else min(rows)

    def _holds(self, cond: Cond) -> bool:
        match cond:
            case Compare(op, left, right):
                return _RELATIONS[op](self.value(left), self.value(right))
            case And(parts):
                return all(self._holds(part) for part in parts)
            case Or(parts):
                return any(self._holds(part) for part in parts)
            case Not(part):
                return not self._holds(part)


_RELATIONS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _bounds(cond: Cond, index: Index) -> tuple[int, ...]:
    """Whether a condition bounds an index from below (1), from above (-1), or both ways."""
    parts = side(cond)
    if parts is None:
        return ()
    times = af.coefficient(parts[1], index)
    rest = af.plus(parts[1], af.of(index), -times)
    if not times or index in rest.free:
        return ()
    return (1, -1) if parts[0] == "==" else (1,) if times > 0 else (-1,)


def _letters(expr: Expr) -> list[Index]:
    return sorted(expr.free, key=lambda index: index.name)
