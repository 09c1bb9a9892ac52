"""Which sums print may leave to the reader: those the left-side rule puts back."""

from __future__ import annotations

from einrnn.core import affine as af
from einrnn.core.model import Model
from einrnn.core.nodes import Add, Expr, Index, Mul, Reduce
from einrnn.core.traverse import elements, walk
from einrnn.language.naming import letters_in_order, tight, whole


def implied(node: Reduce, model: Model) -> bool:
    """Whether a sum may be left out in print."""
    if node.op != "sum" or not whole(node, model) or _is_unclear(node):
        return False
    return tight(node.body, node.index) or spread(node, model) is not None


def spread(expr: Expr, model: Model) -> tuple[Expr, ...] | None:
    """The factors of nested products and sums, written side by side, if reading them
    back by the left-side rule gives the same nesting; None where it does not.

    The rule is carried out on the factors: each letter, in order of first occurrence,
    is summed around the smallest product that has all its occurrences.
    """
    leaves, bound, shape = _collect(expr, model)
    if len(leaves) < 2 or (not bound and isinstance(expr, Mul)):
        return None
    read: Expr | None = Mul(tuple(leaves))
    order = [index for leaf in leaves for index in letters_in_order(leaf)]
    for index in dict.fromkeys(order):
        if index in bound and read is not None:
            read = _place(read, index, bound)
    return tuple(leaves) if read is shape else None


def _collect(expr: Expr, model: Model) -> tuple[list[Expr], dict[Index, Reduce], Expr]:
    """The factors below products and whole sums, the sums by letter, and the nesting
    with products in products spliced."""
    if isinstance(expr, Reduce) and _is_nest(expr, model):
        leaves, bound, shape = _collect(expr.body, model)
        own = Reduce("sum", expr.index, expr.lo, expr.hi, shape)
        return leaves, {expr.index: expr, **bound}, own
    if not isinstance(expr, Mul):
        return [expr], {}, expr
    leaves: list[Expr] = []
    bound: dict[Index, Reduce] = {}
    factors: list[Expr] = []
    for factor in expr.factors:
        if isinstance(factor, Mul):
            leaves.append(factor)
            factors.append(factor)
            continue
        inner, more, shape = _collect(factor, model)
        leaves += inner
        bound |= more
        factors.append(shape)
    return leaves, bound, Mul(tuple(factors))


def _is_nest(expr: Reduce, model: Model) -> bool:
    inside = expr.body
    nested = isinstance(inside, Mul) or (isinstance(inside, Reduce) and inside.op == "sum")
    return nested and expr.op == "sum" and whole(expr, model) and not _is_unclear(expr)


def _is_unclear(node: Reduce) -> bool:
    """Whether a reader needs to see the sum."""
    return _shifts(node) or _is_uneven(node)


def _is_uneven(node: Reduce) -> bool:
    """Whether the index is in some terms of a sum inside, while others have other indices:
    it is not clear that the sum is around all of them."""
    for inner in walk(node.body):
        if (
            isinstance(inner, Add)
            and node.index in inner.free
            and any(term.free and node.index not in term.free for term in inner.terms)
        ):
            return True
    return False


def _shifts(node: Reduce) -> bool:
    """Whether the index is also read shifted, as in ``s[t-1,j]``: such a sum is written out,
    so that the reader sees what runs."""
    return any(
        node.index in arg.free and af.letter(arg) is None
        for element in elements(node.body)
        for arg in element.args
    )


def _place(node: Expr, index: Index, bound: dict[Index, Reduce]) -> Expr | None:
    """The sum over a letter around the smallest product, or None where that is a factor."""
    if isinstance(node, Reduce) and bound.get(node.index) is not None:
        body = _place(node.body, index, bound)
        return None if body is None else Reduce("sum", node.index, node.lo, node.hi, body)
    if not isinstance(node, Mul):
        return None
    inside = [number for number, factor in enumerate(node.factors) if index in factor.free]
    sizes = bound[index]
    if len(inside) == len(node.factors):
        return Reduce("sum", index, sizes.lo, sizes.hi, node)
    chosen = tuple(node.factors[number] for number in inside)
    if len(chosen) == 1:
        placed = _place(chosen[0], index, bound)
    else:
        placed = Reduce("sum", index, sizes.lo, sizes.hi, Mul(chosen))
    if placed is None:
        return None
    factors: list[Expr] = []
    for number, factor in enumerate(node.factors):
        if number == inside[0]:
            factors.append(placed)
        elif number not in inside:
            factors.append(factor)
    return Mul(tuple(factors))
