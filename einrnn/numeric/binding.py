"""From the arguments of a call to sizes, a working dtype and checked arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from difflib import get_close_matches
from numbers import Integral
from typing import Any, Protocol

import numpy as np

from einrnn.core.model import Input, Model
from einrnn.core.nodes import Affine, Dim
from einrnn.dataclass import dataclass
from einrnn.errors import EvaluationError

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass()
class Sizes:
    """Known sizes, and for each where it comes from."""

    values: dict[str, int] = field(default_factory=dict[str, int])
    origins: dict[str, str] = field(default_factory=dict[str, str])

    def learn(self, name: str, value: int, origin: str) -> None:
        """Note a size that is not known yet."""
        self.values[name] = value
        self.origins[name] = origin

    def of(self, axis: Affine) -> int | None:
        """The number of positions of an axis, or None while it is not known."""
        result = axis.constant
        for atom, times in axis.terms:
            if not isinstance(atom, Dim) or atom.name not in self.values:
                return None
            result += times * self.values[atom.name]
        return result


class Shaped(Protocol):
    """What code is chosen by."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the axes."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of an entry, as numpy names it."""
        ...


def sort_arguments(
    model: Model,
    inputs: Sequence[str],
    given: Mapping[str, Any],
    array: Callable[[str, Any], Any] | None = None,
) -> tuple[dict[str, Any], dict[str, int]]:
    """The arrays and the sizes among keyword arguments.

    ``array`` makes an array of the value of a named input; numpy's by default.

    Raises EvaluationError for an unknown name (E616), an input that is missing (E601), an
    array that does not hold numbers (E615), and a size that is not a positive whole number
    (E617).
    """
    array = array or _array
    arrays: dict[str, Any] = {}
    sizes: dict[str, int] = {}
    for name, value in given.items():
        if name in model.inputs:
            arrays[name] = array(name, value)
        elif name in model.dims:
            sizes[name] = _whole_size(name, value)
        else:
            known = [*inputs, *model.dims]
            close = get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
            raise EvaluationError("E616", f"there is no input or size named {name}", hint)
    missing = [name for name in inputs if name not in arrays]
    if missing:
        shape = ",".join(str(axis) for axis in model.inputs[missing[0]].axes)
        message = f"no array was given for the input {missing[0]}[{shape}]"
        raise EvaluationError("E601", message, f"give it by name: {missing[0]}=…")
    return arrays, sizes


def _array(name: str, value: Any) -> Array:
    if np.ma.is_masked(value):
        raise EvaluationError(
            "E615",
            f"{name} has masked entries, which no sum here would leave out",
            f"fill them, {name}={name}.filled(0), and give the mask as an input of its own",
        )
    try:
        array: Array = np.asarray(value)
    except (ValueError, TypeError, RuntimeError) as error:  # other libraries have their own reasons
        raise EvaluationError("E615", f"{name} is not an array: {error}") from None
    if array.dtype.kind not in "biufc":
        raise EvaluationError("E615", f"{name} holds {array.dtype}, which are not numbers")
    return array


def _whole_size(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < 1:
        raise EvaluationError(
            "E617", f"the size {name} must be a whole number of at least 1, not {value!r}"
        )
    return int(value)


def solve(
    model: Model, given: Mapping[str, int], shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, int]:
    """The sizes that the model, the keywords and the shapes of arrays determine.

    Raises EvaluationError (E602) where a rank or a size clashes, naming the input, the
    axis, the index and both sizes.
    """
    sizes = Sizes()
    for name, number in model.dims.items():
        if number is not None:
            sizes.learn(name, number, "in the document")
    for name, number in given.items():
        if sizes.values.get(name, number) != number:
            raise EvaluationError(
                "E602",
                f"the size {name} was given as {number}; it is {sizes.values[name]}",
                f"leave {name} out: the document says what it is",
            )
        sizes.learn(name, number, "as given by name")
    for name, shape in shapes.items():
        _check_rank(model.inputs[name], shape)
    while _learn_some(model, shapes, sizes):
        pass
    for name, shape in shapes.items():
        for axis, (wanted, found) in enumerate(zip(model.inputs[name].axes, shape, strict=True)):
            expected = sizes.of(wanted)
            if expected is not None and expected != found:
                raise _clash(name, axis, wanted, found, sizes)
    return sizes.values


def _check_rank(given: Input, shape: tuple[int, ...]) -> None:
    if len(shape) != len(given.axes):
        declared = ", ".join(str(axis) for axis in given.axes) or "none"
        raise EvaluationError(
            "E602",
            f"{given.name} has {len(shape)} axes, shape {shape}; "
            f"it is declared with {len(given.axes)} ({declared})",
            f"give an array with {len(given.axes)} axes",
        )
    if 0 in shape:
        message = f"axis {shape.index(0)} of {given.name} is empty"
        raise EvaluationError("E602", message, "sizes are whole numbers from 1 on")


def _learn_some(model: Model, shapes: Mapping[str, tuple[int, ...]], sizes: Sizes) -> bool:
    """Solve the axes that have one unknown size each; whether there was any."""
    learnt = False
    for name, shape in shapes.items():
        for number, (axis, found) in enumerate(zip(model.inputs[name].axes, shape, strict=True)):
            unknown = [
                (atom.name, times)
                for atom, times in axis.terms
                if isinstance(atom, Dim) and atom.name not in sizes.values
            ]
            if len(unknown) != 1:
                continue
            ((dim, times),) = unknown
            sizes.values[dim] = 0
            rest = found - (sizes.of(axis) or 0)
            del sizes.values[dim]
            if rest % times or rest // times < 1:
                raise EvaluationError(
                    "E602",
                    f"{name} has {found} positions on axis {number}, size {axis}; "
                    f"no whole {dim} of at least 1 fits",
                    f"give an array whose axis {number} has the size {axis}",
                )
            sizes.learn(dim, rest // times, f"from axis {number} of {name}")
            learnt = True
    return learnt


def _clash(name: str, axis: int, wanted: Affine, found: int, sizes: Sizes) -> EvaluationError:
    what = {0: "rows", 1: "columns"}.get(axis, "positions")
    origins = "; ".join(
        f"{atom.name} is {sizes.values[atom.name]} {sizes.origins[atom.name]}"
        for atom, _ in wanted.terms
        if isinstance(atom, Dim)
    )
    size = f"size {wanted}" + (f" = {sizes.of(wanted)}" if wanted.constant else "")
    return EvaluationError(
        "E602",
        f"{name} has {found} {what} (axis {axis}, {size}); {origins or 'it is fixed'}",
        "give arrays whose axes of one size have one length",
    )


def working_dtype(model: Model, arrays: Mapping[str, Shaped], integral: bool) -> np.dtype[Any]:
    """The dtype to compute in: what the arrays of floats have in common.

    Whole numbers go with it, and so do single numbers, however precise: ``eps=1e-5`` beside arrays
    in float32. Whole numbers stay whole only where the program has nothing but whole operations.
    """
    given = [array for name, array in arrays.items() if not model.inputs[name].integer]
    floats = [array for array in given if array.dtype.kind in "fc"]
    if not floats:
        return np.dtype(np.int64 if integral and arrays else np.float64)
    found = np.result_type(*([a.dtype for a in floats if a.shape] or [a.dtype for a in floats]))
    if any(array.dtype.kind == "c" for array in floats):
        found = np.result_type(found, np.complex64)
    return found


def cast(model: Model, arrays: Mapping[str, Array], dtype: np.dtype[Any]) -> dict[str, Array]:
    """The arrays in the working dtype; inputs of positions as integers."""
    result: dict[str, Array] = {}
    for name, array in arrays.items():
        if not model.inputs[name].integer:
            result[name] = array.astype(dtype, copy=False)
            continue
        with np.errstate(invalid="ignore"):  # what is no whole number is refused below
            whole = array.astype(np.int64, copy=False)
        if whole is not array and not np.array_equal(whole, array):
            raise EvaluationError(
                "E615", f"{name} must hold whole numbers; it is used as positions"
            )
        result[name] = whole
    return result
