"""The command ``einrnn paths``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from einrnn.errors import EinrnnError


@click.command()
@click.argument("what", nargs=-1, required=True, metavar="(FILE OUTPUT… | EQUATION)")
@click.option(
    "--size", "sizes", multiple=True, metavar="N=5", help="A size; a range as in T=10..1000."
)
@click.option("--finder", default="all", show_default=True, metavar="NAME,…")
@click.option("--seconds", default=0.0, help="Time for our own search in a large network.")
@click.option("--memory", "limit", type=click.IntRange(min=1), help="Most entries held at once.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--plot", metavar="F.svg|.png", help="Draw the tree, or cost against a size.")
def paths(
    what: tuple[str, ...],
    sizes: tuple[str, ...],
    finder: str,
    seconds: float,
    limit: int | None,
    as_json: bool,
    plot: str | None,
) -> None:
    """Compare contraction paths for outputs of a document (or a claim, by its label), an
    einsum string, or an index equation."""
    from einrnn.document import Document, read_source
    from einrnn.paths_api import paths as compare

    fixed, vary = _sizes(sizes)
    target, outputs = _target(what)
    subject = target if not outputs else Document(read_source(target))
    found = compare(subject, *outputs, sizes=fixed, finder=finder, seconds=seconds, vary=vary)
    data = found.as_json()
    text = str(found)
    if limit is not None:
        from einrnn.sliced_paths import sliced_json, sliced_text

        data["sliced"] = sliced_json(found, limit)
        text += "\n\n" + sliced_text(found, limit)
    click.echo(json.dumps(data, indent=2, ensure_ascii=False) if as_json else text)
    if plot is not None:
        from einrnn.path_plot import draw

        draw(found, Path(plot))


def _target(what: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """An equation, or a file with outputs."""
    first, *rest = what
    equation = "->" in first or "=" in first or "," in first
    if not rest and not equation:
        raise EinrnnError(
            "E802", f"nothing to compare in {first}", 'name an output, e.g. "dL/dW", or a claim'
        )
    if rest and equation:
        raise EinrnnError("E806", "an equation is followed by nothing", "quote it as one word")
    return first, tuple(rest)


def _sizes(given: tuple[str, ...]) -> tuple[dict[str, int], tuple[str, int, int] | None]:
    """Sizes by name, and the one that is given as a range; it stands at its upper end."""
    sizes: dict[str, int] = {}
    vary: tuple[str, int, int] | None = None
    for text in given:
        name, equals, number = text.partition("=")
        low, dots, high = number.partition("..")
        numbers = [low, high] if dots else [low]
        fine = equals and name.isidentifier() and all(_whole(part) for part in numbers)
        if not fine or (dots and (vary or int(low) >= int(high))):
            raise EinrnnError(
                "E004", f"not a size: {text!r}", "write N=5, or for one name a range: T=10..1000"
            )
        sizes[name] = int(numbers[-1])
        if dots:
            vary = name, int(low), int(high)
    return sizes, vary


def _whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) < 10**12
