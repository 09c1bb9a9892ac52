"""Gradient descent, and Adam (Kingma and Ba, 2015), changing parameters in place."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from examples.train_rnn.model import Params


class Optimiser(Protocol):
    """``state`` is all that a later step depends on, by names of its own."""

    state: Params

    def step(self, params: Params, gradients: Params) -> None:
        """One step down."""


class Descent:
    """``w -= rate g``."""

    def __init__(self, params: Params, rate: float) -> None:
        self.rate = rate
        self.state: Params = {}

    def step(self, params: Params, gradients: Params) -> None:
        for name, gradient in gradients.items():
            params[name] -= self.rate * gradient


class Adam:
    """Steps by the mean of gradients over the root of the mean of their squares."""

    def __init__(self, params: Params, rate: float) -> None:
        self.rate, self.means, self.floor = rate, (0.9, 0.999), 1e-8
        self.state: Params = {"steps": np.zeros((), np.int64)}
        for name, array in params.items():
            self.state[f"mean {name}"] = np.zeros_like(array)
            self.state[f"square {name}"] = np.zeros_like(array)

    def step(self, params: Params, gradients: Params) -> None:
        first, second = self.means
        self.state["steps"] += 1
        count = int(self.state["steps"])
        size = self.rate / (1 - first**count)
        weight = (1 - second**count) ** 0.5
        for name, gradient in gradients.items():
            mean, square = self.state[f"mean {name}"], self.state[f"square {name}"]
            mean += (1 - first) * (gradient - mean)
            square *= second
            square += (1 - second) * (gradient * gradient)
            params[name] -= size * mean / (np.sqrt(square) / weight + self.floor)


OPTIMISERS = {"adam": Adam, "sgd": Descent}
