"""The backends that programs are tried on, where this machine has them."""

from importlib.util import find_spec

import pytest

from tests.numeric.test_native import needs_compiler

BACKENDS = [
    "numpy",
    pytest.param("native", marks=needs_compiler),
    *(
        pytest.param(n, marks=pytest.mark.skipif(find_spec(n) is None, reason=f"no {n} here"))
        for n in ("jax", "torch")
    ),
]
