"""The recurrences of derived tensors, as one writes them beside a result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from einrnn.core import affine as af
from einrnn.core.build import ZERO
from einrnn.core.model import Clause, Definition, Model, Range, Shown
from einrnn.core.nodes import (
    Add,
    Affine,
    Cases,
    Compare,
    Cond,
    Element,
    Expr,
    Index,
    Mul,
    Node,
    Reduce,
    Value,
)
from einrnn.core.traverse import rebuild, substitute
from einrnn.symbolic import simplify as s
from einrnn.symbolic.present.letters import distinct
from einrnn.symbolic.present.reads import reads
from einrnn.symbolic.present.simplest import Style, finished, present
from einrnn.symbolic.ranges import Ranges, at_least_zero, conjuncts, decide

_MOST_CONSTANTS = 8
_MOST_BELOW = 3


def shown(
    model: Model, expr: Expr, ranges: Ranges, system: Sequence[Definition], style: Style
) -> list[Shown]:
    """The recurrences ``system`` that an expression refers to, directly or not, in print."""
    rows = {found.name: found.clauses for found in system}
    rows = _within_axes(model, expr, ranges, rows)
    rows = {name: tuple(_apart_below_zero(clauses)) for name, clauses in rows.items()}
    ready = {
        name: tuple(replace(c, body=present(c.body, c.ranges, style)) for c in clauses)
        for name, clauses in rows.items()
    }
    ends: dict[str, dict[tuple[int, int], Affine]] = {name: {} for name in ready}
    result: dict[str, tuple[Clause, ...]] = {}
    for name, clauses in ready.items():
        result[name] = tuple(
            replace(c, body=_without_guards(c.body, c.ranges, model, result | ready, ends))
            for c in clauses
        )
    read = {e.tensor: e for e, _ in reversed(reads(expr, ranges))}
    found: list[Shown] = []
    for name, clauses in result.items():
        *boundary, general = (distinct(c, read.get(name), model) for c in clauses)
        rows_ = tuple(_finished(c) for c in _by_constant(general, model, style))
        found.append(Shown(name, rows_, (*boundary, *_ends(general, ends[name]))))
    return found


def _finished(clause: Clause) -> Clause:
    return replace(clause, body=finished(clause.body))


def _within_axes(
    model: Model, expr: Expr, ranges: Ranges, rows: Mapping[str, tuple[Clause, ...]]
) -> dict[str, tuple[Clause, ...]]:
    """The clauses for positions on the axes where no others are read: not for the position -1, or
    one after the last, of a state that exists for its initial value only."""
    kept = {name: _off_axes(model, clauses) for name, clauses in rows.items()}
    while True:
        trial = {name: tuple(_on_axes(c, kept[name]) for c in cs) for name, cs in rows.items()}
        places = [(expr, ranges)] + [(c.body, c.ranges) for cs in trial.values() for c in cs]
        wrong = False
        for body, known in places:
            for element, inside in reads(body, known):
                own = kept.get(element.tensor, {})
                for (axis, side), end in [*own.items()]:
                    room = af.scale(af.minus(end, element.args[axis]), side)
                    if not at_least_zero(room, inside):
                        del own[axis, side]
                        wrong = True
        if not wrong:
            return trial


def _off_axes(model: Model, clauses: Sequence[Clause]) -> dict[tuple[int, int], Affine]:
    """The axes, and which of their ends, that the only clause goes beyond by what exists for a
    boundary value; with where they end without it."""
    found: dict[tuple[int, int], Affine] = {}
    for axis, arg in enumerate(clauses[0].args) if len(clauses) == 1 else ():
        letter = af.letter(arg)
        if letter is None:
            continue
        span = clauses[0].ranges[letter]
        if span.lo.constant < 0:
            found[axis, -1] = af.ZERO
        sizes = af.dims(span.hi)
        if len(sizes) == 1 and span.hi is af.of(sizes[0]):
            found[axis, 1] = af.last(span.hi)
    return found


def _on_axes(clause: Clause, ends: Mapping[tuple[int, int], Affine]) -> Clause:
    ranges = dict(clause.ranges)
    for (axis, side), end in ends.items():
        letter = af.letter(clause.args[axis])
        if letter is not None:
            span = ranges[letter]
            ranges[letter] = Range(end, span.hi) if side < 0 else Range(span.lo, end)
    return replace(clause, ranges=ranges)


def _apart_below_zero(clauses: Sequence[Clause]) -> Iterator[Clause]:
    """A general clause from 0 on, after what it comes to at the positions below: those are read
    where they have clauses of their own."""
    *boundary, general = clauses
    yield from boundary
    if not boundary:
        for arg in general.args:
            letter = af.letter(arg)
            first = None if letter is None else af.number(general.ranges[letter].lo)
            if letter is None or first is None or not -_MOST_BELOW <= first < 0:
                continue
            others = {i: r for i, r in general.ranges.items() if i is not letter}
            for place in range(first, 0):
                at = {letter: af.of(place)}
                args = tuple(substitute(own, at) for own in general.args)
                yield Clause(args, others, substitute(general.body, at))
            from_zero = Range(af.ZERO, general.ranges[letter].hi)
            general = replace(general, ranges={**general.ranges, letter: from_zero})
    yield general


def _without_guards(
    body: Expr,
    ranges: Ranges,
    model: Model,
    rows: Mapping[str, tuple[Clause, ...]],
    ends: dict[str, dict[tuple[int, int], Affine]],
) -> Expr:
    """Conditions left out where an entry just off the end may count as 0 instead."""

    def change(node: Node) -> Node:
        match node:
            case Cases(((cond, inner),), otherwise) if otherwise is ZERO:
                off = _read_off(cond, inner, ranges, model, rows)
                if off is None:
                    return node
                name, axis, side, value = off
                ends[name][axis, side] = value
                return inner
            case _:
                return node

    new = rebuild(body, change)
    return s.add(new.terms) if isinstance(new, Add) else new


def _read_off(
    cond: Cond, inner: Expr, ranges: Ranges, model: Model, rows: Mapping[str, tuple[Clause, ...]]
) -> tuple[str, int, int, Affine] | None:
    """The tensor, axis and position off its end whose value 0 makes a condition needless."""
    if len(conjuncts(cond)) != 1 or not isinstance(cond, Compare):
        return None
    for element in _always_factors(inner):
        if element.tensor not in rows:
            continue
        *boundary, clause = rows[element.tensor]
        for axis, arg in enumerate(element.args):
            letter = af.letter(clause.args[axis])
            if letter is None:
                continue
            limits = clause.ranges[letter]
            for side, end in ((1, limits.hi), (-1, limits.lo)):
                off = af.shift(end, side)
                if any(other.args[axis] is off for other in boundary):
                    continue
                if not _says_inside(cond, arg, end, side):
                    continue
                reaches = af.minus(off, arg) if side > 0 else af.minus(arg, off)
                if at_least_zero(reaches, ranges) and _rest_in_range(
                    inner, element.tensor, ranges, model
                ):
                    return element.tensor, axis, side, off
    return None


def _says_inside(cond: Compare, arg: Affine, end: Affine, side: int) -> bool:
    """Whether the condition is ``arg <= end`` (or ``end <= arg`` at the lower end)."""
    if not (isinstance(cond.left, Value) and isinstance(cond.right, Value)):
        return False
    small, large = (arg, end) if side > 0 else (end, arg)
    gap = af.minus(cond.right.index, cond.left.index)
    return cond.op == "<=" and gap is af.minus(large, small)


def _always_factors(expr: Expr) -> Iterator[Element]:
    """Entries that the whole expression is a multiple of."""
    stack: list[Expr] = [expr]
    while stack:
        node = stack.pop()
        if isinstance(node, Mul):
            stack.extend(node.factors)
        elif isinstance(node, Reduce) and node.op == "sum":
            stack.append(node.body)
        elif isinstance(node, Element):
            yield node


def _rest_in_range(expr: Expr, but: str, ranges: Ranges, model: Model) -> bool:
    """Whether every other entry is read inside its axes without the condition."""
    for element, inside in reads(expr, ranges):
        if element.tensor == but:
            continue
        for arg, limits in zip(element.args, model.axes(element.tensor), strict=True):
            low, high = af.minus(arg, limits.lo), af.minus(limits.hi, arg)
            if not (at_least_zero(low, inside) and at_least_zero(high, inside)):
                return False
    return True


def _ends(clause: Clause, ends: Mapping[tuple[int, int], Affine]) -> Iterator[Clause]:
    """Boundary clauses: entries off an end are 0."""
    for (axis, _), value in sorted(ends.items(), key=lambda item: item[0]):
        args = tuple(value if n == axis else arg for n, arg in enumerate(clause.args))
        letter = af.letter(clause.args[axis])
        kept = {i: r for i, r in clause.ranges.items() if i is not letter}
        yield Clause(args, kept, ZERO)


def _by_constant(clause: Clause, model: Model, style: Style) -> Iterator[Clause]:
    """A clause for each position of a short axis whose terms each belong to one position."""
    for axis, arg in enumerate(clause.args):
        letter = af.letter(arg)
        if letter is None:
            continue
        size = _length(clause.ranges[letter], model)
        if size is None or not 1 < size <= _MOST_CONSTANTS or not _pinned(clause.body, letter):
            continue
        for position in range(size):
            mapping = {letter: af.of(position)}
            args = tuple(af.of(position) if n == axis else a for n, a in enumerate(clause.args))
            ranges = {i: r for i, r in clause.ranges.items() if i is not letter}
            body = present(_settled(substitute(clause.body, mapping), ranges), ranges, style)
            yield Clause(args, ranges, body)
        return
    yield clause


def _settled(body: Expr, ranges: Ranges) -> Expr:
    """Brackets whose condition is settled, carried out."""

    def change(node: Node) -> Node:
        match node:
            case Cases(((cond, inner),), otherwise):
                truth = decide(cond, ranges)
                return node if truth is None else inner if truth else otherwise
            case Add(terms):
                return s.add(terms)
            case Mul(factors):
                return s.mul(factors)
            case _:
                return node

    return rebuild(body, change)


def _length(range_: Range, model: Model) -> int | None:
    """The number of positions, where it is known."""
    size = af.shift(range_.hi, 1)
    for dim in af.dims(size):
        number = model.dims.get(dim.name)
        if number is None:
            return None
        size = af.plus(af.plus(size, af.of(dim), -1), af.of(number))
    return af.number(size) if range_.lo is af.ZERO else None


def _pinned(body: Expr, letter: Index) -> bool:
    """Whether every term is for one position of the letter only."""
    for term in body.terms if isinstance(body, Add) else (body,):
        cond, _ = s.split_guard(term)
        if not any(_fixes(part, letter) for part in conjuncts(cond)):
            return False
    return True


def _fixes(cond: Cond, letter: Index) -> bool:
    match cond:
        case Compare("==", Value(left), Value(right)):
            sides = (left, right)
            return any(
                af.letter(a) is letter and af.number(b) is not None for a, b in (sides, sides[::-1])
            )
        case _:
            return False
