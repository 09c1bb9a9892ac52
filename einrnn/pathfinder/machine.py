"""How long a path takes on a machine: a model of three numbers, measured once.

A step takes a fixed time to dispatch, its arithmetic at the rate of a matrix product, and
its memory traffic at the bandwidth of large arrays. A product without a sum, or one with
too few entries to reuse, has no more than its traffic.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from einrnn.pathfinder.evaluate import Score, Step
from einrnn.pathfinder.network import Network

_BYTES = 8


@dataclass(frozen=True)
class Machine:
    """``dispatch`` in seconds a step, ``rate`` in FLOP/s, ``bandwidth`` in bytes/s.

    ``batch`` is the time that each matrix of a batch costs beside its arithmetic.
    """

    dispatch: float
    rate: float
    bandwidth: float
    batch: float

    def seconds(self, network: Network, score: Score) -> float:
        """The predicted time of a path."""
        return sum(self.step(network, step) for step in score.steps)

    def step(self, network: Network, step: Step) -> float:
        """The predicted time of one step, in seconds."""
        arithmetic = step.flops / self.rate if step.summed else 0.0
        matrices = network.entries(batch_of(step)) if step.summed else 1
        traffic = _BYTES * step.moved / self.bandwidth
        return self.dispatch + arithmetic + traffic + self.batch * (matrices - 1)


def batch_of(step: Step) -> int:
    """The indices that all operands of a step have and the result keeps."""
    both = step.result
    for mask in step.indices:
        both &= mask
    return both


def kernel(step: Step) -> str:
    """What a step becomes when it is run."""
    if len(step.indices) == 1:
        return "sum" if step.summed else "view"
    if len(step.indices) > 2:
        return "loops over all indices"
    left, right = step.indices
    if not step.summed:
        return "product of entries" if left & right or not (left and right) else "outer product"
    batch = batch_of(step)
    kept = bool(left & ~batch & ~step.summed) + bool(right & ~batch & ~step.summed)
    name = ("dot product", "matrix times vector", "matrix product")[kept]
    return f"batch of: {name}" if batch else name


@lru_cache(maxsize=1)
def calibrated() -> Machine:
    """This machine's numbers, measured within a fraction of a second with numpy (float64)."""
    import numpy as np

    matrix, small = np.ones((384, 384)), np.ones((2, 2))
    many, large = np.ones((500, 4, 4)), np.ones(2_000_000)
    target = np.empty_like(large)
    dispatch = _best(lambda: small.transpose(1, 0).reshape(2, 2) @ small, 200)
    product = _best(lambda: matrix @ matrix, 5)
    traffic = _best(lambda: np.multiply(large, large, out=target), 5)
    batch = _best(lambda: many @ many, 20)
    return Machine(
        dispatch,
        2 * 384**3 / product,
        3 * large.nbytes / traffic,
        max(0.0, batch - dispatch) / len(many),
    )


def _best(call: Callable[[], object], times: int) -> float:
    """The shortest of several runs, in seconds."""
    found: list[float] = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return min(found)
