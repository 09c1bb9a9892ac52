"""When two numbers are taken to be the same."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

# Sides that differ by less than this, relative to their size, are taken to agree; what is
# between this and REFUTES is neither.
AGREES = 1e-9
REFUTES = 1e-6


def relative(left: Values, right: Values) -> Values:
    """The difference relative to the larger magnitude, or to 1 where that is larger."""
    with np.errstate(all="ignore"):
        scale = np.maximum(1.0, np.maximum(np.abs(left), np.abs(right)))
        return np.abs(left - right) / scale
