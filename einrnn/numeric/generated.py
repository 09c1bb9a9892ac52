"""Plans that run as generated straight-line numpy code."""

from __future__ import annotations

from typing import Any

import numpy as np

from einrnn.errors import EvaluationError
from einrnn.numeric.loaded import Loaded
from einrnn.numeric.plan import Plan
from einrnn.numeric.source.forward import improved
from einrnn.numeric.source.jax_source import jax_source
from einrnn.numeric.source.numpy_module import numpy_source
from einrnn.numeric.source.numpy_source import all_steps, writable
from einrnn.numeric.source.torch_source import torch_source
from einrnn.numeric.steps import Fold, Map


def _native_source(plan: Plan, dtype: str) -> str:
    # loaded where it is needed: importing it takes longer than a small program
    from einrnn.numeric.native.writer import native_program

    return native_program(plan, dtype).text


_ORDERED = ("max", "min")
# what is something else of complex numbers there, or nothing
_OF_REALS = {
    "jax": frozenset(("abs", "sign", "step", "erf", "sigmoid")),
    "torch": frozenset(("abs", "sign", "step", "erf", "relu", "max", "min", "<", "<=", ">", ">=")),
}
_DTYPES = ("float16", "float32", "float64", "complex64", "complex128", "int64")
# where a copy of a matrix ahead of a loop pays
_LAID_OUT = ("numpy", "torch")
_WRITERS = {
    "numpy": numpy_source,
    "native": _native_source,
    "jax": jax_source,
    "torch": torch_source,
}


def can_generate(plan: Plan, dtype: np.dtype[Any]) -> bool:
    """Whether there is code for every step in this dtype."""
    return dtype.name in ("float32", "float64") and writable(plan)


def require_numbers(plan: Plan, dtype: np.dtype[Any], backend: str) -> None:
    """Raise EvaluationError (E615) where another library than numpy cannot compute a plan in a
    dtype."""
    if backend in ("numpy", "native"):
        return
    if dtype.name not in _DTYPES:
        message = f"the {backend} backend does not compute in {dtype.name}"
        raise EvaluationError("E615", message, "give arrays of float32 or float64")
    if dtype.kind != "c":
        return
    for step in all_steps(improved(plan, layouts=True)):
        if isinstance(step, Fold) and step.op in _ORDERED and backend == "torch":
            what = "largest one of complex numbers, which a maximum or softmax takes"
        elif isinstance(step, Map) and step.function in _OF_REALS[backend]:
            what = f"{step.function} of complex numbers as numpy has it"
        else:
            continue
        message = f"{backend} has no {what}"
        raise EvaluationError("E615", message, 'use compile(…, backend="numpy")')


def source(plan: Plan, dtype: str, backend: str) -> str:
    """The module's text for a backend.

    Raises EvaluationError (E618) where a step has no code: matrix functions, opaque functions.
    """
    if not writable(plan):
        raise EvaluationError(
            "E618",
            f"this program has steps that cannot be written as {backend} source",
            "matrix functions, opaque functions and definitions without an order of "
            'computation run through compile(…, backend="numpy") only',
        )
    if backend == "native":
        _require_c(plan, np.dtype(dtype))
    return _WRITERS[backend](improved(plan, layouts=backend in _LAID_OUT), dtype)


def _require_c(plan: Plan, dtype: np.dtype[Any]) -> None:
    from einrnn.numeric.native.native import lacking

    reason = lacking(plan, dtype)
    if reason is not None:
        raise EvaluationError("E618", f"this program cannot be written as C: {reason}")


class Generated(Loaded):
    """A plan's code for a backend in one dtype, compiled once."""

    def __init__(self, plan: Plan, dtype: np.dtype[Any], backend: str) -> None:
        super().__init__(source(plan, dtype.name, backend), dtype, backend)
