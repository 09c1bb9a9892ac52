"""Where einrnn keeps what it can make again: tables of the grammar and the like."""

from __future__ import annotations

import os
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
