"""The catalogue of codes as the part of ``specs/README.md`` between its two markers.

``python -m einrnn.language.reference specs/README.md`` writes it anew; a test compares.
"""

from __future__ import annotations

import sys
from pathlib import Path

from einrnn.language import elaborate_text
from einrnn.language.catalogue import CATALOGUE, Entry
from einrnn.language.failures import FAILURES
from einrnn.source import Source, render

START = "<!-- catalogue: begin -->"
END = "<!-- catalogue: end -->"


def catalogue_text() -> str:
    """All codes in order: title, explanation, an example and what is said of it; then those of
    computations as a table."""
    entries = [_entry(entry) for _, entry in sorted(CATALOGUE.items(), key=_number)]
    rows = [f"| {code} | {meaning} |" for code, meaning in sorted(FAILURES.items())]
    return "\n".join([*entries, "| code | of a computation |", "|---|---|", *rows, ""])


def _number(item: tuple[str, Entry]) -> int:
    return int(item[0][1:])


def _entry(entry: Entry) -> str:
    source = Source.of(entry.example, "example.ein")
    found = [d for d in elaborate_text(source).diagnostics if d.code == entry.code]
    said = render(source, found[0]) if found else ""
    rows = [f"#### {entry.code}: {entry.title}", "", entry.explanation, ""]
    return "\n".join([*rows, "```", entry.example.rstrip(), "", said, "```", ""])


def with_catalogue(page: str) -> str:
    """The page with the part between the markers written anew."""
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n\n{catalogue_text()}\n{END}{after}"


def main() -> None:
    """Rewrite the page named on the command line."""
    path = Path(sys.argv[1])
    path.write_text(with_catalogue(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
