"""The path a program is compiled with: exact where that is quick, else a bounded search.

Exact are networks of few operands (outer products included) and chains of any length, and where
the work at stake allows the search for it, trees and other narrow networks of up to twenty operands
(:mod:`einrnn.pathfinder.bounded`); larger ones among the paths without uncommon outer products.
Everything else is the best of several finders, opt_einsum's ``auto`` always among them, improved in
small parts.

Nothing here looks at a clock, so that equal programs get equal paths. How much is searched
depends on the work that is at stake.
"""

from __future__ import annotations

from collections.abc import Sequence

from einrnn.pathfinder.bounded import bounded
from einrnn.pathfinder.chain import chain
from einrnn.pathfinder.evaluate import Path, flops
from einrnn.pathfinder.exact import exact
from einrnn.pathfinder.external import cotengra_greedy, quick_of_opt_einsum
from einrnn.pathfinder.greedy import MEMORY, TIED, greedy
from einrnn.pathfinder.network import Network
from einrnn.pathfinder.parts import apart, parts
from einrnn.pathfinder.reconfigure import reconfigure
from einrnn.pathfinder.search import rounds
from einrnn.pathfinder.tree import Tree

# operands up to which all trees are looked at: in any case, and where much work is at stake; up to
# the last only as far as a known path does not rule them out
EXACT, _EXACT_IF_WORTH, _EXACT_IF_NARROW = 10, 13, 20
# The effort of a search is counted in visits to a node of a tree in a small network (a
# microsecond or two). So many are spent in any case, one more for so many FLOPs at stake, and so
# many at most.
_FREE, _WORTH, _MOST = 20_000, 1e4, 1_000_000
# the most visits to each node
_SWEEPS = 600
# visits that the best tree over so many parts of a tree takes the time of, and how often each
# part is improved
_PARTS, _ROUNDS = {8: 3000, 7: 1000, 6: 350, 5: 120, 4: 40}, 2
# FLOPs that are worth the seconds that another library's random search takes
_SECONDS = 1e11


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
    """The best of the quick finders, improved in small parts as far as that is worth it."""
    candidates = [greedy(network, MEMORY), greedy(network, TIED), *quick_of_opt_einsum(network)]
    groups = parts(network)
    if len(groups) > 1:
        candidates.append(apart(network, groups, plan))
    best = _fewest(network, candidates)
    if len(groups) == 1:
        best = bounded(network, flops(network, best), _effort(network, best)) or best
    effort = _effort(network, best) / len(network.operands) / _ROUNDS
    width = next((width for width, visits in _PARTS.items() if visits <= effort), None)
    return best if width is None else reconfigure(Tree.of(network, best), width, _ROUNDS).path()


def _fewest(network: Network, candidates: Sequence[Path]) -> Path:
    return min(candidates, key=lambda path: flops(network, path))


def _effort(network: Network, path: Path) -> int:
    """The visits that may be spent on a better path; those of large networks take longer."""
    at_stake = min(_FREE + flops(network, path) / _WORTH, _MOST)
    return int(at_stake / (1 + len(network.sizes) / 64))


def _searched(network: Network, start: Path) -> Path:
    count = len(network.operands)
    effort = _effort(network, start)
    if count <= _EXACT_IF_WORTH and effort > 3**count:
        return exact(network)
    if count <= _EXACT_IF_NARROW:
        start = bounded(network, flops(network, start), effort, everywhere=True) or start
    candidates = [start]
    if flops(network, start) > _SECONDS:
        candidates += cotengra_greedy(network)
    sweeps = min(_SWEEPS, effort // count)
    if sweeps >= 10:
        candidates.append(next(rounds(network, sweeps=sweeps)))
    return _fewest(network, candidates)
