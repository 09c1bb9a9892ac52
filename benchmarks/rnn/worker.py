"""One program in a process of its own, so that no two thread pools or memories mix.

``python -m benchmarks.rnn.worker PROGRAM SIZE DATA.npz OUTPUTS.npz`` runs it once, says how
long that took, and then takes orders from standard input, a line each: a number of seconds
for which to repeat the call, or nothing to end. It answers with a line of JSON.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.rnn.cases import CASES
from benchmarks.rnn.measure import PROCESSOR_TIME
from benchmarks.rnn.programs import Missing, load

_clock = time.process_time if PROCESSOR_TIME in os.environ else time.perf_counter


def main() -> None:
    name, size, source, target = sys.argv[1:]
    _confined(int(os.environ["EINRNN_NUM_THREADS"]))
    with np.load(source) as file:
        data = {key: file[key] for key in file.files}
    try:
        build = load(name)
        begun = _clock()
        runner = build(CASES[size], data)
        result = runner.run()
        first = _clock() - begun
    except Missing as problem:
        print(json.dumps({"missing": str(problem)}), flush=True)
        return
    np.savez(target, **{key: np.asarray(a) for key, a in runner.outputs(result).items()})
    del result
    print(json.dumps({"first": first}), flush=True)
    for line in sys.stdin:
        if not line.strip():
            break
        times = _repeated(runner.run, float(line))
        print(json.dumps({"times": times, "peak": _peak()}), flush=True)


def _confined(processors: int) -> None:
    """Keep to so many processors, where the system knows how to: jax has no other way to be
    held to one thread."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:processors])


def _peak() -> int:
    """The most memory that this process has held, in kB."""
    status = Path("/proc/self/status")
    if status.exists():
        # what rusage says includes the process that this one was forked from
        rows = dict(row.split(":", 1) for row in status.read_text().splitlines())
        return int(rows["VmHWM"].split()[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _repeated(run, seconds: float) -> list[float]:
    """Seconds of each call, at least one."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        begun = _clock()
        run()
        times.append(_clock() - begun)
    return times


main()
