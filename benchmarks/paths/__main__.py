"""Path finders compared: ``python -m benchmarks.paths [NAME…] [--seconds S] [--plot F.svg]``.

FLOPs are counted by einrnn's evaluator for every finder. Times of searches are processor time on
one thread, so that other work on the machine does not count. Our own search gets the time that
cotengra's hyper-optimiser took on the same instance (or ``--seconds`` where it does not run). With
names, only the instances are run whose names contain one of them; ``--json F`` adds them to what
is in ``F``, and the table and the plot show all of it.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from pathlib import Path
from statistics import median

from benchmarks.paths.networks import hyper, named
from benchmarks.paths.peers import peers
from einrnn.comparison import OURS, compare
from einrnn.pathfinder.evaluate import flops
from einrnn.pathfinder.exact import exact
from einrnn.pathfinder.external import finders
from einrnn.pathfinder.network import Network
from einrnn.pathfinder.planner import plan, solve
from einrnn.pathfinder.search import search

# finders that take more than a minute from this many operands on
_SLOW = {"opt_einsum dp": 15, "opt_einsum auto-hq": 61, "opt_einsum random-greedy": 201}
_SLOW |= {"cotengra hyper": 500, "cotengra random-greedy": 150, "numpy greedy": 30}
_SLOW |= {"jax": 60, "torch": 60}
# the largest ratio that the plot has room for
_EDGE = 1e5
# what every finder is asked once before it is timed, to load what it needs
_SMALL = Network.of(["ab", "bc", "cd"], "ad", dict.fromkeys("abcd", 2))


def compared(network: Network, seconds: float) -> dict[str, tuple[int, float]]:
    """FLOPs and seconds of search by finder."""
    result: dict[str, tuple[int, float]] = {}
    for name, find in {**finders(network), **peers(network)}.items():
        if len(network.operands) >= _SLOW.get(name, 10**6):
            continue
        if name != "cotengra hyper":
            find(_SMALL)
        begun = time.process_time()
        try:
            path = find(network)
        except (ValueError, KeyError, RuntimeError, RecursionError) as problem:
            print(f"    {name}: {problem}")
            continue
        result[name] = flops(network, path), time.process_time() - begun
    begun = time.process_time()
    path = plan(network)
    result["einrnn"] = flops(network, path), time.process_time() - begun
    if solve(network) is None and len(network.operands) <= 256:
        budget = result.get("cotengra hyper", (0, seconds))[1]
        begun = time.process_time()
        path = search(network, budget, clock=time.process_time)
        result["einrnn, searching"] = flops(network, path), time.process_time() - begun
    return result


def suboptimal(count: int = 300) -> dict[str, tuple[float, float]]:
    """On random hyperedge equations: the share that a finder misses, and its worst ratio."""
    missed: dict[str, list[float]] = {}
    for seed in range(count):
        network = hyper(3 + seed % 5, seed)
        least = flops(network, exact(network))
        known = finders(network)
        for name in ("opt_einsum optimal", "opt_einsum auto", "opt_einsum dp", "numpy optimal"):
            if name in known:
                ratio = flops(network, known[name](network)) / least
                missed.setdefault(name, []).append(ratio)
        missed.setdefault("einrnn", []).append(flops(network, plan(network)) / least)
    return {
        name: (sum(ratio > 1 for ratio in ratios) / len(ratios), max(ratios))
        for name, ratios in missed.items()
    }


def median_search(count: int = 500) -> dict[int, float]:
    """The median time of a search for random equations with so many operands, in seconds."""
    times: dict[int, list[float]] = {}
    for seed in range(count):
        network = hyper(3 + seed % 5, seed)
        begun = time.process_time()
        plan(network)
        times.setdefault(3 + seed % 5, []).append(time.process_time() - begun)
    return {operands: median(found) for operands, found in sorted(times.items())}


def times(largest: float = 1e9) -> dict[str, tuple[float, float]]:
    """Predicted and measured seconds of our paths, where they are short enough to be run."""
    result: dict[str, tuple[float, float]] = {}
    for name, network in named():
        if flops(network, plan(network)) < largest:
            (row,) = compare(network, name, {}, finder=(OURS,)).rows
            if row.predicted and row.measured:
                result[name] = row.predicted, row.measured
    return result


def table(results: dict[str, dict[str, tuple[int, float]]]) -> str:
    """Ratio to the fewest FLOPs, and the search time, as a Markdown table."""
    names = list(dict.fromkeys(name for row in results.values() for name in row))
    lines = ["| instance | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for instance, row in results.items():
        best = min(count for count, _ in row.values())
        cells = [
            f"{row[name][0] / best:.3g} ({_duration(row[name][1])})" if name in row else "–"
            for name in names
        ]
        lines.append(f"| {instance} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _duration(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds >= 1 else f"{seconds * 1e3:.2g} ms"


def plot(results: dict[str, dict[str, tuple[int, float]]], target: Path) -> None:
    """Ratio to the best against search time, a mark for each finder and instance; ratios beyond
    the upper edge lie on it."""
    import matplotlib
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.subplots()
    names = list(dict.fromkeys(name for row in results.values() for name in row))
    colours = matplotlib.colormaps["tab20"]
    for number, name in enumerate(names):
        points = [
            (row[name][1] * 1e3, min(_EDGE, row[name][0] / min(count for count, _ in row.values())))
            for row in results.values()
            if name in row
        ]
        marker, size = ("*", 11) if name.startswith("einrnn") else ("o", 5)
        colour = {"einrnn": "black", "einrnn, searching": "red"}.get(name, colours(number))
        style = {"color": colour, "markersize": size, "label": name, "alpha": 0.8}
        axes.loglog(*zip(*points, strict=True), marker, **style)
    axes.set_ylim(0.8, _EDGE)
    axes.set_xlabel("search, processor time [ms]")
    axes.set_ylabel("FLOPs / fewest FLOPs")
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1, 1))
    figure.savefig(target)


def main() -> None:
    """Run, print the tables, and write what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    results: dict[str, dict[str, tuple[int, float]]] = {}
    if given.json and given.json.exists():
        results = json.loads(given.json.read_text())
    for name, network in named():
        if not given.names or any(part in name for part in given.names):
            results[name] = compared(network, given.seconds)
            print(f"{name} done", flush=True)
            if given.json:
                given.json.write_text(json.dumps(results, indent=1) + "\n")
    order = [name for name, _ in named() if name in results]
    results = {name: results[name] for name in order}
    print(table(results))
    if given.plot:
        plot(results, given.plot)
    if not given.names:
        _further()


def _further() -> None:
    """What is compared beside the named instances."""
    print("\non 300 random equations of 3 to 7 operands with hyperedges:")
    for name, (share, worst) in suboptimal().items():
        print(f"  {name}: {share:.0%} suboptimal, worst {worst:.3g}")
    print("\nmedian search on 500 random equations with hyperedges, by operands:")
    print("  " + ", ".join(f"{n}: {s * 1e3:.2g} ms" for n, s in median_search().items()))
    print("\nour paths, predicted and measured:")
    for name, (predicted, measured) in times().items():
        ratio = predicted / measured
        print(f"  {name}: {_duration(predicted)}, {_duration(measured)} (× {ratio:.2g})")


if __name__ == "__main__":
    main()
