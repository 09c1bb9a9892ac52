"""Programs: several outputs of a model computed together from arrays.

This module is light: what a program needs besides its code, and what makes that code, is
loaded where the code is not known from an earlier run (:mod:`einrnn.numeric.memory`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from einrnn.errors import EinrnnError
from einrnn.numeric.calculus.foreign import Foreign, Short, foreign

if TYPE_CHECKING:
    from einrnn.core.model import Model
    from einrnn.core.nodes import Affine
    from einrnn.numeric.binding import Shaped
    from einrnn.numeric.closed import Closed
    from einrnn.numeric.cost import Cost
    from einrnn.numeric.cut.checkpoint import Checkpointed
    from einrnn.numeric.cut.shard import Sharded
    from einrnn.numeric.executable import Executable
    from einrnn.numeric.formula import Formula
    from einrnn.numeric.loaded import Loaded
    from einrnn.numeric.memory import Memory
    from einrnn.numeric.native.ready import Native
    from einrnn.numeric.plan import Output, Plan
    from einrnn.numeric.usual import Usual

    Ready = Executable | Loaded | Native

Array = np.ndarray[Any, np.dtype[Any]]

# of each argument its name, and its shape and dtype, or its value and nothing
Kind = tuple[tuple[str, Any, str], ...]


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
    from einrnn.numeric.closed import Closed

    closed = Closed(model, outputs, opaque_seed, backend)
    return Program(backend, lambda: closed)


def compile_formula(formula: Formula, backend: str = "numpy") -> Program:
    """The program of a formula; jax and torch differentiate it by its own derivative.

    Raises LanguageError (E510) where a definition contains a derivative of itself.
    """
    closed = closed_formula(formula, backend)
    return Program(backend, lambda: closed)


def closed_formula(formula: Formula, backend: str) -> Closed:
    """What a program of a formula is made of. Raises LanguageError (E510) as it does."""
    from einrnn.numeric.closed import Closed

    model, outputs = formula.closed()
    return Closed(model, outputs, 0, backend, formula)


class Program:
    """Call it with the inputs (and the sizes that no input gives) by name."""

    def __init__(
        self,
        backend: str,
        make: Callable[[], Closed],
        memory: Memory | None = None,
        again: partial[Program] | None = None,
    ) -> None:
        self.backend = backend
        self._again = again
        self._make = make
        self._memory = memory
        self._seen: dict[object, Ready] = {}
        self._usual: Usual | None = None
        self._foreign: Foreign | None = foreign(self)
        self._short: Short | None = None

    def __call__(self, /, **given: Any) -> dict[str, Array]:
        """The outputs as new arrays.

        Results have the dtype of the inputs: float32 in, float32 out; whole numbers stay
        whole where only sums and products of them occur. Raises EvaluationError for missing
        (E601) and unknown (E616) inputs, for shapes that do not fit (E602), for sizes
        that are not given (E610), and where an entry that is needed cannot be computed.

        A jax or torch program takes arrays of its library too, gives such arrays back, and
        is differentiated there by its derived gradient, also under ``jit`` and ``vmap``.
        """
        short = self._short
        if short is not None:
            names, fits, run = short
            values = given.values()
            if [*given] == names and fits(map(type, values)):
                return run(*values)
        if self._usual is not None:
            found = self._usual(given)
            if found is not None:
                return found
        if self._foreign is not None and self._foreign.owns(given):
            found = self._foreign(given)
            self._short = self._foreign.short(tuple(given))
            return found
        kind = _kind(given)
        known = self._known(kind)
        if known is not None:
            if all(type(value) is np.ndarray for value in given.values()):
                self._usual = known.usual(given)
            return known.run(given)
        ready, cast = self._closed.ready_for(given)
        if kind is not None and all(cast[name] is given[name] for name in cast):
            self._seen[kind] = ready
            if self._memory is not None:
                self._memory.keep(kind, ready, self._closed.last)
        return ready.run(cast)

    def __reduce__(self) -> tuple[Callable[..., Program], tuple[Any, ...]]:
        """A copy, in another process too, is compiled from the text of the document.

        Raises:
            TypeError: the program was not compiled from a whole document.
        """
        if self._again is None:
            raise TypeError("this program cannot be pickled: pickle its document")
        return self._again.func, self._again.args

    def _known(self, kind: Kind | None) -> Ready | None:
        """The code for a kind of call, of this process or an earlier one."""
        if kind is None:
            return None
        known = self._seen.get(kind)
        if known is None and self._memory is not None:
            known = self._memory.recall(kind)
            if known is not None:
                self._seen[kind] = known
        return known

    @cached_property
    def _closed(self) -> Closed:
        made = self._make()
        if self._memory is not None:
            made.last = self._memory.last
        return made

    @property
    def model(self) -> Model:
        """The model without derivatives, and with all that they are computed from."""
        return self._closed.model

    @property
    def formula(self) -> Formula | None:
        """The outputs before derivatives are carried out, where they are known."""
        return self._closed.formula

    @property
    def outputs(self) -> dict[str, Output]:
        """By name the expression, the order of its free indices, and their ranges."""
        return self._closed.outputs

    @property
    def inputs(self) -> dict[str, tuple[Affine, ...]]:
        """The axes of each input that is needed."""
        return self._closed.inputs

    @property
    def sizes(self) -> tuple[str, ...]:
        """The names of all sizes that are needed, by an input or by name."""
        return self._closed.sizes

    def ready(self, arrays: Mapping[str, Shaped], sizes: Mapping[str, int]) -> Ready:
        """The code for arrays of these shapes and dtypes."""
        return self._closed.ready(arrays, sizes)

    def plan(self, **sizes: int) -> Plan:
        """The steps at given sizes. Raises EvaluationError (E610) if one is missing."""
        return self._closed.plan(**sizes)

    def cost(self, **sizes: int) -> Cost:
        """Operations and memory at given sizes. Raises EvaluationError (E610)."""
        return self._closed.cost(**sizes)

    def source(self, *, dtype: str | None = None, **sizes: int) -> str:
        """A module of its own whose ``program`` maps inputs by name to outputs by name.

        It is written for fixed sizes: those given, else those of the last call, else
        moderate ones. ``dtype`` is ``float32`` or ``float64``, as the last call without it.

        Raises:
            EvaluationError: E610, a size is missing; E618, a step has no source.
        """
        return self._closed.source(dtype=dtype, **sizes)

    def module(self, *, dtype: str | None = None, **sizes: int) -> str:
        """The same, with a check that inputs have the shapes it is written for: what is kept in a
        file may be given anything."""
        return self._closed.module(dtype=dtype, **sizes)

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

    def __str__(self) -> str:
        return str(self._closed)

    def __repr__(self) -> str:
        return f"Program({', '.join(self.outputs)})"


def _kind(given: Mapping[str, Any]) -> Kind | None:
    """What tells calls apart that need other code; None where arrays must be made first."""
    rows: list[tuple[str, Any, str]] = []
    for name, value in given.items():
        if type(value) is np.ndarray:
            rows.append((name, value.shape, value.dtype.str))
        elif type(value) is int:
            rows.append((name, value, ""))
        else:
            return None
    return tuple(rows)
