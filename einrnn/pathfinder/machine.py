"""How long a path takes on a machine: a model of a few numbers, measured once.

They are measured in :mod:`einrnn.numeric.calibrate`. A step takes a fixed time to dispatch, its
arithmetic at the rate of a matrix product, and its memory traffic at the bandwidth of large
arrays. A product without a sum has no more than its traffic.
"""

from __future__ import annotations

from dataclasses import dataclass

from einrnn.pathfinder.evaluate import Score, Step
from einrnn.pathfinder.network import Network

_BYTES = 8


@dataclass(frozen=True)
class Machine:
    """``dispatch`` in seconds a step, ``rate`` in FLOP/s, ``bandwidth`` in bytes/s.

    ``call`` is what a call costs beside its steps, in seconds; ``entry`` and
    ``straight`` are the call and the dispatch in generated code; ``batch`` is the time that each
    matrix of a batch costs beside its arithmetic, ``function`` that of an entry of tanh or exp,
    ``loop`` that of one FLOP where three and more operands are multiplied in one loop.
    """

    call: float
    dispatch: float
    entry: float
    straight: float
    rate: float
    bandwidth: float
    batch: float
    function: float
    loop: float

    def seconds(self, network: Network, score: Score) -> float:
        """The predicted time of a path."""
        return self.call + sum(self.step(network, step) for step in score.steps)

    def step(self, network: Network, step: Step) -> float:
        """The predicted time of one step, in seconds."""
        if len(step.indices) > 2:
            return self.dispatch + self.loop * step.flops
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
    if len(step.indices) != 2:
        return "loops over all indices"
    left, right = step.indices[0], step.indices[1]
    if not step.summed:
        return "product of entries" if left & right or not (left and right) else "outer product"
    batch = batch_of(step)
    alone = (bool(part & ~batch & ~step.summed) for part in (left, right))
    return product_kernel(bool(batch), next(alone), True, next(alone))


def product_kernel(batch: bool, left: bool, summed: bool, right: bool) -> str:
    """The kernel by which indices there are: both keep, the left one, summed, the right one."""
    if not summed:
        return "outer product" if left and right and not batch else "product of entries"
    name = ("dot product", "matrix times vector", "matrix product")[left + right]
    return f"batch of: {name}" if batch else name
