"""HIPS autograd: reverse mode over numpy, in a loop with the projections hoisted."""

from __future__ import annotations

from typing import Any

import autograd.numpy as anp
from autograd import value_and_grad
from autograd.scipy.special import logsumexp

from benchmarks.rnn.cases import Case
from benchmarks.rnn.programs import Runner, named


def loop(case: Case, data: dict[str, Any]) -> Runner:
    words, x, y = case.kind == "words", data["x"], data["y"]

    def loss(params: Any) -> Any:
        U, V, W = params
        projected = U.T[x] if words else anp.dot(x, U.T)
        s, states = anp.zeros_like(data["U"][:, 0]), []
        for t in range(len(x)):
            s = anp.tanh(projected[t] + anp.dot(s, W.T))
            states.append(s)
        q = anp.dot(anp.stack(states), V.T)
        total = anp.sum(logsumexp(q, axis=-1))
        picked = q[anp.arange(len(y)), y] if words else q * y
        return total - anp.sum(picked)

    run = value_and_grad(loss)
    return Runner(lambda: run([data[name] for name in "UVW"]), named)
