"""Which sizes expressions are tried at.

An identity between sums of products that holds at sizes no smaller than the number of index
letters in a term holds at all larger ones. That many letters would make arrays too large, so
the sizes are a compromise: distinct ones for distinct dims, so that transpositions show,
recurrent axes of at least 5, and one set where every size is 1.
"""

from __future__ import annotations

from collections.abc import Mapping

from einrnn.core import affine as af
from einrnn.core.model import Definition, Model
from einrnn.core.nodes import Affine, Index
from einrnn.core.traverse import elements

Sizes = Mapping[str, int]

# no two of a dozen dims are the same in all rows
_ROWS = ((5, (3, 2, 4, 5)), (6, (2, 3, 2)), (2, (4, 3, 5)), (1, (1,)))


def stepped_dims(model: Model) -> frozenset[str]:
    """The sizes of axes along which some definition reads shifted entries of definitions."""
    found: set[str] = set()
    for definition in model.definitions.values():
        for axis in _stepped(model, definition):
            found.update(dim.name for dim in af.dims(definition.axes[axis].hi))
    return frozenset(found)


def _stepped(model: Model, definition: Definition) -> set[int]:
    axes: set[int] = set()
    for clause in definition.clauses:
        read = [e for e in elements(clause.body) if e.tensor in model.definitions]
        args = [arg for element in read for arg in element.args]
        for axis, arg in enumerate(clause.args):
            letter = af.letter(arg)
            if letter is not None and any(_shifted(other, letter) for other in args):
                axes.add(axis)
    return axes


def _shifted(arg: Affine, letter: Index) -> bool:
    return af.coefficient(arg, letter) == 1 and arg.constant != 0 and len(arg.terms) == 1


def size_sets(model: Model) -> tuple[Sizes, ...]:
    """The sets of sizes, the most telling first; sizes that the model fixes are kept."""
    stepped = stepped_dims(model)
    sets: list[Sizes] = []
    for length, others in _ROWS:
        sizes: dict[str, int] = {}
        position = stretched = 0
        for name, number in model.dims.items():
            if number is not None:
                sizes[name] = number
            elif name in stepped:
                sizes[name] = length + stretched
                stretched += length > 1
            else:
                sizes[name] = others[position % len(others)]
                position += 1
        if sizes not in sets:
            sets.append(sizes)
    return tuple(sets)
