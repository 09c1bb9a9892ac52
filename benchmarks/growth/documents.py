"""What grows: a batched RNN, and the gradient as the document writes it."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.rnn.cases import DENSE

# equations 21 and 24, added up over t, beside the gradients they are equal to
LITERAL = (
    DENSE
    + """
index r : T
W21[i,j] := sum[t] (yhat[t,l] - y[t,l]) V[l,m] sum[r=0..t] ds[t,m]/ds[r,n] ∂s[r,n]/∂W[i,j]
U24[i,j] := sum[t] (yhat[t,l] - y[t,l]) V[l,m] sum[r=0..t] ds[t,m]/ds[r,n] ∂s[r,n]/∂U[i,j]
"""
)

OUTPUTS = ("L", "dL/dU", "dL/dV", "dL/dW", "dL/dx", "dL/ds[t,b,i]", "yhat[t,b,k]", "s[t,b,i]")


def data(sizes: dict[str, int], batch: bool) -> dict[str, Any]:
    """Arrays in float32 for the sizes."""
    rng = np.random.default_rng(0)
    T, D, H, K = (sizes[name] for name in "TDHK")
    rows = (T, sizes["B"]) if batch else (T,)
    arrays = {
        "U": rng.normal(size=(H, D)) / np.sqrt(D),
        "V": rng.normal(size=(K, H)) / np.sqrt(H),
        "W": rng.normal(size=(H, H)) / np.sqrt(H),
        "x": rng.normal(size=(*rows, D)),
        "y": np.eye(K)[rng.integers(K, size=rows)],
    }
    return {name: array.astype("float32") for name, array in arrays.items()}
