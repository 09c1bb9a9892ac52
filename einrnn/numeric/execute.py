"""Steps as closures over a list of registers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from einrnn.core.functions import FUNCTIONS
from einrnn.core.model import Model
from einrnn.dataclass import dataclass
from einrnn.errors import EvaluationError
from einrnn.numeric import kernels, opaque
from einrnn.numeric.interpret import Interpreter
from einrnn.numeric.matmul import contraction
from einrnn.numeric.steps import (
    Align,
    Allocate,
    Assemble,
    At,
    Cast,
    Choose,
    Constant,
    Contract,
    Diagonal,
    Entrywise,
    Fold,
    Gather,
    Given,
    Iota,
    Item,
    Layout,
    Linear,
    Loop,
    Map,
    Random,
    Scatter,
    Span,
    Spread,
    Step,
    Store,
    View,
)

Array = np.ndarray[Any, np.dtype[Any]]
Registers = list[Any]
Action = Callable[[Registers], None]


@dataclass(frozen=True)
class Setting:
    """What steps need besides registers: the working dtype, and the model and its sizes for
    what the interpreter computes. The inputs of a call are in the last register."""

    dtype: np.dtype[Any]
    model: Model
    sizes: Mapping[str, int]
    opaque_seed: int


def action(step: Step, setting: Setting) -> Action:
    """The closure that carries out a step."""
    match step:
        case Given(out, name):
            return _given(out, name)
        case Constant():
            return _put(step.out, constant(step, setting.dtype))
        case Iota(out, start, size):
            return _put(out, np.arange(start, start + size))
        case Cast(out, source):
            return _cast(out, source, setting.dtype)
        case View():
            return _view(step)
        case Diagonal(out, source, first, second):
            return lambda r: r.__setitem__(out, np.diagonal(r[source], 0, first, second))
        case Align():
            return _align(step)
        case Layout(out, source, order):
            return lambda r: r.__setitem__(out, np.ascontiguousarray(r[source].transpose(order)))
        case Spread(out, source, shape):
            return lambda r: r.__setitem__(out, np.broadcast_to(r[source], shape))
        case Gather():
            return _gather(step)
        case Scatter(out, source, index, size):
            return lambda r: r.__setitem__(out, kernels.scatter(r[source], r[index], size))
        case Assemble():
            return _assemble(step)
        case Map():
            return _map(step)
        case Fold(out, op, source, axes):
            fold = kernels.FOLDS[op]
            return lambda r: r.__setitem__(out, fold(r[source], axis=axes))
        case Contract(out, left, right):
            multiply = contraction(step)
            return lambda r: r.__setitem__(out, multiply(r[left], r[right]))
        case Linear(out, op, source, power, guarded):
            return lambda r: r.__setitem__(out, kernels.linear(op, r[source], power, guarded))
        case Random():
            return _random(step, setting.dtype)
        case Allocate(out, _, shape):
            dtype = setting.dtype
            return lambda r: r.__setitem__(out, np.zeros(shape, dtype))
        case Store():
            return _store(step)
        case Loop():
            return _loop(step, setting)
        case Choose():
            return _choose(step, setting)
        case Entrywise():
            return _entrywise(step, setting)


def constant(step: Constant, dtype: np.dtype[Any]) -> Any:
    """A number in the working dtype; a float where that has only integers and it is none."""
    value = step.value
    if isinstance(value, str):
        if value in ("true", "false"):
            return np.bool_(value == "true")
        value = FUNCTIONS[value].value()
        return dtype.type(value) if dtype.kind in "fc" else np.float64(value)
    if step.whole:
        return int(value)
    if dtype.kind not in "fc":
        return dtype.type(int(value)) if value.denominator == 1 else np.float64(value)
    return dtype.type(_nearest(value))


def _nearest(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _put(out: int, value: Any) -> Action:
    def run(r: Registers) -> None:
        r[out] = value

    return run


def _given(out: int, name: str) -> Action:
    def run(r: Registers) -> None:
        r[out] = r[-1][name]

    return run


def _cast(out: int, source: int, dtype: np.dtype[Any]) -> Action:
    def run(r: Registers) -> None:
        r[out] = np.asarray(r[source]).astype(dtype)

    return run


def _map(step: Map) -> Action:
    out, function = step.out, kernels.function(step.function)
    match step.args:
        case (a,):

            def unary(r: Registers) -> None:
                r[out] = function(r[a])

            return unary
        case (a, b):

            def binary(r: Registers) -> None:
                r[out] = function(r[a], r[b])

            return binary
        case args:

            def run(r: Registers) -> None:
                r[out] = function(*[r[arg] for arg in args])

            return run


def _assemble(step: Assemble) -> Action:
    def run(r: Registers) -> None:
        result = np.zeros(step.shape, np.result_type(*(r[arg] for arg in step.args)))
        for arg, places in zip(step.args, step.places, strict=True):
            part = kernels.diagonal(result, places, np.shape(r[arg]))
            part += r[arg]
        r[step.out] = result

    return run


def _position(at: At) -> Callable[[Registers], int]:
    constant_part, counters, size = at.constant, at.counters, at.size
    if size is not None:
        last, free = size - 1, _position(replace(at, size=None))
        return lambda r: min(max(free(r), 0), last)
    if len(counters) == 1 and counters[0][1] == 1:
        counter = counters[0][0]
        return lambda r: r[counter] + constant_part
    return lambda r: constant_part + sum(times * r[counter] for counter, times in counters)


def _slice(start: int, span: Span) -> slice:
    stop = start + span.size * span.step
    return slice(start, stop if stop >= 0 else None, span.step)


def _subscript(items: Sequence[Item]) -> tuple[Any, ...] | Callable[[Registers], tuple[Any, ...]]:
    """The subscript where it is fixed, else how to get it from the loop counters."""
    starts = [item if isinstance(item, At) else item.start for item in items]
    if not any(start.counters for start in starts):
        return _fixed(items)
    moving = [number for number, start in enumerate(starts) if start.counters]
    if len(moving) == 1 and isinstance(items[moving[0]], At):
        (number,) = moving
        before, after = _fixed(items[:number]), _fixed(items[number + 1 :])
        get = _position(starts[number])
        return lambda r: (*before, get(r), *after)
    gets = [_position(start) for start in starts]
    spans = [item if isinstance(item, Span) else None for item in items]
    return lambda r: tuple(
        get(r) if span is None else _slice(get(r), span)
        for get, span in zip(gets, spans, strict=True)
    )


def _fixed(items: Sequence[Item]) -> tuple[Any, ...]:
    return tuple(
        item.constant if isinstance(item, At) else _slice(item.start.constant, item)
        for item in items
    )


def _view(step: View) -> Action:
    out, source, subscript = step.out, step.source, _subscript(step.items)
    if callable(subscript):

        def moving(r: Registers) -> None:
            r[out] = r[source][subscript(r)]

        return moving

    def run(r: Registers) -> None:
        r[out] = r[source][subscript]

    return run


def _store(step: Store) -> Action:
    out, source, subscript = step.out, step.source, _subscript(step.items)
    if callable(subscript):

        def moving(r: Registers) -> None:
            r[out][subscript(r)] = r[source]

        return moving

    def run(r: Registers) -> None:
        r[out][subscript] = r[source]

    return run


def _align(step: Align) -> Action:
    out, source = step.out, step.source
    order = tuple(at for at in step.order if at >= 0)
    new = tuple(None if at < 0 else slice(None) for at in step.order)
    plain = order == tuple(range(len(order)))

    def run(r: Registers) -> None:
        array = np.asarray(r[source]) if plain else r[source].transpose(order)
        r[out] = array[new] if None in new else array

    return run


def _gather(step: Gather) -> Action:
    def run(r: Registers) -> None:
        source = r[step.source]
        indices = [np.asarray(r[index]) for index in step.indices]
        if step.clamped:
            sizes = source.shape
            indices = [np.clip(at, 0, size - 1) for at, size in zip(indices, sizes, strict=False)]
        else:
            _check(step.tensor, indices, source.shape)
        r[step.out] = source[tuple(indices)]

    return run


def _check(tensor: str, indices: Sequence[Array], shape: tuple[int, ...]) -> None:
    for at, size in zip(indices, shape, strict=False):
        if at.size and (at.min() < 0 or at.max() >= size):
            wrong = at[(at < 0) | (at >= size)].flat[0]
            raise EvaluationError(
                "E603",
                f"{tensor} is read out of range: a look-up gives position {wrong} "
                f"on an axis of size {size}",
            )


def _random(step: Random, dtype: np.dtype[Any]) -> Action:
    rank = step.rank
    if dtype.kind == "c":
        raise EvaluationError("E614", f"the opaque function {step.name} takes real numbers only")

    def run(r: Registers) -> None:
        args = [r[arg].reshape((*r[arg].shape[:rank], -1)) for arg in step.args]
        at, by = [np.asarray(r[i]) for i in step.at], [np.asarray(r[i]) for i in step.by]
        shape = np.broadcast_shapes(*(arg.shape[:-1] for arg in args), *(i.shape for i in at + by))
        args = [np.broadcast_to(arg, (*shape, arg.shape[-1])) for arg in args]
        points = np.concatenate(args, axis=-1) if args else np.zeros((*shape, 0))
        places = [np.broadcast_to(i, shape) for i in at + by]
        result = np.empty(shape, dtype)
        for place in product(*(range(size) for size in shape)):
            numbers = [int(i[place]) for i in places]
            waves = opaque.waves(step.seed, step.name, tuple(numbers[: len(at)]), points.shape[-1])
            result[place] = opaque.evaluate(waves, points[place], numbers[len(at) :])
        r[step.out] = result

    return run


def actions(steps: Sequence[Step], setting: Setting) -> list[Action]:
    """The closures of a block."""
    return [action(step, setting) for step in steps]


def _loop(step: Loop, setting: Setting) -> Action:
    body = actions(step.body, setting)
    way = 1 if step.first <= step.last else -1
    span, counter = range(step.first, step.last + way, way), step.counter

    def run(r: Registers) -> None:
        for at in span:
            r[counter] = at
            for act in body:
                act(r)

    return run


def _choose(step: Choose, setting: Setting) -> Action:
    then, otherwise = actions(step.then, setting), actions(step.otherwise, setting)

    def run(r: Registers) -> None:
        finite = all(np.isfinite(r[register]).all() for register in step.checked)
        for act in then if finite else otherwise:
            act(r)
        r[step.out] = r[step.then_out if finite else step.otherwise_out]

    return run


def _entrywise(step: Entrywise, setting: Setting) -> Action:
    if setting.dtype.kind == "c":
        raise EvaluationError(
            "E614",
            f"no order is known in which to compute {', '.join(step.tensors)}: "
            "entry by entry works for real numbers only",
        )

    def run(r: Registers) -> None:
        oracle = Interpreter(setting.model, setting.sizes, r[-1], opaque_seed=setting.opaque_seed)
        for number, box in step.boxes:
            name, start, array = step.tensors[number], step.starts[number], r[step.outs[number]]
            for place in product(*(range(lo, hi + 1) for lo, hi in box)):
                at = tuple(p - s for p, s in zip(place, start, strict=True))
                array[at] = oracle.entry(name, place)

    return run
