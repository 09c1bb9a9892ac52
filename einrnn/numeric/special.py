"""Matrix functions and opaque functions as steps."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from einrnn.core import affine as af
from einrnn.core import build
from einrnn.core.nodes import Affine, Cases, Expr, Matrix, Opaque
from einrnn.core.trampoline import Steps
from einrnn.errors import EvaluationError
from einrnn.numeric import bounds
from einrnn.numeric.emit import Axis, Var, letters_of, sizes_of
from einrnn.numeric.labelled import aligned, mapped, spread, union
from einrnn.numeric.reading import Argument, Array, integer, read
from einrnn.numeric.scope import Place, Scope
from einrnn.numeric.steps import Linear, Random

if TYPE_CHECKING:
    from einrnn.numeric.lower import Lowering


def matrix(lowering: Lowering, node: Matrix, scope: Scope) -> Steps[Var]:
    """A matrix function: the whole matrix (or a batch of them), then read at its positions."""
    exponents = scope.interval(node.power)
    if exponents is None:
        raise EvaluationError("E612", f"the exponent {node.power} is looked up in data")
    if exponents[0] != exponents[1]:
        return (yield lowering.steps(_by_exponent(node, *exponents), scope))
    size = bounds.number(node.size, scope.sizes)
    row, column = Axis(node.row, 0, size), Axis(node.column, 0, size)
    inner = scope.bind(node.row, row).bind(node.column, column)
    body: Var = yield lowering.steps(node.body, inner)
    batch = tuple(axis for axis in body.axes if axis not in (row, column))
    body = spread(lowering.emitter, body, (*batch, row, column))
    axes = (*batch, row, column) if node.at else batch
    out = lowering.emitter.emit(
        Linear,
        node.op,
        body.register,
        exponents[0],
        bool(scope.conditions),
        shape=sizes_of(axes),
        letters=letters_of(axes),
    )
    if not node.at:
        return Var(out, axes)
    args = [_whole_axis(axis) for axis in batch]
    for at in node.at:
        argument: Argument = yield lowering.argument(at, scope)
        args.append(argument)
    box = tuple((axis.lo, axis.lo + axis.size - 1) for axis in axes)
    return read(lowering.emitter, Array(node.op, out, box), args, bool(scope.conditions))


def _whole_axis(axis: Axis) -> Argument:
    return Argument(Place(0, ((axis, 1),), (), ()), (axis.lo, axis.lo + axis.size - 1))


def _by_exponent(node: Matrix, lo: int, hi: int) -> Expr:
    """A matrix power whose exponent depends on an index, as cases of fixed exponents."""

    def fixed(power: int) -> Matrix:
        return Matrix(node.op, node.row, node.column, node.size, node.body, af.of(power), node.at)

    branches = tuple(
        (build.compare("==", node.power, af.of(power)), fixed(power)) for power in range(lo, hi)
    )
    return Cases(branches, fixed(hi))


def opaque(lowering: Lowering, node: Opaque, scope: Scope) -> Steps[Var]:
    """A random smooth function of all entries of its arguments, or a derivative of it."""
    emitter = lowering.emitter
    values: list[tuple[Var, tuple[Axis, ...]]] = []
    for argument in node.args:
        sizes = [bounds.number(size, scope.sizes) for size in argument.sizes]
        own = tuple(Axis(i, 0, size) for i, size in zip(argument.indices, sizes, strict=True))
        inner = scope
        for axis in own:
            inner = inner.bind(axis.index, axis)
        value: Var = yield lowering.steps(argument.body, inner)
        values.append((value, own))
    at: list[Var] = []
    for place in node.at:
        where: Var = yield lowering.integer(place, scope)
        at.append(where)
    by: list[Var] = []
    for number, entry in node.partials:
        flat: Var = yield _flat(lowering, scope, [own for _, own in values], number, entry)
        by.append(flat)
    outer = [Var(value.register, value.axes) for value, _ in values]
    axes = tuple(
        axis for axis in union([*outer, *at, *by]) if not any(axis in own for _, own in values)
    )
    registers = tuple(
        aligned(
            emitter,
            spread(emitter, value, (*(a for a in axes if a in value.axes), *own)),
            (*axes, *own),
        )
        for value, own in values
    )
    out = emitter.emit(
        Random,
        node.name,
        lowering.opaque_seed,
        len(axes),
        registers,
        tuple(aligned(emitter, var, axes) for var in at),
        tuple(aligned(emitter, var, axes) for var in by),
        shape=sizes_of(axes),
        letters=letters_of(axes),
    )
    return Var(out, axes)


def _flat(
    lowering: Lowering,
    scope: Scope,
    shapes: list[tuple[Axis, ...]],
    argument: int,
    entry: tuple[Affine, ...],
) -> Steps[Var]:
    """The number of an argument's entry among all entries of all arguments."""
    emitter = lowering.emitter
    before = sum(prod(sizes_of(own)) for own in shapes[:argument])
    result = integer(emitter, before)
    stride = prod(sizes_of(shapes[argument]))
    for axis, place in zip(shapes[argument], entry, strict=True):
        stride //= axis.size
        where: Var = yield lowering.integer(place, scope)
        where = mapped(emitter, "*", where, integer(emitter, stride), kind="integer")
        result = mapped(emitter, "+", result, where, kind="integer")
    return result
