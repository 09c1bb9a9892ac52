"""Text to logical statements, so that each is parsed by itself and every mistake is found.

A statement continues over line ends inside brackets, after a trailing operator, before a
line that starts with one, and on an indented line after a label, ``assume`` or ``refute``
that has nothing behind it. A line that plainly starts a statement ends the one before it
even inside a bracket, which is then reported as never closed.
"""

from __future__ import annotations

import re

from einrnn.dataclass import dataclass
from einrnn.errors import Diagnostic, Related, Span
from einrnn.source import Source

LABEL = re.compile(r"\[(?=\s*[^\s\]])([^\[\]\n]*)\]")
# a label that cannot be a condition: it starts a statement wherever it starts a line
_PLAIN_LABEL = re.compile(r"\[\s*[\w.*'+\-][\w.*'+\- ]*\]")
_HEAD = re.compile(rf"(?:(?:assume|refute)\b\s*|{LABEL.pattern}\s*)+")
# labels at the start of a line or after 'using' may contain a '#'
_COMMENT = re.compile(
    r"(^[^\S\n]*(?:(?:assume|refute)[^\S\n]+)*\[[^\[\]\n]*\]"
    r"|\busing[^\S\n]+(?:\[[^\[\]\n]*\][^\S\n]*,?[^\S\n]*)+)|#[^\n]*",
    re.MULTILINE,
)
KEYWORD = re.compile(r"(dim|index|input|function|let|assume|refute)(?=\s)")
_CONTINUES = re.compile(r"[-+−*/^@⊗·×⋅=;)\]},]|:=|(using|for|if|otherwise|with|and|or|outer|dot)\b")
_EXPECTS_MORE = re.compile(r"([-+−*/^@⊗·×⋅=,;(\[{]|\b(using|for|if|with|and|or|not|outer|dot))$")
_CLOSER = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True)
class Piece:
    """One logical statement; ``broken`` holds what is wrong with its brackets."""

    span: Span
    broken: tuple[Diagnostic, ...]


def without_comments(text: str) -> str:
    """The text with comments blanked out, so that every offset stays what it was."""
    return _COMMENT.sub(lambda found: found.group(1) or " " * len(found.group()), text)


def masked(text: str) -> str:
    """A text without comments in which the parentheses in labels are blanked out."""
    return _COMMENT.sub(lambda found: re.sub(r"[(){}]", " ", found.group()), text)


def split(source: Source) -> list[Piece]:
    """The logical statements of a source, in order."""
    splitter = _Splitter(without_comments(source.text))
    for start in source.starts:
        end = splitter.text.find("\n", start)
        splitter.line(start, len(splitter.text) if end < 0 else end)
    splitter.finish()
    return splitter.pieces


class _Splitter:
    """Collects lines into statements and keeps the brackets that are open."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.masked = masked(text)
        self.pieces: list[Piece] = []
        self.start = -1
        self.end = -1
        self.indent = 0
        self.open: list[int] = []
        self.broken: list[Diagnostic] = []

    def line(self, start: int, end: int) -> None:
        content = self.text[start:end]
        stripped = content.strip()
        if not stripped:
            return
        indent = len(content) - len(content.lstrip())
        first = start + indent
        if self.start >= 0 and self._begins(stripped, indent > self.indent):
            self.finish()
        if self.start < 0:
            self.start, self.indent = first, indent
        self.end = first + len(stripped)
        self._scan(first, self.end)

    def _begins(self, line: str, indented: bool) -> bool:
        """Whether this line starts a statement of its own."""
        before = self.text[self.start : self.end]
        if _CONTINUES.match(line) or (indented and _completes(before, line)):
            return False
        if KEYWORD.match(line):
            return True
        label = LABEL.match(line)
        unfinished = bool(self.open) or _EXPECTS_MORE.search(before) is not None
        if label and _PLAIN_LABEL.match(line):
            return not (self.open and _looks_like_indices(label.group(1).strip(), line))
        if label:
            return not (indented and unfinished)
        if ":=" in line:
            return not before.endswith((",", "with", ":="))
        return not unfinished

    def _scan(self, start: int, end: int) -> None:
        for offset in range(start, end):
            character = self.masked[offset]
            if character in "([{":
                self.open.append(offset)
            elif character in ")]}":
                self._close(offset, character)

    def _close(self, offset: int, character: str) -> None:
        span = Span(offset, offset + 1)
        if not self.open:
            self.broken.append(
                Diagnostic(
                    "E103",
                    f"'{character}' closes a bracket that was never opened",
                    span,
                    "nothing is open here",
                    help=f"remove this '{character}' or open the bracket before it",
                )
            )
            return
        opened = self.open.pop()
        expected = _CLOSER[self.text[opened]]
        if character != expected:
            self.broken.append(
                Diagnostic(
                    "E104",
                    f"'{self.text[opened]}' is closed by '{character}'",
                    span,
                    f"expected '{expected}'",
                    (Related(Span(opened, opened + 1), "opened here"),),
                    f"write '{expected}' here",
                )
            )

    def finish(self) -> None:
        """Ends the statement that is being read."""
        if self.start < 0:
            return
        for opened in self.open[:1]:
            bracket = self.text[opened]
            self.broken.append(
                Diagnostic(
                    "E102",
                    f"'{bracket}' is never closed",
                    Span(opened, opened + 1),
                    "opened here",
                    help=f"add '{_CLOSER[bracket]}' where the part it opens ends",
                )
            )
        self.pieces.append(Piece(Span(self.start, self.end), tuple(self.broken)))
        self.start = -1
        self.open = []
        self.broken = []


def _completes(before: str, line: str) -> bool:
    """Whether a line is the equation that a label, ``assume`` or ``refute`` waits for."""
    if not _HEAD.fullmatch(before):
        return False
    keyword = KEYWORD.match(line)
    if keyword:
        return keyword.group(1) in ("assume", "refute")
    if LABEL.match(line):
        return not (LABEL.search(before) and _PLAIN_LABEL.match(line))
    return ":=" not in line


def _looks_like_indices(label: str, line: str) -> bool:
    """A single letter in brackets inside an open bracket is an index, not a label."""
    return len(label) == 1 and "=" not in line
