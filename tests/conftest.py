"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache folder of the test session's own: no verdict of an earlier run is believed."""
    before = os.environ.get("EINRNN_CACHE")
    os.environ["EINRNN_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["EINRNN_CACHE"]
    else:
        os.environ["EINRNN_CACHE"] = before


@pytest.fixture(autouse=True)
def no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs are compiled anew: code kept from another test would hide what one changes."""
    monkeypatch.setattr("einrnn.numeric.memory.memory_of", lambda *_: None)
