"""Exact planners against brute force over all trees."""

from __future__ import annotations

import random
import time
from itertools import combinations
from statistics import median

import pytest

from einrnn.pathfinder.chain import chain
from einrnn.pathfinder.evaluate import flops
from einrnn.pathfinder.exact import exact
from einrnn.pathfinder.network import Network
from einrnn.pathfinder.planner import plan
from einrnn.pathfinder.polygon import triangles


def brute_force(terms: list[set[str]], output: set[str], sizes: dict[str, int]) -> int:
    """The fewest FLOPs of any tree, on sets of letters; every order is tried."""

    def entries(letters: set[str]) -> int:
        result = 1
        for letter in letters:
            result *= sizes[letter]
        return result

    first = 0
    for at, term in enumerate(terms):
        others = output.union(*(o for number, o in enumerate(terms) if number != at))
        if any(sizes[letter] > 1 for letter in term - others):
            first += entries(term)
        terms = [*terms[:at], term & others, *terms[at + 1 :]]
    known: dict[frozenset[frozenset[int]], int] = {}
    root = frozenset(frozenset([at]) for at in range(len(terms)))

    def value(group: frozenset[int]) -> set[str]:
        inside = set().union(*(terms[at] for at in group))
        outside = output.union(*(t for at, t in enumerate(terms) if at not in group))
        return inside & outside

    def search(groups: frozenset[frozenset[int]]) -> int:
        if len(groups) == 1:
            return 0
        if groups not in known:
            best = None
            for a, b in combinations(sorted(groups, key=sorted), 2):
                union = value(a) | value(b)
                summed = any(sizes[letter] > 1 for letter in union - value(a | b))
                cost = entries(union) * (2 if summed else 1)
                cost += search((groups - {a, b}) | {a | b})
                best = cost if best is None else min(best, cost)
            assert best is not None
            known[groups] = best
        return known[groups]

    return first + search(root)


def random_network(rng: random.Random, count: int):
    letters = "abcdefghij"[: rng.randint(3, count + 3)]
    terms = [rng.sample(letters, rng.randint(1, min(4, len(letters)))) for _ in range(count)]
    used = sorted({letter for term in terms for letter in term})
    output = rng.sample(used, rng.randint(0, min(3, len(used))))
    sizes = {letter: rng.choice((1, 2, 3, 5, 8, 20)) for letter in used}
    return terms, output, sizes


def test_exact_is_brute_force_on_500_equations_with_hyperedges() -> None:
    rng = random.Random(5)
    hyper = 0
    for case in range(500):
        terms, output, sizes = random_network(rng, 3 + case % (5 if case % 25 == 0 else 4))
        hyper += any(sum(letter in term for term in terms) > 2 for letter in sizes)
        network = Network.of(terms, output, sizes)
        expected = brute_force([set(term) for term in terms], set(output), sizes)
        assert flops(network, exact(network)) == expected, (terms, output, sizes)
        assert flops(network, plan(network)) == expected
    assert hyper > 300


def test_search_of_five_operands_takes_little_time() -> None:
    rng = random.Random(1)
    times: list[float] = []
    for _ in range(50):
        network = Network.of(*random_network(rng, 5))
        begun = time.process_time()
        plan(network)
        times.append(time.process_time() - begun)
    assert median(times) < 0.02


def test_an_outer_product_is_taken_where_it_pays() -> None:
    sizes = dict.fromkeys("abcdefgh", 2)
    terms = [list("abcdefgh"), *([letter] for letter in "abcdefgh")]
    network = Network.of(terms, [], sizes)
    # eight vectors one by one: 2 (256 + 128 + … + 2) FLOPs
    assert flops(network, plan(network)) < 2 * 510
    # four vectors to one of 16, the tensor by it, two vectors to one of 4, then the last two
    expected = (4 + 4 + 16) + 2 * 256 + 4 + 2 * 16 + 2 * 4 + 2 * 2
    assert flops(network, plan(network)) == expected


def interval_programme(weights: list[int]) -> int:
    count = len(weights)
    best = [[0] * count for _ in range(count)]
    for length in range(2, count):
        for i in range(count - length):
            j = i + length
            best[i][j] = min(
                best[i][k] + best[k][j] + weights[i] * weights[j] * weights[k]
                for k in range(i + 1, j)
            )
    return best[0][count - 1]


@pytest.mark.parametrize("largest", [2, 3, 9, 50])
def test_triangulations_are_those_of_the_interval_programme(largest: int) -> None:
    rng = random.Random(largest)
    for _ in range(400):
        weights = [rng.randint(1, largest) for _ in range(rng.randint(3, 15))]
        found = triangles(weights)
        assert len(found) == len(weights) - 2
        cost = sum(weights[a] * weights[b] * weights[c] for a, b, c in found)
        assert cost == interval_programme(weights), weights


def test_chains_are_recognised_in_any_order_and_solved_exactly() -> None:
    rng = random.Random(2)
    for case in range(120):
        count = rng.randint(3, 8)
        terms = [["b", f"i{at}", f"i{at + 1}"] for at in range(count)]
        terms[0] = ["b", "i1"] if case % 3 == 0 else terms[0]
        terms[-1] = ["b", f"i{count - 1}"] if case % 4 == 0 else terms[-1]
        present = {index for term in terms for index in term}
        output = [index for index in ("b", "i0", f"i{count}") if index in present]
        output = output[1:] if case % 5 == 0 else output
        rng.shuffle(terms)
        sizes = {index: rng.randint(2, rng.choice((3, 30))) for index in sorted(present)}
        network = Network.of(terms, output, sizes)
        path = chain(network)
        assert path is not None
        assert flops(network, path) == flops(network, exact(network)), (terms, sizes)


@pytest.mark.parametrize(
    "terms",
    [
        [["a", "b"], ["b", "c"], ["c", "a"]],
        [["a"], ["a", "b", "c"], ["b"], ["c"]],
        [["a", "b"], ["b", "c"], ["b", "d"]],
        [["a"], ["b"]],
    ],
)
def test_what_is_no_chain_is_left_alone(terms: list[list[str]]) -> None:
    assert chain(Network.of(terms, [], dict.fromkeys("abcd", 3))) is None


@pytest.mark.parametrize("count", [50, 1000])
def test_a_shuffled_chain_of_jacobians_takes_the_vector_first(count: int) -> None:
    terms = [["i0"], *([f"i{at}", f"i{at + 1}"] for at in range(count))]
    random.Random(3).shuffle(terms)
    network = Network.of(terms, [f"i{count}"], {f"i{at}": 64 for at in range(count + 1)})
    assert flops(network, plan(network)) == count * 2 * 64 * 64
