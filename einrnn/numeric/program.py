"""Programs: several outputs of a model computed together from arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

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
from einrnn.core.sizes import with_defaults
from einrnn.core.traverse import elements, walk
from einrnn.errors import EinrnnError, EvaluationError
from einrnn.numeric import binding
from einrnn.numeric.binding import Shaped
from einrnn.numeric.calculus.foreign import foreign
from einrnn.numeric.cost import Cost, cost
from einrnn.numeric.executable import Executable
from einrnn.numeric.execute import Setting
from einrnn.numeric.formula import Formula
from einrnn.numeric.generated import Generated, can_generate, source
from einrnn.numeric.listing import listing
from einrnn.numeric.plan import Output, Plan
from einrnn.numeric.references import needed
from einrnn.numeric.ways import Ways

if TYPE_CHECKING:
    from einrnn.numeric.cut.checkpoint import Checkpointed
    from einrnn.numeric.cut.shard import Sharded
    from einrnn.numeric.native.native import Native

Array = np.ndarray[Any, np.dtype[Any]]

_WHOLE_FUNCTIONS = frozenset({"abs", "sign", "step", "relu", "max", "min"})


def compile_program(
    model: Model,
    outputs: Mapping[str, Output],
    *,
    opaque_seed: int = 0,
    backend: str = "numpy",
) -> Program:
    """One program for all outputs, which share what they have in common.

    ``outputs`` maps a display name to an expression, the order of its free indices and
    their ranges. The model is closed: it has no Derivative nodes. Raises EvaluationError
    (E609) for names that the model does not have.
    """
    return Program(model, outputs, opaque_seed, backend)


def compile_formula(formula: Formula, backend: str = "numpy") -> Program:
    """The program of a formula; jax and torch differentiate it by its own derivative.

    Raises LanguageError (E510) where a definition contains a derivative of itself.
    """
    model, outputs = formula.closed()
    return Program(model, outputs, 0, backend, formula)


class Program:
    """Call it with the inputs (and the sizes that no input gives) by name.

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
        self._seen: dict[object, Executable | Generated | Native] = {}
        self._usual: _Usual | None = None
        self._last: dict[str, int] | None = None
        self._dtype = "float64"
        self._ways = Ways(model, self.outputs, formula, self.inputs)
        self._foreign = foreign(self)

    def __call__(self, **given: Any) -> dict[str, Array]:
        """The outputs as new arrays.

        Results have the dtype of the inputs: float32 in, float32 out; whole numbers stay
        whole where only sums and products of them occur. Raises EvaluationError for missing
        (E601) and unknown (E616) inputs, for shapes that do not fit (E602), for sizes
        that are not given (E610), and where an entry that is needed cannot be computed.

        A jax or torch program takes arrays of its library too, gives such arrays back, and
        is differentiated there by its derived gradient, also under ``jit`` and ``vmap``.
        """
        if self._usual is not None and self._usual.fits(given):
            return self._usual.ready.run(given)
        if self._foreign is not None and self._foreign.owns(given):
            return self._foreign(given)
        kind = _kind(given)
        known = self._seen.get(kind)
        if known is not None:
            self._usual = _Usual.of(known, given)
            return known.run(given)
        arrays, sizes = binding.sort_arguments(self.model, tuple(self.inputs), given)
        ready = self.ready(arrays, sizes)
        cast = binding.cast(self.model, arrays, ready.dtype)
        if kind is not None and all(cast[name] is given[name] for name in cast):
            self._seen[kind] = ready
        return ready.run(cast)

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

    def shard(self, index: str, mesh: Any, axis: str | None = None) -> Sharded:
        """The program on all devices of a jax mesh, each with a part of an index.

        ``index`` is a letter of the document, ``axis`` the axis of the mesh where it has
        several and none is named after the index. Outputs that carry the index are cut
        along it, those that sum it are added up over the devices.

        Raises:
            EinrnnError: E820, the document has no such index; E821, it cannot be cut; E822,
                the mesh does not fit, or the backend is not jax.
        """
        if self.backend != "jax" or self.formula is None:
            raise EinrnnError(
                "E822", f"a {self.backend} program runs on one device", 'compile(…, backend="jax")'
            )
        from einrnn.numeric.cut.shard import Sharded

        return Sharded(self, self.formula.model, index, mesh, axis)

    def checkpoint(self, index: str, every: int | None = None) -> Checkpointed:
        """The same outputs with memory that does not grow with the length of ``index``.

        The index, along which the document may recur upwards, is cut into stretches of
        ``every`` positions, by default as many as there are stretches. Only the states
        between them are kept; for gradients each stretch is computed a second time.

        Raises:
            EinrnnError: E820, the document has no such index; E821, something is read ahead
                along it; E823, an output is neither of the document nor a gradient.
        """
        from einrnn.numeric.cut.checkpoint import Checkpointed

        return Checkpointed(self, index, every)

    def source(self, *, dtype: str | None = None, **sizes: int) -> str:
        """A module of its own whose ``program`` maps inputs by name to outputs by name.

        It is written for fixed sizes: those given, else those of the last call, else
        moderate ones. ``dtype`` is ``float32`` or ``float64``, as the last call without it.

        Raises:
            EvaluationError: E610, a size is missing; E618, a step has no source.
        """
        known = self._last or self._nominal()
        found = self.plan(**sizes) if sizes else self._plan(known)
        return source(found, dtype or self._dtype, self.backend)

    def __str__(self) -> str:
        sizes = self._last or self._nominal()
        return listing(self._plan(sizes), {name: sizes[name] for name in self.sizes})

    def __repr__(self) -> str:
        return f"Program({', '.join(self.outputs)})"

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
        self._last = sizes
        self._dtype = dtype.name
        if self.backend == "native":
            native = self._native(found, dtype)
            if native is not None:
                return native
        elif can_generate(found, dtype) or self.backend != "numpy":
            return Generated(found, dtype, self.backend)
        if can_generate(found, dtype):
            return Generated(found, dtype, "numpy")
        return Executable(found, Setting(dtype, self.model, sizes, self._seed))

    def _native(self, found: Plan, dtype: np.dtype[Any]) -> Native | None:
        """The compiled program; None, with a notice, where there can be none."""
        # loaded where it is needed: importing it takes longer than a small program
        from einrnn.numeric.native.native import Native, lacking, notice
        from einrnn.numeric.native.toolchain import NoCompiler

        reason = lacking(found, dtype)
        if reason is None:
            try:
                return Native(found, dtype)
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


