"""Pairs of products over dummies: equal by construction, or made different.

A pair is a product of up to eight equal factors, some others beside them, summed over all
its dummies, and the same with dummies renamed, factors shuffled and sums in another order.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from einrnn.core import affine as af
from einrnn.core.build import total
from einrnn.core.nodes import Element, Expr, Index, Mul
from tests.builders import size

N = size("N")
MOST_EQUAL = 8
Slots = tuple[str, tuple[int, ...]]


@dataclass(frozen=True)
class Pair:
    """Two sums of products, and how many factors of the first are entries of one tensor."""

    left: Expr
    right: Expr
    equal_factors: int


def random_slots(rng: random.Random) -> list[Slots]:
    """Factors as a tensor's name with the numbers of its dummies; every dummy is used."""
    equal = rng.randint(2, MOST_EQUAL)
    rank = rng.choice((1, 2, 2, 2, 3))
    dummies = rng.randint(2, max(2, equal))
    factors = [("A", tuple(rng.randrange(dummies) for _ in range(rank))) for _ in range(equal)]
    others = [("x", (rng.randrange(dummies),)) for _ in range(rng.randint(0, 3))]
    others += [("B", (rng.randrange(dummies), rng.randrange(dummies)))] * rng.randint(0, 1)
    factors += others
    used = sorted({number for _, slots in factors for number in slots})
    return [(name, tuple(used.index(number) for number in slots)) for name, slots in factors]


def written(factors: list[Slots], names: list[str], order: list[int]) -> Expr:
    """The sum of a product with these names for the dummies, sums in this order."""
    letters = [Index(name) for name in names]
    entries = [Element(name, tuple(af.of(letters[s]) for s in slots)) for name, slots in factors]
    body: Expr = Mul(tuple(entries))
    for number in order:
        body = total(letters[number], N, body)
    return body


def shuffled(factors: list[Slots], rng: random.Random, prefix: str) -> Expr:
    """One way to write a product: other names, another order of factors and of sums."""
    count = 1 + max(number for _, slots in factors for number in slots)
    names = [f"{prefix}{number}" for number in range(count)]
    rng.shuffle(names)
    order = list(range(count))
    rng.shuffle(order)
    factors = list(factors)
    rng.shuffle(factors)
    return written(factors, names, order)


def random_pair(rng: random.Random) -> Pair:
    """Two ways to write the same product."""
    factors = random_slots(rng)
    equal = sum(name == "A" for name, _ in factors)
    return Pair(shuffled(factors, rng, "p"), shuffled(factors, rng, "q"), equal)


def invariant(factors: list[Slots], count: int, arrays: dict[str, list[object]]) -> int:
    """The value of the sum for whole-number arrays, by adding up all assignments."""
    from itertools import product

    dummies = 1 + max(number for _, slots in factors for number in slots)
    result = 0
    for values in product(range(count), repeat=dummies):
        term = 1
        for name, slots in factors:
            entry: object = arrays[name]
            for slot in slots:
                assert isinstance(entry, list)
                entry = entry[values[slot]]
            assert isinstance(entry, int)
            term *= entry
        result += term
    return result
