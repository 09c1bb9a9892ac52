"""Names for bound indices in print: unique where they could be taken for one another."""

from __future__ import annotations

from dataclasses import fields
from typing import cast

from einrnn.core import affine as af
from einrnn.core.model import Model
from einrnn.core.nodes import (
    Add,
    Affine,
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
    Value,
)
from einrnn.core.traverse import binds, elements, parts, substitute, walk, with_parts

_POOL = "ijklmnpqrabcefghuvw"


class Naming:
    """Renames bound indices so that each additive term uses a letter for one thing."""

    def __init__(self, model: Model, free: frozenset[str]) -> None:
        self.model = model
        self.sizes: dict[str, Affine] = dict(model.letters)
        integers = {name for name, found in model.inputs.items() if found.integer}
        self.reserved = free | integers | set(model.dims)

    def _size(self, node: Node, index: Index) -> Affine | None:
        """The size of the axes on which a letter of a sum or of a matrix stands."""
        if isinstance(node, Matrix):
            return node.size
        if not isinstance(node, Reduce):
            return None
        return reads(node.body, index, self.model) or af.shift(node.hi, 1)

    def _is_used(self, name: str, taken: set[str], size: Affine | None) -> bool:
        """Whether a letter means something else: in this term, or of another size in others."""
        known = self.sizes.get(name)
        return name in taken or (known is not None and size is not None and known is not size)

    def unique(self, expr: Expr) -> Expr:
        """The same expression, its bound indices renamed where that is needed."""
        if isinstance(expr, Add):
            return Add(tuple(self._term(term) for term in expr.terms))
        return self._term(expr)

    def _term(self, expr: Expr) -> Expr:
        taken = {index.name for index in expr.free} | self.reserved
        taken |= {entry.tensor for entry in elements(expr) if not entry.args}
        stack: list[tuple[Node, bool]] = [(expr, False)]
        results: list[Node] = []
        while stack:
            node, ready = stack.pop()
            if ready:
                count = len(parts(node))
                new = tuple(results[len(results) - count :]) if count else ()
                del results[len(results) - count :]
                results.append(with_parts(node, new) if new != parts(node) else node)
                continue
            node = self._renamed(node, taken)
            stack.append((node, True))
            stack.extend((part, False) for part in reversed(parts(node)))
        return cast(Expr, results[0])

    def _renamed(self, node: Node, taken: set[str]) -> Node:
        for index in binds(node):
            name = index.name
            size = self._size(node, index)
            if self._is_used(name, taken, size) or name.startswith("_") or name[-1].isdigit():
                near = {i.name for part in parts(node) for i in part.free} | taken
                free = (c for c in _POOL if c not in near and not self._is_used(c, near, size))
                name = next(free, None) or _numbered(near)
            taken.add(name)
            if size is not None:
                self.sizes.setdefault(name, size)
            if name != index.name:
                node = _rename(node, index, Index(name))
        return node


def _numbered(taken: set[str]) -> str:
    number = 1
    while f"i{number}" in taken:
        number += 1
    return f"i{number}"


def _rename(node: Node, old: Index, new: Index) -> Node:
    """The binder with one of its indices renamed (the new name occurs nowhere in it)."""
    values: list[object] = []
    for item in fields(node):
        if not item.init:
            continue
        value = getattr(node, item.name)
        if value is old:
            value = new
        elif item.name in ("indices",):
            value = tuple(new if index is old else index for index in value)
        elif item.name == "body":
            value = substitute(value, {old: af.of(new)})
        values.append(value)
    return type(node)(*values)


def reads(body: Expr, index: Index, model: Model) -> Affine | None:
    """The size of the axes that a letter stands on by itself, if they have one size."""
    found: Affine | None = None
    for node in walk(body):
        match node:
            case Element(tensor, args) | Derivative(_, _, tensor, args):
                axes = [axis for axis, arg in enumerate(args) if af.letter(arg) is index]
                sizes = [axis_size(model, tensor, axis) for axis in axes]
            case Matrix(_, _, _, own, _, _, at):
                sizes = [own for arg in at if af.letter(arg) is index]
            case _:
                continue
        for size in sizes:
            if size is None or (found is not None and found is not size):
                return None
            found = size
    return found


