"""Sizes at which a condition on indices and sizes of a document changes: ``[M >= 60]``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, pairwise

from einrnn.core import affine as af
from einrnn.core.model import Claim, Model, Range
from einrnn.core.nodes import (
    Add,
    Affine,
    Compare,
    Dim,
    Index,
    Mul,
    Node,
    Number,
    Pow,
    Reduce,
    Value,
)
from einrnn.core.traverse import rename_dims, walk
from einrnn.numeric.bounds import position
from einrnn.numeric.interpret import Interpreter
from einrnn.numeric.strict import STRICT, NoValue

Sizes = Mapping[str, int]
# sizes that matter to a condition, and the number at which it changes
Turn = tuple[frozenset[str], int]

_LEAST, _MOST = 3, 2000
_MOST_OF_TWO = 64
_MOST_ROWS = 9
_MOST_CHANGES = 2
_OTHERS = 2
_POLYNOMIAL = (Add, Affine, Compare, Index, Mul, Number, Pow, Value)


def turns_of_definitions(model: Model) -> tuple[Turn, ...]:
    """Where the conditions of a document's definitions change, the same for all claims."""
    clauses = [c for definition in model.definitions.values() for c in definition.clauses]
    return tuple(turn for c in clauses for turn in _conditions(model, c.body, c.ranges))


def threshold_sizes(model: Model, claim: Claim, defined: Sequence[Turn]) -> Iterator[Sizes]:
    """Rows of sizes at which a condition of a claim changes, or one of the definitions, and just
    beyond; the sizes that it does not speak of are small."""
    written = (claim.left, claim.right, *(() if claim.condition is None else (claim.condition,)))
    own = [turn for part in written for turn in _conditions(model, part, claim.ranges)]
    found: dict[tuple[tuple[str, int], ...], None] = {}
    for names, number in (*own, *defined):
        for size in (number, number + 1, number + 2):
            row = {
                name: fixed or (size if name in names else _OTHERS)
                for name, fixed in model.dims.items()
            }
            found[tuple(row.items())] = None
    for row in list(found)[:_MOST_ROWS]:
        yield dict(row)


def _conditions(model: Model, expr: Node, ranges: Mapping[Index, Range]) -> Iterator[Turn]:
    """The numbers at which comparisons of indices change, with the sizes that matter to each."""
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
            for letters, number in _changes(model, node):
                names = frozenset(a.name for a in letters if isinstance(a, Dim))
                indices = (a for a in letters if isinstance(a, Index))
                yield names.union(*(_dims_of(af.of(index), spans) for index in indices)), number
            continue
        gap = af.minus(sides[0], sides[1])
        names, number = _dims_of(gap, spans), abs(gap.constant)
        beside = {atom.name: abs(times) for atom, times in gap.terms if isinstance(atom, Dim)}
        if names - beside.keys():  # the indices have to come as far, past sizes that are small
            names, number = names - beside.keys(), number + _OTHERS * sum(beside.values())
        if names and _LEAST <= number <= _MOST:
            yield names, number


def _changes(model: Model, node: Compare) -> Iterator[tuple[tuple[Dim | Index, ...], int]]:
    """Where a relation of one or two indices or sizes, ``[t t == 900]`` or ``[i j == 143]``, begins
    or ceases to hold: the larger of the two."""
    if not all(isinstance(part, _POLYNOMIAL) for part in walk(node)):
        return
    places = (part for part in walk(node) if isinstance(part, Affine))
    letters = tuple(
        dict.fromkeys(a for p in places for a, _ in p.terms if isinstance(a, Dim | Index))
    )
    if not 1 <= len(letters) <= 2:
        return
    sizes = {a: af.of(Index(f"·{a.name}")) for a in letters if isinstance(a, Dim)}
    indices = [Index(f"·{a.name}") if isinstance(a, Dim) else a for a in letters]
    relation = rename_dims(node, sizes)
    interpreter = Interpreter(model, {}, {}, arithmetic=STRICT)
    holds = (
        interpreter.holds(relation, dict(zip(indices, at, strict=True)))
        for at in _places(len(indices))
    )
    where = zip(islice(_places(len(indices)), 1, None), pairwise(holds), strict=False)
    changes = (max(at) for at, (a, b) in where if a != b and max(at) >= _LEAST)
    try:
        yield from ((letters, at) for at in islice(changes, _MOST_CHANGES))
    except NoValue:
        return


def _places(count: int) -> Iterator[tuple[int, ...]]:
    """Values of one letter, or of two in the order of the larger one."""
    if count == 1:
        yield from ((at,) for at in range(_MOST + 1))
    else:
        yield from ((a, b) for a in range(_MOST_OF_TWO) for b in range(_MOST_OF_TWO))


def _dims_of(value: Affine, spans: Mapping[Index, Range]) -> frozenset[str]:
    """The sizes that matter to an index expression."""
    return frozenset(dim.name for end in _reached(value, spans) for dim in af.dims(end))


def _reached(value: Affine, spans: Mapping[Index, Range]) -> Iterator[Affine]:
    """An index expression, and the ends of the ranges of its indices."""
    yield value
    for index in value.free:
        if index in spans:
            yield spans[index].lo
            yield spans[index].hi
