"""Numbers that are too long to be written out."""

from __future__ import annotations

from fractions import Fraction

_MOST_BITS = 20_000


def is_long(value: Fraction, exponent: int) -> bool:
    """Whether a power of a rational has too many digits to be worked out."""
    bits = max(value.numerator.bit_length(), value.denominator.bit_length())
    return abs(value) != 1 and bits * abs(exponent) > _MOST_BITS
