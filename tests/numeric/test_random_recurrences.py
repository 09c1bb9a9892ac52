"""A small sample of random recurrences; the whole is `python -m tests.fuzz.recurrences`."""

import pytest

from tests.fuzz.recurrences import worst
from tests.numeric.backends import BACKENDS


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("seed", range(8))
def test_values_and_gradients(seed, backend):
    assert worst(seed, backend) < 1e-5
