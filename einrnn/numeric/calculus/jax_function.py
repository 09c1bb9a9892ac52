"""A program as a jax function whose reverse derivative is the derived one.

Everything runs inside one ``jax.jit``, so that a call on arrays takes jax's short way and
a call on traced arrays becomes part of what is traced.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from einrnn.errors import EvaluationError
from einrnn.numeric import binding
from einrnn.numeric.calculus.rules import Rules, read_by
from einrnn.numeric.generated import Generated

if TYPE_CHECKING:
    from einrnn.numeric.program import Program

Arrays = dict[str, Any]


class JaxFunction:
    """Call it with the program's arguments, at least one of them a jax array."""

    def __init__(self, program: Program, name: str = "einrnn_program") -> None:
        self.program = program
        self._name = name
        self._jitted: Any = None
        self._others: dict[Program, JaxFunction] = {}

    @cached_property
    def _rules(self) -> Rules | None:
        formula = self.program.formula
        return None if formula is None else Rules(formula, "jax")

    def owns(self, given: Mapping[str, Any]) -> bool:
        """Whether some argument is a jax array."""
        import jax

        return any(isinstance(value, jax.Array) for value in given.values())

    def __call__(self, given: Mapping[str, Any]) -> Arrays:
        """The outputs as jax arrays.

        Raises EvaluationError as a call of the program does; what depends on the values of
        arrays is not checked, because traced arrays have none.
        """
        if self._jitted is None:
            self._jitted = self._compiled()
        arrays, sizes = {}, ()
        for name, value in given.items():
            if name in self.program.model.dims:
                sizes = (*sizes, (name, value))
            else:
                arrays[name] = value if hasattr(value, "dtype") else np.asarray(value)
        return self._jitted(arrays, sizes) if sizes else self._jitted(arrays)

    def _compiled(self) -> Any:
        import jax

        library: Any = jax

        def run(arrays: Arrays, sizes: tuple[tuple[str, int], ...] = ()) -> Arrays:
            return self.traced({**arrays, **dict(sizes)})

        run.__name__ = self._name
        return library.jit(run, static_argnums=1)

    def traced(self, given: Mapping[str, Any]) -> Arrays:
        """The outputs, as part of what jax is tracing."""
        import jax.numpy

        jnp: Any = jax.numpy
        program = self.program
        wanted = tuple(program.inputs)
        arrays, sizes = binding.sort_arguments(
            program.model, wanted, given, lambda _, value: jnp.asarray(value)
        )
        arrays = {name: arrays[name] for name in wanted}
        ready = program.ready(arrays, sizes)
        if not isinstance(ready, Generated):
            raise EvaluationError("E618", "this program has no jax source")
        dtype = jnp.dtype(ready.dtype)
        cast_arrays: Arrays = {}
        for name, array in arrays.items():
            integer = program.model.inputs[name].integer
            if integer and array.dtype.kind not in "iu":
                raise EvaluationError(
                    "E615", f"{name} must hold whole numbers; it is used as positions"
                )
            cast_arrays[name] = array if integer else array.astype(dtype)
        if self._rules is None:
            return ready.function(cast_arrays)
        shapes = {name: array.shape for name, array in arrays.items()}
        every = binding.solve(program.model, sizes, shapes)
        return self._custom(ready, self._rules, every)(cast_arrays)

    def _custom(self, ready: Generated, rules: Rules, sizes: Mapping[str, int]) -> Any:
        """The code with its derivative: what is kept on the way out, and the way back."""
        import jax
        from jax.custom_derivatives import SymbolicZero

        library: Any = jax
        inputs, outputs = self.program.model.inputs, tuple(self.program.outputs)

        @library.custom_vjp
        def function(arrays: Arrays) -> Arrays:
            return ready.function(arrays)

        def outward(given: Arrays) -> tuple[Arrays, tuple[Arrays, Arrays, Arrays]]:
            arrays = {name: one.value for name, one in given.items()}
            wanted = [n for n, one in given.items() if one.perturbed and not inputs[n].integer]
            rule = rules.first(wanted)
            found = self._call(rule.forward, "einrnn_program", arrays, sizes)
            kept = {name: found[place] for name, place in rule.of.kept.items()}
            result = {name: found[name] for name in outputs}
            # the keys of the last part say by which inputs; it has no arrays
            return result, (arrays, kept, dict.fromkeys(wanted))

        def back(held: tuple[Arrays, Arrays, Arrays], cotangents: Arrays) -> tuple[Arrays]:
            arrays, kept, wanted = held
            seeds = {
                name: value
                for name, value in cotangents.items()
                if not isinstance(value, SymbolicZero)
            }
            result: Arrays = dict.fromkeys(arrays)
            if seeds and wanted:
                rule = rules.rule(tuple(seeds), tuple(wanted), tuple(kept))
                given = {**arrays, **rule.arguments(seeds, kept)}
                result |= self._call(rule.backward, "einrnn_pullback", given, sizes)
            return (result,)

        function.defvjp(outward, back, symbolic_zeros=True)
        return function

    def _call(self, program: Program, name: str, given: Arrays, sizes: Mapping[str, int]) -> Arrays:
        """Another program within what is traced; it takes of the arrays what it reads."""
        if program not in self._others:
            self._others[program] = JaxFunction(program, name)
        return self._others[program](read_by(program, given, sizes))
