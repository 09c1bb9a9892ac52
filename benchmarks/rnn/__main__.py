"""Loss and the three gradients of an RNN: ``python -m benchmarks.rnn [--sizes abc] [--peers]``."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from statistics import median
from typing import Any


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.rnn")
    parser.add_argument("--sizes", default="abcde")
    parser.add_argument("--dtypes", nargs="+", default=["float32", "float64"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=2.0, help="per size and dtype")
    parser.add_argument("--peers", action="store_true", help="jax and torch as well")
    options = parser.parse_args()
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, str(options.threads))
    print("| size | dtype | program | µs, median | ratio to numpy by hand (quartiles) |")
    print("|---|---|---|---|---|")
    for size in options.sizes:
        for dtype in options.dtypes:
            for row in _measured(size, dtype, options.seconds, options.peers):
                print(f"| {size} | {dtype} | {row} |", flush=True)


def _measured(size: str, dtype: str, seconds: float, peers: bool) -> list[str]:
    import numpy as np

    import einrnn
    from benchmarks.rnn.by_hand import ByHand
    from benchmarks.rnn.cases import CASES, OUTPUTS
    from benchmarks.rnn.peers import jax_calls, torch_calls

    case = CASES[size]
    words = case.kind == "words"
    data = case.data(dtype)
    program = einrnn.parse(case.text()).compile(*OUTPUTS)
    by_hand = ByHand(data, words)
    found, expected = program(**data), by_hand(**data)
    for name in OUTPUTS:
        error = np.abs(found[name] - expected[name]).max() / np.abs(expected[name]).max()
        if error > (1e-10 if dtype == "float64" else 1e-3):
            raise SystemExit(f"{name} differs by {error:.1e} at size {size}")
    calls: dict[str, Callable[[], Any]] = {
        "numpy by hand": lambda: by_hand(**data),
        "einrnn numpy": lambda: program(**data),
    }
    if peers:
        for more in (jax_calls, torch_calls):
            try:
                calls |= more(data, words)
            except ImportError as missing:
                print(f"left out: {missing}")
    return _rows(_interleaved(calls, seconds))


def _interleaved(calls: dict[str, Callable[[], Any]], seconds: float) -> dict[str, list[float]]:
    """Times of every call, in turn, so that noise hits all of them alike."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    end = time.perf_counter() + seconds * len(calls)
    while time.perf_counter() < end or len(next(iter(times.values()))) < 5:
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    return times


def _rows(times: dict[str, list[float]]) -> list[str]:
    base = times["numpy by hand"]
    rows: list[str] = []
    for name, own in times.items():
        ratios = sorted(t / b for t, b in zip(own, base, strict=True))
        low, high = ratios[len(ratios) // 4], ratios[3 * len(ratios) // 4]
        spread = f"{median(ratios):.2f} ({low:.2f}–{high:.2f})"
        rows.append(f"{name} | {1e6 * median(own):.0f} | {spread}")
    return rows


main()
