"""A source text, and diagnostics drawn under its lines as a compiler draws them."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right

from einrnn.dataclass import dataclass
from einrnn.errors import Diagnostic, Related


@dataclass(frozen=True)
class Source:
    """A named text in Unicode normal form C, with the offset at which each line starts."""

    name: str
    text: str
    starts: tuple[int, ...]

    @staticmethod
    def of(text: str, name: str = "<string>") -> Source:
        """Normalise the text, so that a composed and a decomposed ŷ are one name."""
        text = unicodedata.normalize("NFC", text.removeprefix("\ufeff"))
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        starts = [0]
        starts += [i + 1 for i, character in enumerate(text) if character == "\n"]
        return Source(name, text, tuple(starts))

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both counted from 1."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line (counted from 1) without its newline."""
        start = self.starts[number - 1]
        end = self.starts[number] - 1 if number < len(self.starts) else len(self.text)
        return self.text[start:end]


def _width(text: str) -> int:
    """Columns a text takes on a terminal: wide characters take two, combining ones none."""
    return sum(
        0
        if unicodedata.combining(character)
        else 2
        if unicodedata.east_asian_width(character) in "WF"
        else 1
        for character in text
    )


def _carets(source: Source, number: int, marks: list[Related], gutter: str) -> list[str]:
    """The lines below source line ``number``: a row of carets, then the labels, last first."""
    line = source.line(number)
    placed: list[tuple[int, int, str]] = []
    for mark in marks:
        column = source.place(mark.span.start)[1] - 1
        end = min(column + mark.span.end - mark.span.start, len(line))
        length = max(_width(line[column:end]), 1)
        placed.append((_width(line[:column]), length, mark.message))
    placed.sort()
    carets = ""
    for column, length, _ in placed:
        carets = carets.ljust(column) + "^" * (column + length - max(column, len(carets)))
    if placed[-1][2]:
        carets += " " + placed[-1][2]
    rows = [carets]
    for position in range(len(placed) - 2, -1, -1):
        column, _, message = placed[position]
        if not message:
            continue
        row = ""
        for left, _, other in placed[:position]:
            if other:
                row = row.ljust(left) + "|"
        rows.append(row.ljust(column) + message)
    return [gutter + row.rstrip() for row in rows]


def render(source: Source, diagnostic: Diagnostic) -> str:
    """The whole text of a diagnostic: place, code, message, marked lines, help."""
    head = f"{diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}"
    rows = [f"{source.name}: {head}"]
    if diagnostic.span is not None:
        line, column = source.place(diagnostic.span.start)
        rows = [f"{source.name}:{line}:{column}: {head}"]
        by_line: dict[int, list[Related]] = {}
        for mark in (Related(diagnostic.span, diagnostic.label), *diagnostic.related):
            by_line.setdefault(source.place(mark.span.start)[0], []).append(mark)
        margin = len(str(max(by_line)))
        for number in sorted(by_line):
            rows.append(f"  {number:>{margin}} | {source.line(number)}".rstrip())
            rows += _carets(source, number, by_line[number], "  " + " " * margin + " | ")
    if diagnostic.help:
        rows.append(f"  help: {diagnostic.help}")
    return "\n".join(rows)
