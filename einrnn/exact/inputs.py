"""Random inputs modulo the primes of the tower, with their facts true by construction.

An input is drawn anew at every level, because a number and its exponential are independent;
what is made of whole numbers is the same at every level. Positive means being a square.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from zlib import crc32

import numpy as np

from einrnn.core.model import Fact, FactName, Input, Model
from einrnn.dataclass import dataclass
from einrnn.errors import InternalError
from einrnn.exact.field import FIELDS, Field, Residues
from einrnn.exact.matrices import eliminated, product
from einrnn.exact.places import place

_WHOLE: tuple[FactName, ...] = ("integer", "boolean", "one-hot")


@dataclass()
class Inputs:
    """The inputs of a model at given sizes: arrays [points, axes]."""

    model: Model
    sizes: Mapping[str, int]
    seed: int
    points: int
    _made: dict[tuple[str, int], Residues] = field(default_factory=dict[tuple[str, int], Residues])
    _held: set[str] = field(default_factory=set[str])

    def fix(self, name: str, level: int, values: Residues) -> None:
        """Put other values in place of the drawn ones."""
        self._made[name, 0 if is_fixed(self.model.inputs[name]) else level] = values

    def hold(self, name: str, values: Mapping[int, Residues]) -> None:
        """Give an input its values at every level, for good."""
        self._held.add(name)
        self._made.update({(name, level): array for level, array in values.items()})

    def release(self, name: str) -> None:
        """Take back what was held."""
        self._held.discard(name)
        for level in range(len(FIELDS)):
            self._made.pop((name, level), None)

    def movable(self, name: str) -> bool:
        """Whether an input is real and not held."""
        return name not in self._held and not is_fixed(self.model.inputs[name])

    def __call__(self, name: str, level: int) -> Residues:
        """An input at a level."""
        given = self.model.inputs[name]
        key = (name, 0 if is_fixed(given) else level)
        if key not in self._made:
            self._made[key] = self._draw(given, key[1])
        return self._made[key]

    def _draw(self, given: Input, level: int) -> Residues:
        text = repr((given.name, level, sorted(self.sizes.items())))
        rng = np.random.default_rng((self.seed, crc32(text.encode())))
        shape = (self.points, *(place(axis, self.sizes).constant for axis in given.axes))
        return drawn(given, shape, self._bound(given), FIELDS[level], rng)

    def _bound(self, given: Input) -> int:
        bounds = [fact.bound for fact in given.facts if fact.bound is not None]
        return place(bounds[0], self.sizes).constant if bounds else 2


def is_fixed(given: Input) -> bool:
    """Whether the entries are whole numbers, the same at every level."""
    return any(given.has(fact) for fact in _WHOLE)


def drawn(
    given: Input, shape: tuple[int, ...], bound: int, field: Field, rng: np.random.Generator
) -> Residues:
    """An array [points, axes] that obeys an input's facts; whole numbers are below ``bound``."""
    facts = {fact.name: fact for fact in given.facts}
    if "one-hot" in facts:
        return one_hot(shape, _axis(facts["one-hot"]), rng)
    if "integer" in facts or "boolean" in facts:
        return rng.integers(0, bound, size=shape, dtype=np.uint64)
    if "probability" in facts:
        return _probability(shape, _axis(facts["probability"]), field, rng)
    if "orthogonal" in facts:
        return orthogonal(shape, "symmetric" in facts, field, rng)
    if "spd" in facts:
        factor = field.random(rng, shape)
        return product(field, factor, np.swapaxes(factor, -1, -2))
    values = field.random(rng, shape)
    if "symmetric" in facts:
        upper = np.triu(values)
        values = upper + np.swapaxes(np.triu(values, 1), -1, -2)
    if "positive" in facts:
        values = field.mul(values, values)
    return values


def _axis(fact: Fact) -> int:
    if fact.axis is None:
        raise InternalError("E904", f"the fact {fact.name} has no axis")
    return 1 + fact.axis


def one_hot(shape: tuple[int, ...], axis: int, rng: np.random.Generator) -> Residues:
    """One 1 along an axis, at random."""
    chosen = np.argmax(rng.random(shape), axis=axis, keepdims=True)
    result = np.zeros(shape, dtype=np.uint64)
    np.put_along_axis(result, chosen, 1, axis=axis)
    return result


def _probability(
    shape: tuple[int, ...], axis: int, field: Field, rng: np.random.Generator
) -> Residues:
    """Squares that add up to 1: drawn until the sums are squares, then divided by them."""
    values = field.random(rng, shape)
    values = field.mul(values, values)
    while True:
        total = field.sum(values, axis)
        wrong = np.broadcast_to(np.expand_dims(field.character(total) < 1, axis), shape)
        if not wrong.any():
            return field.mul(values, np.expand_dims(field.inverse(total), axis))
        again = field.random(rng, shape)
        values = np.where(wrong, field.mul(again, again), values).astype(np.uint64)


def orthogonal(
    shape: tuple[int, ...], symmetric: bool, field: Field, rng: np.random.Generator
) -> Residues:
    """Cayley's ``(1 - S)(1 + S)^-1`` of a skew S; a reflection where it is to be symmetric."""
    size = shape[-1]
    one = np.eye(size, dtype=np.uint64)
    if symmetric:
        axis = field.random(rng, shape[:-1])
        length = field.sum(field.mul(axis, axis), -1)
        double = field.mul(field.inverse(length), np.array(2, dtype=np.uint64))
        outer = field.mul(axis[..., :, None], axis[..., None, :])
        return field.sub(one, field.mul(outer, double[..., None, None]))
    upper = np.triu(field.random(rng, shape), 1)
    skew = field.sub(upper, np.swapaxes(upper, -1, -2))
    inverse, _ = eliminated(field, field.add((one, skew)))
    return product(field, field.sub(one, skew), inverse)
