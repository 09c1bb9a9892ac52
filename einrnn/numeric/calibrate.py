"""The numbers of this machine for the model of time, measured once in a process."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from einrnn.numeric.pathwise import Pathwise
from einrnn.pathfinder.machine import Machine
from einrnn.pathfinder.network import Network


@lru_cache(maxsize=1)
def calibrated() -> Machine:
    """Dispatch from short programs, the rest from numpy's kernels; all in float64.

    Takes a fraction of a second.
    """
    matrix, small = np.ones((384, 384)), np.ones((2, 2))
    many, large = np.ones((500, 4, 4)), np.ones(2_000_000)
    target = np.empty_like(large)
    call, dispatch = _overheads()
    single = _best(lambda: small @ small, 200)
    product = _best(lambda: matrix @ matrix, 5)
    traffic = _best(lambda: np.multiply(large, large, out=target), 5)
    batch = max(0.0, _best(lambda: many @ many, 20) - single) / len(many)
    return Machine(call, dispatch, 2 * 384**3 / product, 3 * large.nbytes / traffic, batch)


def _overheads() -> tuple[float, float]:
    """What a call costs, and each step of it: two chains of tiny matrices compared."""
    short, long = _chain(2), _chain(22)
    step = max(0.0, long - short) / 20
    return max(0.0, short - step), step


def _chain(count: int) -> float:
    terms = [(at, at + 1) for at in range(count)]
    network = Network.of(terms, (0, count), dict.fromkeys(range(count + 1), 2))
    path = ((0, 1), *((at, count + at - 2) for at in range(2, count)))
    run, arrays = Pathwise(network, path), [np.ones((2, 2))] * count
    return _best(lambda: run(*arrays), 50)


def _best(call: Callable[[], object], times: int) -> float:
    """The shortest of several runs, in seconds."""
    found: list[float] = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return min(found)
