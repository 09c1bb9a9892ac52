"""Which sizes a document is tried at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count, product, repeat

from einrnn.core import affine as af
from einrnn.core.model import Definition, Model
from einrnn.core.nodes import Affine, Expr, Index, Node
from einrnn.core.traverse import elements, walk

Sizes = Mapping[str, int]

_RECURRENT = (5, 6, 5)
_LARGE = (11, 8, 6, 5)
_SHORT, _FEW = 3, (2, 1, 3)
# no two of a dozen dims are the same in all rows, here and where claims are tried exactly
_OTHERS = ((3, 2, 4, 5), (2, 3, 2), (2, 2, 2))


def recurrent_dims(model: Model) -> frozenset[str]:
    """The sizes of axes along which some definition refers to shifted entries."""
    found: set[str] = set()
    for definition in model.definitions.values():
        for axis in _shifted_axes(model, definition):
            found.update(dim.name for dim in af.dims(definition.axes[axis].hi))
    return frozenset(found)


def _shifted_axes(model: Model, definition: Definition) -> set[int]:
    """Axes of a definition on which its own clauses, or others, read with a shift."""
    axes: set[int] = set()
    for clause in definition.clauses:
        for position, arg in enumerate(clause.args):
            letter = af.letter(arg)
            if letter is not None and any(
                _is_shifted(other, letter)
                for element in elements(clause.body)
                if element.tensor in model.definitions
                for other in element.args
            ):
                axes.add(position)
    return axes


def _is_shifted(arg: object, letter: Index) -> bool:
    return (
        isinstance(arg, Affine)
        and af.coefficient(arg, letter) == 1
        and arg.constant != 0
        and len(arg.terms) == 1
    )


def trial_sizes(model: Model) -> tuple[Sizes, ...]:
    """Sizes to evaluate claims at: different for different dims, recurrent ones at least 5.

    The last one has every free size at 1, where boundary cases show.
    """
    recurrent = recurrent_dims(model)
    rows: list[Sizes] = []
    for row, length in zip(_OTHERS, _RECURRENT, strict=True):
        rows.append(_assign(model, recurrent, row, count(length)))
    rows.append({name: 1 if number is None else number for name, number in model.dims.items()})
    return tuple(dict(sizes) for sizes in {tuple(sorted(r.items())): r for r in rows}.values())


def few_sizes(model: Model) -> Sizes:
    """The fewest entries that tell axes apart and let what recurs take two steps, for the
    engines that compute one entry after the other."""
    return dict(_assign(model, recurrent_dims(model), _FEW, repeat(_SHORT)))


def large_sizes(model: Model) -> Iterator[Sizes]:
    """Rows that are larger than the others, where bounds that hide behind small sizes show; the
    largest one first."""
    for length in _LARGE:
        yield {name: length if number is None else number for name, number in model.dims.items()}


def _assign(
    model: Model, recurrent: frozenset[str], others: tuple[int, ...], lengths: Iterator[int]
) -> Sizes:
    sizes: dict[str, int] = {}
    position = 0
    for name, number in model.dims.items():
        if number is not None:
            sizes[name] = number
        elif name in recurrent:
            sizes[name] = next(lengths)
        else:
            sizes[name] = others[position % len(others)]
            position += 1
    return sizes


def growing_sizes(model: Model, names: frozenset[str], most: int = 400) -> Iterator[Sizes]:
    """Sizes from the smallest up, for the smallest counterexample; only ``names`` vary."""
    recurrent = recurrent_dims(model)
    free = [name for name in model.dims if model.dims[name] is None and name in names]
    limits = [5 if name in recurrent else 3 for name in free]
    choices = product(*(range(1, limit + 1) for limit in limits))
    ordered = sorted(choices, key=lambda values: (sum(values), max(values, default=0), values))
    for values in ordered[:most]:
        sizes = {name: number or 1 for name, number in model.dims.items()}
        sizes.update(zip(free, values, strict=True))
        yield sizes


def dim_names(model: Model, names: frozenset[str], roots: tuple[Expr, ...]) -> frozenset[str]:
    """The sizes that expressions mention, or the named tensors and their definitions do."""
    nodes: list[Node] = list(roots)
    for name in sorted(names):
        nodes += [end for range_ in model.axes(name) for end in (range_.lo, range_.hi)]
        if name in model.definitions:
            nodes += [clause.body for clause in model.definitions[name].clauses]
    found = [node for node in walk(*nodes) if isinstance(node, Affine)]
    return frozenset(dim.name for value in found for dim in af.dims(value))
