"""Random inputs that obey the facts of a model, for checks and for counterexamples.

A fact about matrices is about the last two axes; the axes before them are a batch.
``constant`` says what derivatives may assume and restricts no values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from einrnn.core.model import Fact, Input, Model
from einrnn.core.nodes import Affine, Dim
from einrnn.errors import EvaluationError

Array = np.ndarray[Any, np.dtype[Any]]
Rng = np.random.Generator
Draw = Callable[[tuple[int, ...]], Array]

# entries keep this distance from 0, so that quotients stay moderate
_MARGIN = 0.1
_SCALE = 0.7
_HALVES = tuple(Fraction(value, 2) for value in (-4, -3, -2, -1, 1, 2, 3, 4))
_POSITIVE = tuple(Fraction(value, 2) for value in (1, 2, 3, 4, 6))
_SCALES = (Fraction(1, 16), Fraction(1), Fraction(16))
_WHOLE = tuple(Fraction(value) for value in (-2, -1, 1, 2, 3))


def sample(
    model: Model, sizes: Mapping[str, int], rng: Rng, *, dtype: Any = np.float64
) -> dict[str, Array]:
    """An array for every input: moderate sizes, away from 0, obeying the declared facts.

    Integer inputs are int64, all others ``dtype``. Raises EvaluationError (E610) for a
    size that is not given.
    """
    result: dict[str, Array] = {}
    for name, given in model.inputs.items():
        shape = _shape(model, sizes, given)
        values = _floats(model, sizes, given, shape, rng)
        result[name] = values.astype(np.int64 if given.integer else dtype)
    return result


def small_values(model: Model, sizes: Mapping[str, int], rng: Rng) -> dict[str, Array]:
    """An array of Fractions (dtype object) for every input: small integers and halves.

    Facts are obeyed exactly: orthogonal matrices are rational reflections, probabilities
    are fractions that add up to 1.
    """
    return {
        name: _fractions(model, sizes, given, _shape(model, sizes, given), rng)
        for name, given in model.inputs.items()
    }


def tied_values(
    model: Model, sizes: Mapping[str, int], rng: Rng, among: tuple[int, ...] = (-1, 0, 1)
) -> dict[str, Array]:
    """As :func:`small_values`, with few different numbers in inputs of which nothing is known: some
    entries are equal, and some are 0."""
    arrays = small_values(model, sizes, rng)
    free = [name for name, given in model.inputs.items() if not given.facts]
    values = tuple(map(Fraction, among))
    return {**arrays, **{name: _choose(values, arrays[name].shape, rng) for name in free}}


def uneven_values(model: Model, sizes: Mapping[str, int], rng: Rng) -> dict[str, Array]:
    """As :func:`small_values`, with some inputs much larger or smaller than others: one has to
    outweigh the rest where a condition depends on which is larger."""
    arrays = small_values(model, sizes, rng)
    for name, given in model.inputs.items():
        if _scales(given):
            arrays[name][...] = arrays[name] * _SCALES[int(rng.integers(len(_SCALES)))]
    return arrays


def _scales(given: Input) -> bool:
    """Whether a positive multiple of the input obeys its facts."""
    return all(fact.name in ("positive", "symmetric", "spd", "invertible") for fact in given.facts)


def _size(model: Model, sizes: Mapping[str, int], value: Affine) -> int:
    result = value.constant
    for atom, coefficient in value.terms:
        assert isinstance(atom, Dim)
        size = sizes.get(atom.name, model.dims.get(atom.name))
        if size is None:
            raise EvaluationError(
                "E610", f"the size {atom.name} was not given", f"give it by name: {atom.name}=5"
            )
        result += coefficient * size
    return result


def _shape(model: Model, sizes: Mapping[str, int], given: Input) -> tuple[int, ...]:
    return tuple(_size(model, sizes, axis) for axis in given.axes)


def _fact(given: Input, *names: str) -> Fact | None:
    return next((fact for fact in given.facts if fact.name in names), None)


def _floats(
    model: Model, sizes: Mapping[str, int], given: Input, shape: tuple[int, ...], rng: Rng
) -> Array:
    hot, share = _fact(given, "one-hot"), _fact(given, "probability")
    if hot is not None:
        return _one_hot(shape, hot, rng)
    if share is not None:
        values = np.exp(rng.normal(size=shape))
        return values / values.sum(axis=_axis(shape, share), keepdims=True)
    whole = _fact(given, "integer", "boolean")
    if whole is not None:
        return rng.integers(0, _bound(model, sizes, whole), size=shape)
    if given.has("orthogonal"):
        return _batched(shape, lambda side: np.linalg.qr(rng.normal(size=side))[0])
    if given.has("spd") or given.has("invertible"):
        symmetric, positive = given.has("symmetric"), given.has("spd")
        return _batched(shape, lambda side: _conditioned(side[0], symmetric, positive, rng))
    values = _SCALE * rng.normal(size=shape)
    values = values + np.where(values < 0, -_MARGIN, _MARGIN)
    return _finished(given, values)


def _fractions(
    model: Model, sizes: Mapping[str, int], given: Input, shape: tuple[int, ...], rng: Rng
) -> Array:
    hot, share = _fact(given, "one-hot"), _fact(given, "probability")
    if hot is not None:
        return _as_fractions(_one_hot(shape, hot, rng))
    if share is not None:
        values = _choose(_POSITIVE, shape, rng)
        return values / values.sum(axis=_axis(shape, share), keepdims=True)
    whole = _fact(given, "integer", "boolean")
    if whole is not None:
        bound = _bound(model, sizes, whole)
        return _choose(tuple(Fraction(value) for value in range(bound)), shape, rng)
    if given.has("orthogonal"):
        return _batched(shape, lambda side: _reflection(side[0], rng), object)
    if given.has("spd") or given.has("invertible"):
        symmetric, positive = given.has("symmetric"), given.has("spd")
        return _batched(shape, lambda side: _factored(side[0], symmetric, positive, rng), object)
    return _finished(given, _choose(_HALVES, shape, rng))


def _bound(model: Model, sizes: Mapping[str, int], fact: Fact) -> int:
    """One more than the largest value: 2 for booleans."""
    if fact.name == "boolean":
        return 2
    return 3 if fact.bound is None else _size(model, sizes, fact.bound)


def _finished(given: Input, values: Array) -> Array:
    if given.has("positive"):
        values = np.asarray(abs(values), dtype=values.dtype)
    if given.has("symmetric"):
        upper = np.triu_indices(values.shape[-1])
        result = values.copy()
        result[..., upper[1], upper[0]] = values[..., upper[0], upper[1]]
        values = result
    return values


def _one_hot(shape: tuple[int, ...], fact: Fact, rng: Rng) -> Array:
    axis = _axis(shape, fact)
    others = (*shape[:axis], *shape[axis + 1 :])
    one = np.eye(shape[axis], dtype=np.int64)[rng.integers(shape[axis], size=others)]
    return np.moveaxis(one, -1, axis)


def _axis(shape: tuple[int, ...], fact: Fact) -> int:
    return len(shape) - 1 if fact.axis is None else fact.axis


def _as_fractions(values: Array) -> Array:
    result = np.empty(values.shape, dtype=object)
    for place in np.ndindex(values.shape):
        result[place] = Fraction(int(values[place]))
    return result


def _choose(values: tuple[Fraction, ...], shape: tuple[int, ...], rng: Rng) -> Array:
    table, result = np.array(values, dtype=object), np.empty(shape, dtype=object)
    result[...] = table[rng.integers(len(values), size=shape)]
    return result


def _batched(shape: tuple[int, ...], draw: Draw, dtype: Any = np.float64) -> Array:
    result = np.empty(shape, dtype=dtype)
    for place in np.ndindex(shape[:-2]):
        result[place] = draw(shape[-2:])
    return result


def _conditioned(size: int, symmetric: bool, positive: bool, rng: Rng) -> Array:
    """A matrix with singular values between 1/2 and 3/2; spd where they are eigenvalues."""
    left = np.linalg.qr(rng.normal(size=(size, size)))[0]
    values = rng.uniform(0.5, 1.5, size)
    if positive:
        return _symmetrised(left @ np.diag(values) @ left.T)
    if symmetric:
        return _symmetrised(left @ np.diag(values * rng.choice([-1.0, 1.0], size)) @ left.T)
    right = np.linalg.qr(rng.normal(size=(size, size)))[0]
    # both are products of as many reflections
    values[:1] *= rng.choice([-1.0, 1.0])
    return left @ np.diag(values) @ right


def _symmetrised(matrix: Array) -> Array:
    return (matrix + matrix.T) / 2


def _factored(size: int, symmetric: bool, positive: bool, rng: Rng) -> Array:
    """``L D R`` with unit triangles: rational, invertible, and spd where D is positive."""
    lower = np.tril(_choose(_WHOLE, (size, size), rng), -1) + _as_fractions(np.eye(size))
    upper = np.triu(_choose(_WHOLE, (size, size), rng), 1) + _as_fractions(np.eye(size))
    middle = _choose(_POSITIVE if positive else _HALVES, (size,), rng)
    return (lower * middle) @ (lower.T if symmetric or positive else upper)


def _reflection(size: int, rng: Rng) -> Array:
    """``I - 2 v v^T / v.v``, which is orthogonal and, for whole v, rational."""
    v = _choose(_WHOLE, (size,), rng)
    identity = _as_fractions(np.eye(size))
    return identity - 2 * np.outer(v, v) / v.dot(v)
