"""Real text that every Python has: the documentation strings of its standard library."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

_NAMES = """
argparse calendar collections configparser contextlib csv datetime decimal difflib email
fractions functools heapq html http inspect io itertools json logging math optparse os pathlib
pickle platform pprint random re shutil smtplib socket statistics string subprocess tarfile
tempfile textwrap threading tokenize traceback turtle typing unittest urllib.parse
urllib.request uuid weakref zipfile
"""
MODULES = tuple(_NAMES.split())


@dataclass(frozen=True)
class Text:
    """Characters as positions in ``letters``, a string that has each of them once."""

    letters: str
    codes: np.ndarray[Any, np.dtype[np.int64]]

    @classmethod
    def of(cls, text: str) -> Text:
        letters = "".join(sorted(set(text)))
        places = {letter: place for place, letter in enumerate(letters)}
        return cls(letters, np.array([places[letter] for letter in text], dtype=np.int64))

    def written(self, codes: Any) -> str:
        """The characters at these positions."""
        return "".join(self.letters[code] for code in codes)


def library_text(modules: Sequence[str] = MODULES) -> str:
    """The documentation of modules and of what they define, in an order that does not change.

    Characters outside of ASCII are left out, and modules that this Python does not have.
    """
    pieces: list[str] = []
    for name in modules:
        try:
            module = import_module(name)
        except ImportError:
            continue
        pieces += _pieces(module, name)
    whole = "\n\n".join(dict.fromkeys(pieces)) + "\n"
    return "".join(letter for letter in whole if letter == "\n" or " " <= letter <= "~")


def _pieces(module: Any, name: str) -> list[str]:
    """A module's documentation, its functions' and its classes', with those of their methods."""
    pieces = [inspect.getdoc(module) or ""]
    for label, value in sorted(vars(module).items()):
        if label.startswith("_") or getattr(value, "__module__", None) != name:
            continue
        pieces.append(_entry(label, value))
        if inspect.isclass(value):
            rows = sorted(vars(value).items())
            pieces += [_entry(f"{label}.{own}", row) for own, row in rows if own[0] != "_"]
    return [piece for piece in pieces if piece]


def _entry(label: str, value: Any) -> str:
    text = inspect.getdoc(value) if callable(value) or isinstance(value, property) else None
    return f"{label}\n{text}" if text else ""


def windows(codes: Any, streams: int, length: int) -> list[tuple[Any, Any]]:
    """Pairs of characters and their successors, both ``[length, streams]``, in reading order.

    Stream ``b`` of a window goes on where stream ``b`` of the window before ended. What does
    not fill a window is left out.
    """
    count = (len(codes) - 1) // (streams * length)
    size = count * length
    starts = np.arange(streams)[None, :] * size
    rows = np.arange(length)[:, None] + starts
    return [(codes[rows + w * length], codes[rows + w * length + 1]) for w in range(count)]
