"""The C texts that programs bring along."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def text(name: str) -> str:
    """A file of the directory ``c``."""
    return (files("einrnn.numeric.native") / "c" / name).read_text(encoding="utf-8")
