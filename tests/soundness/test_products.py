"""Products with many equal factors: every renamed and reordered copy is found equal, and
products that differ in value are not."""

import random

from benchmarks.equalities import outcome
from tests.soundness.products import Pair, Slots, invariant, random_pair, random_slots, shuffled


def test_a_hundred_pairs_are_found_equal():
    rng = random.Random(1)
    outcomes = [outcome(random_pair(rng)) for _ in range(100)]
    assert outcomes == ["equal"] * 100


def whole_numbers(rng: random.Random, rank: int, count: int) -> list[object]:
    if rank == 1:
        return [rng.randint(-3, 3) for _ in range(count)]
    return [whole_numbers(rng, rank - 1, count) for _ in range(count)]


def rewired(factors: list[Slots], rng: random.Random) -> list[Slots]:
    """The product with one slot joined to another dummy."""
    count = 1 + max(number for _, slots in factors for number in slots)
    place = rng.randrange(len(factors))
    name, slots = factors[place]
    position = rng.randrange(len(slots))
    moved = (*slots[:position], rng.randrange(count), *slots[position + 1 :])
    return [*factors[:place], (name, moved), *factors[place + 1 :]]


def test_products_of_different_value_are_not_found_equal():
    different = 0
    for seed in range(200):
        rng = random.Random(seed)
        factors = random_slots(rng)
        other = rewired(factors, rng)
        if {n for _, s in other for n in s} != {n for _, s in factors for n in s}:
            continue
        if 1 + max(n for _, slots in factors for n in slots) > 5:
            continue
        ranks = {name: len(slots) for name, slots in factors}
        arrays = {name: whole_numbers(rng, rank, 3) for name, rank in ranks.items()}
        same = invariant(factors, 3, arrays) == invariant(other, 3, arrays)
        different += not same
        found = outcome(Pair(shuffled(factors, rng, "p"), shuffled(other, rng, "q"), 0))
        assert same or found != "equal", (factors, other)
    assert different > 30
