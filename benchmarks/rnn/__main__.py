"""Loss and the three gradients of an RNN, by einrnn and by its peers.

``python -m benchmarks.rnn`` measures everything, with a process for each program;
``--quick`` takes two sizes in one dtype on one thread. A table on standard output, all
figures in a JSON file, and a plot beside it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.rnn import tables
from benchmarks.rnn.cases import CASES
from benchmarks.rnn.measure import (
    LIMITS,
    Worker,
    distance,
    gemm_peak,
    interleaved,
    whole_process,
)
from benchmarks.rnn.programs import PROGRAMS, REFERENCE

_TRUTH = "jax, hoisted"
_PROCESSES = (REFERENCE, "einrnn numpy", "einrnn native", "jax, hoisted", "torch loop")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.rnn", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="sizes a and c, float32, one thread")
    parser.add_argument("--sizes", default="")
    parser.add_argument("--dtypes", nargs="+", choices=sorted(LIMITS))
    parser.add_argument("--threads", nargs="+", type=int)
    parser.add_argument("--programs", nargs="+", choices=list(PROGRAMS), metavar="PROGRAM")
    parser.add_argument("--rounds", type=int, default=11, help="slices of each program")
    parser.add_argument("--seconds", type=float, default=0.2, help="length of a slice")
    parser.add_argument("--no-processes", action="store_true", help="leave whole processes out")
    parser.add_argument("--json", type=Path, default=Path("benchmarks/rnn/results.json"))
    parser.add_argument("--plot", type=Path, default=Path("benchmarks/rnn/ratios.svg"))
    given = parser.parse_args()
    given.sizes = given.sizes or ("ac" if given.quick else "".join(CASES))
    given.dtypes = given.dtypes or (["float32"] if given.quick else ["float32", "float64"])
    given.threads = given.threads or ([1] if given.quick else [1, 2])
    given.programs = [REFERENCE, *(p for p in given.programs or PROGRAMS if p != REFERENCE)]
    if set(given.sizes) - set(CASES):
        parser.error(f"the sizes are {', '.join(CASES)}")
    return given


def main() -> None:
    given = options()
    machine = tables.machine()
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    print(f"\n{tables.HEAD}", flush=True)
    results: list[dict[str, Any]] = []
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        peaks = {(d, n): gemm_peak(d, n) for d in given.dtypes for n in given.threads}
        for size in given.sizes:
            truth = _truth(size, Path(folder))
            for dtype in given.dtypes:
                data = _data(size, dtype, Path(folder))
                for threads in given.threads:
                    peak = peaks[dtype, threads]
                    for result in _measured(given, size, dtype, threads, data, truth, peak):
                        results.append(result)
                        print(tables.row(result), flush=True)
                        if (result.get("error") or 0) > LIMITS[dtype]:
                            wrong.append(f"{result['program']} at {size}, {dtype}")
        processes = {} if given.no_processes else _processes(given, Path(folder))
    names = {f"{d}, {n}": value for (d, n), value in peaks.items()}
    whole = {"machine": machine, "gemm": names, "results": results, "processes": processes}
    given.json.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    print(f"\nfigures: {given.json}")
    if tables.plot(results, given.plot):
        print(f"plot: {given.plot}")
    if wrong:
        raise SystemExit(f"too far from jax in float64: {'; '.join(wrong)}")


def _data(size: str, dtype: str, folder: Path) -> Path:
    path = folder / f"{size} {dtype}.npz"
    if not path.exists():
        np.savez(path, **CASES[size].data(dtype))
    return path


def _truth(size: str, folder: Path) -> dict[str, Any] | None:
    """What jax gives in float64, if it is there."""
    worker = Worker(_TRUTH, size, _data(size, "float64", folder), 1)
    outputs = None if worker.found.missing else worker.outputs()
    worker.end()
    return outputs


def _measured(
    given: argparse.Namespace,
    size: str,
    dtype: str,
    threads: int,
    data: Path,
    truth: dict[str, Any] | None,
    peak: float,
) -> list[dict[str, Any]]:
    """The results of all programs at one size, in one dtype, on some threads."""
    chosen = [name for name in given.programs if size in PROGRAMS[name][3]]
    workers = [Worker(name, size, data, threads) for name in chosen]
    there = [worker for worker in workers if not worker.found.missing]
    for worker in there:
        if truth is not None:
            worker.found.error = distance(worker.outputs(), truth)
    interleaved(there, given.rounds, given.seconds)
    for worker in workers:
        worker.end()
    base = workers[0].found
    rows: list[dict[str, Any]] = []
    for found in (worker.found for worker in workers):
        row: dict[str, Any] = {"size": size, "dtype": dtype, "threads": threads}
        row |= {"program": found.program, "missing": found.missing}
        if not found.missing:
            row |= {
                "time": found.time,
                "ratio": tables.quartiles(found.slices, base.slices),
                "first": found.first,
                "peak": found.peak,
                "share": CASES[size].flops / found.time / peak,
                "error": found.error,
            }
        rows.append(row)
    return rows


def _processes(given: argparse.Namespace, folder: Path) -> dict[str, float]:
    """Seconds of whole processes that compute one gradient at size c, caches being warm."""
    data = _data("c", "float32", folder)
    print("\n| one gradient at size c as a whole process | seconds |\n|---|---|")
    found: dict[str, float] = {}
    for name in _PROCESSES:
        if name not in given.programs:
            continue
        worker = Worker(name, "c", data, 1)
        worker.end()
        if worker.found.missing:
            print(f"| {name} | missing: {worker.found.missing} |", flush=True)
            continue
        found[name] = whole_process(name, "c", data, 1, 3 if given.quick else 7)
        print(f"| {name} | {found[name]:.2f} |", flush=True)
    return found


if __name__ == "__main__":
    main()
