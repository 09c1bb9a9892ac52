"""What a step becomes on a machine, and the few numbers by which its time is predicted.

They are measured in :mod:`einrnn.numeric.calibrate` and used in :mod:`einrnn.numeric.predict`.
"""

from __future__ import annotations

from einrnn.dataclass import dataclass
from einrnn.pathfinder.evaluate import Step


@dataclass(frozen=True)
class Machine:
    """Times in seconds, in float64.

    ``call`` is what a call costs beside its steps and ``dispatch`` each step; ``entry`` and
    ``straight`` are the same in generated code, and ``turn`` is that of axes brought into order
    without a copy. ``rate`` is that of large matrix products in FLOP/s; one whose smallest side is
    ``m`` takes ``1 + small / m`` times as long. ``bandwidth`` is in bytes/s, ``fresh`` what a byte
    of a large new array costs more. ``copy`` is the time of an entry that is copied into another
    order, and ``row`` that of each innermost loop of such a copy or of a product that broadcasts.
    ``batch`` is what each matrix of a batch costs beside its arithmetic, ``function`` an entry
    of tanh or exp, ``loop`` one FLOP where operands are multiplied in one loop of all indices.
    """

    call: float
    dispatch: float
    entry: float
    straight: float
    turn: float
    rate: float
    small: float
    bandwidth: float
    fresh: float
    copy: float
    row: float
    batch: float
    function: float
    loop: float


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
