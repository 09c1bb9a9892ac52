"""Slicing: a loop over some indices, so that what is held at once stays below a limit.

Each value of a sliced index is a network of its own without that index. Its results are
added where the index is summed and put side by side where the output has it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from einrnn.dataclass import dataclass
from einrnn.errors import EvaluationError
from einrnn.pathfinder.evaluate import Path, Score, score
from einrnn.pathfinder.network import Network, bits
from einrnn.pathfinder.planner import plan

# how many indices of the largest intermediate are tried at each turn
_TRIED = 6


@dataclass(frozen=True)
class Sliced:
    """A path and the indices that are looped over; ``score`` is that of one slice.

    ``flops`` counts all slices and adding them up, ``peak`` the entries held at once at most:
    operands and result whole, intermediates and copies of one slice.
    """

    path: Path
    indices: int
    slices: int
    score: Score
    flops: int
    peak: int


def sliced(network: Network, limit: int, planner: Callable[[Network], Path] = plan) -> Sliced:
    """The cheapest path found whose ``peak`` is at most ``limit`` entries.

    Raises EvaluationError (E711) where operands and result alone exceed the limit, or no
    slicing keeps it.
    """
    indices = 0
    best = _assessed(network, indices, planner(network))
    while best.peak > limit:
        candidates = _candidates(network, best)
        if not candidates:
            least = sum(map(network.entries, (*network.operands, network.output)))
            raise EvaluationError(
                "E711",
                f"no slicing found that holds at most {limit} entries",
                f"operands and result are {least} entries, and the best slicing holds {best.peak}, "
                "with copies that products may make of their operands",
            )
        trials = [_assessed(network, best.indices | bit, best.path) for bit in candidates]
        chosen = min(trials, key=lambda trial: trial.flops * max(trial.peak, limit))
        again = _assessed(network, chosen.indices, planner(without(network, chosen.indices)))
        best = min(chosen, again, key=lambda one: (one.peak > limit, one.flops))
    return best


def without(network: Network, indices: int) -> Network:
    """One slice: the network without some indices."""
    operands = tuple(operand & ~indices for operand in network.operands)
    axes = tuple(tuple(bit for bit in term if not indices >> bit & 1) for term in network.axes)
    return replace(network, operands=operands, output=network.output & ~indices, axes=axes)


def _assessed(network: Network, indices: int, path: Path) -> Sliced:
    part = score(without(network, indices), path)
    slices = network.entries(indices)
    whole = sum(map(network.entries, (*network.operands, network.output)))
    held = sum(network.entries(operand & ~indices) for operand in network.operands)
    peak = whole + part.workspace - held if indices else part.workspace
    # slices that differ in summed indices are added up
    added = slices - network.entries(indices & network.output)
    flops = part.flops * slices + network.entries(network.output & ~indices) * added
    return Sliced(path, indices, slices, part, flops, peak)


def _candidates(network: Network, best: Sliced) -> list[int]:
    """Indices of the largest products, those of the largest size first."""
    part = without(network, best.indices)
    steps = sorted(best.score.steps, key=lambda step: -part.entries(step.result))
    found: dict[int, None] = {}
    for step in steps:
        union = step.result
        for mask in step.indices:
            union |= mask
        found.update(dict.fromkeys(1 << bit for bit in bits(union)))
        if len(found) >= _TRIED:
            break
    return list(found)[: 4 * _TRIED]
