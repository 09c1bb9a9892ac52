"""Loss and the three gradients of an RNN, by einrnn and by its peers.

``python -m benchmarks.rnn`` measures everything, with a process for each program;
``--quick`` takes two sizes in one dtype on one thread. A table on standard output, all
figures in a JSON file, and a plot beside it. The file is written after every size, dtype and
number of threads; with ``--resume`` what it has is not measured again. ``--show`` prints
what is in the file.

einrnn starts with nothing kept at the first number of threads, so that its first call there
has compiled, and with the code kept at the others.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.rnn import tables
from benchmarks.rnn.cases import CASES
from benchmarks.rnn.measure import (
    LIMITS,
    PROCESSOR_TIME,
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
    parser.add_argument("--limit", type=float, default=120, help="seconds to wait for a program")
    parser.add_argument(
        "--processor-time",
        action="store_true",
        help="for a busy machine: the time that the processors spend on a program, not the clock's",
    )
    parser.add_argument("--resume", action="store_true", help="go on with the JSON file")
    parser.add_argument("--show", action="store_true", help="print the JSON file's figures")
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
    if given.processor_time and given.threads != [1]:
        parser.error("--processor-time adds up what threads take: use it with --threads 1")
    return given


def main() -> None:
    given = options()
    there = json.loads(given.json.read_text()) if given.json.exists() else {}
    if given.show:
        print(tables.summary(there))
        tables.plot(there["results"], given.plot)
        return
    if given.processor_time:
        os.environ[PROCESSOR_TIME] = "1"
    machine = tables.machine() | {"time": "processor" if given.processor_time else "clock"}
    whole: dict[str, Any] = {"machine": machine, "gemm": {}, "results": []}
    if given.resume and there.get("machine") == whole["machine"]:
        whole = there
    print(", ".join(f"{name} {value}" for name, value in whole["machine"].items()))
    print(f"\n{tables.HEAD}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        wrong = _grid(given, whole, Path(folder))
        if not given.no_processes:
            whole["processes"] = _processes(given, Path(folder))
            _write(given.json, whole)
    print(f"\nfigures: {given.json}")
    if tables.plot(whole["results"], given.plot):
        print(f"plot: {given.plot}")
    if wrong:
        raise SystemExit(f"too far from jax in float64: {'; '.join(wrong)}")


def _grid(given: argparse.Namespace, whole: dict[str, Any], folder: Path) -> list[str]:
    """Measure what is asked for and not there yet; what has come out wrong."""
    wrong: list[str] = []
    done = {(r["size"], r["dtype"], r["threads"]) for r in whole["results"]}
    for size in given.sizes:
        truth = None
        for dtype in given.dtypes:
            cache = folder / f"cache {size} {dtype}"
            for threads in given.threads:
                if (size, dtype, threads) in done:
                    continue
                truth = truth or _truth(size, folder, given.limit)
                name = f"{dtype}, {threads}"
                if name not in whole["gemm"]:
                    whole["gemm"][name] = gemm_peak(dtype, threads)
                setting = Setting(given, size, dtype, threads, whole["gemm"][name], folder, cache)
                for result in _measured(setting, truth):
                    whole["results"].append(result)
                    print(tables.row(result), flush=True)
                    if (result.get("error") or 0) > LIMITS[dtype]:
                        wrong.append(f"{result['program']} at {size}, {dtype}")
                _write(given.json, whole)
    return wrong


def _write(path: Path, whole: dict[str, Any]) -> None:
    order = list(CASES)
    whole["results"].sort(key=lambda r: (order.index(r["size"]), r["dtype"], r["threads"]))
    path.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Setting:
    """What one set of interleaved slices has in common; ``peak`` is that of GEMM."""

    given: argparse.Namespace
    size: str
    dtype: str
    threads: int
    peak: float
    folder: Path
    cache: Path


def _data(size: str, dtype: str, folder: Path) -> Path:
    path = folder / f"{size} {dtype}.npz"
    if not path.exists():
        np.savez(path, **CASES[size].data(dtype))
    return path


def _truth(size: str, folder: Path, limit: float) -> dict[str, Any] | None:
    """What jax gives in float64, if it is there."""
    worker = Worker(_TRUTH, size, _data(size, "float64", folder), 1, folder / "cache", limit)
    outputs = None if worker.found.missing else worker.outputs()
    worker.end()
    return outputs


def _measured(own: Setting, truth: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The results of all programs at one size, in one dtype, on some threads."""
    given, size, dtype, threads = own.given, own.size, own.dtype, own.threads
    data = _data(size, dtype, own.folder)
    chosen = [name for name in given.programs if size in PROGRAMS[name][3]]
    workers = [Worker(name, size, data, threads, own.cache, given.limit) for name in chosen]
    for worker in workers:
        if truth is not None and not worker.found.missing:
            worker.found.error = distance(worker.outputs(), truth)
    interleaved(workers, given.rounds, given.seconds, threads)
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
                "share": CASES[size].flops / found.time / own.peak,
                "error": found.error,
            }
        rows.append(row)
    return rows


def _processes(given: argparse.Namespace, folder: Path) -> dict[str, float]:
    """Seconds of whole processes that compute one gradient at size c, caches being warm."""
    data, cache = _data("c", "float32", folder), folder / "cache of processes"
    print("\n| one gradient at size c as a whole process | seconds |\n|---|---|")
    found: dict[str, float] = {}
    for name in _PROCESSES:
        if name not in given.programs:
            continue
        worker = Worker(name, "c", data, 1, cache, given.limit)
        worker.end()
        if worker.found.missing:
            print(f"| {name} | missing: {worker.found.missing} |", flush=True)
            continue
        found[name] = whole_process(name, "c", data, min(given.rounds, 7), cache)
        print(f"| {name} | {found[name]:.2f} |", flush=True)
    return found


if __name__ == "__main__":
    main()
