"""Long sums, products and extremes up to an index, or from one on, as recurrences.

``c[t] = sum[r=0..t] x[r]`` at all ``t`` reads every pair of ``r`` and ``t``. It is, at ``q = t``,
``P[q] = P[q-1] + x[q]``, one step each. With ``g^(t-r)`` beside ``x[r]`` the step is
``P[q] = g P[q-1] + x[q]``. Steps of a loop take longer than what is done at once, so that short
sums stay as they are; but what is only added up needs no loop in most libraries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from einrnn.core import affine as af
from einrnn.core.build import ONE, ZERO, apply, neg
from einrnn.core.model import Clause, Definition, Model, Range
from einrnn.core.nodes import (
    Add,
    Affine,
    Cases,
    Element,
    Expr,
    Index,
    Mul,
    Node,
    Pow,
    Reduce,
    ReduceOp,
    Value,
)
from einrnn.core.reach import reached
from einrnn.core.running import Places, running
from einrnn.core.traverse import below_cases, rebuild, walk
from einrnn.numeric.windows import number_of_sizes, room

Sizes = Mapping[str, int]
Found = Iterator[tuple[Reduce, tuple[Definition, Expr]]]
Find = Callable[[Clause, str], Found]

# from how many places on this is shorter than all pairs: of numbers that are added up, and of
# powers that have to be computed for each pair
_LONG, _LONG_WITH_POWERS = 32, 128
_INFINITY = apply("inf")
_NEUTRAL = {"sum": ZERO, "prod": ONE, "max": neg(_INFINITY), "min": _INFINITY}


class Part(NamedTuple):
    """A sum over ``body`` at each ``place`` from ``lo`` to ``hi``, as far as one that is ``shift``
    after ``at``; ``way`` is 1 where that is the last one and -1 where it is the first."""

    at: Index
    shift: int
    way: int
    lo: Affine
    hi: Affine
    body: Expr
    place: Index


def with_prefixes(model: Model, sizes: Sizes) -> Model:
    """The model with such sums of its definitions as recurrences of their own.

    A recurrence stays as it is, and so does what a condition may leave out.
    """
    return with_own_definitions(model, lambda clause, stem: _recurrences(clause, sizes, stem))


def with_own_definitions(model: Model, find: Find) -> Model:
    """The model with the sums that ``find`` has of a clause, and a stem for their names, as the
    definitions and entries that it gives for them; recurrences stay as they are."""
    changed: dict[str, Definition] = {}
    for name, definition in model.definitions.items():
        clauses: list[Clause] = []
        new: dict[str, Definition] = {}
        for number, clause in enumerate(definition.clauses):
            found = dict(find(clause, f"{name}·{number}"))
            body = rebuild(clause.body, partial(_read, found)) if found else clause.body
            clauses.append(replace(clause, body=body))
            new.update({one.name: one for one, _ in found.values()})
        if new and name not in reached(model, tuple(c.body for c in definition.clauses)):
            changed |= {name: replace(definition, clauses=tuple(clauses)), **new}
    return model.with_definitions(changed) if changed else model


def _read(found: Mapping[Reduce, tuple[Definition, Expr]], node: Node) -> Node:
    return found[node][1] if isinstance(node, Reduce) and node in found else node


def _recurrences(clause: Clause, sizes: Sizes, stem: str) -> Found:
    """Each long sum of a clause, with the recurrence for it and the entry of that."""
    nodes = dict.fromkeys(node for node in walk(clause.body) if isinstance(node, Reduce))
    own = {node: part_of(node, clause) for node in nodes}
    guarded = below_cases(clause.body)
    for number, (node, part) in enumerate(own.items()):
        if part is None or node in guarded:
            continue
        found = _recurrence(node, part, clause, sizes, f"{stem}·{number}")
        if found is not None:
            yield node, found


def part_of(node: Reduce, clause: Clause) -> Part | None:
    """What a sum, or product, is as one up to an index of a clause, or from one on."""
    if node.op not in _NEUTRAL:
        return None
    lo, hi, body = node.lo, node.hi, node.body
    match body:
        case Cases(((cond, inner),), otherwise) if otherwise is _NEUTRAL[node.op]:
            gap = room(cond)
            times = 0 if gap is None else af.coefficient(gap, node.index)
            if gap is None or abs(times) != 1:
                return None
            end = af.scale(af.plus(gap, af.of(node.index), -times), -times)
            placed = _place(end, clause)
            if placed is None or (lo.free | hi.free):
                return None
            return Part(*placed, -times, lo, hi, inner, node.index)
        case _:
            pass
    up, down = _place(hi, clause), _place(lo, clause)
    if up is not None and not lo.free:
        return Part(*up, 1, lo, af.plus(clause.ranges[up[0]].hi, af.of(up[1])), body, node.index)
    if down is not None and not hi.free:
        first = af.plus(clause.ranges[down[0]].lo, af.of(down[1]))
        return Part(*down, -1, first, hi, body, node.index)
    return None


def _place(end: Affine, clause: Clause) -> tuple[Index, int] | None:
    """An index of a clause and how far after it an end is."""
    letter = af.letter(af.shift(end, -end.constant))
    return None if letter is None or letter not in clause.ranges else (letter, end.constant)


def reach(part: Part, clause: Clause, sizes: Sizes) -> tuple[Affine, Affine, int] | None:
    """The first and the last place that such a sum reads for any of its ends, and how many there
    are in its range; None where an end may be beyond that. What lies beyond may have no value."""
    span = clause.ranges[part.at]
    ends = [number_of_sizes(end, sizes) for end in (span.lo, span.hi, part.lo, part.hi)]
    first, last, lo, hi = (-1 if end is None else end for end in ends)
    if None in ends or not lo - 1 <= first + part.shift <= last + part.shift <= hi + 1:
        return None
    if (part.way == 1 and last + part.shift > hi) or (part.way == -1 and first + part.shift < lo):
        return None
    low = part.lo if part.way == 1 else af.shift(span.lo, part.shift)
    high = af.shift(span.hi, part.shift) if part.way == 1 else part.hi
    return low, high, hi - lo + 1


def _recurrence(
    node: Reduce, part: Part, clause: Clause, sizes: Sizes, name: str
) -> tuple[Definition, Expr] | None:
    read = reach(part, clause, sizes)
    if read is None:
        return None
    low, high, places = read
    if node.op != "sum":
        span = Places(part.place, low, high, part.way)
        return _joined(node.op, part, clause, span, places, name)
    summed, part = _summed_after(part, sizes, places)
    beside, part = _taken_out(part)
    ratio, body = _ratio(part)
    if ratio is None or places < (_LONG if ratio == () else _LONG_WITH_POWERS):
        return None
    ranges = {**clause.ranges, **({summed.index: Range(summed.lo, summed.hi)} if summed else {})}
    letters = tuple(i for i in ranges if i in body.free | _free(ratio) and i is not part.at)
    if (body.free | _free(ratio)) - {part.place} != frozenset(letters):
        return None
    others = {letter: ranges[letter] for letter in letters}
    definition = running(
        name,
        Places(part.place, low, high, part.way),
        others,
        ZERO,
        lambda earlier: Add((Mul((*ratio, earlier)) if ratio else earlier, body)),
    )
    at = af.shift(af.of(part.at), part.shift)
    entry: Expr = Element(name, (at, *map(af.of, letters)))
    entry = Mul((*beside, entry)) if beside else entry
    if summed is not None:
        entry = Reduce("sum", summed.index, summed.lo, summed.hi, entry)
    return definition, entry


def _joined(
    op: ReduceOp, part: Part, clause: Clause, span: Places, places: int, name: str
) -> tuple[Definition, Expr] | None:
    """The same of a product whose factors do not depend on how far it goes, or of an extreme."""
    letters = tuple(i for i in clause.ranges if i in part.body.free)
    alone = part.body.free - {part.place} == frozenset(letters) and part.at not in letters
    if places < _LONG or not alone:
        return None
    others = {letter: clause.ranges[letter] for letter in letters}

    def following(earlier: Element) -> Expr:
        return Mul((earlier, part.body)) if op == "prod" else apply(op, earlier, part.body)

    definition = running(name, span, others, _NEUTRAL[op], following)
    at = af.shift(af.of(part.at), part.shift)
    return definition, Element(name, (at, *map(af.of, letters)))


def _summed_after(part: Part, sizes: Sizes, places: int) -> tuple[Reduce | None, Part]:
    """A sum over a short index inside the summands that is better summed after: of
    ``sum[r=0..t] sum[e] Q[t,e] K[r,e]`` that over ``e``."""
    factors = part.body.factors if isinstance(part.body, Mul) else (part.body,)
    inner = next((f for f in factors if isinstance(f, Reduce) and f.op == "sum"), None)
    others = tuple(f for f in factors if f is not inner)
    if inner is None or not isinstance(inner.body, Mul):
        return None, part
    ends = [number_of_sizes(end, sizes) for end in (inner.lo, inner.hi)]
    lo, hi = (-1 if end is None else end for end in ends)
    mixed = any(part.at in f.free and inner.index in f.free for f in inner.body.factors)
    clashes = any(inner.index in f.free for f in others)
    if None in ends or not mixed or clashes or hi - lo + 1 > places:
        return None, part
    return inner, part._replace(body=Mul((*others, *inner.body.factors)))


def _taken_out(part: Part) -> tuple[tuple[Expr, ...], Part]:
    """The factors of the summands that are the same for all places, and the sum without them."""
    factors = part.body.factors if isinstance(part.body, Mul) else (part.body,)
    beside = tuple(f for f in factors if part.place not in f.free and part.at in f.free)
    rest = tuple(f for f in factors if f not in beside)
    body = Mul(rest) if len(rest) > 1 else rest[0] if rest else ONE
    return beside, part._replace(body=body)


def _free(ratio: tuple[Expr, ...]) -> frozenset[Index]:
    return frozenset[Index]().union(*(factor.free for factor in ratio))


def _ratio(part: Part) -> tuple[tuple[Expr, ...] | None, Expr]:
    """By what a summand grows from one place of ``at`` to the next, none where it is the same, and
    the summand at its own place; None where it grows otherwise."""
    if part.at not in part.body.free:
        return (), part.body
    factors = part.body.factors if isinstance(part.body, Mul) else (part.body,)
    bases: list[Expr] = []
    rest: list[Expr] = []
    distance = af.shift(af.minus(af.of(part.at), af.of(part.place)), part.shift)
    for factor in factors:
        match factor:
            case Pow(base, Value(exponent)) if exponent is af.scale(
                distance, part.way
            ) and not base.free & {part.at, part.place}:
                bases.append(base)
            case _ if part.at in factor.free:
                return None, part.body
            case _:
                rest.append(factor)
    summand = Mul(tuple(rest)) if len(rest) > 1 else rest[0] if rest else ONE
    return tuple(bases), summand
