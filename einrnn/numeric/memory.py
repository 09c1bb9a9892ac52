"""Code of programs kept from one process to the next, so that a second one need not compile.

Kept in einrnn's cache folder, a directory for each document with its outputs and a file for
each kind of call (names, shapes and dtypes of the arrays). What is kept is source text, with a
checksum: a file that is damaged is as good as none. The key has a fingerprint of the package, so
nothing is used that another version has made. Deleting the folder is always safe.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from einrnn.folders import fingerprint, private_folder
from einrnn.numeric.loaded import Loaded

if TYPE_CHECKING:
    from einrnn.numeric.program import Kind, Ready

# documents that are kept; of more, those go that were made first
_DOCUMENTS = 256
_DOCUMENT = "document.txt"
# longer sources are not worth it: loading them takes as long as they save
_LENGTH = 2_000_000


class Memory:
    """The code of one document's outputs; ``last`` are sizes and dtype of what came from it.

    ``key`` is the text with all that its code depends on. Files are found by a checksum of
    what they are for, and used only if they are for exactly that.
    """

    def __init__(self, folder: Path, key: str, backend: str) -> None:
        self._folder = folder / _checksum(key)
        self._key = key
        self._compiled = backend == "native"
        self.last: tuple[dict[str, int], str] | None = None

    @property
    def known(self) -> bool:
        """Whether the outputs have been compiled before, without an error."""
        try:
            return (self._folder / _DOCUMENT).read_text(encoding="utf-8") == self._key
        except (OSError, ValueError):
            return False

    def recall(self, kind: Kind) -> Ready | None:
        """The code for a kind of call, if it is there and whole."""
        if not self.known:
            return None
        try:
            check, _, text = self._file(kind).read_text(encoding="utf-8").partition("\n")
            if check != _checksum(text):
                return None
            found: dict[str, Any] = json.loads(text)
        except (OSError, ValueError):
            return None
        if found["kind"] != repr(kind):
            return None
        code = _ready(found)
        if code is not None:
            self.last = found["sizes"], found["dtype"]
        return code

    def keep(self, kind: Kind, code: Ready, last: tuple[dict[str, int], str] | None) -> None:
        """Write code down, if it can be."""
        written = code.written()
        if last is None or written is None or ("program" in written) != self._compiled:
            return  # numpy's, where no C could be made: that is to be tried again, with a notice
        sizes, dtype = last
        text = json.dumps({"kind": repr(kind), **written, "sizes": sizes, "dtype": dtype})
        if len(text) > _LENGTH:
            return
        try:
            if not self.known:
                _make_room(self._folder.parent)
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                _written(self._folder / _DOCUMENT, self._key)
            _written(self._file(kind), f"{_checksum(text)}\n{text}")
        except OSError:
            return

    def _file(self, kind: Kind) -> Path:
        return self._folder / f"{_checksum(repr(kind))}.json"


def _written(path: Path, text: str) -> None:
    """Write a file beside its place and rename it: no process reads half of it."""
    import tempfile

    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    os.replace(name, path)


def memory_of(text: str, outputs: Sequence[str], backend: str) -> Memory | None:
    """That of a document's outputs; None where nothing is kept."""
    folder = private_folder()
    if folder is None or backend not in ("numpy", "native"):
        return None
    key = json.dumps([fingerprint(), np.__version__, backend, text, *outputs])
    return Memory(folder / "programs", key, backend)


def _ready(found: dict[str, Any]) -> Ready | None:
    """Code from what is kept of it; None where it cannot be built any more."""
    dtype = np.dtype(found["dtype"])
    if "source" in found:
        return Loaded(found["source"], dtype, "numpy")
    from einrnn.numeric.native.code import read
    from einrnn.numeric.native.ready import Native
    from einrnn.numeric.native.toolchain import NoCompiler

    try:
        return Native(read(found["program"]), dtype)
    except NoCompiler:
        return None


def _make_room(folder: Path) -> None:
    import shutil

    if not folder.is_dir():
        return
    made = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    for path in made[: max(0, len(made) - _DOCUMENTS + 1)]:
        shutil.rmtree(path, ignore_errors=True)


def _checksum(text: str) -> str:
    """Tells damage from none. Not hashlib's: loading OpenSSL takes as much memory as the rest."""
    data = text.encode("utf-8", "surrogatepass")
    return f"{len(data):x}-{zlib.crc32(data):08x}{zlib.adler32(data):08x}"
