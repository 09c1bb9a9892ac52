"""Measuring programs in turn, in slices, so that noise hits all of them alike."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.rnn.cases import OUTPUTS

# set where a worker is to count what the processors spend on it
PROCESSOR_TIME = "EINRNN_BENCHMARK_PROCESSOR_TIME"
# OpenBLAS's threads look for work for a tenth of a second
_REST = 0.25
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_MEMORY = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_")
# outputs may differ from jax in float64 by this much of their largest entry
LIMITS = {"float64": 1e-10, "float32": 1e-3}


@dataclass
class Measured:
    """What was found about a program: seconds, kilobytes, and a distance from jax."""

    program: str
    first: float = 0.0
    peak: int = 0
    error: float | None = None
    slices: list[float] = field(default_factory=list[float])
    missing: str | None = None

    @property
    def time(self) -> float:
        return median(self.slices)


def environment(threads: int, cache: Path) -> dict[str, str]:
    """That of a process with this many threads, einrnn's code kept in a folder.

    glibc is told to keep memory that is freed: whether it gives it back depends on what lies
    behind it, and taking it again doubles the time of a call at b, of one process and not of
    the next.
    """
    flags = "" if threads > 1 else "--xla_cpu_multi_thread_eigen=false"
    own = {name: str(threads) for name in _THREADS}
    own |= dict.fromkeys(_MEMORY, str(1 << 30))
    own |= {"XLA_FLAGS": flags, "EINRNN_NUM_THREADS": str(threads), "EINRNN_CACHE": str(cache)}
    return {**os.environ, **own}


class Worker:
    """A process that runs one program; ``limit`` are the seconds it may take to answer."""

    def __init__(
        self, program: str, size: str, data: Path, threads: int, cache: Path, limit: float
    ) -> None:
        self.found = Measured(program)
        self._limit = limit
        self._outputs = data.with_name(f"outputs {program}.npz")
        command = [sys.executable, "-m", "benchmarks.rnn.worker", program, size]
        self._complaints = data.with_name(f"complaints {program}.txt")
        with self._complaints.open("w") as file:
            self._process = subprocess.Popen(
                [*command, str(data), str(self._outputs)],
                env=environment(threads, cache),
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
            )
        answer = self._answer()
        self.found.missing = answer.get("missing")
        self.found.first = answer.get("first", 0.0)

    def _answer(self) -> dict[str, Any]:
        """A line of the process: each order is answered by one."""
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], self._limit)
        if not ready:
            self._process.kill()
            return {"missing": f"no answer in {self._limit:.0f} s"}
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        said = self._complaints.read_text().strip().splitlines()
        return {"missing": f"it has failed: {said[-1] if said else 'no message'}"}

    def outputs(self) -> dict[str, Any]:
        """What the first call gave."""
        with np.load(self._outputs) as file:
            return {name: file[name] for name in file.files}

    def slice(self, seconds: float) -> None:
        """Repeat the call for a while."""
        assert self._process.stdin is not None
        # if it has ended the answer says why
        with suppress(BrokenPipeError):
            print(seconds, file=self._process.stdin, flush=True)
        answer = self._answer()
        self.found.missing = answer.get("missing")
        if self.found.missing is None:
            self.found.slices.append(median(answer["times"]))
            self.found.peak = answer["peak"]

    def end(self) -> None:
        """Let the process end."""
        try:
            self._process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()


def interleaved(workers: list[Worker], rounds: int, seconds: float, threads: int) -> None:
    """Slices of all workers in turn; threads that wait for work keep a processor busy for a
    while, which would be the next one's."""
    for _ in range(rounds):
        for worker in workers:
            if worker.found.missing is None:
                worker.slice(seconds)
                time.sleep(_REST if threads > 1 else 0.0)


def distance(found: dict[str, Any], expected: dict[str, Any]) -> float:
    """The largest difference of an output, as a part of its largest entry."""
    errors: list[float] = []
    for name in OUTPUTS:
        difference = np.abs(found[name].astype("float64") - expected[name]).max()
        errors.append(float(difference / np.abs(expected[name]).max()))
    return max(errors)


def whole_process(program: str, size: str, data: Path, times: int, cache: Path) -> float:
    """Seconds from starting Python to one gradient; the first start, which may compile, not."""
    target = data.with_name("once.npz")
    command = [sys.executable, "-m", "benchmarks.rnn.worker", program, size, str(data), str(target)]
    found: list[float] = []
    for _ in range(times + 1):
        begun = time.perf_counter()
        subprocess.run(
            command, env=environment(1, cache), check=True, input="", text=True, capture_output=True
        )
        found.append(time.perf_counter() - begun)
    return median(found[1:])


def gemm_peak(dtype: str, threads: int) -> float:
    """FLOPs a second of numpy's product of two square matrices, the best of several."""
    clock = "process_time" if PROCESSOR_TIME in os.environ else "perf_counter"
    code = (
        f"import numpy as np\nfrom time import {clock} as clock\n"
        f"a = np.ones((1024, 1024), {dtype!r}); out = a @ a; best = 1e9\n"
        "for _ in range(15):\n"
        "    begun = clock(); np.dot(a, a, out=out)\n"
        "    best = min(best, clock() - begun)\n"
        "print(2 * 1024**3 / best)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **{name: str(threads) for name in _THREADS}},
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout)
