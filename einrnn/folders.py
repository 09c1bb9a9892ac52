"""Where einrnn keeps what it can make again: tables of the grammar, verdicts, programs."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path


def cache_folder() -> Path | None:
    """``EINRNN_CACHE``, else the user's folder for einrnn's files, made where it is missing; None
    where it cannot be written."""
    from platformdirs import user_cache_path

    own = os.environ.get("EINRNN_CACHE")
    folder = Path(own) if own else user_cache_path("einrnn", appauthor=False)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return None
    return folder


def private_folder() -> Path | None:
    """The cache folder where nobody else can write in it: for what will be believed or run."""
    folder = cache_folder()
    if folder is None:
        return None
    facts = folder.stat()
    mine = not hasattr(os, "getuid") or facts.st_uid == os.getuid()
    return folder if mine and not facts.st_mode & 0o022 else None


@cache
def fingerprint() -> str:
    """What changes whenever the package or Python does: the version of this, and names, sizes
    and dates of the package's files."""
    rows = [sys.version]
    rest = [os.path.dirname(os.path.abspath(__file__))]
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
