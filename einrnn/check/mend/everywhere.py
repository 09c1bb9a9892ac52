"""Edits of more than one place: a name exchanged wherever it stands, and edits of the left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import permutations, product

from einrnn.check.mend.edit import Edit
from einrnn.check.mend.edits import same_shape
from einrnn.check.mend.places import Ranges, flat
from einrnn.check.mend.setting import letters_by_dimension
from einrnn.core import affine as af
from einrnn.core.model import Claim, Model
from einrnn.core.nodes import (
    Affine,
    Apply,
    Derivative,
    DerivativeKind,
    Element,
    Expr,
    Index,
    Mul,
    Node,
    Reduce,
)
from einrnn.core.traverse import elements, rebuild, substitute, walk
from einrnn.language.freeness import listed

_MOST_LETTERS = 4
# more than an edit of one factor of the right side: a number, a sign, a delta
_FLIPPED, _SUMMED = 2.2, 2.4


def edits_everywhere(root: Expr, model: Model, ranges: Ranges) -> Iterator[Edit]:
    """One name put in place of another, or of a function of another, wherever it stands; free
    letters exchanged."""
    yield from _letters_exchanged(root, ranges)
    for node in dict.fromkeys(walk(root)):
        if isinstance(node, Element):
            for other in same_shape(model, node.tensor):
                yield _everywhere(root, node, other, lambda n, t=node.tensor: _read_of(n, t))
        elif isinstance(node, Apply) and len(node.args) == 1 and isinstance(node.args[0], Element):
            inner = node.args[0].tensor
            for other in same_shape(model, inner):
                yield _everywhere(
                    root, node, other, lambda n, f=node.function, t=inner: _applied(n, f, t)
                )
    kinds = {n.kind for n in walk(root) if isinstance(n, Derivative)}
    for kind in sorted(kinds):
        yield Edit(_flipped(root, kind), 1.6, f"every {_SIGN[kind]} should be {_OTHER[kind]}")


def _letters_exchanged(root: Expr, ranges: Ranges) -> Iterator[Edit]:
    """The free letters that count the same in other orders: the result transposed."""
    groups = [
        letters
        for letters in letters_by_dimension(ranges).values()
        if 2 <= len(letters) <= _MOST_LETTERS
    ]
    for orders in product(*(permutations(letters) for letters in groups)):
        pairs = [
            (a, b)
            for letters, order in zip(groups, orders, strict=True)
            for a, b in zip(letters, order, strict=True)
            if a is not b
        ]
        if pairs:
            new = substitute(root, {a: af.of(b) for a, b in pairs})
            names = " and ".join(a.name for a, _ in pairs)
            cost = 0.7 + 0.3 * len(pairs)
            words = f"{names} should be exchanged"
            yield Edit(flat(new), cost, words)


def edits_of_left(claim: Claim) -> Iterator[Edit]:
    """Other left sides beside the same right side: ``d`` for ``∂`` or the other way round,
    and a sum over the letters that stand on the left alone."""
    if claim.step != 1:
        return
    if isinstance(claim.left, Derivative):
        left = _flipped(claim.left, claim.left.kind)
        yield Edit(claim.right, _FLIPPED, "{} should be {}", (claim.left, left), left=left)
        yield from _without_sums(claim, claim.left)
    letters = sorted(claim.left.free - claim.right.free, key=lambda letter: letter.name)
    if letters:
        words = f"{listed(frozenset(i.name for i in letters))} should be summed on the left side"
        left = _summed(claim.left, letters, claim)
        yield Edit(claim.right, _SUMMED, words, left=left)


def _without_sums(claim: Claim, left: Derivative) -> Iterator[Edit]:
    """``d/da[i] (sum[j,k] …)`` where it is ``d/da[i] (A[j,k] a[j] a[k])``: on a left side nothing
    is summed that is not written as a sum, and what stands there is free on the right."""
    places = Counter(i for e in elements(left.body) for arg in e.args for i in arg.free)
    chosen = frozenset[Index]().union(*(arg.free for arg in left.args))
    letters = [i for i in sorted(places, key=lambda i: i.name) if places[i] > 1]
    letters = [i for i in letters if i in claim.ranges and i not in chosen]
    if isinstance(left.body, Mul) and letters:
        words = f"{listed(frozenset(i.name for i in letters))} should be summed on the left side"
        inner = [i for i in letters if i in claim.right.free]
        right = _summed(claim.right, inner, claim)
        yield Edit(right, _SUMMED, words, left=_summed(left, letters, claim))


def _summed(left: Expr, letters: list[Index], claim: Claim) -> Expr:
    """The sum over letters of the left side, inside a derivative that they do not choose."""
    if isinstance(left, Derivative) and not any(
        i in arg.free for arg in left.args for i in letters
    ):
        return Derivative(left.kind, _summed(left.body, letters, claim), left.tensor, left.args)
    for letter in reversed(letters):
        span = claim.ranges[letter]
        left = Reduce("sum", letter, span.lo, span.hi, left)
    return left


_SIGN = {"total": "d", "immediate": "∂"}
_OTHER = {"total": "∂", "immediate": "d"}


def _flipped(root: Expr, kind: str) -> Expr:
    def change(node: Node) -> Node:
        if isinstance(node, Derivative) and node.kind == kind:
            other: DerivativeKind = "immediate" if kind == "total" else "total"
            return Derivative(other, node.body, node.tensor, node.args)
        return node

    return rebuild(root, change)


def _everywhere(
    root: Expr, node: Expr, other: str, matched: Callable[[Node], tuple[Affine, ...] | None]
) -> Edit:
    def change(part: Node) -> Node:
        args = matched(part)
        return part if args is None else Element(other, args)

    new = change(node)
    assert isinstance(new, Element)
    return Edit(flat(rebuild(root, change)), 1.5, "{} should be {}", (node, new))


def _read_of(node: Node, tensor: str) -> tuple[Affine, ...] | None:
    return node.args if isinstance(node, Element) and node.tensor == tensor else None


def _applied(node: Node, function: str, tensor: str) -> tuple[Affine, ...] | None:
    if isinstance(node, Apply) and node.function == function and len(node.args) == 1:
        return _read_of(node.args[0], tensor)
    return None
