"""Where an expression can be edited: its subexpressions with what is bound around them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import cast

from einrnn.core import affine as af
from einrnn.core.build import ONE, ZERO, is_bracket
from einrnn.core.model import Range
from einrnn.core.nodes import (
    Add,
    Affine,
    And,
    Argument,
    Cases,
    Compare,
    Derivative,
    Element,
    Expr,
    Index,
    Matrix,
    Mul,
    Node,
    Not,
    Number,
    Opaque,
    Or,
    Pow,
    Reduce,
)
from einrnn.core.traverse import parts, rebuild, walk, with_parts
from einrnn.dataclass import dataclass

Ranges = Mapping[Index, Range]
Path = tuple[int, ...]

MINUS = Number(Fraction(-1))


@dataclass(frozen=True)
class Place:
    """An occurrence of a subexpression or of a condition; ``above`` is what it is part of."""

    path: Path
    node: Node
    ranges: Ranges
    above: Node | None


def places(root: Expr, ranges: Ranges) -> list[Place]:
    """All occurrences, wholes before parts. Derivatives and opaque functions are one piece."""
    found: list[Place] = []
    stack: list[Place] = [Place((), root, ranges, None)]
    while stack:
        place = stack.pop()
        node = place.node
        if isinstance(node, Affine | Argument):
            continue
        found.append(place)
        if isinstance(node, Element | Derivative | Opaque):
            continue
        if is_bracket(node):
            stack.append(Place((*place.path, 0), parts(node)[0], place.ranges, node))
            continue
        below = [
            Place((*place.path, number), part, _inside(node, part, place.ranges), node)
            for number, part in enumerate(parts(node))
        ]
        stack += reversed(below)
    return found


def _inside(node: Node, part: Node, ranges: Ranges) -> Ranges:
    if isinstance(node, Reduce) and part is node.body:
        return {**ranges, node.index: Range(node.lo, node.hi)}
    if isinstance(node, Matrix) and part is node.body:
        side = Range(af.ZERO, af.last(node.size))
        return {**ranges, node.row: side, node.column: side}
    return ranges


def replaced(root: Expr, path: Path, new: Node) -> Expr:
    """The expression with another node at one place."""
    spine: list[Node] = [root]
    for number in path:
        spine.append(parts(spine[-1])[number])
    result = new
    for node, number in zip(reversed(spine[:-1]), reversed(path), strict=True):
        below = list(parts(node))
        below[number] = result
        result = with_parts(node, tuple(below))
    return cast(Expr, result)


def flat(expr: Expr) -> Expr:
    """The same with products in products and sums in sums written side by side, numbers in
    front, and neutral parts left out."""
    return rebuild(expr, _flat_node)


def _flat_node(node: Node) -> Node:
    match node:
        case Mul():
            return product(node.factors)
        case Add():
            return total(node.terms)
        case Pow(base, Number(exponent)) if exponent == 1:
            return base
        case Pow(_, Number(exponent)) if exponent == 0:
            return ONE
        case Pow(Pow(base, Number(inner)), Number(outer)) if (
            inner.denominator == 1 == (outer.denominator)
        ):
            return _flat_node(Pow(base, Number(inner * outer)))
        case _:
            return node


def factors_of(expr: Node) -> tuple[Expr, ...]:
    """The factors of a product; of anything else the thing itself."""
    return expr.factors if isinstance(expr, Mul) else (cast(Expr, expr),)


def terms_of(expr: Node) -> tuple[Expr, ...]:
    """The terms of a sum; of anything else the thing itself."""
    return expr.terms if isinstance(expr, Add) else (cast(Expr, expr),)


def product(factors: tuple[Expr, ...]) -> Expr:
    """The product, flattened, its number in front."""
    constant = Fraction(1)
    kept: list[Expr] = []
    for factor in (inner for outer in factors for inner in factors_of(outer)):
        if isinstance(factor, Number):
            constant *= factor.value
        else:
            kept.append(factor)
    if constant == 0 or not kept:
        return Number(constant)
    if constant != 1:
        kept.insert(0, Number(constant))
    return kept[0] if len(kept) == 1 else Mul(tuple(kept))


def total(terms: tuple[Expr, ...]) -> Expr:
    """The sum, flattened, without zeros."""
    kept = [inner for outer in terms for inner in terms_of(outer) if inner is not ZERO]
    return ZERO if not kept else kept[0] if len(kept) == 1 else Add(tuple(kept))


def without_sign(expr: Expr) -> Expr:
    """``-(a - b) c`` written as ``(b - a) c``."""
    if not isinstance(expr, Mul) or expr.factors[0] is not MINUS:
        return expr
    summed = expr.factors[1]
    if len(expr.factors) == 2 and isinstance(summed, Reduce) and summed.op == "sum":
        inner = product((MINUS, summed.body))
        turned = without_sign(inner)
        if turned is not inner:
            return Reduce("sum", summed.index, summed.lo, summed.hi, turned)
    for number_, factor in enumerate(expr.factors):
        if isinstance(factor, Add) and any(_is_negative(term) for term in factor.terms):
            turned = [product((MINUS, term)) for term in factor.terms]
            turned.sort(key=_is_negative)
            rest = expr.factors[1:number_], expr.factors[number_ + 1 :]
            return product((*rest[0], total(tuple(turned)), *rest[1]))
    return expr


def _is_negative(term: Expr) -> bool:
    head = factors_of(term)[0]
    return isinstance(head, Number) and head.value < 0


def weight(node: Node) -> int:
    """How much there is to read: the pieces of an expression, index arguments aside."""
    return sum(1 for _ in _pieces(node))


def _pieces(node: Node) -> Iterator[Node]:
    stack = [node]
    while stack:
        top = stack.pop()
        if isinstance(top, Affine):
            continue
        if not isinstance(top, Mul | Add | And | Or | Not | Compare | Cases):
            yield top
        stack.extend(parts(top))


def expanded(expr: Expr, most: int = 24) -> Expr:
    """Products of sums multiplied out, and sums over an index of sums taken term by term,
    as long as no more than ``most`` terms come out anywhere."""

    def change(node: Node) -> Node:
        if isinstance(node, Mul):
            return _multiplied(node, most)
        if isinstance(node, Reduce) and node.op == "sum" and isinstance(node.body, Add):
            rows = (Reduce("sum", node.index, node.lo, node.hi, t) for t in node.body.terms)
            return Add(tuple(rows))
        return _flat_node(node)

    return flat(rebuild(expr, change))


def _multiplied(node: Mul, most: int) -> Expr:
    rows: list[tuple[Expr, ...]] = [()]
    for factor in node.factors:
        terms = terms_of(factor)
        if len(rows) * len(terms) > most:
            return product(node.factors)
        rows = [(*row, term) for row in rows for term in terms]
    return total(tuple(product(row) for row in rows))


def has_derivative(expr: Expr) -> bool:
    """Whether a derivative that is not carried out occurs."""
    return any(isinstance(node, Derivative) for node in walk(expr))