class _Usual:
    """The code for the kind of the last call: the next one most often is like it."""

    def __init__(
        self, ready: Executable | Generated | Native, rows: tuple[tuple[str, Any, Any], ...]
    ):
        self.ready = ready
        self._rows = rows

    @classmethod
    def of(cls, ready: Executable | Generated | Native, given: Mapping[str, Any]) -> _Usual | None:
        """None where sizes are given by name."""
        if not all(type(value) is np.ndarray for value in given.values()):
            return None
        return cls(ready, tuple((name, a.shape, a.dtype) for name, a in given.items()))

    def fits(self, given: dict[str, Any]) -> bool:
        """Whether a call has the same arrays by name, shape and dtype, in the same order."""
        if len(given) != len(self._rows):
            return False
        for (name, value), (own, shape, dtype) in zip(given.items(), self._rows, strict=True):
            if name != own or type(value) is not np.ndarray:
                return False
            if value.dtype is not dtype or value.shape != shape:
                return False
        return True


def _kind(given: Mapping[str, Any]) -> object:
    """What tells calls apart that need other code; None where arrays must be made first."""
    rows: list[object] = []
    for name, value in given.items():
        if type(value) is np.ndarray:
            rows.append((name, value.shape, value.dtype))
        elif type(value) is int:
            rows.append((name, value))
        else:
            return None
    return tuple(rows)


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
