"""Sizes at which a condition on indices and sizes of a document changes: ``[M >= 60]``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from einrnn.core import affine as af
from einrnn.core.model import Model, Range
from einrnn.core.nodes import Affine, Compare, Index, Node, Reduce
from einrnn.core.traverse import walk
from einrnn.numeric.bounds import position

Sizes = Mapping[str, int]

_LEAST, _MOST = 3, 300
_MOST_ROWS = 9
_OTHERS = 2


def threshold_sizes(model: Model) -> Iterator[Sizes]:
    """Rows of sizes at a number that a condition of the document has, and just beyond; the sizes
    that it does not speak of are small."""
    found: dict[tuple[tuple[str, int], ...], None] = {}
    for expr, ranges in _parts(model):
        for names, number in _conditions(expr, ranges):
            for size in (number, number + 1, number + 2):
                row = {
                    name: fixed or (size if name in names else _OTHERS)
                    for name, fixed in model.dims.items()
                }
                found[tuple(row.items())] = None
    for row in list(found)[:_MOST_ROWS]:
        yield dict(row)


def _parts(model: Model) -> Iterator[tuple[Node, Mapping[Index, Range]]]:
    for claim in model.claims:
        yield from ((side, claim.ranges) for side in (claim.left, claim.right))
        if claim.condition is not None:
            yield claim.condition, claim.ranges
    for definition in model.definitions.values():
        yield from ((clause.body, clause.ranges) for clause in definition.clauses)


def _conditions(expr: Node, ranges: Mapping[Index, Range]) -> Iterator[tuple[frozenset[str], int]]:
    """The numbers in comparisons of indices, with the sizes that matter to each."""
    spans = dict(ranges)
    compared: list[Compare] = []
    for node in walk(expr):
        if isinstance(node, Reduce):
            spans[node.index] = Range(node.lo, node.hi)
        elif isinstance(node, Compare):
            compared.append(node)
    for node in compared:
        sides = position(node.left), position(node.right)
        if sides[0] is None or sides[1] is None:
            continue
        gap = af.minus(sides[0], sides[1])
        names = frozenset(dim.name for value in _reached(gap, spans) for dim in af.dims(value))
        if names and _LEAST <= abs(gap.constant) <= _MOST:
            yield names, abs(gap.constant)


def _reached(value: Affine, spans: Mapping[Index, Range]) -> Iterator[Affine]:
    """An index expression, and the ends of the ranges of its indices."""
    yield value
    for index in value.free:
        if index in spans:
            yield spans[index].lo
            yield spans[index].hi
