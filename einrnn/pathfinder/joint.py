"""Paths for several outputs together, intermediates they share counted once.

The derivative of a product by one of its factors is the product of the others. Seen as an
unrooted tree, a contraction tree of the whole product gives a tree for each of these: the
same tree hung up at the factor that is left out. Every edge has one value in each direction,
and all derivatives together need each of these once: that is reverse mode, found here
from the operands alone. Other outputs take the candidate that adds least to what is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence

from einrnn.dataclass import dataclass
from einrnn.pathfinder.evaluate import Path
from einrnn.pathfinder.greedy import TIED, greedy
from einrnn.pathfinder.network import Network
from einrnn.pathfinder.planner import EXACT, plan
from einrnn.pathfinder.reuse import sharing
from einrnn.pathfinder.sharing import Values


@dataclass(frozen=True)
class Joint:
    """A path for each network, and the FLOPs of all of them with equal values made once."""

    paths: tuple[Path, ...]
    flops: int


class Jointly:
    """Chooses paths one network after another, each knowing what those before have made.

    This is how a program orders its contractions. Operands are the same where their
    identities are equal.
    """

    def __init__(self, planner: Callable[[Network], Path] = plan) -> None:
        self.values = Values()
        self._planner = planner
        self._chosen: list[tuple[Network, Path]] = []

    def __call__(self, network: Network) -> Path:
        """The candidate that adds least to what is known."""
        hung = (_hung_up(whole, path, network) for whole, path in self._related(network))
        first = next((path for path in hung if path is not None), None)
        candidates = [] if first is None else [first]
        if first is None or len(network.operands) <= EXACT:
            candidates.append(self._planner(network))
        if len(network.operands) > 2:
            candidates.append(greedy(network, TIED))
            candidates += [path for path in [sharing(network, self.values)] if path is not None]
        added = [self.values.added(network, path) for path in candidates]
        costs = [sum(new.values()) for new in added]
        best = costs.index(min(costs))
        self.values.cost |= added[best]
        self._chosen.append((network, candidates[best]))
        return candidates[best]

    def _related(self, network: Network) -> list[tuple[Network, Path]]:
        more = len(network.operands) + 1
        return [pair for pair in self._chosen if len(pair[0].operands) == more > 3]


def joint(networks: Sequence[Network]) -> Joint:
    """Paths for several networks, the largest first."""
    order = sorted(range(len(networks)), key=lambda at: (-len(networks[at].operands), at))
    choose = Jointly()
    chosen = {at: choose(networks[at]) for at in order}
    return Joint(tuple(chosen[at] for at in range(len(networks))), choose.values.flops())


def shared_flops(networks: Sequence[Network], paths: Sequence[Path]) -> int:
    """The FLOPs of several paths with equal values made once."""
    values = Values()
    for network, path in zip(networks, paths, strict=True):
        values.add(network, path)
    return values.flops()


def _hung_up(whole: Network, path: Path, part: Network) -> Path | None:
    """A path for ``part`` if it has all operands of ``whole`` but one."""
    missing = _missing(whole.identities, part.identities)
    if missing is None or any(len(step) != 2 for step in path):
        return None
    near = _neighbours(len(whole.operands), path)
    number = _matched(whole.identities, part.identities, missing)
    order: list[tuple[int, int]] = []
    stack = [(near[missing][0], missing)]
    while stack:
        node, parent = stack.pop()
        order.append((node, parent))
        stack += [(other, node) for other in near[node] if other != parent]
    made: dict[int, int] = dict(number)
    steps: list[tuple[int, ...]] = []
    for node, parent in reversed(order):
        if node < len(whole.operands):
            continue
        below = [made[other] for other in near[node] if other != parent]
        if len(below) == 1:
            made[node] = below[0]
            continue
        steps.append(tuple(sorted(below)))
        made[node] = len(part.operands) + len(steps) - 1
    return tuple(steps)


def _missing(whole: Sequence[Hashable], part: Sequence[Hashable]) -> int | None:
    """The position of the one operand that only the first has."""
    if len(whole) != len(part) + 1:
        return None
    more = Counter(whole)
    more.subtract(Counter(part))
    left = [identity for identity, count in more.items() if count]
    if len(left) != 1 or more[left[0]] != 1:
        return None
    return list(whole).index(left[0])


def _matched(whole: Sequence[Hashable], part: Sequence[Hashable], missing: int) -> dict[int, int]:
    """For each operand of the whole its number in the part."""
    places: dict[Hashable, list[int]] = {}
    for at, identity in enumerate(part):
        places.setdefault(identity, []).append(at)
    return {at: places[identity].pop(0) for at, identity in enumerate(whole) if at != missing}


def _neighbours(operands: int, path: Path) -> list[list[int]]:
    """The tree of a path without a root: its last two parts are neighbours."""
    near: list[list[int]] = [[] for _ in range(operands + len(path))]
    for at, (a, b) in enumerate(path):
        node = operands + at
        for child in (a, b):
            near[node].append(child)
            near[child].append(node)
    return near