def standing(root: Expr, model: Model) -> dict[Index, Affine]:
    """The size of the first axis that each letter stands on by itself."""
    found: dict[Index, Affine] = {}
    for node in elements(root):
        for axis, arg in enumerate(node.args):
            letter = af.letter(arg)
            if letter is not None and letter not in found:
                size = axis_size(model, node.tensor, axis)
                if size is not None:
                    found[letter] = size
    return found


def axis_size(model: Model, tensor: str, axis: int) -> Affine | None:
    """The size of an axis without what boundary clauses add to it."""
    while tensor in model.derived:
        derived = model.derived[tensor]
        rank = _rank(model, derived.of)
        if rank is None:
            return None
        if axis < rank:
            tensor = derived.of
        else:
            tensor, axis = derived.wrt, axis - rank
    if tensor in model.inputs:
        return model.inputs[tensor].axes[axis]
    if tensor not in model.definitions:
        return None
    definition = model.definitions[tensor]
    if axis >= len(definition.axes):
        return None
    last = definition.clauses[-1]
    letter = af.letter(last.args[axis])
    limits = definition.axes[axis]
    if letter is None:
        return af.shift(limits.hi, 1)
    constants = [
        clause.args[axis] for clause in definition.clauses if af.letter(clause.args[axis]) is None
    ]
    top = limits.hi
    while top in constants and _less(last.ranges[letter].hi, top) and _off(top, constants):
        top = af.shift(top, -1)
        if top is last.ranges[letter].hi:
            break
    return af.shift(top, 1)


def _off(top: Affine, constants: list[Affine]) -> bool:
    """Whether a boundary clause at the top lies off the end, as T does and T-1 does not."""
    return top.constant >= 0 and bool(top.terms)


def _less(left: Affine, right: Affine) -> bool:
    difference = af.number(af.minus(right, left))
    return difference is not None and difference > 0


def _rank(model: Model, tensor: str) -> int | None:
    if tensor in model.derived:
        derived = model.derived[tensor]
        first, second = _rank(model, derived.of), _rank(model, derived.wrt)
        return None if first is None or second is None else first + second
    if tensor in model.inputs:
        return len(model.inputs[tensor].axes)
    if tensor in model.definitions:
        return len(model.definitions[tensor].axes)
    return None


def whole(node: Reduce, model: Model) -> bool:
    """Whether the range is what a reader infers from where the letter stands."""
    if node.lo is not af.ZERO:
        return False
    size = reads(node.body, node.index, model)
    return size is not None and node.hi is af.last(size)


def tight(body: Expr, index: Index) -> bool:
    """Whether the left-side rule puts a sum over the index around exactly this factor."""
    match body:
        case Element(_, args):
            return sum(index in arg.free for arg in args) > 1
        case Pow(base, Number(value)) if value.denominator == 1 and value > 1:
            return _once(base, index)
        case _:
            return False


def letters_in_order(root: Expr) -> list[Index]:
    """Index letters in the order in which they are printed."""
    found: dict[Index, None] = {}
    stack: list[Node] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, Affine):
            for atom, _ in sorted(node.terms, key=lambda pair: pair[1] < 0):
                if isinstance(atom, Index):
                    found[atom] = None
        stack.extend(reversed(parts(node)))
    return list(found)


def _once(base: Expr, index: Index) -> bool:
    """Whether the index occurs exactly once in each additive term of a base."""
    terms = base.terms if isinstance(base, Add) else (base,)
    return all(_is_single(term, index) for term in terms if index in term.free)


def _is_single(term: Expr, index: Index) -> bool:
    if isinstance(term, Value):
        return False
    if isinstance(term, Element):
        return sum(index in arg.free for arg in term.args) == 1
    if isinstance(term, Mul):
        inside = [factor for factor in term.factors if index in factor.free]
        return len(inside) == 1 and _is_single(inside[0], index)
    return False
