"""Documents with more than one kind of recurrence, and their data."""

from __future__ import annotations

import numpy as np

from benchmarks.rnn.cases import BATCH as RNN
from benchmarks.rnn.cases import WORDS

__all__ = ["LSTM", "RNN", "WORDS", "lstm_data", "rnn_data", "words_data"]

LSTM = """
dim D, H, T
index t : T
input x[T,D], A[H,D], F[H,D], R[H,H], Q[H,H], h0[H], c0[H]
f[t,i] := sigmoid(F[i,j] x[t,j] + Q[i,n] h[t-1,n])
g[t,i] := tanh(A[i,j] x[t,j] + R[i,n] h[t-1,n])
c[t,i] := f[t,i] c[t-1,i] + (1 - f[t,i]) g[t,i]   with c[-1,i] := c0[i]
h[t,i] := f[t,i] tanh(c[t,i])                     with h[-1,i] := h0[i]
L      := sum[t,i] h[t,i]^2 + log(1 + sum[i] c[T-1,i]^2)
"""


def rnn_data(T=6, B=3, D=4, H=5, K=6, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "U": rng.normal(size=(H, D)),
        "V": rng.normal(size=(K, H)),
        "W": rng.normal(size=(H, H)) / 2,
        "x": rng.normal(size=(T, B, D)),
        "y": np.eye(K)[rng.integers(K, size=(T, B))],
    }


def lstm_data(T=6, D=3, H=4, seed=0):
    rng = np.random.default_rng(seed)
    shapes = {"x": (T, D), "A": (H, D), "F": (H, D), "R": (H, H), "Q": (H, H)}
    shapes |= {"h0": (H,), "c0": (H,)}
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def words_data(T=6, D=4, H=5, K=6, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "U": rng.normal(size=(H, D)),
        "V": rng.normal(size=(K, H)),
        "W": rng.normal(size=(H, H)) / 2,
        "x": rng.integers(D, size=T),
        "y": rng.integers(K, size=T),
    }
