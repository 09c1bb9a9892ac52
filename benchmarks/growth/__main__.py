"""Time and memory against T, H, B and the number of outputs: ``python -m benchmarks.growth``.

Prints a table with fitted exponents; ``--plot F.svg`` draws it (the extra ``plot``).
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

import einrnn
from benchmarks.growth.documents import LITERAL, OUTPUTS, data
from benchmarks.rnn.cases import BATCH

BASE = {"T": 100, "B": 8, "D": 32, "H": 64, "K": 32}
SWEEPS = {
    "T": (125, 250, 500, 1000, 2000),
    "H": (64, 128, 256, 512),
    "B": (8, 16, 32, 64, 128),
    "outputs": (1, 2, 4, 8),
}
LITERALS = {
    "eq. 21 and 24": ("W21", "U24"),
    "dL/dW and dL/dU": ("dL/dW", "dL/dU"),
    "eq. 21": ("W21",),
    "dL/dW": ("dL/dW",),
}


@dataclass(frozen=True)
class Point:
    """One size: seconds and the most bytes held beside inputs."""

    at: int
    seconds: float
    memory: int


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.growth", description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.0, help="per point")
    parser.add_argument("--plot", metavar="FILE", help="draw it as .svg or .png")
    options = parser.parse_args()
    curves = {f"RNN, by {name}": _sweep(name, options.seconds) for name in SWEEPS}
    curves |= _literals(options.seconds)
    _print(curves)
    if options.plot:
        _plot(curves, options.plot)


def _sweep(name: str, seconds: float) -> list[Point]:
    """One size moves, the others stay; the number of outputs is a size too."""
    document = einrnn.parse(BATCH)
    points: list[Point] = []
    for value in SWEEPS[name]:
        sizes = BASE if name == "outputs" else {**BASE, name: value}
        outputs = OUTPUTS[:value] if name == "outputs" else OUTPUTS[:4]
        given = data(sizes, True)
        programs = {"": document.compile(*outputs)}
        points.append(_points(programs, given, value, seconds)[""])
    return points


def _literals(seconds: float) -> dict[str, list[Point]]:
    """The formula as it is written and the gradient, measured in turn."""
    document = einrnn.parse(LITERAL)
    curves: dict[str, list[Point]] = {name: [] for name in LITERALS}
    for length in (500, 1000, 2000):
        given = data({**BASE, "T": length}, False)
        programs = {name: document.compile(*outputs) for name, outputs in LITERALS.items()}
        for name, point in _points(programs, given, length, seconds).items():
            curves[name].append(point)
    return curves


def _points(
    programs: dict[str, Any], given: dict[str, Any], at: int, seconds: float
) -> dict[str, Point]:
    calls: dict[str, Callable[[], Any]] = {}
    memory: dict[str, int] = {}
    for name, program in programs.items():
        own = {key: value for key, value in given.items() if key in program.inputs}
        # plans and code are made before: memory is what the arrays of a call take
        program.source(dtype="float32", **_sizes(program, given))
        tracemalloc.start()
        program(**own)
        memory[name] = _arrays()
        tracemalloc.stop()
        calls[name] = lambda program=program, own=own: program(**own)
    times: dict[str, list[float]] = {name: [] for name in calls}
    end = time.perf_counter() + seconds * len(calls)
    while time.perf_counter() < end or len(times[next(iter(times))]) < 5:
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    return {name: Point(at, median(times[name]), memory[name]) for name in calls}


def _arrays() -> int:
    """The bytes in arrays: numpy reports them to tracemalloc under a domain of its own."""
    shot = tracemalloc.take_snapshot()
    domain = np.lib.tracemalloc_domain
    return sum(trace.size for trace in shot.traces if trace.domain == domain)


def _sizes(program: Any, given: dict[str, Any]) -> dict[str, int]:
    T, D = given["x"].shape[0], given["x"].shape[-1]
    sizes = {"T": T, "D": D, "H": len(given["W"]), "K": len(given["V"])}
    if given["x"].ndim == 3:
        sizes["B"] = given["x"].shape[1]
    return {name: sizes[name] for name in program.sizes}


def _exponent(points: list[Point], of: str) -> float:
    """The slope of the logarithms, fitted to all points."""
    at = np.log([point.at for point in points])
    value = np.log([getattr(point, of) for point in points])
    return float(np.polyfit(at, value, 1)[0])


def _print(curves: dict[str, list[Point]]) -> None:
    print("| what | size | ms | MB | time grows as | memory grows as |")
    print("|---|---|---|---|---|---|")
    for name, points in curves.items():
        fits = f"n^{_exponent(points, 'seconds'):.2f} | n^{_exponent(points, 'memory'):.2f}"
        for point in points:
            row = f"{1e3 * point.seconds:.2f} | {point.memory / 1e6:.2f}"
            print(f"| {name} | {point.at} | {row} | {fits if point is points[-1] else ' | '} |")
    for literal, gradient in (("eq. 21 and 24", "dL/dW and dL/dU"), ("eq. 21", "dL/dW")):
        last, before = curves[literal][-1], curves[literal][-2]
        other = curves[gradient][-1]
        time_, memory = (
            (getattr(last, of) / getattr(before, of), getattr(last, of) / getattr(other, of))
            for of in ("seconds", "memory")
        )
        print(f"\n{literal}, T={last.at} over T={before.at}: {time_[0]:.2f} in time, ", end="")
        print(f"{memory[0]:.2f} in memory; over {gradient}: {time_[1]:.3f}, {memory[1]:.3f}")


def _plot(curves: dict[str, list[Point]], path: str) -> None:
    try:
        import matplotlib
    except ImportError:
        raise SystemExit("--plot needs matplotlib: pip install 'einrnn[plot]'") from None
    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "growth"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4.5))
    for axis, of, label in zip(axes, ("seconds", "memory"), ("seconds", "bytes"), strict=True):
        for name, points in curves.items():
            slope = f"{name}: {_exponent(points, of):.2f}"
            at = [point.at for point in points]
            axis.loglog(at, [getattr(p, of) for p in points], marker="o", label=slope)
        axis.set_xlabel("size")
        axis.set_ylabel(label)
        axis.legend(fontsize="x-small", title="exponent", title_fontsize="x-small")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None} if path.endswith(".svg") else None)
    print(f"\ndrawn in {path}")


main()
