"""The sizes, the documents and the data of the RNN benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

DENSE = """
dim D, H, K, T
index t : T
input x[T,D], y[T,K] one-hot in K, U[H,D], W[H,H], V[K,H]
s[t,i]    := tanh(U[i,j] x[t,j] + W[i,n] s[t-1,n])   with s[-1,i] := 0
yhat[t,k] := softmax[k](V[k,m] s[t,m])
L         := -sum[t] y[t,k] log(yhat[t,k])
"""

BATCH = """
dim B, D, H, K, T
index t : T
index b : B
input x[T,B,D], y[T,B,K] one-hot in K, U[H,D], W[H,H], V[K,H]
s[t,b,i]    := tanh(U[i,j] x[t,b,j] + W[i,n] s[t-1,b,n])   with s[-1,b,i] := 0
yhat[t,b,k] := softmax[k](V[k,m] s[t,b,m])
L           := -sum[t,b] y[t,b,k] log(yhat[t,b,k])
"""

WORDS = """
dim D, H, K, T
index t : T
input x[T] integer in D, y[T] integer in K, U[H,D], W[H,H], V[K,H]
s[t,i]    := tanh(U[i,x[t]] + W[i,n] s[t-1,n])   with s[-1,i] := 0
yhat[t,k] := softmax[k](V[k,m] s[t,m])
L         := -sum[t] log(yhat[t,y[t]])
"""

OUTPUTS = ("L", "dL/dU", "dL/dV", "dL/dW")


@dataclass(frozen=True)
class Case:
    """A size: ``kind`` says which document and which data."""

    name: str
    kind: str
    D: int
    H: int
    K: int
    T: int
    B: int = 1

    def text(self) -> str:
        return {"dense": DENSE, "batch": BATCH, "words": WORDS}[self.kind]

    @property
    def flops(self) -> int:
        """Of the products, forwards and backwards; a look-up counts as nothing."""
        inputs = 0 if self.kind == "words" else 4 * self.D * self.H
        return self.T * self.B * (inputs + 6 * self.H * self.H + 6 * self.H * self.K)

    def data(self, dtype: str) -> dict[str, Any]:
        rng = np.random.default_rng(0)
        D, H, K = self.D, self.H, self.K
        arrays: dict[str, Any] = {
            "U": rng.normal(size=(H, D)) / np.sqrt(D),
            "V": rng.normal(size=(K, H)) / np.sqrt(H),
            "W": rng.normal(size=(H, H)) / np.sqrt(H),
        }
        shape = (self.T,) if self.kind != "batch" else (self.T, self.B)
        words = rng.integers(K, size=shape)
        if self.kind == "words":
            arrays |= {"x": rng.integers(D, size=shape), "y": words}
        else:
            arrays |= {"x": rng.normal(size=(*shape, D)), "y": np.eye(K)[words]}
        return {
            name: array if array.dtype.kind == "i" else array.astype(dtype)
            for name, array in arrays.items()
        }


CASES = {
    case.name: case
    for case in (
        Case("a", "dense", 8, 8, 8, 10),
        Case("b", "words", 8000, 100, 8000, 50),
        Case("c", "dense", 64, 128, 64, 100),
        Case("d", "batch", 128, 256, 128, 128, 32),
        Case("e", "dense", 32, 64, 32, 2000),
        Case("f", "batch", 512, 1024, 512, 64, 64),
    )
}
