"""How large the arrays are that a claim is evaluated with, before they are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from math import prod

from einrnn.check.claims import Ready, Sides
from einrnn.core import affine as af
from einrnn.core.model import Model, Range
from einrnn.core.nodes import Affine, Dim, Expr, Index, Node, Reduce
from einrnn.core.reach import reached
from einrnn.core.traverse import walk
from einrnn.dataclass import dataclass

Sizes = Mapping[str, int]


@dataclass()
class Weights:
    """Numbers of entries of arrays over a model's definitions."""

    model: Model
    _known: dict[tuple[str, tuple[int, ...]], int] = field(
        default_factory=dict["tuple[str, tuple[int, ...]]", int]
    )

    def of(self, ready: Ready, sides: Sides, sizes: Sizes) -> int:
        """The entries of the largest array that the sides of a claim take at some sizes, what
        they are computed from included."""
        both = (sides.left, sides.right)
        own = [_largest(side, ready.claim.ranges, sizes) for side in both]
        names = reached(self.model, both) & self.model.definitions.keys()
        return max(*own, *(self._of_definition(name, sizes) for name in names))

    def _of_definition(self, name: str, sizes: Sizes) -> int:
        key = name, tuple(sizes.values())
        if key not in self._known:
            definition = self.model.definitions[name]
            found = [prod(_length(axis, sizes, {}) for axis in definition.axes)]
            found += [_largest(c.body, c.ranges, sizes) for c in definition.clauses]
            self._known[key] = max(found)
        return self._known[key]


def most_entries(model: Model, sizes: Sizes) -> int:
    """The entries of the largest array that a model speaks of, as it is written."""
    found = [1]
    for given in model.inputs.values():
        found.append(prod(max(1, _most(axis, sizes, {})) for axis in given.axes))
    for definition in model.definitions.values():
        found += [_largest(clause.body, clause.ranges, sizes) for clause in definition.clauses]
    for claim in model.claims:
        found += [_largest(side, claim.ranges, sizes) for side in (claim.left, claim.right)]
    return max(found)


def _largest(expr: Expr, ranges: Mapping[Index, Range], sizes: Sizes) -> int:
    """The entries over the free indices of any part of an expression."""
    lengths: dict[Index, int] = {}
    for index, span in ranges.items():
        lengths[index] = _length(span, sizes, lengths)
    nodes = list(walk(expr))
    for node in reversed(nodes):  # wholes before their parts
        if isinstance(node, Reduce):
            length = _length(Range(node.lo, node.hi), sizes, lengths)
            lengths[node.index] = max(length, lengths.get(node.index, 1))
    return max((prod(lengths.get(i, 1) for i in _axes(node)) for node in nodes), default=1)


def _axes(node: Node) -> frozenset[Index]:
    """The axes of the array that a node is, or that it reduces."""
    return node.free | {node.index} if isinstance(node, Reduce) else node.free


def _length(span: Range, sizes: Sizes, lengths: Mapping[Index, int]) -> int:
    """The most positions that a range has, its ends anywhere that their indices may be."""
    return max(1, 1 + _most(af.minus(span.hi, span.lo), sizes, lengths))


def _most(value: Affine, sizes: Sizes, lengths: Mapping[Index, int]) -> int:
    total = value.constant
    for atom, times in value.terms:
        if isinstance(atom, Dim):
            total += times * sizes[atom.name]
        elif times > 0:
            most = max(sizes.values(), default=1)
            total += times * (lengths.get(atom, most) if isinstance(atom, Index) else most)
    return total
