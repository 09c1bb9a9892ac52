"""Libraries that are there only where their extra is installed."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def optional(name: str) -> Any:
    """A module by its dotted name.

    Raises ImportError where it is not installed; what needs it asks
    :func:`einrnn.numeric.backends.require` first.
    """
    return import_module(name)
