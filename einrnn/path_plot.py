"""Pictures of comparisons: the contraction tree with its costs, and cost against a size."""

from __future__ import annotations

from importlib.util import find_spec
from itertools import cycle
from pathlib import Path as File
from typing import Any, cast

from einrnn.comparison import Comparison
from einrnn.errors import EinrnnError
from einrnn.path_tables import number, shortened
from einrnn.pathfinder.evaluate import score


def draw(comparison: Comparison, target: File) -> None:
    """Write a picture as SVG or PNG, by the file's ending: the tree of a contraction, and cost
    against a size where one varies.

    Raises:
        EinrnnError: as :func:`check_target`; E002 the file cannot be written, E716 there is
            neither a tree nor a growth to draw.
    """
    check_target(target)
    from matplotlib.figure import Figure  # pyright: ignore

    tree = comparison.network is not None and bool(comparison.path)
    if not tree and not comparison.strategies:
        raise EinrnnError(
            "E716", "there is nothing to draw", "give a size as a range, e.g. --size T=10..1000"
        )
    figure = cast(Any, Figure)(
        figsize=(8 if not tree or not comparison.strategies else 14, 5), layout="constrained"
    )
    wanted = [_tree] * tree + [_growth] * bool(comparison.strategies)
    drawn = figure.subplots(1, len(wanted), squeeze=False)[0]
    for axes, one in zip(drawn, wanted, strict=True):
        one(axes, comparison)
    try:
        figure.savefig(target)
    except OSError as problem:
        raise EinrnnError("E002", f"cannot write {target}: {problem.strerror}") from None


def check_target(target: File) -> None:
    """Whether a picture can be written there at all.

    Raises:
        EinrnnError: E002 there is no such folder, E004 an ending other than .svg and .png, E715
            matplotlib is missing.
    """
    if target.suffix not in (".svg", ".png"):
        raise EinrnnError("E004", f"not a picture: {str(target)!r}", "end it in .svg or .png")
    if not target.parent.is_dir():
        raise EinrnnError("E002", f"cannot write {target}: there is no folder {target.parent}")
    if find_spec("matplotlib") is None:
        message = "pictures need matplotlib, which is not installed"
        raise EinrnnError("E715", message, "pip install 'einrnn[plot]'")


def _growth(axes: Any, comparison: Comparison) -> None:
    # ways of equal cost lie on each other: the later ones are dashed
    for one, style in zip(comparison.strategies, cycle(["-", "-", "-", "--", ":", "-."])):
        sizes = [size for size, _, _ in one.costs]
        label = (
            one.name if one.growth is None else f"{one.name} ({comparison.varied}^{one.growth:.1f})"
        )
        axes.loglog(sizes, [flops for _, flops, _ in one.costs], marker="o", ls=style, label=label)
    axes.set_xlabel(comparison.varied)
    axes.set_ylabel("FLOPs")
    axes.set_title(shortened(comparison.title), fontsize=9)
    axes.legend()


def _tree(axes: Any, comparison: Comparison) -> None:
    """Operands at the bottom; the area of a node is its share of the FLOPs."""
    network, path = comparison.network, comparison.path
    axes.axis("off")
    axes.set_title(shortened(comparison.title), fontsize=9)
    if network is None or not path:
        return
    steps = [step for step in score(network, path).steps if step.number >= len(network.operands)]
    place = _places({step.number: step.operands for step in steps}, len(network.operands))
    most = max(step.flops for step in steps)
    small = len(network.operands) > 30
    for step in steps:
        x, y = place[step.number]
        for operand in step.operands:
            axes.plot([x, place[operand][0]], [y, place[operand][1]], color="0.7", zorder=1)
        axes.scatter([x], [y], s=30 + 600 * step.flops / most, color="tab:blue", zorder=2)
        if not small:
            text = f"{','.join(network.letters(step.result))}\n{number(step.flops)}"
            axes.annotate(text, (x, y), textcoords="offset points", xytext=(8, 4), fontsize=7)
    for at in range(len(network.operands)):
        x, y = place[at]
        axes.scatter([x], [y], s=20, color="tab:orange", zorder=2)
        if not small:
            text = f"{network.labels[at]}[{','.join(network.letters(network.operands[at]))}]"
            axes.annotate(text, (x, y), ha="center", va="top", fontsize=7)


def _places(below: dict[int, tuple[int, ...]], operands: int) -> dict[int, tuple[float, float]]:
    """Operands side by side in the order of the tree; products above the middle of their parts."""
    root = max(below)
    order: list[int] = []
    stack = [root]
    while stack:
        node = stack.pop()
        order.append(node)
        stack += reversed(below.get(node, ()))
    leaves = [node for node in order if node < operands]
    place = {leaf: (float(at), 0.0) for at, leaf in enumerate(leaves)}
    for node in reversed(order):
        if node >= operands:
            parts = [place[part] for part in below[node]]
            place[node] = sum(x for x, _ in parts) / len(parts), 1 + max(y for _, y in parts)
    return place
