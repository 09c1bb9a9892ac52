"""Small edits of indices, tensors and ranges."""

from __future__ import annotations

from collections.abc import Iterator

from einrnn.check.repair.edits import Edit
from einrnn.check.repair.sites import Scope, Site, axis_of
from einrnn.check.sizes import recurrent_dims
from einrnn.core import affine as af
from einrnn.core.build import delta
from einrnn.core.model import Derived, Model, Range
from einrnn.core.nodes import Affine, Apply, Element, Expr, Index, Matrix, Mul, Node, Reduce
from einrnn.core.traverse import elements, fresh, rebuild, substitute, walk
from einrnn.language.naming import axis_size

_MOST_LETTERS = 8


def index_edits(site: Site, model: Model) -> Iterator[Edit]:
    """All edits of this module at a site."""
    node = site.node
    if isinstance(node, Element):
        yield from _arguments(node, site.scope, model)
        yield from other_tensors(node, model)
        yield from summed(node, site.scope, model)
    if isinstance(node, Reduce):
        yield from bounds(node, site.scope)
    if isinstance(node, Matrix):
        yield from _matrix(node)
    if isinstance(node, (Mul, Reduce)) or not site.path:
        yield from _renamed(node, site.scope)


def _arguments(node: Element, scope: Scope, model: Model) -> Iterator[Edit]:
    """Indices swapped, shifted by one, or replaced by others of the same size."""
    words = "the indices of {0} are wrong"
    args = node.args
    for first in range(len(args)):
        for second in range(first + 1, len(args)):
            size = _size(model, node, first)
            if size is _size(model, node, second):
                new = list(args)
                new[first], new[second] = args[second], args[first]
                yield Edit(
                    Element(node.tensor, tuple(new)),
                    "{0} has its indices the wrong way round",
                    (node,),
                    1.6 if _is_time(size, model) else 0.9,
                )
    for axis, arg in enumerate(args):
        if arg.terms:
            for by in (-1, 1):
                yield Edit(_with(node, axis, af.shift(arg, by)), words, (node,), 1.0)
        size = _size(model, node, axis)
        for letter in scope:
            if af.of(letter) is not arg and axis_of(letter, scope) is size:
                yield Edit(_with(node, axis, af.of(letter)), words, (node,), 1.1)


def _is_time(size: Affine | None, model: Model) -> bool:
    """Whether something recurs along an axis of this size: two times are seldom exchanged."""
    recurrent = recurrent_dims(model)
    return size is not None and any(dim.name in recurrent for dim in af.dims(size))


def _size(model: Model, node: Element, axis: int) -> Affine | None:
    return axis_size(model, node.tensor, axis)


def _with(node: Element, axis: int, arg: Affine) -> Element:
    args = list(node.args)
    args[axis] = arg
    return Element(node.tensor, tuple(args))


def other_tensors(node: Element, model: Model) -> Iterator[Edit]:
    """Another tensor with axes of the same sizes, ``d`` for ``∂`` first."""
    sizes = [_size(model, node, axis) for axis in range(len(node.args))]
    meaning = model.derived.get(node.tensor)
    for name in (*model.inputs, *model.definitions):
        if name == node.tensor or len(model.axes(name)) != len(node.args):
            continue
        if [axis_size(model, name, axis) for axis in range(len(sizes))] != sizes:
            continue
        other = model.derived.get(name)
        near = _partners(meaning, other)
        words = "{1} is meant, not {0}"
        yield Edit(
            Element(name, node.args), words, (node, Element(name, node.args)), 0.8 if near else 1.2
        )


def _partners(first: Derived | None, second: Derived | None) -> bool:
    if first is None or second is None:
        return False
    return (first.of, first.wrt) == (second.of, second.wrt)


def summed(node: Element, scope: Scope, model: Model) -> Iterator[Edit]:
    """A position that must be summed over, and an entry that stands for all of an axis."""
    for axis, arg in enumerate(node.args):
        size = _size(model, node, axis)
        if size is None:
            continue
        index = fresh(Index("n"), frozenset(scope) | node.free)
        body = _with(node, axis, af.of(index))
        whole = Reduce("sum", index, af.ZERO, af.last(size), body)
        cost = 1.2 if not arg.free else 1.5
        yield Edit(whole, "{0} must be summed over", (node,), cost)


