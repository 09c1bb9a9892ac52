"""Programs whose results are compressed: the components of each output, not the whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from einrnn.core import affine as af
from einrnn.core.model import Model
from einrnn.core.sizes import with_defaults
from einrnn.numeric import binding, bounds
from einrnn.numeric.cost import Cost
from einrnn.numeric.plan import Output
from einrnn.numeric.program import Program, compile_program
from einrnn.numeric.structured import Component, Structured
from einrnn.symbolic import structure

Array = np.ndarray[Any, np.dtype[Any]]
_Place = tuple[str, int]  # an output and the number of one of its components


def compile_compressed(
    model: Model, outputs: Mapping[str, Output], *, backend: str = "numpy"
) -> CompressedProgram:
    """As :func:`compile_program`, for results as sums of components along diagonals."""
    return CompressedProgram(model, outputs, backend)


class CompressedProgram:
    """Called as a :class:`Program` is; every result is a :class:`Structured`.

    ``program`` computes the factors of the components; its cost is that of the compressed results.
    """

    def __init__(self, model: Model, outputs: Mapping[str, Output], backend: str) -> None:
        self._outputs = dict(outputs)
        self._found = {
            name: structure.components(model, expr, order, ranges)
            for name, (expr, order, ranges) in outputs.items()
        }
        self._model, self._backend = model, backend
        # programs without the components that are empty at some sizes, by those that are not
        self._shorter: dict[frozenset[_Place], Program] = {}
        self.program = self._compiled(frozenset(self._places()))

    def _places(self) -> Iterator[_Place]:
        return ((name, n) for name, found in self._found.items() for n in range(len(found)))

    def _compiled(self, wanted: frozenset[_Place]) -> Program:
        """A program for the factors of some components."""
        parts: dict[str, Output] = {}
        for name, number in self._places():
            component = self._found[name][number]
            if (name, number) in wanted:
                for position, factor in enumerate(component.factors):
                    ranges = {index: component.ranges[index] for index in factor.indices}
                    parts[_key(name, number, position)] = factor.expr, factor.indices, ranges
        return compile_program(self._model, parts, backend=self._backend)

    @property
    def inputs(self) -> Mapping[str, Any]:
        """Each input that is needed, with its axes."""
        return self.program.inputs

    @property
    def sizes(self) -> tuple[str, ...]:
        """The names of all sizes that are needed, by an input or by name."""
        spans = [
            span
            for name, (_, _, ranges) in self._outputs.items()
            for every in (ranges, *(component.ranges for component in self._found[name]))
            for span in every.values()
        ]
        found = {dim.name for span in spans for end in (span.lo, span.hi) for dim in af.dims(end)}
        found.update(self.program.sizes)
        return tuple(name for name in self.program.model.dims if name in found)

    def __call__(self, /, **given: Any) -> dict[str, Structured]:
        """The outputs; raises as :meth:`Program.__call__` does."""
        arrays, sizes = self._sizes(given)
        there = frozenset(place for place in self._places() if self._has_entries(place, sizes))
        parts = self._program(there)(**given) if there else {}
        usual = binding.working_dtype(self._model, arrays, integral=False)
        return {name: self._structured(name, parts, sizes, usual) for name in self._outputs}

    def _has_entries(self, place: _Place, sizes: Mapping[str, int]) -> bool:
        name, number = place
        return all(_size(span, sizes) > 0 for span in self._found[name][number].ranges.values())

    def _program(self, there: frozenset[_Place]) -> Program:
        if len(there) == len(list(self._places())):
            return self.program
        if there not in self._shorter:
            self._shorter[there] = self._compiled(there)
        return self._shorter[there]

    def cost(self, **sizes: int) -> Cost:
        """Operations and memory at given sizes. Raises EvaluationError (E610)."""
        return self.program.cost(**sizes)

    def __str__(self) -> str:
        return str(self.program)

    def __repr__(self) -> str:
        return f"CompressedProgram({', '.join(self._outputs)})"

    def _sizes(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, int]]:
        """The arrays and all sizes among the arguments."""
        model = self.program.model
        arrays, known = binding.sort_arguments(model, tuple(self.program.inputs), given)
        shapes = {name: array.shape for name, array in arrays.items()}
        return arrays, with_defaults(model, binding.solve(model, known, shapes))

    def _structured(
        self,
        name: str,
        parts: Mapping[str, Array],
        sizes: Mapping[str, int],
        usual: np.dtype[Any],
    ) -> Structured:
        _, order, ranges = self._outputs[name]
        made: list[Component] = []
        for number, component in enumerate(self._found[name]):
            if not self._has_entries((name, number), sizes):
                continue
            indices = list(component.ranges)
            factors = tuple(
                (parts[_key(name, number, position)], tuple(map(indices.index, factor.indices)))
                for position, factor in enumerate(component.factors)
            )
            shape = tuple(_size(component.ranges[index], sizes) for index in indices)
            places = tuple((indices.index(p.index), p.offset) for p in component.places)
            made.append(Component(shape, factors, places))
        shape = tuple(_size(ranges[index], sizes) for index in order)
        arrays = [array for part in made for array, _ in part.factors]
        dtype = np.result_type(*arrays) if arrays else usual
        return Structured(shape, dtype, tuple(made))


def _key(name: str, component: int, factor: int) -> str:
    return f"{name} · {component}.{factor}"


def _size(span: structure.Range, sizes: Mapping[str, int]) -> int:
    return bounds.number(span.hi, sizes) - bounds.number(span.lo, sizes) + 1
