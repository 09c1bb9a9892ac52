"""The numbers of the machine: measured a few times, the best kept."""

from dataclasses import replace

import pytest

from einrnn.numeric import calibrate
from einrnn.pathfinder.machine import Machine

BUSY = Machine(*[2.0] * 14)
QUIET = replace(Machine(*[1.0] * 14), rate=3.0, bandwidth=4.0)


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """A process that asks for the numbers, which it would measure as those it is given."""
    monkeypatch.setattr(calibrate, "cache_folder", lambda: tmp_path)
    measured: list[Machine] = []

    def ask(found: Machine) -> Machine:
        monkeypatch.setattr(calibrate, "measured", lambda: measured.append(found) or found)
        calibrate.calibrated.cache_clear()
        return calibrate.calibrated()

    yield ask, measured, tmp_path / "machine.json"
    calibrate.calibrated.cache_clear()


def test_a_busy_machine_is_forgotten(asked):
    ask, measured, _ = asked
    assert ask(BUSY) == BUSY
    assert ask(QUIET) == QUIET
    assert ask(BUSY) == QUIET
    assert ask(BUSY) == QUIET
    assert len(measured) == 3


def test_a_damaged_file_is_measured_anew(asked):
    ask, measured, file = asked
    ask(BUSY)
    file.write_text("{")
    assert ask(QUIET) == QUIET
    assert len(measured) == 2
