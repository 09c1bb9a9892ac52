"""torch: ``nn.RNN``, a loop under autograd, and a backward pass by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional

from benchmarks.rnn.cases import Case
from benchmarks.rnn.programs import Runner, named


class _Setting:
    def __init__(self, case: Case, data: dict[str, Any]) -> None:
        given = {name: torch.from_numpy(np.ascontiguousarray(a)) for name, a in data.items()}
        self.words = case.kind == "words"
        self.x, self.y = given["x"], given["y"]
        self.params = [given[name].clone().requires_grad_() for name in "UVW"]
        self.targets = (self.y if self.words else self.y.argmax(-1)).reshape(-1)

    def cross(self, q: Any) -> Any:
        rows = q.reshape(-1, q.shape[-1])
        return functional.cross_entropy(rows, self.targets, reduction="sum")

    def projected(self, U: Any) -> Any:
        return functional.embedding(self.x, U.T) if self.words else self.x @ U.T


def loop(case: Case, data: dict[str, Any]) -> Runner:
    """The recurrence alone in a loop, the rest in products of all time steps."""
    own = _Setting(case, data)

    def run() -> Any:
        U, V, W = own.params
        for p in own.params:
            p.grad = None
        projected = own.projected(U)
        s, states = torch.zeros_like(projected[0]), []
        for a in projected.unbind(0):
            s = torch.tanh(a + s @ W.T)
            states.append(s)
        loss = own.cross(torch.stack(states) @ V.T)
        loss.backward()
        return loss.detach(), [p.grad for p in own.params]

    return Runner(run, named)


def module(case: Case, data: dict[str, Any]) -> Runner:
    """``nn.RNN``, a linear layer and cross entropy; words go through an embedding."""
    own = _Setting(case, data)
    U, V, W = (p.detach() for p in own.params)
    width = len(W) if own.words else U.shape[1]
    rnn = torch.nn.RNN(width, len(W), bias=False).to(W.dtype)
    linear = torch.nn.Linear(*V.T.shape, bias=False).to(W.dtype)
    words = torch.nn.Embedding(*U.T.shape).to(W.dtype) if own.words else None
    with torch.no_grad():
        rnn.weight_hh_l0.copy_(W)
        linear.weight.copy_(V)
        if words is None:
            rnn.weight_ih_l0.copy_(U)
        else:
            words.weight.copy_(U.T)
            rnn.weight_ih_l0.copy_(torch.eye(width))
            rnn.weight_ih_l0.requires_grad_(False)
    first = rnn.weight_ih_l0 if words is None else words.weight

    def run() -> Any:
        for p in (first, rnn.weight_hh_l0, linear.weight):
            p.grad = None
        loss = own.cross(linear(rnn(own.x if words is None else words(own.x))[0]))
        loss.backward()
        dU = first.grad if words is None else first.grad.T
        return loss.detach(), (dU, linear.weight.grad, rnn.weight_hh_l0.grad)

    return Runner(run, named)


def by_hand(case: Case, data: dict[str, Any]) -> Runner:
    """Forward and backward written out, without autograd."""
    own = _Setting(case, data)
    U, V, W = (p.detach() for p in own.params)

    @torch.no_grad()
    def run() -> Any:
        a = own.projected(U)
        states = torch.empty((len(a) + 1, *a.shape[1:]), dtype=a.dtype)
        states[0] = 0
        across = W.T.contiguous()
        for t, row in enumerate(a.unbind(0)):
            torch.tanh(row + states[t] @ across, out=states[t + 1])
        flat = states[1:].reshape(-1, len(W))
        logs = functional.log_softmax(flat @ V.T, -1)
        places = torch.arange(len(logs))
        loss = -logs[places, own.targets].sum()
        e = logs.exp_()
        e[places, own.targets] -= 1
        d = (e @ V).reshape(a.shape)
        slope = 1 - states[1:] * states[1:]
        d[-1] *= slope[-1]
        for t in range(len(a) - 2, -1, -1):
            d[t] += d[t + 1] @ W
            d[t] *= slope[t]
        rows = d.reshape(flat.shape)
        if own.words:
            dU = torch.zeros_like(U.T).index_add_(0, own.x, d).T
        else:
            dU = rows.T @ own.x.reshape(len(rows), -1)
        return loss, (dU, e.T @ flat, rows.T @ states[:-1].reshape(flat.shape))

    return Runner(run, named)
