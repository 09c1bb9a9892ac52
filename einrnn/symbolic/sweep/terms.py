"""Expressions as sums of products whose summed indices, conditions and factors lie open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from einrnn.core import affine as af
from einrnn.core.build import ONE, TRUE, ZERO, compare
from einrnn.core.model import Definition, Range
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
from einrnn.core.traverse import fresh, substitute, walk
from einrnn.dataclass import dataclass
from einrnn.symbolic import simplify as s
from einrnn.symbolic.ranges import Ranges, conjunction, conjuncts, decide, within
from einrnn.symbolic.tidy import tidy

_MOST = 64


@dataclass(frozen=True)
class Term:
    """``Σ_sums [conds] Π factors``; the range of an index may depend on those before it."""

    sums: tuple[tuple[Index, Range], ...] = ()
    conds: tuple[Cond, ...] = ()
    factors: tuple[Expr, ...] = ()

    def ranges(self, outside: Ranges) -> dict[Index, Range]:
        """The ranges of all indices inside the sums."""
        return {**outside, **dict(self.sums)}

    def expression(self, outside: Ranges) -> Expr:
        """The term as one expression, with deltas carried out."""
        body = s.guard(
            conjunction(self.conds, self.ranges(outside)),
            s.mul(self.factors),
            self.ranges(outside),
        )
        for number in reversed(range(len(self.sums))):
            index, range_ = self.sums[number]
            body = s.total(index, range_, body, {**outside, **dict(self.sums[:number])})
        return body


def opened(expr: Expr, outside: Ranges, wanted: Callable[[Node], bool]) -> list[Term]:
    """The terms of an expression, taken apart where ``wanted`` parts are inside.

    More than 64 terms stay closed.
    """
    taken = set(outside)
    done: list[Term] = []
    open_terms: list[tuple[Term, tuple[Expr, ...]]] = [(Term(), (expr,))]
    while open_terms:
        term, rest = open_terms.pop()
        if not rest:
            done.append(term)
            continue
        head, tail = rest[0], rest[1:]
        if not wanted(head):
            open_terms.append((replace(term, factors=(*term.factors, head)), tail))
            continue
        match head:
            case Mul(factors):
                open_terms.append((term, (*factors, *tail)))
            case Add(terms) if len(terms) + len(open_terms) + len(done) <= _MOST:
                open_terms += [(term, (part, *tail)) for part in reversed(terms)]
            case Reduce("sum", index, lo, hi, body):
                new = fresh(index, taken)
                taken.add(new)
                inner = substitute(body, {index: af.of(new)})
                sums = (*term.sums, (new, Range(lo, hi)))
                open_terms.append((replace(term, sums=sums), (inner, *tail)))
            case Cases(((cond, value),), otherwise) if otherwise is ZERO and on_indices(cond):
                conds = (*term.conds, *conjuncts(cond))
                open_terms.append((replace(term, conds=conds), (value, *tail)))
            case _:
                open_terms.append((replace(term, factors=(*term.factors, head)), tail))
    return done


def pinned(expr: Expr, outside: Ranges) -> Expr:
    """An equal expression in which deltas on summed indices inside brackets are carried out.

    ``Σ_t Σ_k y[t,k] (δ[t,r] V[k,i] + …)`` has a delta that only shows once the bracket is
    multiplied out; the result is taken where fewer equalities are left in it.
    """
    before = _summed_deltas(expr)
    if not before:
        return expr
    terms = opened(expr, outside, lambda node: _equalities(node) > 0)
    result = tidy(s.add(term.expression(outside) for term in terms), outside)
    return result if _summed_deltas(result) < before else expr


def _summed_deltas(expr: Expr) -> int:
    """How many equalities there are that speak of a summed index."""
    summed = {node.index for node in walk(expr) if isinstance(node, Reduce) and node.op == "sum"}
    return sum(
        1
        for node in walk(expr)
        if isinstance(node, Compare) and node.op == "==" and node.free & summed
    )


def _equalities(expr: Node) -> int:
    return sum(1 for node in walk(expr) if isinstance(node, Compare) and node.op == "==")


def on_indices(cond: Cond) -> bool:
    """Whether every part of a conjunction compares two index expressions."""
    return all(
        isinstance(part, Compare) and isinstance(part.left, Value) and isinstance(part.right, Value)
        for part in conjuncts(cond)
    )


def widened(term: Term, letters: Iterable[Index], outside: Ranges) -> Term:
    """The term with no summed range that depends on ``letters``: conditions instead.

    ``Σ_t Σ_{r=0..t}`` becomes ``Σ_t Σ_{r=0..T-1} [r <= t]``, so that the order is free.
    """
    wide = set(letters)
    ranges = dict(outside)
    sums: list[tuple[Index, Range]] = []
    conds = list(term.conds)
    for index, range_ in term.sums:
        here = af.of(index)
        lo, hi = _end(range_.lo, wide, ranges, -1), _end(range_.hi, wide, ranges, 1)
        conds += [compare("<=", range_.lo, here)] if lo is not range_.lo else []
        conds += [compare("<=", here, range_.hi)] if hi is not range_.hi else []
        ranges[index] = Range(lo, hi)
        sums.append((index, ranges[index]))
    return replace(term, sums=tuple(sums), conds=tuple(conds))


def _end(end: Affine, letters: set[Index], ranges: Ranges, sign: int) -> Affine:
    """The least (``sign`` -1) or greatest value of an end over all values of the letters."""
    for letter in sorted(end.free & letters, key=lambda index: index.name):
        times = af.coefficient(end, letter)
        far = ranges[letter].hi if times * sign > 0 else ranges[letter].lo
        end = substitute(end, {letter: far})
    return end


def entry(definition: Definition, element: Element, ranges: Ranges) -> Expr | None:
    """The right side of a definition at an entry, where it is sure which clause gives it."""
    for clause in definition.clauses:
        mapping: dict[Index, Affine] = {}
        conds: list[Cond] = []
        for arg, at in zip(clause.args, element.args, strict=True):
            letter = af.letter(arg)
            if letter is None:
                conds.append(compare("==", at, arg))
            else:
                mapping[letter] = at
                conds.append(within(at, clause.ranges[letter], ranges))
        cond = conjunction(tuple(conds), ranges)
        if cond is TRUE:
            return substitute(clause.body, mapping)
        if decide(cond, ranges) is not False:
            return None
    return None


def product_of(
    factors: Iterable[Expr], conds: Iterable[Cond], ranges: Mapping[Index, Range]
) -> Expr:
    """``[conds] Π factors``; 1 where there is neither."""
    body = s.mul(factors) if (factors := tuple(factors)) else ONE
    return s.guard(conjunction(tuple(conds), ranges), body, ranges)
