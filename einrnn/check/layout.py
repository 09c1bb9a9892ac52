"""Long lines of a written-out proof, broken where a reader would break them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import zip_longest

from einrnn.check.verdict import Derivation

_NARROWEST, _WIDEST, _REASONS = 24, 68, 42
_HANGING = "    "


def written(part: Derivation) -> Iterator[str]:
    """A chain of equal expressions, one below the other, the reasons beside it."""
    longest = max(len(text) for text, _ in part.lines) + len("= ")
    width = min(max(longest, _NARROWEST), _WIDEST)
    known: set[str] = set()
    for number, (text, reason) in enumerate(part.lines):
        left = broken(text if number == 0 else f"= {text}", width)
        right = textwrap.wrap(_without_known(reason, known), _REASONS, subsequent_indent="  ")
        for shown, why in zip_longest(left, right, fillvalue=""):
            yield f"{shown:{width}}   {why}".rstrip()


def _without_known(reason: str, known: set[str]) -> str:
    """The reason without rules of differentiation that have been told before."""
    words: list[str] = []
    for piece in reason.split("; "):
        head, _, rule = piece.partition(": ")
        words.append(head if rule in known else piece)
        known.add(rule)
    return "; ".join(words)


def broken(text: str, width: int) -> list[str]:
    """The text in lines of at most a width where its words allow that, each broken as far
    outside brackets as it can be, and there before a sign."""
    rows: list[str] = []
    while len(text) > width:
        places = [n for n, c in enumerate(text) if c == " " and width // 2 < n <= width]
        if not places:
            break
        at = min(places, key=lambda n: (_depth(text, n), text[n + 1] not in "+-", -n))
        rows.append(text[:at])
        text = _HANGING + text[at + 1 :]
    return [*rows, text]


def _depth(text: str, end: int) -> int:
    """How many brackets are open at a place."""
    before = text[:end]
    return sum(before.count(c) for c in "([{") - sum(before.count(c) for c in ")]}")
