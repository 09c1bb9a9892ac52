"""Deadlines in CPU time that cost next to nothing to look at.

The processor's clock is a call to the operating system, the clock on the wall is not. A thread
cannot have computed for longer than it has been there: the processor's clock need not be
asked before as much time has gone by on the wall.
"""

from __future__ import annotations

import time

_seen = (0.0, float("-inf"))  # CPU time and wall time when the processor's clock was last asked


def passed(deadline: float) -> bool:
    """Whether :func:`time.process_time`, in seconds, is beyond the deadline.

    Threads that compute at the same time are not counted until one of them has used it up.
    """
    global _seen
    cpu, wall = _seen
    if cpu + time.monotonic() - wall <= deadline:
        return False
    _seen = (time.process_time(), time.monotonic())
    return _seen[0] > deadline
