"""jax and torch on the same problem; each is left out where it is not installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Call = Callable[[], Any]


def jax_calls(data: dict[str, Any], words: bool) -> dict[str, Call]:
    """``jit(value_and_grad)`` of a scan: naive, and with the projections hoisted."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    arrays = {name: jnp.asarray(array) for name, array in data.items()}
    x, y = arrays["x"], arrays["y"]

    def cross(q: Any) -> Any:
        logs = jax.nn.log_softmax(q)
        return -logs[jnp.arange(len(y)), y].sum() if words else -(y * logs).sum()

    def start(W: Any) -> Any:
        return jnp.zeros((*(() if words else x.shape[1:-1]), len(W)), W.dtype)

    def naive(params: Any) -> Any:
        U, V, W = params

        def step(s: Any, xt: Any) -> Any:
            s = jnp.tanh((U[:, xt] if words else xt @ U.T) + s @ W.T)
            return s, s @ V.T

        return cross(jax.lax.scan(step, start(W), x)[1])

    def hoisted(unroll: int) -> Any:
        def loss(params: Any) -> Any:
            U, V, W = params

            def step(s: Any, a: Any) -> Any:
                s = jnp.tanh(a + s @ W.T)
                return s, s

            projected = U.T[x] if words else x @ U.T
            return cross(jax.lax.scan(step, start(W), projected, unroll=unroll)[1] @ V.T)

        return loss

    params = tuple(arrays[name] for name in "UVW")
    calls: dict[str, Call] = {}
    for name, loss in {
        "jax naive": naive,
        "jax hoisted": hoisted(1),
        "jax unroll 8": hoisted(8),
    }.items():
        run = jax.jit(jax.value_and_grad(loss))
        calls[name] = lambda run=run: jax.block_until_ready(run(params))
    return calls


def torch_calls(data: dict[str, Any], words: bool) -> dict[str, Call]:
    """``nn.RNN`` with a linear layer and cross entropy, and a loop written by hand."""
    import torch

    given = {name: torch.from_numpy(np.ascontiguousarray(a)) for name, a in data.items()}
    x, y = given["x"], given["y"]
    params = [given[name].clone().requires_grad_() for name in "UVW"]
    targets = y if words else y.argmax(-1)

    def cross(q: Any) -> Any:
        rows = q.reshape(-1, q.shape[-1])
        return torch.nn.functional.cross_entropy(rows, targets.reshape(-1), reduction="sum")

    def loop() -> Any:
        U, V, W = params
        for p in params:
            p.grad = None
        projected = torch.nn.functional.embedding(x, U.T) if words else x @ U.T
        s, states = torch.zeros_like(projected[0]), []
        for a in projected.unbind(0):
            s = torch.tanh(a + s @ W.T)
            states.append(s)
        cross(torch.stack(states) @ V.T).backward()

    calls: dict[str, Call] = {"torch loop": loop}
    if not words:
        rnn = torch.nn.RNN(x.shape[-1], len(data["W"]), bias=False).to(x.dtype)
        linear = torch.nn.Linear(len(data["W"]), len(data["V"]), bias=False).to(x.dtype)

        def module() -> Any:
            rnn.zero_grad()
            linear.zero_grad()
            cross(linear(rnn(x)[0])).backward()

        calls["torch nn.RNN"] = module
    return calls
