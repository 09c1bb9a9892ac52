"""A parametric recurrence contracted with a cotangent over its parameters.

From ``G[t,m,r,n] = b[t,m,r,n] + Σ_p G[t,m,r+1,p] A[r+1,p,n]`` follows, for
``λ[r,n] = Σ_tm c[t,m] G[t,m,r,n]``, the recurrence ``λ[r,n] = Σ_tm c[t,m] b[t,m,r,n] +
Σ_p λ[r+1,p] A[r+1,p,n]``, which has one time index.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from einrnn.core import affine as af
from einrnn.core.build import ZERO
from einrnn.core.model import Clause, Definition, Model, Range
from einrnn.core.nodes import Add, Affine, Cases, Compare, Element, Expr, Index, Mul, Node, Reduce
from einrnn.core.trampoline import Steps, trampoline
from einrnn.core.traverse import elements, fresh, substitute, walk
from einrnn.dataclass import dataclass
from einrnn.symbolic import simplify as s
from einrnn.symbolic.derived import renamed
from einrnn.symbolic.ranges import Ranges, at_least_zero
from einrnn.symbolic.sweep.system import System
from einrnn.symbolic.sweep.terms import opened
from einrnn.symbolic.tidy import tidy


class NotLinear(Exception):
    """The recurrence is not linear in itself, or its coefficients depend on a parameter."""


@dataclass(frozen=True)
class Cotangent:
    """``weight`` as a function of letters, one per contracted and per kept parameter.

    ``summed`` maps contracted axes (of the system's ``name``) to letter and range; ``kept``
    maps the axes of parameters that stay to letters and the ranges they are read in, equal
    ones where they run together; ``extra`` are the weight's further indices, which become
    axes of the result.
    """

    weight: Expr
    summed: Mapping[int, tuple[Index, Range]]
    kept: Mapping[int, tuple[Index, Range]]
    extra: Mapping[Index, Range]


@dataclass(frozen=True)
class _Work:
    system: System
    names: Mapping[str, str]
    cotangent: Cotangent

    def axis(self, axis: int, member: str) -> int:
        """The axis of a member that corresponds to a parameter's axis of ``name``."""
        return self.system.parameters[axis][member]

    def left_out(self, member: str) -> set[int]:
        """The axes that the contracted tensor does not have: summed ones, and repetitions."""
        gone = {self.axis(axis, member) for axis in self.cotangent.summed}
        seen: set[Index] = set()
        for axis, (letter, _) in self.cotangent.kept.items():
            gone |= {self.axis(axis, member)} if letter in seen else set()
            seen.add(letter)
        return gone

    def args(self, member: str, args: tuple[Affine, ...]) -> tuple[Affine, ...]:
        """The positions of the contracted tensor where the member's are ``args``."""
        gone = self.left_out(member)
        rest = tuple(arg for at, arg in enumerate(args) if at not in gone)
        return (*rest, *(af.of(index) for index in self.cotangent.extra))


def contracted_system(
    model: Model, system: System, names: Mapping[str, str], cotangent: Cotangent
) -> dict[str, Definition]:
    """The definitions of the contracted tensors; ``names`` maps each member to its name.

    Raises NotLinear where the system cannot be contracted.
    """
    work = _Work(system, names, cotangent)
    return {names[name]: _definition(model.definitions[name], work) for name in system.members}


def entry_of(
    system: System, names: Mapping[str, str], cotangent: Cotangent, element: Element
) -> Element:
    """The entry of the contracted tensor that stands for a contracted entry."""
    work = _Work(system, names, cotangent)
    return Element(names[element.tensor], work.args(element.tensor, element.args))


def _definition(old: Definition, work: _Work) -> Definition:
    gone = work.left_out(old.name)
    narrow = {work.axis(axis, old.name): span for axis, (_, span) in work.cotangent.kept.items()}
    axes = tuple(narrow.get(at, axis) for at, axis in enumerate(old.axes) if at not in gone)
    clauses = tuple(_clause(clause, old.name, work) for clause in old.clauses)
    extra = tuple(work.cotangent.extra.values())
    return Definition(work.names[old.name], (*axes, *extra), clauses)


def _clause(original: Clause, member: str, work: _Work) -> Clause:
    cotangent = work.cotangent
    clause = renamed(original, cotangent.weight.free | frozenset(cotangent.extra))
    mapping: dict[Index, Affine] = {}
    merged: dict[Index, Affine] = {}
    inner = dict(clause.ranges)
    for axis, (index, range_) in (*cotangent.summed.items(), *cotangent.kept.items()):
        letter = af.letter(clause.args[work.axis(axis, member)])
        if letter is None or not _covers(clause.ranges[letter], range_):
            raise NotLinear
        inner[letter] = range_
        if index in mapping:
            merged[letter] = mapping[index]
        mapping.setdefault(index, af.of(letter))
    sums = _letters(mapping, cotangent.summed)
    fixed = frozenset(letter for letter, _ in sums)
    inside = _Inside(work, substitute(cotangent.weight, mapping), sums, fixed)
    body = contract(substitute(clause.body, merged), {**inner, **cotangent.extra}, inside)
    gone = fixed | merged.keys()
    ranges = {letter: inner[letter] for letter in clause.ranges if letter not in gone}
    ranges.update(cotangent.extra)
    return Clause(work.args(member, clause.args), ranges, tidy(body, ranges))


def _letters(
    mapping: Mapping[Index, Affine], summed: Mapping[int, tuple[Index, Range]]
) -> tuple[tuple[Index, Range], ...]:
    """The clause's own letters for those that are summed."""
    pairs = [(af.letter(mapping[index]), span) for index, span in summed.values()]
    return tuple((letter, span) for letter, span in pairs if letter is not None)


def _covers(outer: Range, inner: Range) -> bool:
    return at_least_zero(af.minus(inner.lo, outer.lo), {}) and at_least_zero(
        af.minus(outer.hi, inner.hi), {}
    )


@dataclass(frozen=True)
class _Inside:
    """What the parts of one clause need: the weight in its letters, and what is summed."""

    work: _Work
    weight: Expr
    sums: tuple[tuple[Index, Range], ...]
    letters: frozenset[Index]

    def recurrent(self, node: Node) -> bool:
        """Whether an entry of the system occurs."""
        return any(e.tensor in self.work.system.members for e in elements(node))

    def summed(self, node: Expr, ranges: Ranges) -> Expr:
        """The weighted sum of what does not recur, with every delta on a summed letter used."""
        outside = {index: span for index, span in ranges.items() if index not in self.letters}
        terms = opened(s.mul((self.weight, node)), ranges, self._pins)
        return s.add(replace(t, sums=(*self.sums, *t.sums)).expression(outside) for t in terms)

    def _pins(self, node: Node) -> bool:
        return any(
            isinstance(part, Compare) and part.op == "==" and part.free & self.letters
            for part in walk(node)
        )


@trampoline
def contract(node: Expr, ranges: Mapping[Index, Range], inside: _Inside) -> Steps[Expr]:
    """``Σ weight * node`` over the contracted letters, with contracted entries where it recurs."""
    if not inside.recurrent(node):
        return inside.summed(node, ranges)
    match node:
        case Element(tensor, args):
            return Element(inside.work.names[tensor], inside.work.args(tensor, args))
        case Add(terms):
            parts: list[Expr] = []
            for term in terms:
                parts.append((yield contract.steps(term, ranges, inside)))
            return s.add(parts)
        case Mul(factors):
            return (yield _product(factors, ranges, inside))
        case Reduce("sum", index, lo, hi, body) if not (lo.free | hi.free) & inside.letters:
            new = fresh(index, set(ranges) | inside.weight.free)
            body = substitute(body, {index: af.of(new)})
            span = Range(lo, hi)
            summed: Expr = yield contract.steps(body, {**ranges, new: span}, inside)
            return s.total(new, span, summed, ranges)
        case Cases(branches, otherwise):
            rows: list[tuple[object, Expr]] = []
            for cond, value in branches:
                if cond.free & inside.letters or inside.recurrent(cond):
                    raise NotLinear
                rows.append((cond, (yield contract.steps(value, ranges, inside))))
            last: Expr = yield contract.steps(otherwise, ranges, inside)
            return s.cases(rows, last, ranges)  # type: ignore[arg-type]
        case _:
            raise NotLinear


def _product(
    factors: tuple[Expr, ...], ranges: Mapping[Index, Range], inside: _Inside
) -> Steps[Expr]:
    """One factor recurs; the others must not depend on what is summed."""
    recurrent = [factor for factor in factors if inside.recurrent(factor)]
    others = [factor for factor in factors if factor not in recurrent]
    if len(recurrent) != 1 or any(factor.free & inside.letters for factor in others):
        raise NotLinear
    if factors.count(recurrent[0]) != 1:
        raise NotLinear
    value: Expr = yield contract.steps(recurrent[0], ranges, inside)
    return ZERO if value is ZERO else s.mul((*others, value))
