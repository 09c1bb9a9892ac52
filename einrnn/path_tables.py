"""Comparisons of paths as text, as HTML, and as plain data."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import asdict
from io import StringIO
from typing import Any

from einrnn.comparison import Comparison, Row, Strategy, Together

_HEAD = ("finder", "FLOPs", "× best", "largest", "peak", "search", "predicted", "measured", "")
_STEP_HEAD = ("step", "kernel", "FLOPs", "entries")
_SHOWN = 40


def as_json(comparison: Comparison) -> dict[str, Any]:
    """The comparison as plain data."""
    best = comparison.best
    rows = [
        {**asdict(row), "ratio": row.flops / best if row.flops is not None and best else None}
        for row in comparison.rows
    ]
    strategies = [
        {
            "name": one.name,
            "growth": one.growth,
            "costs": [
                dict(zip(("size", "flops", "peak"), cost, strict=True)) for cost in one.costs
            ],
        }
        for one in comparison.strategies
    ]
    return {
        "expression": comparison.title,
        "sizes": dict(comparison.sizes),
        "finders": rows,
        "path": [list(step) for step in comparison.path],
        "steps": [asdict(step) for step in comparison.steps],
        "varied": comparison.varied or None,
        "strategies": strategies,
        "together": _together_data(comparison.together),
        "sliced": asdict(comparison.limited) if comparison.limited else None,
    }


def _together_data(found: Together | None) -> dict[str, Any] | None:
    return None if found is None else {**asdict(found), "separate": sum(found.alone)}


def as_text(comparison: Comparison) -> str:
    """The tables as text for a terminal."""
    from rich.console import Console
    from rich.table import Table

    stream = StringIO()
    console = Console(file=stream, width=150, color_system=None, markup=False)
    for caption, head, rows in _tables(comparison):
        console.print(caption, style="italic", soft_wrap=True)
        table = Table(box=None, pad_edge=False)
        for column, name in enumerate(head):
            table.add_column(name, justify="left" if column == 0 else "right", no_wrap=column > 0)
        for row in rows:
            table.add_row(*row)
        console.print(table)
        console.print()
    for sentence in _sentences(comparison):
        console.print(sentence, soft_wrap=True)
    return "\n".join(line.rstrip() for line in stream.getvalue().rstrip().split("\n"))


def as_html(comparison: Comparison) -> str:
    """The tables as HTML for a notebook."""
    parts: list[str] = []
    for caption, head, rows in _tables(comparison):
        title, body = html.escape(caption), "".join(_html_row("td", row) for row in rows)
        parts.append(f"<table><caption>{title}</caption>{_html_row('th', head)}{body}</table>")
    parts += [f"<p>{html.escape(sentence)}</p>" for sentence in _sentences(comparison)]
    return "\n".join(parts)


def _html_row(tag: str, cells: Sequence[str]) -> str:
    """The first column is text, the others numbers; leading spaces say what a loop encloses."""
    texts = [html.escape(cell).replace("  ", "&emsp;") for cell in cells]
    sides = ["left", *["right"] * (len(cells) - 1)]
    parts = (
        f'<{tag} style="text-align:{side}">{text}</{tag}>'
        for side, text in zip(sides, texts, strict=True)
    )
    return f"<tr>{''.join(parts)}</tr>"


def _sentences(comparison: Comparison) -> list[str]:
    """What several outputs share, and what a limit on memory leads to."""
    found: list[str] = []
    both, limited = comparison.together, comparison.limited
    if both is not None:
        ratio = sum(both.alone) / max(both.joint, 1)
        found.append(
            f"together {number(both.joint)} FLOPs; each output by itself "
            f"{' + '.join(map(number, both.alone[:8]))}{' + …' if len(both.alone) > 8 else ''} = "
            f"{number(sum(both.alone))} FLOPs (× {ratio:.3g})"
        )
    if limited is not None:
        loops = f"a loop over {', '.join(limited.indices)}" if limited.indices else "no loop needed"
        how = limited.way or f"{loops}, slices: {number(limited.slices)}"
        found.append(
            f"within {number(limited.limit)} entries: {how}; {number(limited.flops)} FLOPs, "
            f"at most {number(limited.peak)} entries held"
        )
    return found


_Table = tuple[str, tuple[str, ...], list[tuple[str, ...]]]


def _tables(comparison: Comparison) -> list[_Table]:
    sizes = ", ".join(f"{name}={size}" for name, size in list(comparison.sizes.items())[:12])
    title = shortened(comparison.title)
    result: list[_Table] = []
    if comparison.rows:
        rows = [_row(row, comparison.best) for row in comparison.rows]
        result.append((f"{title}   {sizes}", _HEAD, rows))
    if comparison.strategies:
        result.append(_strategies(comparison))
    if comparison.steps:
        result.append(("the chosen path", _STEP_HEAD, _steps(comparison)))
    return result


def shortened(title: str) -> str:
    """A title that fits on a line."""
    return title if len(title) < 100 else title[:97] + "…"


def _row(row: Row, best: int) -> tuple[str, ...]:
    ratio = "" if row.flops is None else f"{row.flops / max(best, 1):.4g}"
    counts = [number(count) for count in (row.flops, row.largest, row.peak)]
    times = [duration(time) for time in (row.search, row.predicted, row.measured)]
    return (row.finder, counts[0], ratio, *counts[1:], *times, row.note)


def _steps(comparison: Comparison) -> list[tuple[str, ...]]:
    rows = [
        (step.step, step.kernel, number(step.flops), number(step.entries))
        for step in comparison.steps
    ]
    if len(rows) > _SHOWN:
        left_out = (f"… {len(rows) - _SHOWN + 1} more …", "", "", "")
        rows = [*rows[: _SHOWN // 2], left_out, *rows[1 - _SHOWN // 2 :]]
    return rows


def _strategies(comparison: Comparison) -> _Table:
    points = [size for size, _, _ in comparison.strategies[0].costs]
    varied = comparison.varied
    head = ("way", *(f"FLOPs, {varied}={size}" for size in points), "grows as", "peak")
    rows = [_strategy(one, varied) for one in comparison.strategies]
    return (f"cost against {varied}", head, rows)


def _strategy(one: Strategy, varied: str) -> tuple[str, ...]:
    growth = "" if one.growth is None else f"{varied}^{one.growth:.2f}"
    return (one.name, *(number(cost[1]) for cost in one.costs), growth, number(one.costs[-1][2]))


def number(count: int | None) -> str:
    """A count as a person reads it: exact while it is short."""
    if count is None:
        return "–"
    return (
        f"{count:,}" if count < 10_000_000 else f"{float(count):.4g}" if count < 1e300 else "huge"
    )


def duration(seconds: float | None) -> str:
    """A time with its unit."""
    if seconds is None:
        return "–"
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"
