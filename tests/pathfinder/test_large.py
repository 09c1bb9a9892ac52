"""Large and odd networks: valid paths, never worse than opt_einsum's ``auto``."""

from __future__ import annotations

import random

import numpy as np
import pytest

from einrnn.numeric.pathwise import Pathwise
from einrnn.pathfinder.evaluate import flops
from einrnn.pathfinder.exact import exact
from einrnn.pathfinder.external import finders
from einrnn.pathfinder.network import Network
from einrnn.pathfinder.parts import apart, parts
from einrnn.pathfinder.planner import plan


def odd(count: int, seed: int) -> Network:
    """Operands in one to four parts that share nothing; scalars, indices of size 1, and
    indices that many operands have."""
    rng = random.Random(seed)
    groups = rng.choice((1, 1, 2, 4))
    letters: list[tuple[int, int]] = []
    sizes: dict[tuple[int, int], int] = {}
    terms: list[list[tuple[int, int]]] = []
    for at in range(count):
        known = [one for one in letters[-rng.choice((6, 30, 200)) :] if one[0] == at % groups]
        term = rng.sample(known, min(len(known), rng.choice((0, 1, 1, 2, 2, 3))))
        for _ in range(rng.choice((0, 1, 1, 2))):
            letters.append((at % groups, len(letters)))
            sizes[letters[-1]] = rng.choice((1, 2, 2, 3, 4))
            term.append(letters[-1])
        terms.append(term)
    used = sorted({letter for term in terms for letter in term})
    return Network.of(terms, rng.sample(used, min(3, len(used))), sizes)


@pytest.mark.parametrize(
    ("count", "seed"),
    [
        *((n, seed) for n in (2, 3, 8, 12, 30, 60) for seed in range(4)),
        (300, 0),
        (600, 0),
        (1000, 0),
    ],
)
def test_no_path_is_worse_than_that_of_opt_einsum(count: int, seed: int) -> None:
    network = odd(count, seed)
    path = plan(network)
    used = sorted(number for step in path for number in step)
    assert used == list(range(2 * count - 2))
    assert flops(network, path) <= flops(network, finders(network)["opt_einsum auto"](network))


@pytest.mark.parametrize("seed", range(8))
def test_the_value_is_that_of_numpy(seed: int) -> None:
    network = odd(9 + seed, seed)
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=[network.sizes[bit] for bit in term]) for term in network.axes]
    parts_ = [part for pair in zip(arrays, map(list, network.axes), strict=True) for part in pair]
    expected = np.einsum(*parts_, list(network.order), optimize=True)
    np.testing.assert_allclose(Pathwise(network, plan(network))(*arrays), expected, rtol=1e-9)


def test_parts_that_share_nothing_cost_what_they_cost_alone_and_their_products() -> None:
    # three chains of six matrices; what they leave is multiplied, the smallest two first
    chains = [[(part, at, at + 1) for at in range(6)] for part in range(3)]
    terms = [[(p, a), (p, b)] for chain in chains for p, a, b in chain]
    sizes = {(p, at): 2 + (3 * p + at) % 5 for p in range(3) for at in range(7)}
    ends = [(p, at) for p in range(3) for at in (0, 6)]
    random.Random(1).shuffle(terms)
    network = Network.of(terms, ends, sizes)
    groups = parts(network)
    assert sorted(map(len, groups)) == [6, 6, 6]
    alone = sum(
        flops(one, exact(one))
        for one in (
            Network.of([[(p, a), (p, b)] for _, a, b in chains[p]], [(p, 0), (p, 6)], sizes)
            for p in range(3)
        )
    )
    left = sorted(sizes[p, 0] * sizes[p, 6] for p in range(3))
    products = left[0] * left[1] + left[0] * left[1] * left[2]
    assert flops(network, apart(network, groups, plan)) == alone + products
    assert flops(network, plan(network)) <= alone + products
