"""Search for paths of networks that are too large to be solved exactly, within a given time.

Where cotengra is installed its hyper-optimiser gets a quarter of the time. Each round starts
from a random greedy tree, anneals it, and improves it in small parts. The best tree so far is
there at any time; more rounds can only help.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from random import Random

from einrnn.pathfinder.anneal import anneal
from einrnn.pathfinder.evaluate import Path, flops
from einrnn.pathfinder.external import greedy_of_opt_einsum, hyper_of_cotengra
from einrnn.pathfinder.greedy import MEMORY, TIED, Rule, greedy
from einrnn.pathfinder.network import Network
from einrnn.pathfinder.reconfigure import reconfigure
from einrnn.pathfinder.tree import Tree

# visits to every node in one round, and how many operands are solved exactly at once
_SWEEPS, _WIDTH = 3000, 8
# Another library, which takes a second to load, is asked as well in searches of so many seconds
# and so many for each pair of operands: a trial of it, which nothing interrupts, takes about half
# of the time it is given then.
_WORTH_ASKING, _WORTH_A_PAIR = 4.0, 1.6e-3


def rounds(network: Network, seed: int = 0, sweeps: int = _SWEEPS) -> Iterator[Path]:
    """Ever new paths, one for each round, the same for the same seed."""
    rng = Random(seed)
    while True:
        start = greedy(network, Rule(temperature=0.2), rng)
        tree = anneal(Tree.of(network, start), sweeps, rng)
        yield reconfigure(tree, _WIDTH, rounds=2).path()


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

    candidates = [greedy(network, MEMORY), greedy(network, TIED), *greedy_of_opt_einsum(network)]
    best = min(candidates, key=lambda path: flops(network, path))
    least = flops(network, best)
    candidates = []
    if seconds >= max(_WORTH_ASKING, _WORTH_A_PAIR * len(network.operands) ** 2 / 2):
        candidates = [
            reconfigure(Tree.of(network, path), late=late).path()
            for path in hyper_of_cotengra(network, seconds / 4)
        ]
    rng, sweeps = Random(seed), _SWEEPS // 6
    while True:
        for path in candidates:
            work = flops(network, path)
            if work < least:
                best, least = path, work
        if late():
            return best
        begun = clock()
        tree = Tree.of(network, greedy(network, Rule(temperature=0.2), rng))
        tree = anneal(tree, sweeps, rng, late=late)
        candidates = [reconfigure(tree, _WIDTH, late=late).path()]
        took, left = clock() - begun, end - clock()
        if took * 2 < left:
            sweeps = min(2 * sweeps, 8 * _SWEEPS)
        elif took > left:
            sweeps = max(_SWEEPS // 30, int(sweeps * left / took))
