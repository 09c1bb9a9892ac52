"""One set of threads for all native programs of a process."""

from __future__ import annotations

import ctypes
import os
from functools import cache

from einrnn.numeric.native.runtime import text
from einrnn.numeric.native.toolchain import library


def count() -> int:
    """How many threads a program may use.

    ``EINRNN_NUM_THREADS``, else ``OMP_NUM_THREADS`` or ``OPENBLAS_NUM_THREADS``, else the
    processors that the process may run on.
    """
    for name in ("EINRNN_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        value = os.environ.get(name, "").split(",")[0].strip()
        if value.isdigit() and int(value) > 0:
            return int(value)
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


@cache
def runner() -> int:
    """The address of the function that shares work among threads."""
    pool = library(text("pool.c"), "-pthread")
    address = ctypes.cast(pool.in_parallel, ctypes.c_void_p).value
    assert address is not None
    return address
