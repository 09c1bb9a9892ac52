"""The double loop of the WildML tutorial (2015): from every step back to the first.

Its bound on the steps back is left out, so that the gradient is the whole one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.rnn.cases import Case
from benchmarks.rnn.programs import Runner, named


def double_loop(case: Case, data: dict[str, Any]) -> Runner:
    U, V, W, x, y = (data[name] for name in "UVWxy")

    def run() -> Any:
        T = len(x)
        s = np.zeros((T + 1, len(W)), W.dtype)
        o = np.zeros((T, len(V)), W.dtype)
        for t in range(T):
            s[t] = np.tanh(U.dot(x[t]) + W.dot(s[t - 1]))
            e = np.exp(V.dot(s[t]))
            o[t] = e / e.sum()
        loss = -np.sum(np.log(o[y == 1]))
        dU, dV, dW = np.zeros_like(U), np.zeros_like(V), np.zeros_like(W)
        error = o - y
        for t in range(T)[::-1]:
            dV += np.outer(error[t], s[t])
            delta = V.T.dot(error[t]) * (1 - s[t] ** 2)
            for r in range(t + 1)[::-1]:
                dW += np.outer(delta, s[r - 1])
                dU += np.outer(delta, x[r])
                delta = W.T.dot(delta) * (1 - s[r - 1] ** 2)
        return loss, (dU, dV, dW)

    return Runner(run, named)
