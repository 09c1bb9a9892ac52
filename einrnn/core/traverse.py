"""Walking, rebuilding and substituting, without recursion and without capture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any, TypeVar, cast

from einrnn.core import affine as af
from einrnn.core.nodes import (
    Add,
    Affine,
    And,
    Apply,
    Argument,
    Atom,
    Cases,
    Compare,
    Derivative,
    Dim,
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
    Value,
)

_NO_NAMES: frozenset[str] = frozenset()

N = TypeVar("N", bound=Node)
_Task = tuple[Node, tuple[tuple[Index, Affine], ...]]


def parts(node: Node) -> tuple[Node, ...]:
    """The nodes directly below, in a fixed order; :func:`with_parts` takes them back."""
    return node.below


def with_parts(node: Node, new: tuple[Any, ...]) -> Node:
    """The same node over other parts, given in the order of :func:`parts`."""
    match node:
        case Number():
            return node
        case Affine(constant, terms):
            return _affine_over(constant, terms, iter(new))
        case Value():
            return Value(new[0])
        case Element(tensor):
            return Element(tensor, new)
        case Add():
            return Add(new)
        case Mul():
            return Mul(new)
        case Apply(function):
            return Apply(function, new)
        case And():
            return And(new)
        case Or():
            return Or(new)
        case Pow():
            return Pow(new[0], new[1])
        case Reduce(op, index):
            return Reduce(op, index, new[0], new[1], new[2])
        case Cases():
            pairs = tuple(zip(new[:-1:2], new[1::2], strict=True))
            return Cases(pairs, new[-1])
        case Matrix(op, row, column):
            return Matrix(op, row, column, new[0], new[1], new[2], new[3:])
        case Argument(indices):
            return Argument(indices, new[:-1], new[-1])
        case Opaque():
            return _opaque_over(node, new)
        case Derivative(kind, _, tensor):
            return Derivative(kind, new[0], tensor, new[1:])
        case Compare(op):
            return Compare(op, new[0], new[1])
        case Not():
            return Not(new[0])
        case _:
            raise TypeError(f"not a node: {type(node).__name__}")


def _affine_over(
    constant: int, terms: tuple[tuple[Atom, int], ...], new: Iterator[Element]
) -> Affine:
    merged: dict[Atom, int] = {}
    for atom, coefficient in terms:
        replaced = next(new) if isinstance(atom, Element) else atom
        merged[replaced] = merged.get(replaced, 0) + coefficient
    return af.affine(constant, merged)


def _opaque_over(node: Opaque, new: tuple[Any, ...]) -> Opaque:
    count, arguments = len(node.at), len(node.args)
    rest = iter(new[count + arguments :])
    partials = [
        (position, tuple(next(rest) for _ in entries)) for position, entries in node.partials
    ]
    return Opaque(
        node.name,
        new[:count],
        new[count : count + arguments],
        sort_partials(partials),
    )


def sort_partials(
    partials: list[tuple[int, tuple[Affine, ...]]],
) -> tuple[tuple[int, tuple[Affine, ...]], ...]:
    """The order in which :class:`Opaque` keeps its partial derivatives."""
    return tuple(sorted(partials, key=lambda p: (p[0], tuple(a.key for a in p[1]))))


def binds(node: Node) -> tuple[Index, ...]:
    """The indices the node binds in (some of) its parts."""
    match node:
        case Reduce(_, index):
            return (index,)
        case Matrix(_, row, column):
            return (row, column)
        case Argument(indices):
            return indices
        case _:
            return ()


def walk(*roots: Node) -> Iterator[Node]:
    """Every distinct node below the roots, parts before wholes."""
    seen: set[Node] = set()
    stack: list[tuple[Node, bool]] = [(root, False) for root in reversed(roots)]
    while stack:
        node, ready = stack.pop()
        if node in seen:
            continue
        if ready:
            seen.add(node)
            yield node
        else:
            stack.append((node, True))
            stack += [(part, False) for part in reversed(node.below) if part not in seen]


def rebuild(root: N, change: Callable[[Node], Node]) -> N:
    """Replace nodes from the leaves up: ``change`` sees each node over its changed parts.

    ``change`` must not depend on what is bound around the node; see :func:`substitute`.
    """
    done: dict[Node, Node] = {}
    for node in walk(root):
        old = node.below
        new = tuple([done[part] for part in old])
        done[node] = change(node if new == old else with_parts(node, new))
    return cast(N, done[root])


def tree_size(root: Node) -> int:
    """How many nodes there are where each is counted as often as it is read."""
    sizes: dict[Node, int] = {}
    stack = [root]
    while stack:
        node = stack[-1]
        waiting = [part for part in parts(node) if part not in sizes]
        if waiting:
            stack += waiting
        else:
            sizes[node] = 1 + sum(sizes[part] for part in parts(node))
            stack.pop()
    return sizes[root]


def elements(*roots: Node) -> list[Element]:
    """The distinct tensor entries that occur, look-ups included, in a fixed order; those of one
    root are kept with it."""
    if len(roots) != 1 or isinstance(roots[0], Element):
        return [node for node in walk(*roots) if isinstance(node, Element)]
    own = roots[0].__dict__
    found = own.get("_elements")
    if found is None:
        found = own["_elements"] = [node for node in walk(*roots) if isinstance(node, Element)]
    return list(found)


def tensors(root: Node) -> frozenset[str]:
    """The names of all tensors whose entries occur; kept with each node."""
    found = root.__dict__.get("_tensors")
    if found is not None:
        return found
    stack = [root]
    while stack:
        node = stack[-1]
        missing = [part for part in node.below if "_tensors" not in part.__dict__]
        if missing:
            stack += missing
            continue
        stack.pop()
        names = frozenset((node.tensor,)) if isinstance(node, Element) else _NO_NAMES
        for part in node.below:
            theirs: frozenset[str] = part.__dict__["_tensors"]
            if not theirs <= names:
                names = names | theirs if names else theirs
        node.__dict__["_tensors"] = names
    return root.__dict__["_tensors"]


def fresh(index: Index, taken: frozenset[Index] | set[Index]) -> Index:
    """An index named after this one that is not taken."""
    if index not in taken:
        return index
    stem = index.name.rstrip("0123456789")
    number = 1
    while Index(f"{stem}{number}") in taken:
        number += 1
    return Index(f"{stem}{number}")


def substitute(root: N, mapping: Mapping[Index, Affine]) -> N:
    """Replace free indices by index expressions; bound indices are renamed where they
    would capture an index of a replacement."""
    if root.free.isdisjoint(mapping):
        return root
    if type(root) is Element:  # by far the most frequent: no binders, nothing shared
        return cast(N, Element(root.tensor, tuple([substitute(a, mapping) for a in root.args])))
    if type(root) is Affine and not parts(root):
        return cast(N, _replace_letters(root, mapping))
    if not root.binding:
        return cast(N, _substituted(root, mapping))
    memo: dict[_Task, Node] = {}

    def restrict(node: Node, wanted: Mapping[Index, Affine]) -> _Task:
        kept = ((i, a) for i, a in wanted.items() if i in node.free and af.of(i) is not a)
        return node, tuple(sorted(kept, key=lambda pair: pair[0].name))

    start = restrict(root, mapping)
    stack: list[_Task] = [start]
    while stack:
        task = stack[-1]
        node, pairs = task
        if task in memo:
            stack.pop()
            continue
        if not pairs:
            memo[task] = node
            continue
        if not node.binding:
            memo[task] = substitute(node, dict(pairs))
            continue
        node, below = _below(node, dict(pairs), restrict)
        missing = [child for child in below if child not in memo]
        if missing:
            stack.extend(missing)
            continue
        memo[task] = with_parts(node, tuple([memo[child] for child in below]))
    return cast(N, memo[start])


def _substituted(root: Node, mapping: Mapping[Index, Affine]) -> Node:
    """Indices replaced below a node that binds none, so that all stand for the same."""
    done: dict[Node, Node] = {}
    stack: list[Node] = [root]
    while stack:
        node = stack[-1]
        if node in done:
            stack.pop()
            continue
        if node.free.isdisjoint(mapping):
            done[node] = node
            stack.pop()
            continue
        missing = [part for part in node.below if part not in done]
        if missing:
            stack += missing
            continue
        stack.pop()
        new = tuple([done[part] for part in node.below])
        changed = node if new == node.below else with_parts(node, new)
        done[node] = _replace_letters(changed, mapping) if type(changed) is Affine else changed
    return done[root]


def _replace_letters(value: Affine, mapping: Mapping[Index, Affine]) -> Affine:
    letter = af.letter(value)
    if letter is not None:
        return mapping.get(letter, value)
    result = af.of(value.constant)
    for atom, coefficient in value.terms:
        replaced = mapping.get(atom) if isinstance(atom, Index) else None
        result = af.plus(result, af.of(atom) if replaced is None else replaced, coefficient)
    return result


def _below(
    node: Node,
    mapping: dict[Index, Affine],
    restrict: Callable[[Node, Mapping[Index, Affine]], _Task],
) -> tuple[Node, list[_Task]]:
    """The parts with the substitution each of them needs, binders renamed if they must be."""
    bound = binds(node)
    if not bound:
        return node, [restrict(part, mapping) for part in parts(node)]
    inner = {i: a for i, a in mapping.items() if i not in bound}
    incoming: set[Index] = set()
    body = _body(node)
    for index, replacement in inner.items():
        if index in body.free:
            incoming |= replacement.free
    renaming: dict[Index, Index] = {}
    taken = incoming | body.free | set(bound)
    for index in bound:
        if index in incoming:
            renaming[index] = fresh(index, taken)
            taken.add(renaming[index])
    renamed = _rebind(node, tuple(renaming.get(index, index) for index in bound))
    inside = inner | {index: af.of(new) for index, new in renaming.items()}
    return renamed, [restrict(part, inside if part is body else mapping) for part in parts(renamed)]


def _body(node: Node) -> Expr:
    match node:
        case Reduce() | Matrix() | Argument():
            return node.body
        case _:
            raise TypeError(f"binds nothing: {type(node).__name__}")


def _rebind(node: Node, indices: tuple[Index, ...]) -> Node:
    """The binder with other names for its indices; the body is not touched."""
    match node:
        case Reduce(op, _, lo, hi, body):
            return Reduce(op, indices[0], lo, hi, body)
        case Matrix(op, _, _, size, body, power, at):
            return Matrix(op, indices[0], indices[1], size, body, power, at)
        case Argument(_, sizes, body):
            return Argument(indices, sizes, body)
        case _:
            return node


def rename_bound(node: Node, indices: tuple[Index, ...]) -> Node:
    """The same binder with other bound indices, which must not occur in it yet."""
    body = _body(node)
    mapping = {old: af.of(new) for old, new in zip(binds(node), indices, strict=True)}
    moved = substitute(body, mapping)
    at = tuple(moved if part is body else part for part in parts(node))
    return with_parts(_rebind(node, indices), at)


def rename_dims(root: N, mapping: Mapping[Dim, Affine]) -> N:
    """Replace sizes by other sizes (index expressions without indices)."""

    def change(node: Node) -> Node:
        if not isinstance(node, Affine):
            return node
        result = af.of(node.constant)
        for atom, coefficient in node.terms:
            new = mapping.get(atom) if isinstance(atom, Dim) else None
            result = af.plus(result, af.of(atom) if new is None else new, coefficient)
        return result

    return rebuild(root, change)


def canonical(root: N) -> N:
    """The same up to the names of bound indices, which are numbered from the inside out.

    Two nodes are alpha-equivalent if and only if their canonical forms are one object.
    """
    if not root.binding:
        return root
    numbers = count()

    def apart(node: Node) -> Node:
        bound = binds(node)
        return rename_bound(node, tuple(Index(f"·c{next(numbers)}") for _ in bound))

    def change(node: Node) -> Node:
        bound = binds(node)
        if not bound:
            return node
        depth = max(first, binder_depth(_body(node)))
        names = tuple(Index(f"_{depth + position}") for position in range(len(bound)))
        return rename_bound(node, names)

    free = [int(i.name[1:]) for i in root.free if i.name[0] == "_" and i.name[1:].isdigit()]
    first = max(free, default=-1) + 1
    return rebuild(rebuild(root, lambda node: apart(node) if binds(node) else node), change)


def binder_depth(root: Node) -> int:
    """One more than the highest number a canonical binder at or below a node has."""
    if not root.binding:
        return 0
    found = root.__dict__.get("_depth")
    if found is None:
        numbers = [
            int(index.name[1:])
            for node in walk(root)
            for index in binds(node)
            if index.name[0] == "_" and index.name[1:].isdigit()
        ]
        found = root.__dict__["_depth"] = max(numbers, default=-1) + 1
    return found


def below_cases(root: Node) -> frozenset[Node]:
    """Cases and everything in them: what a condition may leave out."""
    return frozenset(b for node in walk(root) if isinstance(node, Cases) for b in walk(node))