def bounds(node: Reduce, scope: Scope) -> Iterator[Edit]:
    """A sum that starts or ends one too early or too late, or at another index."""
    words = "the bounds of the sum over " + node.index.name + " are wrong"
    lows = [af.shift(node.lo, -1), af.shift(node.lo, 1)]
    highs = [af.shift(node.hi, -1), af.shift(node.hi, 1)]
    inner = {**scope, node.index: Range(node.lo, node.hi)}
    size = axis_of(node.index, inner)
    for letter in scope:
        if axis_of(letter, scope) is size and size is not None:
            highs += [af.of(letter), af.shift(af.of(letter), -1)]
            lows += [af.of(letter), af.shift(af.of(letter), 1)]
    if size is not None:
        highs.append(af.last(size))
        lows.append(af.ZERO)
    for low in dict.fromkeys(lows):
        if low is not node.lo and low is not node.hi:
            cost = 1.3 if low.free else 1.0
            yield Edit(Reduce(node.op, node.index, low, node.hi, node.body), words, (), cost)
    for high in dict.fromkeys(highs):
        if high is not node.hi and high is not node.lo:
            yield Edit(Reduce(node.op, node.index, node.lo, high, node.body), words, (), 1.0)
    if size is not None and (node.lo is not af.ZERO or node.hi is not af.last(size)):
        for low in [low for low in lows if low.free]:
            moved = Reduce(node.op, node.index, low, af.last(size), node.body)
            yield Edit(moved, words, (), 1.3)


def _matrix(node: Matrix) -> Iterator[Edit]:
    """A transposed matrix function, the matrix itself, its inverse, another power."""
    if len(node.at) == 2:
        swapped = (node.at[1], node.at[0])
        new = Matrix(node.op, node.row, node.column, node.size, node.body, node.power, swapped)
        yield Edit(new, "{0} must be transposed", (node,), 0.9)
        places = {node.row: node.at[0], node.column: node.at[1]}
        yield Edit(substitute(node.body, places), "{0} must not be inverted", (node,), 1.2)
    if node.op == "matpow":
        for by in (-1, 1):
            power = af.shift(node.power, by)
            new = Matrix(node.op, node.row, node.column, node.size, node.body, power, node.at)
            yield Edit(new, "the power in {0} is wrong", (node,), 1.0)
    if node.op in ("det", "logdet"):
        op = "logdet" if node.op == "det" else "det"
        new = Matrix(op, node.row, node.column, node.size, node.body, node.power, node.at)
        yield Edit(new, f"{node.op} must be {op}", (), 1.2)


def _renamed(node: Expr, scope: Scope) -> Iterator[Edit]:
    """Two letters exchanged in a whole product, or one renamed to another."""
    letters = sorted((i for i in node.free if i in scope), key=lambda i: i.name)[:_MOST_LETTERS]
    for position, first in enumerate(letters):
        size = axis_of(first, scope)
        for second in letters[position + 1 :]:
            if size is not None and axis_of(second, scope) is size:
                mapping = {first: af.of(second), second: af.of(first)}
                words = f"{first.name} and {second.name} are exchanged in " + "{0}"
                yield Edit(substitute(node, mapping), words, (node,), 1.1)


def everywhere(root: Expr, model: Model) -> Iterator[Edit]:
    """One name for another throughout, and a function of a tensor for that tensor."""
    for name in dict.fromkeys(e.tensor for e in elements(root)):
        sizes = [axis_size(model, name, axis) for axis in range(len(model.axes(name)))]
        alike = [
            other
            for other in (*model.inputs, *model.definitions)
            if len(model.axes(other)) == len(sizes)
            and [axis_size(model, other, axis) for axis in range(len(sizes))] == sizes
        ]
        for other in alike:
            if other != name:
                yield Edit(
                    _all_renamed(root, name, other), f"{other} is meant, not {name}", (), 1.3
                )
            for function in _functions_of(root, name):
                new = _all_applied(root, function, name, other)
                words = f"{other} is meant, not {function} of {name}"
                yield Edit(new, words, (), 1.5)


def _functions_of(root: Expr, name: str) -> list[str]:
    found: dict[str, None] = {}
    for node in walk(root):
        if isinstance(node, Apply) and len(node.args) == 1:
            inner = node.args[0]
            if isinstance(inner, Element) and inner.tensor == name:
                found[node.function] = None
    return list(found)


def _all_renamed(root: Expr, old: str, new: str) -> Expr:
    def change(node: Node) -> Node:
        same = isinstance(node, Element) and node.tensor == old
        return Element(new, node.args) if same else node  # type: ignore[union-attr]

    return rebuild(root, change)


def _all_applied(root: Expr, function: str, old: str, new: str) -> Expr:
    def change(node: Node) -> Node:
        if isinstance(node, Apply) and node.function == function and len(node.args) == 1:
            inner = node.args[0]
            if isinstance(inner, Element) and inner.tensor == old:
                return Element(new, inner.args)
        return node

    return rebuild(root, change)


def deltas(scope: Scope) -> list[Expr]:
    """A delta for each pair of indices of one size."""
    letters = list(scope)[:_MOST_LETTERS]
    rows: list[Expr] = []
    for position, first in enumerate(letters):
        for second in letters[position + 1 :]:
            size = axis_of(first, scope)
            if size is not None and axis_of(second, scope) is size:
                rows.append(delta(af.of(first), af.of(second)))
    return rows
