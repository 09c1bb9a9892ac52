"""What was measured, as rows for people and as a plot."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.rnn.programs import REFERENCE

HEAD = (
    "| size | dtype | threads | program | µs | ratio to numpy by hand (quartiles) "
    "| first call, ms | peak, MB | of GEMM peak | from jax float64 |"
    "\n|---|---|---|---|---|---|---|---|---|---|"
)


def machine() -> dict[str, Any]:
    """The processor and the versions of what is compared."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        rows = [r for r in info.read_text().splitlines() if r.startswith("model name")]
        model = f"{rows[0].partition(':')[2].strip()}, {len(rows)} cores" if rows else model
    versions = {"python": platform.python_version()}
    for package in ("numpy", "jax", "torch", "autograd"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {"processor": model, "system": platform.system(), **versions}


def quartiles(times: list[float], base: list[float]) -> tuple[float, float, float]:
    """Of the ratios, slice by slice: the median, and the quartiles around it."""
    ratios = sorted(own / other for own, other in zip(times, base, strict=False))
    last = len(ratios) - 1
    return median(ratios), ratios[round(last / 4)], ratios[round(3 * last / 4)]


def row(result: dict[str, Any]) -> str:
    """A line of the table."""
    place = f"| {result['size']} | {result['dtype']} | {result['threads']} | {result['program']} |"
    if result.get("missing"):
        return f"{place} missing: {result['missing']} | | | | | |"
    middle, low, high = result["ratio"]
    error = "" if result["error"] is None else f"{result['error']:.0e}"
    return (
        f"{place} {1e6 * result['time']:,.0f} | {middle:.2f} ({low:.2f}–{high:.2f}) | "
        f"{1e3 * result['first']:,.0f} | {result['peak'] / 1000:.0f} | "
        f"{result['share']:.2f} | {error} |"
    )


def summary(whole: dict[str, Any]) -> str:
    """For each dtype and number of threads the times over numpy by hand, by program and size."""
    there = [r for r in whole["results"] if not r.get("missing")]
    sizes = sorted({r["size"] for r in there})
    programs = list(dict.fromkeys(r["program"] for r in there))
    rows: list[str] = []
    for dtype, threads in sorted({(r["dtype"], r["threads"]) for r in there}):
        own = {
            (r["program"], r["size"]): r
            for r in there
            if (r["dtype"], r["threads"]) == (dtype, threads)
        }
        rows += [
            "",
            f"| {dtype}, {threads} thread{'s' * (threads > 1)} | {' | '.join(sizes)} |",
            f"|---|{'---|' * len(sizes)}",
        ]
        base = [own.get((REFERENCE, size)) for size in sizes]
        cells = [f"{1e6 * r['time']:,.0f} µs" if r else "" for r in base]
        rows.append(f"| {REFERENCE} | {' | '.join(cells)} |")
        for program in programs:
            if program != REFERENCE:
                cells = [_ratio(own.get((program, size))) for size in sizes]
                rows.append(f"| {program} | {' | '.join(cells)} |")
    if whole.get("processes"):
        rows += ["", "| one gradient at size c as a whole process | seconds |", "|---|---|"]
        rows += [f"| {name} | {time:.2f} |" for name, time in whole["processes"].items()]
    return "\n".join(rows[1:])


def _ratio(result: dict[str, Any] | None) -> str:
    return f"{result['ratio'][0]:.2f}" if result else ""


def plot(results: list[dict[str, Any]], path: Path) -> bool:
    """Ratios to numpy by hand against sizes, a panel for each dtype and number of threads.

    False where matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError:
        return False
    matplotlib.use("Agg")
    from matplotlib import pyplot

    there = [r for r in results if not r.get("missing")]
    panels = sorted({(r["dtype"], r["threads"]) for r in there})
    programs = list(dict.fromkeys(r["program"] for r in there if r["program"] != REFERENCE))
    sizes = sorted({r["size"] for r in there})
    figure, grid = pyplot.subplots(
        1, len(panels), figsize=(4.5 * len(panels), 4.5), sharey=True, squeeze=False
    )
    for axes, (dtype, threads) in zip(grid[0], panels, strict=True):
        for number, program in enumerate(programs):
            rows = [
                r
                for r in there
                if (r["dtype"], r["threads"], r["program"]) == (dtype, threads, program)
            ]
            line = "-o" if program.startswith("einrnn") else ":."
            places = [sizes.index(r["size"]) for r in rows]
            axes.plot(
                places, [r["ratio"][0] for r in rows], line, label=program, color=f"C{number % 10}"
            )
        axes.axhline(1, color="0.5", linewidth=0.8)
        axes.set_yscale("log")
        axes.set_xticks(range(len(sizes)), sizes)
        axes.set_title(f"{dtype}, {threads} thread{'s' * (threads > 1)}")
        axes.set_xlabel("size")
    grid[0][0].set_ylabel("time over that of numpy by hand")
    grid[0][-1].legend(loc="center left", bbox_to_anchor=(1.02, 0.5), fontsize=8)
    figure.savefig(path, bbox_inches="tight")
    pyplot.close(figure)
    return True
