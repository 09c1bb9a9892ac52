"""Reads outside a range: shown safe by interval arithmetic, else tried at small sizes.

Each axis by itself first; where all are inside, a definition may still have no clause for
what they come to together, such as a corner between two boundaries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product

from einrnn.core import affine as af
from einrnn.core.model import Clause, Definition, Range
from einrnn.core.nodes import Affine, And, Compare, Cond, Dim, Element, Index, Not, Or, Value
from einrnn.core.traverse import walk
from einrnn.language.elaborate import Context

_SIZES = ((4, 5, 7), (5, 7, 4), (2, 3, 2), (1, 1, 1))
_MOST = 100_000
Values = dict[Index | Dim, int]


def outside(
    at: Affine, axis: Range, context: Context, numbers: Mapping[str, int | None]
) -> dict[Index | Dim, int] | None:
    """Values at which a position leaves its axis, or None where it never does."""
    if any(isinstance(atom, Element) for atom, _ in at.terms):
        return None
    if _is_whole(at, axis, context) or _stays(at, axis, context, numbers):
        return None

    def leaves(values: Values) -> bool:
        number, lo, hi = (evaluate(end, values) for end in (at, axis.lo, axis.hi))
        return number is not None and lo is not None and hi is not None and not lo <= number <= hi

    return _search((at, axis.lo, axis.hi), context, numbers, leaves)


def uncovered(
    args: Sequence[Affine],
    definition: Definition,
    context: Context,
    numbers: Mapping[str, int | None],
) -> dict[Index | Dim, int] | None:
    """Values at which no clause gives an entry each of whose positions is in the range of its
    axis, or None where there are none."""
    if any(isinstance(atom, Element) for arg in args for atom, _ in arg.terms):
        return None
    last = definition.clauses[-1]
    beyond = [
        arg
        for own, arg, axis in zip(last.args, args, definition.axes, strict=True)
        if _limits(own, last) != axis and not _stays(arg, _limits(own, last), context, numbers)
    ]
    if len(beyond) < 2:  # what one axis lacks of the last clause, another clause has
        return None

    def is_missing(values: Values) -> bool:
        at = [evaluate(arg, values) for arg in args]
        return not any(_gives(clause, at, values) for clause in definition.clauses)

    ends = [end for axis in definition.axes for end in (axis.lo, axis.hi)]
    return _search((*args, *ends), context, numbers, is_missing)


def _limits(arg: Affine, clause: Clause) -> Range:
    """What an axis of a clause runs over."""
    letter = af.letter(arg)
    return Range(arg, arg) if letter is None else clause.ranges[letter]


def _stays(arg: Affine, limits: Range, context: Context, numbers: Mapping[str, int | None]) -> bool:
    """Whether a position is provably inside limits."""
    ends = af.minus(arg, limits.lo), af.minus(limits.hi, arg)
    return all(_never_negative(end, context, numbers) for end in ends)


def _gives(clause: Clause, at: Sequence[int | None], values: Values) -> bool:
    for arg, number in zip(clause.args, at, strict=True):
        limits = _limits(arg, clause)
        lo, hi = evaluate(limits.lo, values), evaluate(limits.hi, values)
        if number is not None and lo is not None and hi is not None and not lo <= number <= hi:
            return False
    return True


def _is_whole(at: Affine, axis: Range, context: Context) -> bool:
    """The common case: a letter that runs over the axis itself."""
    letter = af.letter(at)
    limits = context.ranges.get(letter) if letter is not None else None
    if limits is None or limits.hi is not axis.hi or limits.lo is not af.ZERO:
        return False
    return not axis.lo.terms and axis.lo.constant <= 0


def _never_negative(value: Affine, context: Context, numbers: Mapping[str, int | None]) -> bool:
    """Whether an index expression is at least 0 for all values of its indices."""
    for index, limits in reversed(list(context.ranges.items())):
        times = af.coefficient(value, index)
        if times:
            end = limits.lo if times > 0 else limits.hi
            value = af.plus(af.plus(value, af.of(index), -times), end, times)
    least = value.constant
    for atom, times in value.terms:
        number = numbers.get(atom.name) if isinstance(atom, Dim) else None
        if number is not None:
            least += times * number
        elif isinstance(atom, Dim) and times > 0:
            least += times
        else:
            return False
    return least >= 0


def _search(
    roots: Sequence[Affine],
    context: Context,
    numbers: Mapping[str, int | None],
    wanted: Callable[[Values], bool],
) -> Values | None:
    """The first small values of indices and sizes that are wanted, all conditions being met."""
    indices = _relevant(roots, context)
    dims = _dims(roots, context, indices)
    for sizes in _SIZES:
        start: Values = {}
        for position, dim in enumerate(dims):
            number = numbers.get(dim.name)
            start[dim] = sizes[position % len(sizes)] if number is None else number
        for values in _assignments(indices, context, start):
            if wanted(values) and all(
                holds(cond, values) is not False for cond in context.conditions
            ):
                return values
    return None


def _relevant(roots: Sequence[Affine], context: Context) -> list[Index]:
    """The indices that decide where a read lands, in the order they are bound."""
    wanted = {index for root in roots for index in root.free}
    size = -1
    while size != len(wanted):
        size = len(wanted)
        for index, limits in context.ranges.items():
            if index in wanted:
                wanted |= limits.lo.free | limits.hi.free
        for cond in context.conditions:
            if cond.free & wanted:
                wanted |= cond.free
    return [index for index in context.ranges if index in wanted]


def _dims(roots: Sequence[Affine], context: Context, indices: list[Index]) -> list[Dim]:
    ranges = [context.ranges[index] for index in indices]
    ends = [end for r in ranges for end in (r.lo, r.hi)]
    found: dict[Dim, None] = {}
    for node in walk(*roots, *ends, *context.conditions):
        if isinstance(node, Affine):
            found |= dict.fromkeys(af.dims(node))
    return list(found)


def _assignments(indices: list[Index], context: Context, start: Values) -> Iterator[Values]:
    """All values of the indices, the ranges of later ones depending on earlier ones."""
    if _count(indices, context, start) > _MOST:
        return
    spans: list[range] = []
    for index in indices:
        limits = context.ranges[index]
        spans.append(_widest(limits, context, start))
    for chosen in product(*spans):
        values = {**start, **dict(zip(indices, chosen, strict=True))}
        if all(_inside(values, index, context.ranges[index]) for index in indices):
            yield values


def _inside(values: Values, index: Index, limits: Range) -> bool:
    lo, hi = evaluate(limits.lo, values), evaluate(limits.hi, values)
    return lo is not None and hi is not None and lo <= values[index] <= hi


def _widest(limits: Range, context: Context, start: Values) -> range:
    biggest = max((value for value in start.values()), default=1) + 1
    lo, hi = evaluate(limits.lo, start), evaluate(limits.hi, start)
    constant = max(abs(limits.lo.constant), abs(limits.hi.constant))
    return range(
        -biggest - constant if lo is None else lo,
        (biggest + constant if hi is None else hi) + 1,
    )


def _count(indices: list[Index], context: Context, start: Values) -> int:
    count = 1
    for index in indices:
        count *= max(len(_widest(context.ranges[index], context, start)), 1)
    return count


def evaluate(value: Affine, values: Values) -> int | None:
    """The number, where every atom has a value."""
    total = value.constant
    for atom, times in value.terms:
        known = values.get(atom) if isinstance(atom, Index | Dim) else None
        if known is None:
            return None
        total += times * known
    return total


def holds(cond: Cond, values: Values) -> bool | None:
    """Whether a condition holds; None where that depends on entries of tensors."""
    match cond:
        case Compare(op, Value(left), Value(right)):
            a, b = evaluate(left, values), evaluate(right, values)
            if a is None or b is None:
                return None
            return {
                "==": a == b,
                "!=": a != b,
                "<": a < b,
                "<=": a <= b,
                ">": a > b,
                ">=": a >= b,
            }[op]
        case Compare():
            return None
        case Not(part):
            inner = holds(part, values)
            return None if inner is None else not inner
        case And(parts):
            found = [holds(part, values) for part in parts]
            return False if False in found else None if None in found else True
        case Or(parts):
            found = [holds(part, values) for part in parts]
            return True if True in found else None if None in found else False
