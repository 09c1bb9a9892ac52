"""Arrays in compressed form: sums of products of smaller arrays along diagonals.

A second derivative often repeats itself: that of ``|A - U Vᵀ|²`` by ``U`` is the same small matrix
for each row of ``U`` and 0 between different rows. What varies is kept once.
"""

from __future__ import annotations

from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from einrnn.dataclass import dataclass
from einrnn.errors import EvaluationError
from einrnn.numeric import kernels
from einrnn.numeric.einsum import einsum

Array = np.ndarray[Any, np.dtype[Any]]

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, eq=False)
class Component:
    """A product of arrays over axes of its own, and where its entries belong.

    ``shape`` has the sizes of the component's axes. ``factors`` are arrays with the numbers of the
    axes each of them has; along the others it is repeated. ``places`` has, for each axis of the
    whole array, an (axis of the component, offset): axes that share one run along a diagonal.
    """

    shape: tuple[int, ...]
    factors: tuple[tuple[Array, tuple[int, ...]], ...]
    places: tuple[tuple[int, int], ...]

    @property
    def nbytes(self) -> int:
        """The bytes of the factors."""
        return sum(array.nbytes for array, _ in self.factors)

    def array(self) -> Array:
        """The product of the factors, over the axes of the component."""
        result: Any = None
        for array, axes in self.factors:
            spread = array.reshape(
                [self.shape[axis] if axis in axes else 1 for axis in range(len(self.shape))]
            )
            result = spread if result is None else result * spread
        return np.broadcast_to(result, self.shape)


class Structured:
    """An array of shape ``shape`` as a sum of components, such as a block-diagonal Hessian.

    ``components`` are the parts, ``nbytes`` the bytes they take. :meth:`dense` (or
    ``numpy.asarray``) writes the whole array; ``H @ v`` multiplies without writing it.
    """

    def __init__(
        self, shape: tuple[int, ...], dtype: np.dtype[Any], components: tuple[Component, ...]
    ) -> None:
        self.shape = shape
        self.dtype = dtype
        self.components = components

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of entries of the whole array."""
        return prod(self.shape)

    @cached_property
    def nbytes(self) -> int:
        """The bytes of the components; the whole array has ``size * dtype.itemsize``."""
        return sum(component.nbytes for component in self.components)

    def dense(self) -> Array:
        """The whole array, as a new one."""
        result = np.zeros(self.shape, self.dtype)
        for component in self.components:
            view = kernels.diagonal(result, component.places, component.shape)
            view += component.array()
        return result

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if copy is False:
            raise ValueError("a structured array is written anew when it becomes an array")
        return np.asarray(self.dense(), dtype)

    def matvec(self, vector: Any) -> Array:
        """The sum over the last axes, as many as the vector has, times the vector.

        For a Hessian over the axes ``i,k,j,l`` and a vector over ``j,l`` that is the
        Hessian-vector product, over ``i,k``. Only components are read.

        Raises:
            EvaluationError: E602, the shape of the vector is not that of the last axes.
        """
        array = np.asarray(vector)
        kept = self.ndim - array.ndim
        if kept < 0 or array.shape != self.shape[kept:]:
            raise EvaluationError(
                "E602",
                f"a vector of shape {array.shape} is multiplied with an array of shape "
                f"{self.shape}",
                "it has the shape of the array's last axes",
            )
        result = np.zeros(self.shape[:kept], np.result_type(self.dtype, array.dtype))
        for component in self.components:
            _add_product(result, component, array)
        return result

    __matmul__ = matvec

    def __repr__(self) -> str:
        parts = ", ".join(_text(component) for component in self.components)
        return f"Structured({_times(self.shape)}, {self.nbytes} bytes: {parts})"


def _add_product(result: Array, component: Component, vector: Array) -> None:
    """Add one component's product with a vector."""
    kept = component.places[: result.ndim]
    rest = component.places[result.ndim :]
    operands = [array for array, _ in component.factors]
    terms = ["".join(_LETTERS[axis] for axis in axes) for _, axes in component.factors]
    part, axes = _along(vector, rest, component.shape)
    operands.append(part)
    terms.append("".join(_LETTERS[axis] for axis in axes))
    target, axes = _along(result, kept, component.shape)
    inside = {letter for term in terms for letter in term}
    present = [_LETTERS[axis] for axis in axes if _LETTERS[axis] in inside]
    value = np.asarray(einsum(f"{','.join(terms)}->{''.join(present)}", *operands))
    spread = [
        size if _LETTERS[axis] in inside else 1
        for axis, size in zip(axes, target.shape, strict=True)
    ]
    target += value.reshape(spread)


def _along(
    array: Array, places: tuple[tuple[int, int], ...], shape: tuple[int, ...]
) -> tuple[Array, list[int]]:
    """A view of the array over those axes of a component that its own axes lie on."""
    axes = list(dict.fromkeys(axis for axis, _ in places))
    own = tuple((axes.index(axis), offset) for axis, offset in places)
    return kernels.diagonal(array, own, tuple(shape[axis] for axis in axes)), axes


def _text(component: Component) -> str:
    """Which axes run together, and the shapes of the factors."""
    together: dict[int, list[str]] = {}
    for number, (axis, offset) in enumerate(component.places):
        together.setdefault(axis, []).append(f"{number}{f'-{offset}' if offset else ''}")
    deltas = [f"δ[{','.join(numbers)}]" for numbers in together.values() if len(numbers) > 1]
    factors = [_times(array.shape) for array, _ in component.factors]
    return " ".join([*deltas, " ⊗ ".join(factors)])


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "number"
