"""A program as a jax function whose derivatives, forward and reverse, are the derived ones.

Everything runs inside one ``jax.jit``, so that a call on arrays takes jax's short way and
a call on traced arrays becomes part of what is traced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from einrnn.dataclass import dataclass
from einrnn.errors import EvaluationError
from einrnn.numeric import binding
from einrnn.numeric.calculus.foreign import Short
from einrnn.numeric.calculus.jax_linear import apply
from einrnn.numeric.calculus.rules import Rules, read_by
from einrnn.numeric.generated import Generated
from einrnn.numeric.optional import optional

if TYPE_CHECKING:
    from einrnn.numeric.program import Program

Arrays = dict[str, Any]


class JaxFunction:
    """Call it with the program's arguments, at least one of them a jax array."""

    def __init__(self, program: Program, name: str = "einrnn_program") -> None:
        self.program = program
        self._name = name
        self._others: dict[Program, JaxFunction] = {}
        self._sizes = frozenset(program.model.dims)
        self._by_names: dict[tuple[str, ...], Any] = {}
        # classes of jax arrays that were seen: to ask jax takes longer than a small program
        self._kinds: set[type] = set()

    @cached_property
    def _rules(self) -> Rules | None:
        formula = self.program.formula
        return None if formula is None else Rules(formula, "jax")

    def owns(self, given: Mapping[str, Any]) -> bool:
        """Whether some argument is a jax array."""
        if not self._kinds.isdisjoint(map(type, given.values())):
            return True
        jax = optional("jax")
        self._kinds |= {type(value) for value in given.values() if isinstance(value, jax.Array)}
        return not self._kinds.isdisjoint(map(type, given.values()))

    def __call__(self, given: Mapping[str, Any]) -> Arrays:
        """The outputs as jax arrays.

        Raises EvaluationError as a call of the program does; what depends on the values of
        arrays is not checked, because traced arrays have none.
        """
        if self._kinds.issuperset(map(type, given.values())) and self._sizes.isdisjoint(given):
            return self._jitted(tuple(given))(*given.values())
        arrays: Arrays = {}
        sizes: tuple[tuple[str, int], ...] = ()
        for name, value in given.items():
            if name in self._sizes:
                sizes = (*sizes, (name, value))
            else:
                arrays[name] = value if hasattr(value, "dtype") else np.asarray(value)
        if sizes:
            return self._with_sizes(arrays, sizes)
        return self._jitted(tuple(arrays))(*arrays.values())

    def short(self, names: tuple[str, ...]) -> Short:
        """The traced call, for arguments of these names in their order, all of them arrays of
        classes seen before."""
        return Short([*names], self._kinds.issuperset, self._jitted(names))

    def _jitted(self, names: tuple[str, ...]) -> Any:
        """The traced call with arrays in the order of these names: jax takes longer over a
        dictionary than over what it holds. It takes its shortest way where nothing is static."""
        if names not in self._by_names:
            jax: Any = optional("jax")

            def run(*arrays: Any) -> Arrays:
                return self.traced(dict(zip(names, arrays, strict=True)))

            run.__name__ = self._name
            self._by_names[names] = jax.jit(run)
        return self._by_names[names]

    @cached_property
    def _with_sizes(self) -> Any:
        """The same for sizes given by name."""
        jax: Any = optional("jax")

        def run(arrays: Arrays, sizes: tuple[tuple[str, int], ...]) -> Arrays:
            return self.traced({**arrays, **dict(sizes)})

        run.__name__ = self._name
        return jax.jit(run, static_argnums=1)

    def traced(self, given: Mapping[str, Any]) -> Arrays:
        """The outputs, as part of what jax is tracing."""
        jax = optional("jax")

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
        """The code with its derivative: what is kept on the way, and the map of tangents."""
        jax: Any = optional("jax")
        SymbolicZero = optional("jax.custom_derivatives").SymbolicZero
        inputs, outputs = self.program.model.inputs, tuple(self.program.outputs)

        @jax.custom_jvp
        def function(arrays: Arrays) -> Arrays:
            return ready.function(arrays)

        def differentiated(primals: tuple[Arrays], tangents: tuple[Arrays]) -> Any:
            (arrays,), (given,) = primals, tangents
            moved = {
                name: value
                for name, value in given.items()
                if not isinstance(value, SymbolicZero) and not inputs[name].integer
            }
            wanted = tuple(moved)
            rule = rules.first(wanted)
            found = self.call(rule.forward, "einrnn_program", arrays, sizes)
            kept = tuple(rule.of.kept)
            known = {**arrays, **{name: found[place] for name, place in rule.of.kept.items()}}
            result = {name: found[name] for name in outputs}
            avals = [jax.typeof(value) for value in result.values()]
            linear = _Derivative(self, rules, sizes, tuple(known), kept, wanted, outputs, avals)
            changes = apply(linear, tuple(known.values()), tuple(moved.values()))
            return result, dict(zip(outputs, changes, strict=True))

        function.defjvp(differentiated, symbolic_zeros=True)
        return function

    def call(self, program: Program, name: str, given: Arrays, sizes: Mapping[str, int]) -> Arrays:
        """Another program within what is traced; it takes of the arrays what it reads."""
        if program not in self._others:
            self._others[program] = JaxFunction(program, name)
        return self._others[program](read_by(program, given, sizes))


@dataclass(frozen=True, eq=False)
class _Derivative:
    """The derivative of a program at some arrays: tangents of the inputs ``wanted`` to those of
    the outputs. ``names`` are those of the inputs and after them of the tensors ``kept``."""

    function: JaxFunction
    rules: Rules
    sizes: Mapping[str, int]
    names: tuple[str, ...]
    kept: tuple[str, ...]
    wanted: tuple[str, ...]
    outputs: tuple[str, ...]
    avals: Sequence[Any]

    def forward(self, known: Sequence[Any], tangents: Sequence[Any]) -> list[Any]:
        """Tangents of the outputs."""
        arrays = dict(zip(self.names, known, strict=True))
        moved = dict(zip(self.wanted, tangents, strict=True))
        rule = self.rules.tangents(self.wanted, self.kept)
        given = arrays | rule.arguments(moved, arrays)
        found = self.function.call(rule.program, "einrnn_pushforward", given, self.sizes)
        return [found[name] for name in self.outputs]

    def transpose(
        self, known: Sequence[Any], cotangents: Mapping[int, Any], wanted: Sequence[int]
    ) -> list[Any]:
        """Cotangents of some inputs, by those of some outputs."""
        arrays = dict(zip(self.names, known, strict=True))
        seeds = {self.outputs[at]: value for at, value in cotangents.items()}
        asked = tuple(self.wanted[at] for at in wanted)
        rule = self.rules.rule(tuple(seeds), asked, self.kept)
        given = arrays | rule.arguments(seeds, arrays)
        found = self.function.call(rule.backward, "einrnn_pullback", given, self.sizes)
        return [found[name] for name in asked]
