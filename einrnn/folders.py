"""Where einrnn keeps what it can make again: tables of the grammar and the like."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def cache_folder() -> Path | None:
    """The user's folder for einrnn's files, made where it is missing; None where it cannot be
    written."""
    from platformdirs import user_cache_path

    folder = user_cache_path("einrnn", appauthor=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder
