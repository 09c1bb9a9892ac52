"""Code of programs kept from one process to the next, so that a second one need not compile.

Kept in einrnn's cache folder, a directory for each document with its outputs and a file for
each kind of call (names, shapes and dtypes of the arrays). What is kept is source text, with a
digest: a file that is damaged is as good as none. Directories carry a fingerprint of the package,
so nothing is used that another version has made. Deleting the folder is always safe.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from einrnn.folders import cache_folder
from einrnn.numeric.loaded import Loaded

if TYPE_CHECKING:
    from einrnn.numeric.program import Kind

# documents that are kept; of more, those go that were made first
_DOCUMENTS = 256
# longer sources are not worth it: loading them takes as long as they save
_LENGTH = 2_000_000


class Memory:
    """The code of one document's outputs; ``last`` are sizes and dtype of what came from it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.last: tuple[dict[str, int], str] | None = None

    @property
    def known(self) -> bool:
        """Whether the outputs have been compiled before, without an error."""
        return self._folder.is_dir()

    def recall(self, kind: Kind) -> Loaded | None:
        """The code for a kind of call, if it is there and whole."""
        try:
            text = self._file(kind).read_text(encoding="utf-8")
            found: dict[str, Any] = json.loads(text)
            source, sizes, dtype = found["source"], found["sizes"], found["dtype"]
            if found["digest"] != _digest(source, json.dumps(sizes), dtype):
                return None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        self.last = sizes, dtype
        return Loaded(source, np.dtype(dtype), "numpy")

    def keep(self, kind: Kind, code: Loaded, last: tuple[dict[str, int], str] | None) -> None:
        """Write code down, if it can be."""
        if last is None or code.backend != "numpy" or len(code.source) > _LENGTH:
            return
        import tempfile

        sizes, dtype = last
        found = {"source": code.source, "sizes": sizes, "dtype": dtype}
        found["digest"] = _digest(code.source, json.dumps(sizes), dtype)
        try:
            if not self.known:
                _make_room(self._folder.parent)
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # written beside its place and renamed: no process reads half of it
            handle, name = tempfile.mkstemp(dir=self._folder)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(found, file)
            os.replace(name, self._file(kind))
        except OSError:
            return

    def _file(self, kind: Kind) -> Path:
        return self._folder / f"{_digest(repr(kind))}.json"


def memory_of(text: str, outputs: Sequence[str], backend: str) -> Memory | None:
    """That of a document's outputs; None where nothing is kept."""
    folder = cache_folder()
    if folder is None or backend != "numpy" or not _own(folder):
        return None
    return Memory(folder / "programs" / _digest(_package(), text, *outputs))


def _own(folder: Path) -> bool:
    """Whether nobody else can write there: what is in it will be run."""
    facts = folder.stat()
    mine = not hasattr(os, "getuid") or facts.st_uid == os.getuid()
    return mine and not facts.st_mode & 0o022


def _make_room(folder: Path) -> None:
    import shutil

    if not folder.is_dir():
        return
    made = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    for path in made[: max(0, len(made) - _DOCUMENTS + 1)]:
        shutil.rmtree(path, ignore_errors=True)


def _digest(*texts: str) -> str:
    parts = "\0".join(f"{len(text)}:{text}" for text in texts)
    return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:40]


@cache
def _package() -> str:
    """What changes whenever the package or numpy does: names, sizes and dates of its files."""
    rows = [np.__version__]
    rest = [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]
    while rest:
        with os.scandir(rest.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != "__pycache__":
                        rest.append(entry.path)
                else:
                    facts = entry.stat()
                    rows.append(f"{entry.path} {facts.st_size} {facts.st_mtime_ns}")
    return "\n".join(sorted(rows))
