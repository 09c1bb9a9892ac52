"""Search for paths of networks that are too large to be solved exactly, within a given time.

Each round starts from a random greedy tree, anneals it, and improves it in small parts. The best
tree so far is there at any time; more rounds can only help. When half of the time is over, the
hyper-optimiser of cotengra gets a quarter of it where that is installed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from random import Random

from einrnn.pathfinder.anneal import anneal
from einrnn.pathfinder.evaluate import Path, flops
from einrnn.pathfinder.external import hyper_of_cotengra, quick_of_opt_einsum
from einrnn.pathfinder.greedy import MEMORY, TIED, Rule, greedy
from einrnn.pathfinder.network import Network
from einrnn.pathfinder.reconfigure import reconfigure
from einrnn.pathfinder.tree import Tree

# visits to every node in one round, how many operands are solved exactly at once, and how often
# each part is
_SWEEPS, _WIDTH, _ROUNDS = 3000, 8, 2
# Another library, which takes a second to load, is asked as well in searches of so many seconds
# and so many for each pair of operands: a trial of it, which nothing interrupts, takes about half
# of the time it is given then.
_WORTH_ASKING, _WORTH_A_PAIR = 20.0, 1.6e-3


def rounds(network: Network, seed: int = 0, sweeps: int = _SWEEPS) -> Iterator[Path]:
    """Ever new paths, one for each round, the same for the same seed."""
    rng = Random(seed)
    while True:
        start = greedy(network, Rule(temperature=0.2), rng)
        tree = anneal(Tree.of(network, start), sweeps, rng)
        yield reconfigure(tree, _WIDTH, _ROUNDS).path()


def search(
    network: Network,
    seconds: float,
    *,
    seed: int = 0,
    clock: Callable[[], float] = time.perf_counter,
) -> Path:
    """The best path found within so many seconds, at least as good as opt_einsum's ``auto``.

    The quick finders are asked in any case. Everything after them looks at the clock, and a round
    is as long as fits into the time that is left.
    """
    end = clock() + seconds

    def late() -> bool:
        return clock() >= end

    candidates = [greedy(network, MEMORY), greedy(network, TIED), *quick_of_opt_einsum(network)]
    best = min(candidates, key=lambda path: flops(network, path))
    candidates = [reconfigure(Tree.of(network, best), _WIDTH, _ROUNDS, late).path()]
    ask = seconds >= max(_WORTH_ASKING, _WORTH_A_PAIR * len(network.operands) ** 2 / 2)
    rng, sweeps = Random(seed), _SWEEPS // 6
    while True:
        best = min([best, *candidates], key=lambda path: flops(network, path))
        if late():
            return best
        begun = clock()
        if ask and end - begun < seconds / 2:
            ask = False
            found = hyper_of_cotengra(network, seconds / 4)
            trees = [Tree.of(network, path) for path in found]
            candidates = [reconfigure(one, _WIDTH, late=late).path() for one in trees]
            continue
        tree = Tree.of(network, greedy(network, Rule(temperature=0.2), rng))
        tree = anneal(tree, sweeps, rng, late)
        candidates = [reconfigure(tree, _WIDTH, _ROUNDS, late).path()]
        took, left = max(clock() - begun, 1e-9), end - clock()
        # slow cooling finds more than another start: half of what is left, and all of the rest
        # where a round as long as this one would not fit into the other half
        share = max(0.5 * left, min(left, took))
        sweeps = max(_SWEEPS // 30, min(8 * _SWEEPS, int(sweeps * share / took)))
