"""What grows: a batched RNN, and the gradient as the document writes it."""

from __future__ import annotations

from typing import Any

import numpy as np

BATCH = """
dim B, D, H, K, T
index t : T
index b : B
input x[T,B,D], y[T,B,K] one-hot in K, U[H,D], W[H,H], V[K,H]
s[t,b,i]    := tanh(U[i,j] x[t,b,j] + W[i,n] s[t-1,b,n])   with s[-1,b,i] := 0
yhat[t,b,k] := softmax[k](V[k,m] s[t,b,m])
L           := -sum[t,b] y[t,b,k] log(yhat[t,b,k])
"""

# equations 21 and 24, added up over t, beside the gradients they are equal to
LITERAL = """
dim D, H, K, T
index t, r : T
input x[T,D], y[T,K] one-hot in K, U[H,D], W[H,H], V[K,H]
s[t,i]    := tanh(U[i,j] x[t,j] + W[i,n] s[t-1,n])   with s[-1,i] := 0
yhat[t,k] := softmax[k](V[k,m] s[t,m])
L         := -sum[t] y[t,k] log(yhat[t,k])
W21[i,j]  := sum[t] (yhat[t,l] - y[t,l]) V[l,m] sum[r=0..t] ds[t,m]/ds[r,n] ∂s[r,n]/∂W[i,j]
U24[i,j]  := sum[t] (yhat[t,l] - y[t,l]) V[l,m] sum[r=0..t] ds[t,m]/ds[r,n] ∂s[r,n]/∂U[i,j]
"""

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
