"""jax: ``jit(value_and_grad)`` of scans, and a backward pass derived by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.rnn.cases import Case
from benchmarks.rnn.programs import Runner, named

jax.config.update("jax_enable_x64", True)


class _Setting:
    def __init__(self, case: Case, data: dict[str, Any]) -> None:
        arrays = {name: jnp.asarray(array) for name, array in data.items()}
        self.words = case.kind == "words"
        self.x, self.y = arrays["x"], arrays["y"]
        self.params = tuple(arrays[name] for name in "UVW")

    def runner(self, function: Callable[..., Any]) -> Runner:
        run = jax.jit(function)
        params, x, y = self.params, self.x, self.y
        return Runner(lambda: jax.block_until_ready(run(params, x, y)), named)

    def projected(self, U: Any, x: Any) -> Any:
        return U.T[x] if self.words else x @ U.T

    def start(self, W: Any) -> Any:
        return jnp.zeros((*(() if self.words else self.x.shape[1:-1]), len(W)), W.dtype)

    def cross(self, q: Any, y: Any) -> Any:
        logs = jax.nn.log_softmax(q)
        return -logs[jnp.arange(len(y)), y].sum() if self.words else -(y * logs).sum()


def naive(case: Case, data: dict[str, Any]) -> Runner:
    """Everything inside the scan."""
    own = _Setting(case, data)

    def loss(params: Any, x: Any, y: Any) -> Any:
        U, V, W = params

        def step(s: Any, xt: Any) -> Any:
            s = jnp.tanh(own.projected(U, xt) + s @ W.T)
            return s, s @ V.T

        return own.cross(jax.lax.scan(step, own.start(W), x)[1], y)

    return own.runner(jax.value_and_grad(loss))


def hoisted(unroll: int) -> Any:
    """What does not recur ahead of the scan and after it."""

    def build(case: Case, data: dict[str, Any]) -> Runner:
        own = _Setting(case, data)

        def loss(params: Any, x: Any, y: Any) -> Any:
            U, V, W = params

            def step(s: Any, a: Any) -> Any:
                s = jnp.tanh(a + s @ W.T)
                return s, s

            states = jax.lax.scan(step, own.start(W), own.projected(U, x), unroll=unroll)[1]
            return own.cross(states @ V.T, y)

        return own.runner(jax.value_and_grad(loss))

    return build


def by_hand(case: Case, data: dict[str, Any]) -> Runner:
    """A reverse scan for the adjoint, and one product a parameter."""
    own = _Setting(case, data)

    def gradients(params: Any, x: Any, y: Any) -> Any:
        U, V, W = params
        first = own.start(W)

        def forwards(s: Any, a: Any) -> Any:
            s = jnp.tanh(a + s @ W.T)
            return s, s

        def backwards(d: Any, row: Any) -> Any:
            s, b = row
            d = (b + d @ W) * (1 - s * s)
            return d, d

        states = jax.lax.scan(forwards, first, own.projected(U, x), unroll=4)[1]
        q = states @ V.T
        logs = jax.nn.log_softmax(q)
        p = jnp.exp(logs)
        if own.words:
            rows = jnp.arange(len(y))
            loss, e = -logs[rows, y].sum(), p.at[rows, y].add(-1)
        else:
            loss, e = -(y * logs).sum(), p - y
        d = jax.lax.scan(backwards, first, (states, e @ V), reverse=True, unroll=4)[1]
        before = jnp.concatenate((first[None], states[:-1]))
        flat = d.reshape(-1, d.shape[-1])
        dU = jnp.zeros_like(U.T).at[x].add(d).T if own.words else flat.T @ x.reshape(len(flat), -1)
        dV = e.reshape(len(flat), -1).T @ states.reshape(flat.shape)
        return loss, (dU, dV, flat.T @ before.reshape(flat.shape))

    return own.runner(gradients)
