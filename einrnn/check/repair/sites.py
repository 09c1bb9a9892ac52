"""Places in an expression, what is bound there, and expressions changed in one place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

from einrnn.core import affine as af
from einrnn.core.build import ONE, ZERO
from einrnn.core.model import Range
from einrnn.core.nodes import (
    Add,
    Affine,
    And,
    Argument,
    Cases,
    Compare,
    Cond,
    Expr,
    Index,
    Matrix,
    Mul,
    Node,
    Not,
    Number,
    Or,
    Pow,
    Reduce,
)
from einrnn.core.traverse import parts, with_parts

Path = tuple[int, ...]
Scope = Mapping[Index, Range]


@dataclass(frozen=True)
class Site:
    """A subexpression at a place of a whole; ``scope`` has the indices that may occur there.

    ``linear`` tells that the whole depends on it through sums, products and cases alone,
    and ``outer`` are the indices that are free in the whole.
    """

    path: Path
    node: Expr
    scope: Scope
    linear: bool
    outer: frozenset[Index]


def is_expr(node: Node) -> bool:
    """Whether a node is a number-valued expression."""
    return not isinstance(node, (Affine, Argument, Compare, And, Or, Not))


def sites(root: Expr, ranges: Scope) -> Iterator[Site]:
    """Every place at which a subexpression stands, from the outside in."""
    outer = frozenset(ranges)
    pending: list[tuple[Path, Node, Scope, bool]] = [((), root, ranges, True)]
    while pending:
        path, node, scope, linear = pending.pop(0)
        if isinstance(node, Affine):
            continue
        if is_bracket(node):
            yield Site(path, cast(Expr, node), scope, linear, outer)
            continue
        if is_expr(node):
            yield Site(path, cast(Expr, node), scope, linear, outer)
        below = _scope_below(node, scope)
        passes = linear and _is_linear(node)
        for position, part in enumerate(parts(node)):
            if isinstance(node, Pow) and isinstance(part, Number):
                continue  # an exponent is edited with its power
            pending.append(((*path, position), part, below, passes))


def is_bracket(node: Node) -> bool:
    """Whether a node is 1 where a condition holds and else 0; it is edited as one."""
    return isinstance(node, Cases) and node.otherwise is ZERO and node.branches[0][1] is ONE


def _scope_below(node: Node, scope: Scope) -> Scope:
    match node:
        case Reduce(_, index, lo, hi, _):
            return {**scope, index: Range(lo, hi)}
        case Matrix(_, row, column, size):
            return {**scope, **dict.fromkeys((row, column), Range(af.ZERO, af.last(size)))}
        case _:
            return scope


def _is_linear(node: Node) -> bool:
    if isinstance(node, Reduce):
        return node.op == "sum"
    return type(node).__name__ in ("Add", "Mul", "Cases")


def node_at(root: Node, path: Path) -> Node:
    """The part at a place."""
    for step in path:
        root = parts(root)[step]
    return root


def put(root: Expr, path: Path, new: Expr | Cond) -> Expr:
    """The whole with another part at a place; sums and products stay flat and short."""
    spine: list[Node] = [root]
    for step in path:
        spine.append(parts(spine[-1])[step])
    changed: Node = new
    for node, step in zip(reversed(spine[:-1]), reversed(path), strict=True):
        below = list(parts(node))
        below[step] = changed
        changed = over(node, tuple(below))
    return cast(Expr, changed)


def over(node: Node, below: tuple[Node, ...]) -> Node:
    """The node over other parts, with sums and products flat."""
    if isinstance(node, Add):
        return addition(cast("tuple[Expr, ...]", below))
    if isinstance(node, Mul):
        return product(cast("tuple[Expr, ...]", below))
    return with_parts(node, below)


def addition(terms: tuple[Expr, ...]) -> Expr:
    """A sum of terms without zeros and without sums among them."""
    flat: list[Expr] = []
    for term in terms:
        flat += term.terms if isinstance(term, Add) else (term,)
    flat = [term for term in flat if term is not ZERO]
    return ZERO if not flat else flat[0] if len(flat) == 1 else Add(tuple(flat))


def product(factors: tuple[Expr, ...]) -> Expr:
    """A product without products among its factors, its whole numbers in front."""
    number = Fraction(1)
    flat: list[Expr] = []
    for factor in factors:
        for part in factor.factors if isinstance(factor, Mul) else (factor,):
            if isinstance(part, Number):
                number *= part.value
            else:
                flat.append(part)
    if number == 0:
        return ZERO
    if number != 1:
        flat.insert(0, Number(number))
    return ONE if not flat else flat[0] if len(flat) == 1 else Mul(tuple(flat))


def negated(expr: Expr) -> Expr:
    """The expression with the other sign; that of a sum, term by term."""
    if isinstance(expr, Add):
        return Add(tuple(negated(term) for term in expr.terms))
    return product((Number(Fraction(-1)), expr))


def terms_of(expr: Expr) -> tuple[Expr, ...]:
    """The terms of a sum, or the expression alone."""
    return expr.terms if isinstance(expr, Add) else (expr,)


def factors_of(expr: Expr) -> tuple[Expr, ...]:
    """The factors of a product, or the expression alone."""
    return expr.factors if isinstance(expr, Mul) else (expr,)


def axis_of(letter: Index, scope: Scope) -> Affine | None:
    """The size of the axis that a letter runs along, as far as its range tells."""
    span = scope[letter]
    free = span.hi.free
    if not free:
        return af.shift(span.hi, 1)
    outer = af.letter(span.hi) or next(iter(sorted(free, key=lambda i: i.name)))
    if outer in scope and outer is not letter and len(free) == 1:
        return axis_of(outer, {i: r for i, r in scope.items() if i is not letter})
    return None
