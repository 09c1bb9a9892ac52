"""Arithmetic on arrays of residues, and the tower of primes that makes room for exp.

Residues are numpy uint64 below 2^32, so that a product of two never overflows.

The primes satisfy ``p[l] = 2 p[l+1] + 1``. The squares modulo ``p[l]`` are a group of prime
order ``p[l+1]``, so ``exp(v) = g^v`` is a homomorphism from the numbers modulo ``p[l+1]``: the
argument of an exponential is evaluated one level up, and nested exponentials further up.
All primes are 7 modulo 8, so -1 is no square: the quadratic character is an odd and
multiplicative sign, squares are the positive numbers, and of the two roots of a square one
is a square itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from einrnn.dataclass import dataclass

Residues = npt.NDArray[np.uint64]

_BOTTOM = 38199839
_LEVELS = 7
# below this many entries Python's own inverse is the fastest
_FEW = 48
_WINDOW = 11
_MASK = (1 << _WINDOW) - 1


def _tower() -> tuple[int, ...]:
    primes = [_BOTTOM]
    while len(primes) < _LEVELS:
        primes.append(2 * primes[-1] + 1)
    return tuple(reversed(primes))


PRIMES = _tower()


@dataclass(frozen=True)
class Field:
    """The numbers modulo ``PRIMES[level]``."""

    level: int

    @cached_property
    def prime(self) -> int:
        """The modulus."""
        return PRIMES[self.level]

    def number(self, value: Fraction) -> Residues:
        """A rational number, of shape [1].

        Raises:
            ZeroDivisionError: its denominator is a multiple of the prime.
        """
        if value.denominator % self.prime == 0:
            raise ZeroDivisionError
        residue = value.numerator * pow(value.denominator, -1, self.prime) % self.prime
        return np.array([residue], dtype=np.uint64)

    def whole(self, values: npt.NDArray[np.int64]) -> Residues:
        """Whole numbers, which may be negative."""
        return np.mod(values, self.prime).astype(np.uint64)

    def signed(self, values: Residues) -> npt.NDArray[np.int64]:
        """The whole numbers of least magnitude that the residues stand for."""
        low = values.astype(np.int64)
        return np.where(low > self.prime // 2, low - self.prime, low)

    def add(self, terms: Sequence[Residues]) -> Residues:
        """The sum of arrays that broadcast."""
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total % self.prime if len(terms) > 1 else total

    def mul(self, left: Residues, right: Residues) -> Residues:
        """The product of arrays that broadcast."""
        return left * right % self.prime

    def neg(self, values: Residues) -> Residues:
        """``-values``."""
        return (self.prime - values) % self.prime

    def sub(self, left: Residues, right: Residues) -> Residues:
        """``left - right``."""
        return (left + (self.prime - right)) % self.prime

    def sum(self, values: Residues, axis: int) -> Residues:
        """The sum along an axis, which is dropped."""
        return values.sum(axis=axis, dtype=np.uint64) % self.prime

    def prod(self, values: Residues, axis: int) -> Residues:
        """The product along an axis, which is dropped."""
        rows = np.moveaxis(values, axis, 0)
        result = np.ones(rows.shape[1:], dtype=np.uint64)
        for row in rows:
            result = self.mul(result, row)
        return result

    def inverse(self, values: Residues) -> Residues:
        """``1 / values``; 0 where there is none."""
        flat = values.reshape(-1)
        nonzero = np.where(flat == 0, 1, flat).astype(np.uint64)
        found = np.where(flat == 0, 0, self._inverse(nonzero)).astype(np.uint64)
        return found.reshape(values.shape)

    def _inverse(self, flat: Residues) -> Residues:
        """Two numbers at the price of one: ``1/a = b/(ab)`` and ``1/b = a/(ab)``."""
        if flat.size <= _FEW:
            return np.array([pow(v, -1, self.prime) for v in flat.tolist()], dtype=np.uint64)
        odd = flat.size % 2
        padded = np.concatenate([flat, np.ones(odd, dtype=np.uint64)])
        first, second = padded[: padded.size // 2], padded[padded.size // 2 :]
        both = self._inverse(self.mul(first, second))
        pair = [self.mul(both, second), self.mul(both, first)]
        return np.concatenate(pair)[: flat.size]

    def power(self, base: Residues, exponent: int) -> Residues:
        """``base ^ exponent`` for one exponent, which may be negative; ``0 ^ -1`` is 0."""
        if exponent < 0:
            base, exponent = self.inverse(base), -exponent
        result = None
        while exponent:
            if exponent & 1:
                result = base if result is None else self.mul(result, base)
            exponent >>= 1
            if exponent:
                base = self.mul(base, base)
        return np.ones_like(base) if result is None else result

    def powers(self, base: Residues, exponents: Residues) -> Residues:
        """``base ^ exponents`` entry by entry; the exponents are not negative."""
        left = exponents.copy()
        result = np.ones((1,) * base.ndim, dtype=np.uint64)
        while left.any():
            result = np.where(left & 1, self.mul(result, base), result)
            left >>= 1
            base = self.mul(base, base)
        return result

    def character(self, values: Residues) -> npt.NDArray[np.int64]:
        """1 for squares, -1 for the others, 0 for 0: an odd, multiplicative sign."""
        legendre = self.power(values, (self.prime - 1) // 2)
        return np.where(legendre > 1, -1, legendre.astype(np.int64))

    def root(self, values: Residues) -> Residues:
        """Of squares, the root that is a square."""
        return self.power(values, (self.prime + 1) // 4)

    def exp(self, exponents: Residues) -> Residues:
        """``g ^ exponents`` for residues modulo the next prime of the tower."""
        rows = [
            self._table[part][(exponents >> (part * _WINDOW)) & _MASK].astype(np.uint64)
            for part in range(3)
        ]
        return self.mul(self.mul(rows[0], rows[1]), rows[2])

    @cached_property
    def _table(self) -> Residues:
        """``g ^ (i 2^(11 part))``, of shape [part, i]; g is a square that is not 1."""
        return np.stack([self._row(pow(4, 1 << (part * _WINDOW), self.prime)) for part in range(3)])

    def _row(self, base: int) -> Residues:
        row = np.ones(1, dtype=np.uint64)
        for _ in range(_WINDOW):
            row = np.concatenate([row, self.mul(row, np.array([base], dtype=np.uint64))])
            base = base * base % self.prime
        return row

    def random(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Residues:
        """Independent residues, none of them 0."""
        return rng.integers(1, self.prime, size=shape, dtype=np.uint64)

    def oracle(self, seed: int, values: Residues) -> Residues:
        """A random function of residues: the same value always gives the same result."""
        return scramble(values ^ np.uint64(seed)) % self.prime

    def odd_oracle(self, seed: int, values: Residues) -> Residues:
        """A random function with ``f(-v) = -f(v)``."""
        return self._odd(seed, values, self.neg, 0)

    def exp_oracle(self, seed: int, values: Residues) -> Residues:
        """A random function into the squares with ``f(-v) = 1/f(v)``."""
        return self._odd(seed, values, self.inverse, 1)

    def _odd(
        self, seed: int, values: Residues, flip: Callable[[Residues], Residues], at_zero: int
    ) -> Residues:
        high = values > self.prime // 2
        drawn = self.oracle(seed, np.where(high, self.prime - values, values).astype(np.uint64))
        drawn = self.mul(drawn, drawn) if at_zero else drawn
        result = np.where(high, flip(drawn), drawn)
        return np.where(values == 0, at_zero, result).astype(np.uint64)


def scramble(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finaliser of splitmix64 (Steele, Lea, Flood 2014): a mixing bijection of 64 bits."""
    mixed: Any = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


FIELDS = tuple(Field(level) for level in range(_LEVELS))
