"""A jax program on many devices: every device has a part of an index.

Index notation says how: an output that carries the index is put together from the devices'
parts, one that sums it is added up over the devices, and what is read in every part is on
every device. Between devices go only the sums, one collective for each round of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any

from einrnn.core.model import Model
from einrnn.core.sizes import with_defaults
from einrnn.errors import EinrnnError
from einrnn.numeric import binding
from einrnn.numeric.calculus.jax_function import JaxFunction
from einrnn.numeric.calculus.rules import read_by
from einrnn.numeric.cut.stages import Stage, cut
from einrnn.numeric.optional import optional

if TYPE_CHECKING:
    from einrnn.numeric.program import Program

Arrays = dict[str, Any]


class Sharded:
    """Call it as the program; arrays may be of numpy or, on one or many hosts, of jax.

    ``inputs`` and ``outputs`` have for each name the axis that is cut over the devices:
    None for inputs that every device has, and for outputs that every device gets.
    """

    def __init__(
        self, program: Program, document: Model, letter: str, mesh: Any, axis: str | None = None
    ) -> None:
        self._program = program
        self._mesh = mesh
        self._axis = _mesh_axis(mesh, letter, axis)
        self._cut = cut(program.model, document, program.outputs, letter)
        self._stages = [(stage, _function(stage)) for stage in self._cut.stages]
        self._jitted: Any = None
        self.inputs = {name: self._cut.inputs[name] for name in program.inputs}
        self.outputs = dict(self._cut.outputs)

    def __call__(self, /, **given: Any) -> Arrays:
        """The outputs as jax arrays over the mesh.

        Raises EvaluationError as a call of the program does, and EinrnnError (E822) where
        the size of the index is no multiple of the number of devices.
        """
        arrays, sizes = self._arguments(given)
        return self._compiled()(arrays, tuple(sizes.items()))

    def lower(self, /, **given: Any) -> Any:
        """What jax makes of a call, lowered: its ``compile().as_text()`` shows the collectives."""
        arrays, sizes = self._arguments(given)
        return self._compiled().lower(arrays, tuple(sizes.items()))

    def _arguments(self, given: Mapping[str, Any]) -> tuple[Arrays, dict[str, int]]:
        model = self._program.model
        arrays, named = binding.sort_arguments(
            model, tuple(self.inputs), given, lambda name, value: _array(name, value)
        )
        arrays = {name: arrays[name] for name in self.inputs}
        shapes = {name: array.shape for name, array in arrays.items()}
        sizes = with_defaults(model, binding.solve(model, named, shapes))
        count = self._mesh.shape[self._axis]
        size = sizes.get(self._cut.whole.name)
        if size is None:
            raise EinrnnError("E822", f"no input gives the size of the index {self._cut.letter}")
        if size % count:
            raise EinrnnError(
                "E822",
                f"the index {self._cut.letter} has {size} positions, "
                f"which cannot be cut into {count} equal parts",
                f"use a multiple of {count}, or a mesh of other size",
            )
        placed = {name: self._placed(array, self.inputs[name]) for name, array in arrays.items()}
        return placed, {**sizes, self._cut.part.name: size // count}

    def _spec(self, axis: int | None) -> Any:
        PartitionSpec = optional("jax.sharding").PartitionSpec

        return PartitionSpec(*([None] * axis + [self._axis] if axis is not None else []))

    def _placed(self, array: Any, axis: int | None) -> Any:
        """The array with each device's part on it; one that is so already stays as it is."""
        jax = optional("jax")
        NamedSharding = optional("jax.sharding").NamedSharding

        library: Any = jax
        return library.device_put(array, NamedSharding(self._mesh, self._spec(axis)))

    def _compiled(self) -> Any:
        if self._jitted is None:
            jax = optional("jax")

            ins = {name: self._spec(axis) for name, axis in self.inputs.items()}
            outs = {name: self._spec(axis) for name, axis in self.outputs.items()}

            def run(arrays: Arrays, sizes: tuple[tuple[str, int], ...]) -> Arrays:
                def one(parts: Arrays) -> Arrays:
                    return self._one_part(parts, dict(sizes))

                over = _shard_map(one, self._mesh, (ins,), outs)
                return over(arrays)

            library: Any = jax
            self._jitted = library.jit(run, static_argnums=1)
        return self._jitted

    def _one_part(self, arrays: Arrays, sizes: Mapping[str, int]) -> Arrays:
        """What one device does."""
        known, ready = dict(arrays), Arrays()
        for stage, function in self._stages:
            found = function.traced(read_by(function.program, known, sizes))
            sums = _summed({name: found[name] for name in stage.summed}, self._axis)
            known |= sums | {name: found[name] for name in stage.kept}
            ready |= {name: found[name] for name in stage.ready} | sums
        return {name: ready[self._cut.sums.get(name, name)] for name in self.outputs}


def _function(stage: Stage) -> JaxFunction:
    from einrnn.numeric.program import compile_formula

    return JaxFunction(compile_formula(stage.formula, "jax"), "einrnn_part")


def _array(name: str, value: Any) -> Any:
    import numpy as np

    return value if hasattr(value, "dtype") else np.asarray(value)


def _summed(values: Arrays, axis: str) -> Arrays:
    """Sums over the devices, all of one dtype in one collective."""
    jax = optional("jax")
    jnp = optional("jax.numpy")

    if not values:
        return {}
    library: Any = jax
    arrays: Any = jnp
    flat = arrays.concatenate([value.reshape(-1) for value in values.values()])
    total = library.lax.psum(flat, axis)
    result: Arrays = {}
    start = 0
    for name, value in values.items():
        count = prod(value.shape)
        result[name] = total[start : start + count].reshape(value.shape)
        start += count
    return result


def _mesh_axis(mesh: Any, letter: str, axis: str | None) -> str:
    names: tuple[str, ...] = tuple(getattr(mesh, "axis_names", ()))
    if not names:
        raise EinrnnError("E822", "the mesh is not a jax.sharding.Mesh", "jax.make_mesh makes one")
    wanted = axis or (letter if letter in names else names[0] if len(names) == 1 else None)
    if wanted is None or wanted not in names:
        raise EinrnnError(
            "E822",
            f"the mesh has the axes {', '.join(names)}; which one is {letter} cut along?",
            f'name one: shard("{letter}", mesh, axis="{names[0]}")',
        )
    return wanted


def _shard_map(function: Any, mesh: Any, in_specs: Any, out_specs: Any) -> Any:
    """jax's shard_map under its present or its former name."""
    jax = optional("jax")

    if hasattr(jax, "shard_map"):
        found: Any = jax
        options = {"check_vma": False}
    else:
        found = optional("jax.experimental.shard_map")

        options = {"check_rep": False}
    return found.shard_map(function, mesh=mesh, in_specs=in_specs, out_specs=out_specs, **options)
