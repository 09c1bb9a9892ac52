"""Hessians against jax and torch: ``python -m benchmarks.hessian [--dtypes …] [--threads 1]``.

Every program runs in a process of its own, so that no two thread pools meet; they are called in
turn, so that noise hits all of them alike.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from statistics import median
from typing import Any

import numpy as np

from benchmarks.hessian.cases import CASES
from benchmarks.hessian.programs import PROGRAMS, serve

BASE = "einrnn"


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.hessian")
    parser.add_argument("--dtypes", nargs="+", default=["float32", "float64"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=15, help="calls of each program")
    parser.add_argument("--only", default="", help="cases whose title contains this")
    options = parser.parse_args()
    _limit(options.threads)
    print("| Hessian of a | dtype | program | ms, median | times einrnn (quartiles) | bytes |")
    print("|---|---|---|---|---|---|")
    for number, case in enumerate(CASES):
        if options.only in case.title:
            for dtype in options.dtypes:
                for row in _measured(number, dtype, options.threads, options.rounds):
                    print(f"| {case.title} | {dtype} | {row} |", flush=True)


def _limit(threads: int) -> None:
    """One number of threads for all; the processes of the programs inherit it."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)
    if hasattr(os, "sched_setaffinity"):
        # jax takes as many threads as there are cores it may run on
        cores = sorted(os.sched_getaffinity(0))[:threads]
        os.sched_setaffinity(0, cores)


@dataclass
class _Process:
    """A program that waits to be called."""

    pipe: Connection
    found: Any
    bytes: int

    def seconds(self) -> float:
        self.pipe.send("call")
        return self.pipe.recv()


def _started(program: str, number: int, dtype: str, threads: int) -> _Process | None:
    """The program in a process of its own, after its first calls; None if it is not installed."""
    here, there = get_context("spawn").Pipe()
    arguments = there, program, number, dtype, threads
    get_context("spawn").Process(target=serve, args=arguments, daemon=True).start()
    there.close()
    found, size = here.recv()
    if isinstance(found, str):
        print(f"left out: {found}")
        return None
    return _Process(here, found, size)


def _measured(number: int, dtype: str, threads: int, rounds: int) -> list[str]:
    started = {name: _started(name, number, dtype, threads) for name in PROGRAMS}
    running = {name: process for name, process in started.items() if process is not None}
    _agree(running, dtype)
    times: dict[str, list[float]] = {name: [] for name in running}
    for _ in range(rounds):
        for name, process in running.items():
            times[name].append(process.seconds())
    for process in running.values():
        process.pipe.send("end")
    rows: list[str] = []
    for name, own in times.items():
        ratios = sorted(t / b for t, b in zip(own, times[BASE], strict=True))
        low, high = ratios[len(ratios) // 4], ratios[3 * len(ratios) // 4]
        spread = f"{median(ratios):.3g} ({low:.3g}–{high:.3g})"
        rows.append(f"{name} | {1e3 * median(own):.3g} | {spread} | {running[name].bytes:,}")
    return rows


def _agree(running: dict[str, _Process], dtype: str) -> None:
    """Stop unless all programs give the same Hessian."""
    bound = 1e-10 if dtype == "float64" else 1e-3
    expected = running[BASE].found
    for name, process in running.items():
        error = np.abs(process.found - expected).max() / np.abs(expected).max()
        if not error <= bound:
            raise SystemExit(f"{name} differs from {BASE} by {error:.1e}")
        process.found = None if name != BASE else expected


if __name__ == "__main__":
    main()
