"""What a path costs: one rule for every finder.

**FLOPs.** A step over operands that have the indices ``U`` together makes ``|U|``
multiplications for each operand after the first, and ``|U|`` additions if it sums an index:
``2 |U|`` for a product with a sum, ``|U|`` for one without, where ``|U|`` is the product of the
sizes. An index stays as long as another operand, another intermediate or the output has it, be it
in two operands or in twenty. Indices that one operand alone has are summed first, which
costs one addition an entry. This is the count of :mod:`einrnn.numeric.cost`; a product of two
10 by 10 matrices counts 2000.

**Memory** is counted in entries. ``peak`` is the most that is held at once: operands and
output throughout, intermediates from the step that makes them to the one that reads them.
``workspace`` is the same with a copy of both operands of each step, which a kernel may
need to bring axes into order: no run needs more. ``moved`` counts entries read and written.
"""

from __future__ import annotations

from collections.abc import Sequence

from einrnn.dataclass import dataclass
from einrnn.pathfinder.network import Network, bits

# the operands of each step by number: those of the network first, then one for each step
Path = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Step:
    """One contraction: operand numbers, their indices, what it sums and what it makes.

    ``number`` is what the result is called; a sum within an operand keeps its number.
    """

    number: int
    operands: tuple[int, ...]
    indices: tuple[int, ...]
    summed: int
    result: int
    flops: int
    moved: int


@dataclass(frozen=True)
class Score:
    """The cost of a path; see the module for the units."""

    flops: int
    largest: int
    peak: int
    workspace: int
    moved: int
    steps: tuple[Step, ...]


def score(network: Network, path: Path) -> Score:
    """Evaluate a path that contracts all operands of the network into one."""
    steps = walk(network, path)
    made = [network.entries(step.result) for step in steps]
    largest = max(made, default=0)
    peak, workspace = _memory(network, steps)
    return Score(
        sum(step.flops for step in steps),
        largest,
        peak,
        workspace,
        sum(step.moved for step in steps),
        steps,
    )


def flops(network: Network, path: Path) -> int:
    """The FLOPs of a path alone."""
    return sum(step.flops for step in walk(network, path))


def walk(network: Network, path: Path) -> tuple[Step, ...]:
    """The steps of a path: sums within single operands first, then those of the path."""
    steps: list[Step] = []
    for at, (operand, private) in enumerate(zip(network.operands, network.private, strict=True)):
        if private:
            read, kept = network.entries(operand), operand & ~private
            moved = read + network.entries(kept)
            steps.append(Step(at, (at,), (operand,), private, kept, read, moved))
    held = list(network.reduced)
    count = _holders(network)
    for numbers in path:
        step = _step(network, len(held), numbers, [held[number] for number in numbers], count)
        steps.append(step)
        held.append(step.result)
    return tuple(steps)


def _holders(network: Network) -> list[int]:
    """How many operands (the output counts as one) have each index."""
    count = [0] * len(network.sizes)
    for mask in (*network.reduced, network.output):
        for bit in bits(mask):
            count[bit] += 1
    return count


def _step(
    network: Network, new: int, numbers: tuple[int, ...], indices: Sequence[int], count: list[int]
) -> Step:
    """One step; ``count`` is brought up to date."""
    union = 0
    for mask in indices:
        union |= mask
    summed = 0
    for bit in bits(union):
        count[bit] -= sum(mask >> bit & 1 for mask in indices)
        if count[bit]:
            count[bit] += 1
        else:
            summed |= 1 << bit
    result = union & ~summed
    work = network.entries(union) * (len(numbers) - 1 + bool(summed))
    moved = sum(network.entries(mask) for mask in indices) + network.entries(result)
    return Step(new, numbers, tuple(indices), summed, result, work, moved)


def _memory(network: Network, steps: Sequence[Step]) -> tuple[int, int]:
    """The peak without and with copies of the operands of a step."""
    live = sum(network.entries(mask) for mask in network.operands)
    # what is held beside the operands themselves, by number
    made: dict[int, int] = {}
    peak = workspace = live
    for step in steps:
        new = network.entries(step.result)
        live += new
        peak = max(peak, live)
        copies = sum(network.entries(mask) for mask in step.indices)
        workspace = max(workspace, live + copies)
        live -= sum(made.pop(operand, 0) for operand in step.operands)
        made[step.number] = new
    return peak, workspace


def linear(path: Path, operands: int) -> list[tuple[int, ...]]:
    """The path as positions in a list from which operands are taken and to which results
    are appended, as :func:`numpy.einsum` and opt_einsum write it."""
    order = list(range(operands))
    result: list[tuple[int, ...]] = []
    for at, numbers in enumerate(path):
        places = sorted(order.index(number) for number in numbers)
        result.append(tuple(places))
        for place in reversed(places):
            order.pop(place)
        order.append(operands + at)
    return result


def numbered(path: Sequence[Sequence[int]], operands: int) -> Path:
    """The inverse of :func:`linear`."""
    order = list(range(operands))
    result: list[tuple[int, ...]] = []
    for at, places in enumerate(path):
        chosen = tuple(order[place] for place in sorted(places))
        for place in sorted(places, reverse=True):
            order.pop(place)
        order.append(operands + at)
        result.append(chosen)
    return tuple(result)
