"""The ways to run a linear recurrence ``s[t] = A[t] s[t-1] + b[t]``, and what they cost.

One after the other it takes ``T`` products of a matrix and the state. An associative scan
combines pairs ``(A, b)`` into ``(A' A, A' b + b')``, which are products of matrices: it makes about
``2 T`` of them (G. E. Blelloch, Prefix sums and their applications, 1990) or ``T log T`` (W. D.
Hillis, G. L. Steele, Data parallel algorithms, 1986), but in ``2 log T`` or ``log T`` rounds.
Unrolled it is the scan without a loop: the same products, ``T`` times the code.
"""

from __future__ import annotations

from einrnn.dataclass import dataclass


@dataclass(frozen=True)
class Recurrence:
    """``steps`` values of a state of ``state`` entries that ``A`` mixes, carried along for
    ``carried`` columns that it does not."""

    steps: int
    state: int
    carried: int = 1


@dataclass(frozen=True)
class Way:
    """FLOPs by the rule of :mod:`einrnn.pathfinder.evaluate`, and rounds that wait for each
    other."""

    name: str
    flops: int
    rounds: int


def ways(recurrence: Recurrence) -> tuple[Way, ...]:
    """The scan, the same unrolled, and both associative scans, by FLOPs of the recurrence."""
    steps, state, carried = recurrence.steps, recurrence.state, recurrence.carried
    scan = steps * (2 * state**2 * carried + state * carried)
    combine = 2 * state**3 + 2 * state**2 * carried + state * carried
    rounds = max(0, steps - 1).bit_length()
    hillis = sum(max(0, steps - 2**at) for at in range(rounds))
    return (
        Way("scan", scan, steps),
        Way("unrolled", scan, steps),
        Way("associative scan, 2T products", _blelloch(steps) * combine, 2 * rounds),
        Way("associative scan, T log T products", hillis * combine, rounds),
    )


def _blelloch(steps: int) -> int:
    """How many pairs are combined: neighbours, the scan of those, and every second one again."""
    total = 0
    while steps > 1:
        total += steps // 2 + (steps - 1) // 2
        steps //= 2
    return total
