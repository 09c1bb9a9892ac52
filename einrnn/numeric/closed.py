"""What a program computes, without derivatives, and its plans and code at given sizes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from einrnn.core.affine import dims
from einrnn.core.model import Model
from einrnn.core.nodes import (
    Affine,
    Apply,
    Dim,
    Expr,
    Matrix,
    Node,
    Number,
    Opaque,
    Pow,
    Reduce,
)
from einrnn.core.sizes import number_of, with_defaults
from einrnn.core.traverse import elements, walk
from einrnn.errors import EvaluationError
from einrnn.numeric import binding
from einrnn.numeric.binding import Shaped
from einrnn.numeric.cost import Cost, cost
from einrnn.numeric.executable import Executable
from einrnn.numeric.execute import Setting
from einrnn.numeric.formula import Formula
from einrnn.numeric.generated import Generated, can_generate, require_numbers, source
from einrnn.numeric.listing import listing
from einrnn.numeric.plan import Output, Plan
from einrnn.numeric.references import needed
from einrnn.numeric.source.module import module
from einrnn.numeric.ways import Ways

if TYPE_CHECKING:
    from einrnn.numeric.native.ready import Native

Array = np.ndarray[Any, np.dtype[Any]]

# what a turn of a loop takes, in operations: calls of a library, but for C
_TURN = 500
_WHOLE_FUNCTIONS = frozenset({"abs", "sign", "step", "relu", "max", "min"})


class Closed:
    """Outputs without derivatives over a model, and their code for arrays of any shape.

    ``inputs`` maps each input that is needed to its axes; ``sizes`` are the names of all
    sizes that are needed, by an input or by name.
    """

    def __init__(
        self,
        model: Model,
        outputs: Mapping[str, Output],
        opaque_seed: int,
        backend: str,
        formula: Formula | None = None,
    ) -> None:
        self.model = model
        self.backend = backend
        self.formula = formula
        self.outputs = dict(outputs)
        self._seed = opaque_seed
        roots = self._roots()
        read = {element.tensor for element in elements(*roots)}
        self.inputs: dict[str, tuple[Affine, ...]] = {
            name: given.axes for name, given in model.inputs.items() if name in read
        }
        self.sizes: tuple[str, ...] = self._sizes(roots)
        self._integral = all(_whole(node) for node in walk(*roots))
        self._plans: dict[tuple[tuple[str, int], ...], Plan] = {}
        self._ready: dict[object, Executable | Generated | Native] = {}
        # sizes by name and the dtype of the last call
        self.last: tuple[dict[str, int], str] | None = None
        turn = 0 if backend == "native" else _TURN
        self._ways = Ways(model, self.outputs, formula, self.inputs, turn)

    def ready_for(
        self, given: Mapping[str, Any]
    ) -> tuple[Executable | Generated | Native, dict[str, Any]]:
        """The code for the arguments of a call, and their arrays in its dtype."""
        arrays, sizes = binding.sort_arguments(self.model, tuple(self.inputs), given)
        ready = self.ready(arrays, sizes)
        return ready, binding.cast(self.model, arrays, ready.dtype)

    def ready(
        self, arrays: Mapping[str, Shaped], sizes: Mapping[str, int]
    ) -> Executable | Generated | Native:
        """The code for arrays of these shapes and dtypes."""
        key = (
            tuple((name, array.shape, array.dtype.str) for name, array in arrays.items()),
            tuple(sizes.items()),
        )
        if key not in self._ready:
            self._ready[key] = self._prepared(arrays, sizes)
        return self._ready[key]

    def plan(self, **sizes: int) -> Plan:
        """The steps at given sizes. Raises EvaluationError (E610) if one is missing."""
        solved = binding.solve(self.model, self._checked(sizes), {})
        return self._plan(with_defaults(self.model, solved))

    def cost(self, **sizes: int) -> Cost:
        """Operations and memory at given sizes. Raises EvaluationError (E610)."""
        return cost(self.plan(**sizes))

    def source(self, *, dtype: str | None = None, **sizes: int) -> str:
        """A module of its own whose ``program`` maps inputs by name to outputs by name.

        It is written for fixed sizes: those given, else those of the last call, else
        moderate ones. ``dtype`` is ``float32`` or ``float64``, as the last call without it.

        Raises:
            EvaluationError: E610, a size is missing; E618, a step has no source.
        """
        known, usual = self.last or (self._nominal(), "float64")
        found = self.plan(**sizes) if sizes else self._plan(known)
        return source(found, dtype or usual, self.backend)

    def module(self, *, dtype: str | None = None, **sizes: int) -> str:
        """The same with a check that inputs have the shapes it is written for."""
        text = self.source(dtype=dtype, **sizes)
        if self.backend == "native":  # its head says what it is given
            return text
        solved = sizes or (self.last[0] if self.last is not None else self._nominal())
        known = with_defaults(self.model, solved)
        shapes = {
            name: tuple(number_of(axis, known) for axis in axes)
            for name, axes in self.inputs.items()
        }
        sizes_in_use = {name: known[name] for name in self.sizes}
        integers = [name for name, given in self.model.inputs.items() if given.integer]
        return module(text, self.backend, sizes_in_use, shapes, integers)

    def __str__(self) -> str:
        sizes = self._nominal() if self.last is None else self.last[0]
        return listing(self._plan(sizes), {name: sizes[name] for name in self.sizes})

    def _checked(self, sizes: Mapping[str, int]) -> dict[str, int]:
        """Sizes by name, as a call without arrays takes them."""
        return binding.sort_arguments(self.model, (), sizes)[1]

    def _roots(self) -> list[Node]:
        exprs: list[Expr] = [expr for expr, _, _ in self.outputs.values()]
        names = needed(self.model, list(exprs))
        bodies = [c.body for name in names for c in self.model.definitions[name].clauses]
        return [*exprs, *bodies]

    def _sizes(self, roots: list[Node]) -> tuple[str, ...]:
        affines = [node for node in walk(*roots) if isinstance(node, Affine)]
        affines += [axis for axes in self.inputs.values() for axis in axes]
        for _, _, ranges in self.outputs.values():
            affines += [end for span in ranges.values() for end in (span.lo, span.hi)]
        for name in needed(self.model, list(roots)):
            definition = self.model.definitions[name]
            affines += [end for axis in definition.axes for end in (axis.lo, axis.hi)]
            for clause in definition.clauses:
                affines += clause.args
                affines += [e for span in clause.ranges.values() for e in (span.lo, span.hi)]
        found = {atom.name for a in affines for atom, _ in a.terms if isinstance(atom, Dim)}
        return tuple(name for name in self.model.dims if name in found)

    def _plan(self, sizes: Mapping[str, int]) -> Plan:
        missing = [name for name in self.sizes if name not in sizes]
        if missing:
            raise EvaluationError(
                "E610",
                f"the size {missing[0]} is not given by any input",
                f"give it by name, for example {missing[0]}=5",
            )
        wanted = {name: sizes[name] for name in self.sizes}
        key = tuple(wanted.items())
        if key not in self._plans:
            self._plans[key] = self._ways.plan(wanted, self._seed)
        return self._plans[key]

    def _prepared(
        self, arrays: Mapping[str, Shaped], given: Mapping[str, int]
    ) -> Executable | Generated | Native:
        shapes = {name: array.shape for name, array in arrays.items()}
        sizes = with_defaults(self.model, binding.solve(self.model, given, shapes))
        dtype = binding.working_dtype(self.model, arrays, self._integral)
        found = self._plan(sizes)
        self.last = sizes, dtype.name
        if self.backend == "native":
            native = self._native(found, dtype)
            if native is not None:
                return native
        elif can_generate(found, dtype) or self.backend != "numpy":
            require_numbers(found, dtype, self.backend)
            ready = Generated(found, dtype, self.backend)
            if self.backend == "jax":
                ready.limits = self._limits(sizes)
            return ready
        if can_generate(found, dtype):
            return Generated(found, dtype, "numpy")
        return Executable(found, Setting(dtype, self.model, sizes, self._seed))

    def _limits(self, sizes: Mapping[str, int]) -> dict[str, int]:
        """Below what the numbers of inputs that are looked up have to stay, where that is known:
        a size that nothing else has need not be given."""
        facts = [(name, f) for name in self.inputs for f in self.model.inputs[name].facts]
        return {
            name: number_of(fact.bound, sizes)
            for name, fact in facts
            if fact.name == "integer" and fact.bound is not None
            if all(dim.name in sizes for dim in dims(fact.bound))
        }

    def _native(self, found: Plan, dtype: np.dtype[Any]) -> Native | None:
        """The compiled program; None, with a notice, where there can be none."""
        # loaded where it is needed: importing it takes longer than a small program
        from einrnn.numeric.native.native import compiled, lacking, notice
        from einrnn.numeric.native.toolchain import NoCompiler

        reason = lacking(found, dtype)
        if reason is None:
            try:
                return compiled(found, dtype)
            except NoCompiler as problem:
                reason = str(problem)
        notice(reason)
        return None

    def _nominal(self) -> dict[str, int]:
        """Sizes to show a program at that has not been called: all different, and moderate."""
        free = [name for name in self.sizes if self.model.dims[name] is None]
        return {
            **{name: size for name, size in self.model.dims.items() if size is not None},
            **{name: 8 + position for position, name in enumerate(free)},
        }


def _whole(node: Node) -> bool:
    """Whether the node gives whole numbers for whole numbers."""
    match node:
        case Number(value):
            return value.denominator == 1
        case Pow(_, exponent):
            return isinstance(exponent, Number) and exponent.value >= 0
        case Apply(function):
            return function in _WHOLE_FUNCTIONS
        case Reduce(op, _, lo, hi):
            return op in ("sum", "prod") or (op in ("max", "min") and not (lo.free | hi.free))
        case Matrix() | Opaque():
            return False
        case _:
            return True
