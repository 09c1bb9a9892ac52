"""The loss over the steps: drawn by matplotlib where it is installed, else in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np


def draw(losses: Sequence[float], path: Path) -> bool:
    """Write an SVG or PNG; False where matplotlib is not installed."""
    if find_spec("matplotlib") is None:
        return False
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4))
    axes.plot(np.arange(1, len(losses) + 1), losses, color="0.8", label="each step")
    middle, smooth = smoothed(losses)
    axes.plot(middle, smooth, color="C0", label="mean")
    axes.set_xlabel("step")
    axes.set_ylabel("loss, nats a character")
    axes.legend()
    figure.savefig(path, bbox_inches="tight")
    pyplot.close(figure)
    return True


def smoothed(losses: Sequence[float], parts: int = 60) -> tuple[list[float], list[float]]:
    """Means over equal parts of the run, and the middles of these parts."""
    cuts = np.array_split(np.arange(len(losses)), min(parts, len(losses)))
    values = np.asarray(losses)
    return [float(c.mean()) + 1 for c in cuts], [float(values[c].mean()) for c in cuts]


def in_words(losses: Sequence[float], width: int = 60, height: int = 12) -> str:
    """The curve as lines of text."""
    _, values = smoothed(losses, width)
    low, high = min(values), max(values)
    step = (high - low) / height or 1.0
    levels = [round((value - low) / step) for value in values]
    rows: list[str] = []
    for level in range(height, -1, -1):
        label = f"{low + level * step:6.2f} │"
        rows.append(label + "".join("█" if own >= level else " " for own in levels).rstrip())
    return "\n".join([*rows, f"       └{'─' * len(values)} {len(losses)} steps"])
