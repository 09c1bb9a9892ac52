"""The path a program is compiled with: exact where that is quick, else a bounded search.

Nothing here looks at a clock, so that equal programs get equal paths. How much is searched
depends on the work that is at stake.
"""

from __future__ import annotations

from einrnn.pathfinder.chain import chain
from einrnn.pathfinder.connected import connected
from einrnn.pathfinder.evaluate import Path, flops
from einrnn.pathfinder.exact import exact
from einrnn.pathfinder.external import greedy_of_opt_einsum
from einrnn.pathfinder.greedy import MEMORY, TIED, greedy
from einrnn.pathfinder.network import Network
from einrnn.pathfinder.reconfigure import reconfigure
from einrnn.pathfinder.search import rounds
from einrnn.pathfinder.tree import Tree

# operands up to which all trees are looked at
EXACT = 10
# operands up to which opt_einsum is asked and small parts are solved exactly, in a compile
_MODERATE = 256
# FLOPs that are worth one visit to every node of the tree, and the most visits
_WORTH, _SWEEPS = 1e4, 600


def plan(network: Network) -> Path:
    """The path for a compile, in pairs."""
    solved = solve(network)
    return solved if solved is not None else _searched(network, heuristic(network))


def solve(network: Network) -> Path | None:
    """The optimum where it can be had at once: few operands, or a chain."""
    count = len(network.operands)
    if count <= 2:
        return (tuple(range(count)),) if count == 2 else ()
    found = chain(network)
    if found is None and count <= EXACT:
        found = exact(network)
    return found


def heuristic(network: Network) -> Path:
    """The best of the quick finders, improved in small parts."""
    candidates = [greedy(network, MEMORY), greedy(network, TIED)]
    if len(network.operands) <= _MODERATE:
        candidates += greedy_of_opt_einsum(network)
        candidates += [path for path in [connected(network)] if path is not None]
    best = min(candidates, key=lambda path: flops(network, path))
    if len(network.operands) > _MODERATE:
        return best
    return reconfigure(Tree.of(network, best), rounds=2).path()


def _searched(network: Network, start: Path) -> Path:
    least = flops(network, start)
    sweeps = int(min(_SWEEPS, least / _WORTH / len(network.operands)))
    if sweeps < 10 or len(network.operands) > _MODERATE:
        return start
    found = next(rounds(network, sweeps=sweeps))
    return min(start, found, key=lambda path: flops(network, path))
