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
    if not 0 <= seconds < float("inf"):
        raise EinrnnError("E004", f"not a time: --seconds {seconds}", "write --seconds 10")
    target, outputs = _target(what)
    equation = _equation(target)
    picture = None if plot is None else Path(plot)
    if picture is not None:
        from einrnn.path_plot import check_target

        check_target(picture)
    found = compare(
        target if equation else Document(read_source(target)),
        *outputs,
        sizes=fixed,
        finder=finder,
        seconds=seconds,
        vary=vary,
        memory=limit,
    )
    click.echo(json.dumps(found.as_json(), indent=2, ensure_ascii=False) if as_json else found)
    if picture is not None:
        from einrnn.path_plot import draw

        draw(found, picture)


def _equation(text: str) -> bool:
    return "->" in text or "=" in text or "," in text


def _target(what: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Equations, or a file with outputs."""
    first, *rest = what
    if not rest and not _equation(first):
        raise EinrnnError(
            "E802",
            f"nothing to compare in {first!r}",
            'name an output of a file, e.g. "dL/dW", or a claim; or give an einsum string, '
            '"ab,bc->ac", or an index equation',
        )
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
        if name in sizes:
            raise EinrnnError("E004", f"the size {name} is given twice", "give it once")
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
