"""Searches: valid trees, never worse than the finders they are compared with."""

from __future__ import annotations

import random
import tracemalloc

import numpy as np
import opt_einsum
import pytest

from einrnn.errors import EvaluationError
from einrnn.numeric.pathwise import Pathwise
from einrnn.pathfinder.anneal import anneal
from einrnn.pathfinder.bounded import bounded
from einrnn.pathfinder.evaluate import flops, score
from einrnn.pathfinder.exact import exact
from einrnn.pathfinder.external import finders
from einrnn.pathfinder.greedy import MEMORY, TIED, Rule, greedy
from einrnn.pathfinder.network import Network
from einrnn.pathfinder.planner import plan
from einrnn.pathfinder.reconfigure import reconfigure
from einrnn.pathfinder.search import search
from einrnn.pathfinder.slicing import sliced
from einrnn.pathfinder.tree import Tree


def regular(count: int, seed: int, size: int = 2, free: int = 0) -> Network:
    """A random 3-regular multigraph without loops, by pairing stubs; some open indices."""
    rng = random.Random(seed)
    while True:
        stubs = [node for node in range(count) for _ in range(3)]
        rng.shuffle(stubs)
        edges = list(zip(stubs[::2], stubs[1::2], strict=True))
        if all(a != b for a, b in edges):
            break
    terms = [[f"e{at}" for at, edge in enumerate(edges) if node in edge] for node in range(count)]
    for node in range(free):
        terms[node].append(f"o{node}")
    sizes = {f"e{at}": size for at in range(len(edges))} | {f"o{at}": 2 for at in range(free)}
    return Network.of(terms, [f"o{at}" for at in range(free)], sizes)


def value(network: Network, path, arrays) -> np.ndarray:
    return Pathwise(network, path)(*arrays)


def arrays_for(network: Network, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=[network.sizes[bit] for bit in term]) for term in network.axes]


def by_opt_einsum(network: Network, arrays) -> np.ndarray:
    interleaved = [part for pair in zip(arrays, network.axes, strict=True) for part in pair]
    return opt_einsum.contract(*interleaved, network.order, optimize="greedy")


@pytest.mark.parametrize("seed", range(3))
def test_every_finder_gives_a_tree_with_the_same_value(seed: int) -> None:
    network = regular(14, seed, free=2)
    arrays = arrays_for(network)
    expected = by_opt_einsum(network, arrays)
    rng = random.Random(seed)
    paths = [greedy(network, MEMORY), greedy(network, TIED)]
    paths += [greedy(network, Rule(temperature=1.0), rng), plan(network)]
    tree = anneal(Tree.of(network, paths[2]), 50, rng)
    paths += [tree.path(), reconfigure(tree).path(), search(network, 0.2)]
    for path in paths:
        np.testing.assert_allclose(value(network, path, arrays), expected, rtol=1e-9)


def test_a_tree_knows_the_flops_of_its_path() -> None:
    network = regular(20, 1)
    tree = anneal(Tree.of(network, greedy(network)), 100, random.Random(0))
    assert tree.total() == flops(network, tree.path())
    before = tree.total()
    assert reconfigure(tree).total() <= before
    assert tree.total() == flops(network, tree.path())


@pytest.mark.parametrize("count", [12, 30, 60])
def test_a_compile_is_never_worse_than_opt_einsum(count: int) -> None:
    network = regular(count, count)
    others = finders(network)
    ours = flops(network, plan(network))
    for name in ("opt_einsum auto", "opt_einsum greedy"):
        assert ours <= flops(network, others[name](network))


def test_equal_networks_get_equal_paths() -> None:
    assert plan(regular(40, 2)) == plan(regular(40, 2))


def random_tree(count: int, rng: random.Random) -> Network:
    """A tree with leaves that hang close together, so that outer products pay."""
    terms: list[list[str]] = [[] for _ in range(count)]
    for node in range(1, count):
        parent = max(0, node - rng.randint(1, 4))
        terms[node].append(f"e{node}")
        terms[parent].append(f"e{node}")
    return Network.of(terms, ["e1"], {f"e{at}": rng.randint(2, 9) for at in range(1, count)})


def test_trees_are_solved_exactly_below_a_known_cost() -> None:
    rng = random.Random(8)
    for _ in range(20):
        network = random_tree(9, rng)
        least, known = flops(network, exact(network)), flops(network, greedy(network))
        path = bounded(network, known + 1, everywhere=True)
        assert path is not None
        assert flops(network, path) == least
        close = bounded(network, known + 1)
        assert close is not None
        assert least <= flops(network, close) <= known
        assert bounded(network, least, everywhere=True) is None


def test_a_compile_solves_a_tree_of_many_operands_with_much_work() -> None:
    rng = random.Random(3)
    for _ in range(3):
        network = random_tree(14, rng)
        wide = {bit: 12 * size for bit, size in enumerate(network.sizes)}
        network = Network.of(network.axes, network.order, wide)
        found = flops(network, plan(network))
        assert bounded(network, found, everywhere=True) is None


class _Ticking:
    """A clock that a millisecond passes on whenever it is read."""

    now = 0.0

    def __call__(self) -> float:
        self.now += 1e-3
        return self.now


@pytest.mark.parametrize("seconds", [0.0, 0.05, 1.0, 3.0])
def test_a_search_stops_within_a_few_looks_at_the_clock(seconds: float) -> None:
    clock = _Ticking()
    network = regular(40, 1)
    path = search(network, seconds, clock=clock)
    assert seconds <= clock.now <= seconds + 0.02
    assert flops(network, path) <= flops(network, finders(network)["opt_einsum auto"](network))


def test_backpropagation_with_a_batch_is_swept_in_order() -> None:
    steps, hidden, batch = 500, 32, 16
    terms = [["b", "i0"]]
    for at in range(steps):
        terms += [["b", f"i{at}"], [f"i{at}", f"i{at + 1}"]]
    terms.append(["b", f"i{steps}"])
    random.Random(0).shuffle(terms)
    sizes = {f"i{at}": hidden for at in range(steps + 1)} | {"b": batch}
    network = Network.of(terms, ["b"], sizes)
    by_hand = steps * (batch * hidden + 2 * batch * hidden**2) + 2 * batch * hidden
    assert flops(network, plan(network)) <= by_hand


def test_a_memory_limit_is_kept_in_a_measured_run() -> None:
    network = regular(60, 3, size=4, free=1)
    arrays = [array / 4 for array in arrays_for(network)]
    free_run = Pathwise(network, plan(network))
    expected, unlimited = measured(free_run, arrays)
    limit = unlimited // 12
    found = sliced(network, limit)
    assert found.peak <= limit
    result, held = measured(Pathwise(network, found.path, found.indices), arrays)
    inputs = sum(array.size for array in arrays)
    assert unlimited > 10 * limit
    assert held + inputs <= limit
    np.testing.assert_allclose(result, expected, rtol=1e-6)


def measured(run: Pathwise, arrays: list[np.ndarray]) -> tuple[np.ndarray, int]:
    """The result, and the most entries allocated during the run."""
    run(*arrays)
    tracemalloc.start()
    result = run(*arrays)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return result, peak // 8


def test_a_limit_below_the_operands_is_an_error() -> None:
    network = regular(10, 0)
    with pytest.raises(EvaluationError) as problem:
        sliced(network, 20)
    assert problem.value.code == "E711"


def test_scores_agree_with_what_is_run() -> None:
    network = regular(30, 5, size=3, free=1)
    path = plan(network)
    arrays = arrays_for(network)
    _, held = measured(Pathwise(network, path), arrays)
    assert held <= score(network, path).workspace
