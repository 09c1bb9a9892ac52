"""Clauses to definitions: which positions exist, and which clause computes which."""

from __future__ import annotations

from dataclasses import replace

from einrnn.core import affine as af
from einrnn.core.model import Clause, Definition, Range
from einrnn.core.nodes import Affine, Index
from einrnn.dataclass import dataclass
from einrnn.errors import Related, Span
from einrnn.language.elaborate import Context, Elaborator, Reading
from einrnn.language.problem import fail
from einrnn.language.resolve import ClauseTerms
from einrnn.language.sizes import Variable
from einrnn.language.sizing import Letters, Sizing, size_of


@dataclass(frozen=True)
class SizedClause:
    """A clause with the size variables of its letters."""

    terms: ClauseTerms
    letters: Letters

    def constant(self, axis: int) -> Affine | None:
        """The fixed position of this clause on an axis; None for a letter."""
        return size_of(self.terms.args[axis])


def hint_sizes(axes: list[Variable], clauses: list[SizedClause]) -> None:
    """What constant positions say about the sizes of axes: ``be[T-1,i]`` suggests T."""
    for number, axis in enumerate(axes):
        fixed = [constant for c in clauses if (constant := c.constant(number)) is not None]
        lettered = len(fixed) < len(clauses)
        numbers = [value.constant for value in fixed if not value.terms]
        for value in fixed:
            if value.terms and all(times == 1 for _, times in value.terms):
                axis.root().hints.append(af.shift(value, -value.constant))
        if not lettered and len(numbers) == len(fixed) and axis.size() is None:
            axis.root().value = af.of(max(*numbers, 0) + 1)


def define(
    name: str, clauses: list[SizedClause], sizing: Sizing, span: Span
) -> tuple[Definition, list[Reading]]:
    """The definition of a name and the reads to be checked against ranges."""
    ordered = _ordered(name, clauses)
    count = len(clauses[0].terms.args)
    axes = tuple(_axis(number, clauses, sizing.axis(name, number)) for number in range(count))
    readings: list[Reading] = []
    done: list[Clause] = []
    for clause in ordered:
        general = all(clause.constant(number) is None for number in range(count))
        ranges = _ranges(clause, axes, sizing, ordered if general else [])
        elaborator = Elaborator(clause.letters)
        context = Context(ranges)
        args = tuple(elaborator.arg(arg, context) for arg in clause.terms.args)
        body = elaborator.expression(clause.terms.body, context)
        readings += elaborator.readings
        done.append(Clause(args, ranges, body))
    late = any(clause.terms.late for clause in clauses)
    return Definition(name, axes, tuple(done), late, span), readings


def _ordered(name: str, clauses: list[SizedClause]) -> list[SizedClause]:
    """Clauses with constants first, in the order of writing; duplicates are errors."""
    seen: dict[tuple[Affine | None, ...], SizedClause] = {}
    for clause in clauses:
        pattern = tuple(clause.constant(axis) for axis in range(len(clause.terms.args)))
        if pattern in seen:
            raise fail(
                "E402",
                f"the same entries of {name} are defined twice",
                clause.terms.span,
                "again",
                "remove one of the two",
                (Related(seen[pattern].terms.span, "first here"),),
            )
        seen[pattern] = clause
    boundary = [clause for pattern, clause in seen.items() if any(c is not None for c in pattern)]
    return boundary + [clause for clause in clauses if clause not in boundary]


def _axis(number: int, clauses: list[SizedClause], size: Variable) -> Range:
    """The positions of an axis: 0 to size-1, extended by constants off the ends."""
    fixed = [constant for c in clauses if (constant := c.constant(number)) is not None]
    if len(fixed) == len(clauses):
        lo = hi = fixed[0]
    else:
        value = size.size()
        assert value is not None
        lo, hi = af.ZERO, af.last(value)
    for value in fixed:
        lo = value if _less(value, lo) else lo
        hi = value if _less(hi, value) else hi
    return Range(lo, hi)


def _less(left: Affine, right: Affine) -> bool:
    difference = af.number(af.minus(right, left))
    return difference is not None and difference > 0


def _ranges(
    clause: SizedClause, axes: tuple[Range, ...], sizing: Sizing, others: list[SizedClause]
) -> dict[Index, Range]:
    """The values of a clause's letters, less the ends that boundary clauses take."""
    ranges: dict[Index, Range] = {}
    position = 0
    for number in range(len(axes)):
        if clause.constant(number) is not None:
            continue
        letter = clause.terms.letters[position]
        position += 1
        size = sizing.axis(clause.terms.name, number).size()
        assert size is not None
        limits = Range(af.ZERO, af.last(size))
        ranges[Index(letter)] = _tighten(limits, number, len(axes), others)
    return ranges


def _tighten(limits: Range, number: int, count: int, others: list[SizedClause]) -> Range:
    """Drop first and last positions for which a boundary clause speaks everywhere else."""
    taken: list[Affine] = []
    for other in others:
        fixed = other.constant(number)
        rest = (other.constant(axis) for axis in range(count) if axis != number)
        if fixed is not None and all(constant is None for constant in rest):
            taken.append(fixed)
    while limits.lo in taken:
        limits = replace(limits, lo=af.shift(limits.lo, 1))
    while limits.hi in taken:
        limits = replace(limits, hi=af.shift(limits.hi, -1))
    return limits
