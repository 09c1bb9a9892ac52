"""What every test starts from."""

import pytest


@pytest.fixture(autouse=True)
def no_memory(monkeypatch):
    """Programs are compiled anew: code kept from another run would hide what a test changes."""
    monkeypatch.setattr("einrnn.numeric.memory.memory_of", lambda *_: None)
