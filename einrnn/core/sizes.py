"""Numbers for sizes."""

from __future__ import annotations

from collections.abc import Mapping

from einrnn.core import affine as af
from einrnn.core.model import Model
from einrnn.core.nodes import Affine


def with_defaults(model: Model, sizes: Mapping[str, int]) -> dict[str, int]:
    """The sizes, with fixed ones and those that have a default filled in where they can be."""
    known = {name: number for name, number in model.dims.items() if number is not None}
    known |= sizes
    for _ in model.defaults:
        for name, default in model.defaults.items():
            if name not in known and all(dim.name in known for dim in af.dims(default)):
                known[name] = number_of(default, known)
    return known


def number_of(size: Affine, sizes: Mapping[str, int]) -> int:
    """The value of an index expression that has sizes in it and nothing else."""
    return size.constant + sum(af.coefficient(size, dim) * sizes[dim.name] for dim in af.dims(size))
