"""The best numpy written by hand that is known here: planned buffers, in-place steps, GEMMs."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.rnn.cases import Case
from benchmarks.rnn.programs import Runner


def planned(case: Case, data: dict[str, Any]) -> Runner:
    run = ByHand(data, case.kind == "words")
    return Runner(lambda: run(**data), dict)


class ByHand:
    """Loss and gradients; buffers, and the views of their rows, are made once."""

    def __init__(self, data: dict[str, Any], words: bool) -> None:
        self.words = words
        x, V, W = data["x"], data["V"], data["W"]
        H, K, dtype = len(W), len(V), W.dtype
        batch = () if words or x.ndim == 2 else x.shape[1:2]
        self.T = T = len(x)
        self.s = np.zeros((T + 1, *batch, H), dtype)
        self.a = np.empty((T, *batch, H), dtype)
        self.g = np.empty((T, *batch, H), dtype)
        self.q = np.empty((T, *batch, K), dtype)
        self.h = np.empty((*batch, H), dtype)
        self.rows = np.arange(T)
        self.up = list(zip(pairwise(self.s), self.a, strict=True))
        self.down = list(zip(pairwise(self.a[::-1]), self.g[-2::-1], strict=True))

    def forwards(self, W: Any) -> None:
        """``s[t+1] = tanh(a[t] + W s[t])``."""
        h, across = self.h, np.ascontiguousarray(W.T) if self.h.ndim == 1 else W.T
        dot, add, tanh = np.dot, np.add, np.tanh
        for (before, after), a in self.up:
            dot(before, across, h)
            add(h, a, h)
            tanh(h, after)

    def backwards(self, W: Any) -> None:
        """``a[t] = (a[t] + a[t+1] W) g[t]``, downwards."""
        h, dot, add, multiply = self.h, np.dot, np.add, np.multiply
        for (after, a), g in self.down:
            dot(after, W, h)
            add(h, a, h)
            multiply(h, g, a)

    def __call__(self, U: Any, V: Any, W: Any, x: Any, y: Any) -> dict[str, Any]:
        T, s, a, g, q = self.T, self.s, self.a, self.g, self.q
        H, K = len(W), len(V)
        flat, q2 = a.reshape(-1, H), q.reshape(-1, K)
        if self.words:
            a[...] = U.T[x]
        else:
            np.dot(x.reshape(flat.shape[0], -1), U.T, out=flat)
        self.forwards(W)
        states = s[1:].reshape(-1, H)
        np.dot(states, V.T, out=q2)
        q2 -= q2.max(axis=1, keepdims=True)
        if self.words:
            picked = q2[self.rows, y].sum()
        else:
            y2 = y.reshape(-1, K)
            picked = np.dot(y2.reshape(-1), q2.reshape(-1))
        np.exp(q2, out=q2)
        total = q2.sum(axis=1, keepdims=True)
        loss = np.log(total).sum() - picked
        q2 /= total
        if self.words:
            q2[self.rows, y] -= 1
        else:
            q2 -= y2
        np.dot(q2, V, out=flat)
        np.multiply(s[1:], s[1:], out=g)
        np.subtract(1, g, out=g)
        a[T - 1] *= g[T - 1]
        self.backwards(W)
        if self.words:
            dU = np.zeros_like(U)
            for place, row in zip(x.tolist(), a, strict=True):
                dU[:, place] += row
        else:
            dU = np.dot(flat.T, x.reshape(flat.shape[0], -1))
        dW = np.dot(flat.T, s[:-1].reshape(-1, H))
        return {"L": loss, "dL/dU": dU, "dL/dV": np.dot(q2.T, states), "dL/dW": dW}
