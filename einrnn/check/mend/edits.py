"""Small edits of an expression: what people get wrong when they write a step by hand."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations

from einrnn.check.mend.arguments import arguments, put
from einrnn.check.mend.edit import MINUS, Change, Edit
from einrnn.check.mend.places import (
    Place,
    Ranges,
    factors_of,
    flat,
    places,
    product,
    replaced,
    total,
    weight,
)
from einrnn.check.mend.setting import Dimension, dimension, letters_by_dimension
from einrnn.check.mend.sums import changed_sums
from einrnn.core import affine as af
from einrnn.core.build import ONE, number
from einrnn.core.functions import FUNCTIONS
from einrnn.core.model import FactName, Model
from einrnn.core.nodes import (
    Add,
    Affine,
    Apply,
    Cases,
    Compare,
    Derivative,
    Element,
    Expr,
    Index,
    Matrix,
    Mul,
    Node,
    Number,
    Pow,
    Reduce,
    Relation,
)
from einrnn.core.traverse import fresh, rebuild, substitute, walk

_TWO = number(2)
_INVERTIBLE: tuple[FactName, ...] = ("invertible", "spd")


def edits(root: Expr, ranges: Ranges, model: Model) -> Iterator[Edit]:
    """All single edits, in the order of the text."""
    for place in places(root, ranges):
        for change in _changes(place, model):
            expr = flat(replaced(root, place.path, change.new))
            if expr is not root:
                yield Edit(expr, change.cost, change.words, change.about, place.path, change.new)


def _changes(place: Place, model: Model) -> Iterator[Change]:
    node = place.node
    if isinstance(node, Mul | Element | Derivative | Reduce | Apply | Pow | Cases | Matrix):
        yield from _signs(place)
        yield from _summed(place, node)
    match node:
        case Element():
            yield from _element(place, node, model)
        case Derivative():
            yield from _derivative(place, node, model)
        case Mul():
            yield from _product(node)
            yield from _twice(place, node, model)
        case Add():
            yield from _sum(node)
        case Reduce():
            yield from changed_sums(place, node)
        case Pow():
            yield from _power(node)
        case Number():
            yield from _number(place, node)
        case Apply():
            yield from _function(node)
        case Matrix():
            yield from _matrix(place, node)
        case Cases():
            yield from _cases(node)
        case Compare():
            yield from _relation(node)
        case _:
            pass


def _signs(place: Place) -> Iterator[Change]:
    if isinstance(place.above, Mul) or not isinstance(place.node, Expr):
        return
    node, above = place.node, place.above
    if isinstance(above, Reduce | Matrix) and above.op in ("sum", "inv"):
        return  # it is the sign of what is around it, and is written in front of that
    if isinstance(above, Pow) and node is above.base and isinstance(above.exponent, Number):
        return  # likewise, or it makes no difference
    yield Change(product((MINUS, node)), 1.0, "the sign of {} is wrong", (node,))


def _summed(place: Place, node: Expr) -> Iterator[Change]:
    """``f[i]`` to ``sum[k] f[k]``."""
    if isinstance(place.above, Compare | Pow):
        return
    for letter in sorted(node.free, key=lambda i: i.name):
        if letter not in place.ranges:
            continue
        new = fresh(Index(f"{letter.name}1"), node.free | frozenset(place.ranges))
        span = place.ranges[letter]
        body = substitute(node, {letter: af.of(new)})
        words = f"a sum over the values of {letter.name} is missing in {{}}"
        yield Change(Reduce("sum", new, span.lo, span.hi, body), 2.5, words, (node,))


def _element(place: Place, node: Element, model: Model) -> Iterator[Change]:
    for args, cost in arguments(node.args, place.ranges):
        if _fits(model, node.tensor, args, place.ranges):
            new = Element(node.tensor, args)
            if isinstance(place.above, Matrix) and args == node.args[::-1]:
                # where the function is read the other way round reads better
                yield Change(new, cost + 0.2, f"{node.tensor} should be transposed")
            else:
                yield Change(new, cost, "{} should be {}", (node, new))
    yield from _summed_position(place, node, model)
    for other in same_shape(model, node.tensor):
        new = Element(other, node.args)
        yield Change(new, 1.1, "{} should be {}", (node, new))
    yield Change(Pow(node, number(2)), 1.0, "a square is missing on {}", (node,))
    yield from _inverted(node, model)


def _inverted(node: Element, model: Model) -> Iterator[Change]:
    """``A[i,j]`` to ``inv(A)[i,j]`` where A is said to have an inverse."""
    given = model.inputs.get(node.tensor)
    if given is None or not any(map(given.has, _INVERTIBLE)) or len(node.args) != 2:
        return
    row, column = Index("row"), Index("column")
    whole = Element(node.tensor, (af.of(row), af.of(column)))
    new = Matrix("inv", row, column, given.axes[0], whole, af.ONE, node.args)
    yield Change(new, 1.2, "{} should be {}", (node, new))


def _fits(model: Model, tensor: str, args: tuple[Affine, ...], ranges: Ranges) -> bool:
    """Whether each argument counts what its axis counts."""
    for arg, axis in zip(args, model.axes(tensor), strict=True):
        if arg.free and _counted(arg, ranges) != dimension(axis.hi, {}):
            return False
    return True


def _counted(arg: Affine, ranges: Ranges) -> Dimension:
    """What a position counts, also where a letter is subtracted: N and K for ``n+K-1-k``."""
    added = af.affine(arg.constant, {atom: abs(times) for atom, times in arg.terms})
    return dimension(added, ranges)


def _summed_position(place: Place, node: Element, model: Model) -> Iterator[Change]:
    """``x[0]`` to ``sum[i] x[i]``."""
    for position, arg in enumerate(node.args):
        if arg.free:
            continue
        letter = fresh(Index("i"), node.free | frozenset(place.ranges))
        axis = model.axes(node.tensor)[position]
        body = Element(node.tensor, put(node.args, position, af.of(letter)))
        new = Reduce("sum", letter, axis.lo, axis.hi, body)
        yield Change(new, 2.0, "{} should be {}", (node, new))


def same_shape(model: Model, tensor: str) -> list[str]:
    """The other tensors of the document with the same axes, boundaries aside."""
    if tensor in model.derived:
        return []
    wanted = [dimension(axis.hi, {}) for axis in model.axes(tensor)]
    names = [*model.inputs, *model.definitions]
    return [
        other
        for other in names
        if other != tensor
        and other not in model.derived
        and [dimension(axis.hi, {}) for axis in model.axes(other)] == wanted
    ]


def _derivative(place: Place, node: Derivative, model: Model) -> Iterator[Change]:
    kind = "immediate" if node.kind == "total" else "total"
    flipped = Derivative(kind, node.body, node.tensor, node.args)
    yield Change(flipped, 0.8, "{} should be {}", (node, flipped))
    if not isinstance(node.body, Element):
        return
    whole = (*node.body.args, *node.args)
    rank = len(node.body.args)
    for args, cost in arguments(whole, place.ranges):
        if _fits(model, node.body.tensor, args[:rank], place.ranges) and _fits(
            model, node.tensor, args[rank:], place.ranges
        ):
            body = Element(node.body.tensor, args[:rank])
            new = Derivative(node.kind, body, node.tensor, args[rank:])
            yield Change(new, cost, "{} should be {}", (node, new))
    for other in same_shape(model, node.body.tensor):
        if other in model.definitions:
            new = Derivative(node.kind, Element(other, node.body.args), node.tensor, node.args)
            yield Change(new, 1.3, "{} should be {}", (node, new))


def _product(node: Mul) -> Iterator[Change]:
    factors = node.factors
    for position, factor in enumerate(factors):
        rest = (*factors[:position], *factors[position + 1 :])
        if factor is not MINUS:
            words = "the factor {} is too much"
            yield Change(product(rest), 1.0 + 0.1 * weight(factor), words, (factor,))
            inverse = Pow(factor, MINUS)
            words = "{} should be {}"
            yield Change(product((*rest, inverse)), 1.3, words, (factor, inverse))
        if isinstance(factor, Add):
            yield from _leaving(rest, factor)
    yield from _without_two(factors)


def _twice(place: Place, node: Mul, model: Model) -> Iterator[Change]:
    """``2 f`` to ``f + g``, where g is f with indices or tensors exchanged: what is one only
    for symmetric matrices, or for such that commute."""
    rest = tuple(factor for factor in node.factors if factor is not _TWO)
    if len(rest) == len(node.factors) - 1:
        once = product(rest)
        for other in _exchanged(once, place.ranges, model):
            if other is not once:
                new = total((once, other))
                yield Change(new, 1.3, "{} should be {}", (node, new))


def _exchanged(expr: Expr, ranges: Ranges, model: Model) -> Iterator[Expr]:
    """The expression with two of its indices exchanged, or two of its tensors."""
    by_dimension = letters_by_dimension({i: r for i, r in ranges.items() if i in expr.free})
    for letters in by_dimension.values():
        for one, other in combinations(letters, 2):
            yield substitute(expr, {one: af.of(other), other: af.of(one)})
    names = sorted({element.tensor for element in walk(expr) if isinstance(element, Element)})
    for one, other in combinations(names, 2):
        if other in same_shape(model, one):
            names_of = {one: other, other: one}
            yield rebuild(expr, lambda part, to=names_of: _renamed(part, to))
    for matrix in dict.fromkeys(walk(expr)):
        if isinstance(matrix, Element) and len(matrix.args) == 2:
            turned = Element(matrix.tensor, matrix.args[::-1])
            yield rebuild(expr, lambda part, a=matrix, b=turned: b if part is a else part)


def _renamed(node: Node, names: dict[str, str]) -> Node:
    return (
        Element(names.get(node.tensor, node.tensor), node.args)
        if isinstance(node, Element)
        else node
    )


def _without_two(factors: tuple[Expr, ...]) -> Iterator[Change]:
    for first in range(len(factors)):
        for second in range(first + 1, len(factors)):
            rest = tuple(f for n, f in enumerate(factors) if n not in (first, second))
            pair = product((factors[first], factors[second]))
            if MINUS not in (factors[first], factors[second]):
                cost = 1.8 + 0.1 * weight(pair)
                yield Change(product(rest), cost, "the factor {} is too much", (pair,))


def _leaving(rest: tuple[Expr, ...], inner: Add) -> Iterator[Change]:
    """``f (a + b)`` to ``f a + b``: a parenthesis closed too late, or opened too early."""
    for position, term in enumerate(inner.terms):
        others = total((*inner.terms[:position], *inner.terms[position + 1 :]))
        new = total((product((*rest, others)), term))
        yield Change(new, 1.4, "{} does not belong inside the parenthesis", (term,))


def _sum(node: Add) -> Iterator[Change]:
    terms = node.terms
    yield Change(Pow(node, number(2)), 1.2, "a square is missing on {}", (node,))
    for position, term in enumerate(terms):
        rest = (*terms[:position], *terms[position + 1 :])
        cost = 1.1 + 0.1 * weight(term)
        yield Change(total(rest), cost, "the term {} is too much", (term,))
        yield from _entering(term, rest)
    for position in range(1, len(terms)):
        head, tail = total(terms[:position]), total(terms[position:])
        new = total((head, product((MINUS, tail))))
        if position + 1 < len(terms):
            words = "the sign belongs to all of {}"
            yield Change(new, 1.4, words, (tail,))


def _entering(term: Expr, rest: tuple[Expr, ...]) -> Iterator[Change]:
    """``f a + b`` to ``f (a + b)``: a parenthesis closed too early."""
    factors = factors_of(term)
    for cut in range(1, len(factors)):
        outer, inner = factors[:cut], product(factors[cut:])
        if outer == (MINUS,):
            continue
        for other in rest:
            left = tuple(t for t in rest if t is not other)
            new = total((*left, product((*outer, total((inner, other))))))
            words = "{} belongs inside the parenthesis after {}"
            yield Change(new, 1.5, words, (other, product(outer)))


def _power(node: Pow) -> Iterator[Change]:
    base, exponent = node.base, node.exponent
    if not isinstance(exponent, Number):
        return
    value = exponent.value
    for new in dict.fromkeys((value - 1, value + 1, -value, value / 2, Fraction(1))):
        if new not in (0, value):
            changed: Expr = base if new == 1 else Pow(base, Number(new))
            yield Change(changed, 1.0, "{} should be {}", (node, changed))
    if value == -1:
        yield Change(Pow(base, number(-2)), 1.1, "{} should be squared", (base,))


def _number(place: Place, node: Number) -> Iterator[Change]:
    if isinstance(place.above, Pow) or node is MINUS:
        return  # exponents and signs have edits of their own
    value = node.value
    candidates = [value + 1, value - 1, value * 2, value / 2]
    candidates += [1 / value] if value else []
    for new in dict.fromkeys(candidates):
        if new != value:
            yield Change(Number(new), 1.0, "{} should be {}", (node, Number(new)))


def _function(node: Apply) -> Iterator[Change]:
    row = FUNCTIONS[node.function]
    if len(node.args) != 1:
        return
    arg = node.args[0]
    slope = row.derivatives[0](arg)
    yield Change(slope, 1.5, "{} should be its derivative {}", (node, slope))
    yield Change(arg, 1.2, f"{node.function} is too much around {{}}", (arg,))
    for other in ("tanh", "sigmoid", "exp", "log", "sin", "cos", "relu", "step"):
        if other != node.function:
            new = Apply(other, node.args)
            yield Change(new, 1.3, "{} should be {}", (node, new))


def _matrix(place: Place, node: Matrix) -> Iterator[Change]:
    turned = {node.row: af.of(Index("·turn"))}
    body = substitute(substitute(node.body, turned), {node.column: af.of(node.row)})
    body = substitute(body, {Index("·turn"): af.of(node.column)})
    if node.op in ("inv", "matpow"):
        for at, cost in arguments(node.at, place.ranges):
            new = _matrix_with(node, at=at)
            yield Change(new, cost, "{} should be {}", (node, new))
        plain = substitute(node.body, dict(zip((node.row, node.column), node.at, strict=True)))
        yield Change(plain, 1.2, "{} should be {}", (node, plain))
    if node.op == "matpow":
        for step in (-1, 1):
            new = _matrix_with(node, power=af.shift(node.power, step))
            yield Change(new, 1.0, "{} should be {}", (node, new))
    if body is not node.body:
        new = _matrix_with(node, body=body)
        yield Change(new, 1.0, "{} should be {}", (node, new))


def _matrix_with(
    node: Matrix,
    *,
    body: Expr | None = None,
    power: Affine | None = None,
    at: tuple[Affine, ...] | None = None,
) -> Matrix:
    return Matrix(
        node.op,
        node.row,
        node.column,
        node.size,
        node.body if body is None else body,
        node.power if power is None else power,
        node.at if at is None else at,
    )


_RELATED: dict[Relation, tuple[Relation, ...]] = {
    "==": ("!=", "<="),
    "!=": ("==",),
    "<": ("<=", ">", "!="),
    "<=": ("<", ">="),
    ">": (">=", "<", "!="),
    ">=": (">", "<="),
}


def _relation(node: Compare) -> Iterator[Change]:
    for op in _RELATED[node.op]:
        new = Compare(op, node.left, node.right)
        yield Change(new, 1.0, "the condition {} should be {}", (node, new))


def _cases(node: Cases) -> Iterator[Change]:
    for cond, value in node.branches:
        if value is not ONE:
            yield Change(value, 1.5, "the condition on {} is too much", (value,))
            swapped = Cases(((cond, node.otherwise),), value)
            if len(node.branches) == 1:
                yield Change(swapped, 1.2, "the two cases are exchanged")
        elif len(node.branches) == 1:
            yield Change(ONE, 1.2, "the factor {} is too much", (node,))
