"""Verdicts kept on disk, so that a document is judged again only where it has changed.

One file for each document, in JSON. A verdict is found again by a name of everything it
depends on: the program and what it runs on, the options, the document's inputs, definitions
and assumptions, the claim, and the claims before it, which may serve as lemmas. Only what is
certain is kept: with more time, what was tested might be proved.
"""

from __future__ import annotations

import json
import os
from collections.abc import Hashable, Sequence
from dataclasses import field
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, cast

from einrnn.check.verdict import Verdict
from einrnn.core.intern import digest
from einrnn.core.nodes import Node
from einrnn.dataclass import dataclass
from einrnn.folders import fingerprint, private_folder

_MOST_FILES = 500


@dataclass()
class Shelf:
    """The verdicts kept for the document of one file, read when first asked for."""

    path: Path
    _rows: dict[str, dict[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        self._rows = _read(self.path)

    @staticmethod
    def of(name: str) -> Shelf | None:
        """The shelf of a file; None where nothing can be kept."""
        folder = private_folder()
        if folder is None or not Path(name).is_file():
            return None
        full = sha256(str(Path(name).resolve()).encode()).hexdigest()[:24]
        return Shelf(folder / "verdicts" / f"{full}.json")

    @property
    def empty(self) -> bool:
        """Whether nothing is known of the document."""
        return not self._rows

    def take(self, keys: Sequence[Hashable]) -> list[Verdict | None]:
        """The verdicts kept under these keys; lines and columns are those of their time."""
        rows = (self._rows.get(name) for name in _names(keys))
        return [None if row is None else Verdict.from_json(row) for row in rows]

    def put(self, keys: Sequence[Hashable], verdicts: Sequence[Verdict]) -> None:
        """Keep the certain ones of these verdicts, and no others."""
        pairs = zip(_names(keys), verdicts, strict=True)
        rows = {name: verdict.as_json() for name, verdict in pairs if _certain(verdict)}
        if rows != self._rows:
            _write(self.path, rows)


def _certain(verdict: Verdict) -> bool:
    """Whether more time would add nothing: proved, or refuted with all there is to say."""
    if verdict.diagnostics or verdict.notes:
        return False
    if verdict.verdict == "refuted":
        return verdict.expect == "refute" or verdict.suggestion is not None
    return verdict.verdict == "proved"


def _names(keys: Sequence[Hashable]) -> list[str]:
    return [digest(_program(), _name(key)).hex() for key in keys]


@cache
def _name(key: Hashable) -> bytes:
    """A name of a key that is the same in every process; keys hold nodes and plain values."""
    if isinstance(key, Node):
        return key.key
    if isinstance(key, tuple):
        parts = [_name(part) for part in cast("tuple[Hashable, ...]", key)]
        return digest(len(parts), *parts)
    return digest(type(key).__name__, key)


@cache
def _program() -> str:
    """What may change a verdict without the document: einrnn's own files, and what it uses."""
    return repr((fingerprint(), [_installed(name) for name in ("numpy", "opt_einsum", "sympy")]))


def _installed(name: str) -> tuple[str, int, int]:
    """Which copy of a package would be imported; its version takes much longer to find out."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        return name, 0, 0
    there = os.stat(spec.origin)
    return spec.origin, there.st_size, there.st_mtime_ns


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """The rows of a file; none where it is missing or damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        rows = {str(name): dict(row) for name, row in found.items()}
        for row in rows.values():
            Verdict.from_json(row)
        return rows
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _write(path: Path, rows: dict[str, dict[str, Any]]) -> None:
    """Replace a file in one step; a shelf that cannot be written is none."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with NamedTemporaryFile(
            "w", dir=path.parent, suffix=".new", delete=False, encoding="utf-8"
        ) as file:
            json.dump(rows, file)
        os.replace(file.name, path)
        old = sorted(path.parent.glob("*.json"), key=lambda one: one.stat().st_mtime)
        for one in old[:-_MOST_FILES]:
            one.unlink(missing_ok=True)
    except OSError:
        return
