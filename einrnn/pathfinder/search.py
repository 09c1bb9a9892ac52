"""Search for paths of networks that are too large to be solved exactly.

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
from einrnn.pathfinder.external import hyper_of_cotengra
from einrnn.pathfinder.greedy import Rule, greedy
from einrnn.pathfinder.network import Network
from einrnn.pathfinder.reconfigure import reconfigure
from einrnn.pathfinder.tree import Tree

# visits to every node in one round, and how many operands are solved exactly at once
_SWEEPS, _WIDTH = 3000, 8
# seconds from which another library, which takes a second to load, is asked as well
_WORTH_ASKING = 4.0


def rounds(network: Network, seed: int = 0, sweeps: int = _SWEEPS) -> Iterator[Path]:
    """Ever new paths, one for each round, the same for the same seed."""
    rng = Random(seed)
    while True:
        start = greedy(network, Rule(temperature=0.2), rng)
        tree = anneal(Tree.of(network, start), sweeps, rng)
        yield reconfigure(tree, _WIDTH, rounds=2).path()


def search(
    network: Network,
    start: Path,
    seconds: float,
    *,
    seed: int = 0,
    clock: Callable[[], float] = time.perf_counter,
) -> Path:
    """The best path found within about so many seconds, at least as good as ``start``.

    The length of a round follows from the time that is left, so that at least one ends.
    """
    end = clock() + seconds
    best, least = start, flops(network, start)
    candidates = [start]
    if seconds >= _WORTH_ASKING:
        candidates += [
            reconfigure(Tree.of(network, path)).path()
            for path in hyper_of_cotengra(network, seconds / 4)
        ]
    rng, sweeps = Random(seed), _SWEEPS // 6
    while True:
        for path in candidates:
            work = flops(network, path)
            if work < least:
                best, least = path, work
        begun = clock()
        if begun >= end:
            return best
        again = Tree.of(network, greedy(network, Rule(temperature=0.2), rng))
        candidates = [reconfigure(anneal(again, sweeps, rng), _WIDTH).path()]
        took, left = clock() - begun, end - clock()
        if took * 2 < left:
            sweeps = min(2 * sweeps, 8 * _SWEEPS)
        elif took > left:
            sweeps = max(_SWEEPS // 30, int(sweeps * left / took))
