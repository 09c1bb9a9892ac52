"""Einsum strings: everything :func:`numpy.einsum` takes, checked, on the program machinery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from einrnn.core import affine as af
from einrnn.core.model import Model
from einrnn.core.nodes import Element, Index
from einrnn.errors import EvaluationError
from einrnn.numeric.contract import contracted
from einrnn.numeric.emit import MAIN, Axis, Emitter, Var
from einrnn.numeric.executable import Executable
from einrnn.numeric.execute import Setting
from einrnn.numeric.labelled import merged, spread
from einrnn.numeric.live import lifetimes, pruned
from einrnn.numeric.plan import Plan
from einrnn.numeric.program import compile_program
from einrnn.numeric.steps import At, Given, Span, View
from einrnn.numeric.subscripts import ELLIPSIS, Subscripts, parse

Array = np.ndarray[Any, np.dtype[Any]]


def einsum(equation: str, *operands: Any, **named: Any) -> Array:
    """The sum of products that an einsum string names, as a new array.

    Letters that the output lacks are summed; without ``->`` the output has the letters
    that occur once, in alphabetical order. ``...`` stands for further axes that broadcast
    as in numpy. Other axes of size 1 are never stretched.

    Raises EvaluationError: E701 where a letter has two sizes, E702 and E703 for output
    letters that no operand has or that are repeated, E704 for a wrong number of operands,
    E705 for a wrong number of axes, E706 for text that is not an einsum string, E707 for an
    ellipsis that is missing in the output, E708 for operands that are not numbers, E709 for
    operands by name.
    """
    if named:
        raise EvaluationError(
            "E709",
            f"an einsum string takes its operands in order, not by name ({', '.join(named)})",
            "name arrays in an index equation, as in C[i,k] = A[i,j] B[j,k]",
        )
    subscripts = parse(equation, len(operands))
    arrays = [_array(operand, number) for number, operand in enumerate(operands)]
    shapes = tuple(array.shape for array in arrays)
    dtype = np.result_type(*arrays)
    working = np.dtype(np.int64) if dtype.kind == "b" else dtype
    executable = _prepared(subscripts, shapes, working)
    given = {
        f"operand{number}": array.astype(working, copy=False) for number, array in enumerate(arrays)
    }
    return executable.run(given)["result"].astype(dtype, copy=False)


def einsum_equation(model: Model, output: str, arrays: Mapping[str, Any]) -> Array:
    """All entries of a definition of a model, from arrays by name: an index equation's value.

    Raises EvaluationError as :class:`einrnn.numeric.program.Program` does.
    """
    axes = model.axes(output)
    letters = tuple(Index(f"_axis{number}") for number in range(len(axes)))
    element = Element(output, tuple(af.of(letter) for letter in letters))
    ranges = dict(zip(letters, axes, strict=True))
    return compile_program(model, {output: (element, letters, ranges)})(**arrays)[output]


def _array(operand: Any, number: int) -> Array:
    try:
        array: Array = np.asarray(operand)
    except ValueError as error:
        raise EvaluationError("E708", f"operand {number} is not an array: {error}") from None
    if array.dtype.kind not in "biufc":
        raise EvaluationError("E708", f"operand {number} holds {array.dtype}, not numbers")
    return array


@lru_cache(maxsize=512)
def _prepared(
    subscripts: Subscripts, shapes: tuple[tuple[int, ...], ...], dtype: np.dtype[Any]
) -> Executable:
    setting = Setting(dtype, Model(), {}, 0)
    return Executable(_plan(subscripts, shapes), setting)


def einsum_plan(equation: str, shapes: Sequence[tuple[int, ...]]) -> Plan:
    """The steps for operands of these shapes; raises EvaluationError as :func:`einsum`."""
    return _plan(parse(equation, len(shapes)), tuple(shapes))


def _plan(subscripts: Subscripts, shapes: tuple[tuple[int, ...], ...]) -> Plan:
    labels = subscripts.labels(shapes)
    sizes = subscripts.sizes(labels, shapes)
    emitter = Emitter()
    axes = {label: Axis(Index(label), 0, size) for label, size in sizes.items()}
    values = [
        _operand(emitter, number, shape, names, axes)
        for number, (shape, names) in enumerate(zip(shapes, labels, strict=True))
    ]
    order = [axes[label] for label in subscripts.result(labels)]
    present = dict.fromkeys(axis for value in values for axis in value.axes)
    summed = [axis for axis in present if axis not in order]
    value = spread(emitter, contracted(emitter, values, summed, order), order)
    wanted = {value.register}
    first, second = emitter.blocks
    constants, main = pruned(first.steps, second.steps, wanted)
    registers = tuple(emitter.registers)
    times = lifetimes(registers, constants, main, wanted)
    return Plan(registers, constants, main, {"result": value.register}, times)


def _operand(
    emitter: Emitter,
    number: int,
    shape: tuple[int, ...],
    labels: tuple[str, ...],
    axes: Mapping[str, Axis],
) -> Var:
    """An operand, its diagonals taken, without the ellipsis axes that are to be stretched."""
    name = f"operand{number}"
    register = emitter.emit(Given, name, shape=shape, letters=labels, least=MAIN)
    emitter.name(register, name)
    stretched = [
        label.startswith(ELLIPSIS) and size != axes[label].size
        for label, size in zip(labels, shape, strict=True)
    ]
    if any(stretched):
        items = tuple(
            At(0) if drop else Span(At(0), size)
            for drop, size in zip(stretched, shape, strict=True)
        )
        labels = tuple(name for name, drop in zip(labels, stretched, strict=True) if not drop)
        kept = tuple(axes[label].size for label in labels)
        register = emitter.emit(View, register, items, shape=kept, letters=labels)
    return merged(emitter, register, [axes[label] for label in labels])
