"""The documents, the sizes and the data of the Hessian benchmark, and the losses for the peers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    """A loss, what it is differentiated by twice, and the shapes of its inputs.

    ``loss(xp, softplus, *inputs)`` is the loss in a peer's functions.
    """

    title: str
    text: str
    output: str
    wrt: str
    shapes: dict[str, tuple[int, ...]]
    loss: Callable[..., Any]

    def data(self, dtype: str) -> dict[str, Any]:
        rng = np.random.default_rng(0)
        arrays = {
            name: rng.normal(size=shape) / np.sqrt(shape[-1]) for name, shape in self.shapes.items()
        }
        return {name: array.astype(dtype) for name, array in arrays.items()}


def _mlp(xp: Any, softplus: Any, X: Any, y: Any, W: Any, v: Any) -> Any:
    return ((xp.tanh(X @ W.T) @ v - y) ** 2).sum() / 2


CASES = (
    Case(
        "quadratic form, n=1000",
        "dim N\ninput A[N,N], x[N]\nL := x[i] A[i,j] x[j]",
        "d2L/dx[i]dx[j]",
        "x",
        {"A": (1000, 1000), "x": (1000,)},
        lambda xp, softplus, A, x: x @ A @ x,
    ),
    Case(
        "quartic form, n=1000",
        "dim N\ninput A[N,N], x[N]\nf := x[i] A[i,j] x[j]\nL := f^2",
        "d2L/dx[i]dx[j]",
        "x",
        {"A": (1000, 1000), "x": (1000,)},
        lambda xp, softplus, A, x: (x @ A @ x) ** 2,
    ),
    Case(
        "logistic regression, N=4000, D=400",
        "dim N, D\ninput X[N,D], y[N], w[D]\n"
        "L := sum[n] (softplus(X[n,j] w[j]) - y[n] X[n,j] w[j])",
        "d2L/dw[i]dw[j]",
        "w",
        {"X": (4000, 400), "y": (4000,), "w": (400,)},
        lambda xp, softplus, X, y, w: (softplus(X @ w) - y * (X @ w)).sum(),
    ),
    Case(
        "matrix factorisation, n=300, k=5",
        "dim N, M, K\ninput A[N,M], U[N,K], V[M,K]\nL := sum[i,j] (A[i,j] - U[i,k] V[j,k])^2",
        "d2L/dU[i,k]dU[j,l]",
        "U",
        {"A": (300, 300), "U": (300, 5), "V": (300, 5)},
        lambda xp, softplus, A, U, V: ((A - U @ V.T) ** 2).sum(),
    ),
    Case(
        "one hidden layer, N=500, D=50, H=20",
        "dim N, D, H\ninput X[N,D], y[N], W[H,D], v[H]\nh[n,a] := tanh(W[a,d] X[n,d])\n"
        "L := 1/2 sum[n] (v[a] h[n,a] - y[n])^2",
        "d2L/dW[a,d]dW[b,e]",
        "W",
        {"X": (500, 50), "y": (500,), "W": (20, 50), "v": (20,)},
        _mlp,
    ),
)
