"""Training: windows in reading order, the state carried from each to the next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from examples.train_rnn.model import Array, Model, Params
from examples.train_rnn.optimisers import OPTIMISERS, Optimiser


class Training:
    """A run; ``losses`` are those of all steps so far, in nats a character."""

    def __init__(
        self,
        model: Model,
        data: list[tuple[Any, Any]],
        params: Params,
        optimiser: str,
        rate: float,
    ) -> None:
        self.model, self.data, self.params = model, data, params
        self.optimiser: Optimiser = OPTIMISERS[optimiser](params, rate)
        self.losses: list[float] = []
        self.state = self._blank()

    def _blank(self) -> Array:
        hidden = self.params["W"]
        return np.zeros((self.data[0][0].shape[1], len(hidden)), hidden.dtype)

    def steps(self, until: int) -> Iterator[float]:
        """Steps up to a number of them in all, giving the loss of each."""
        while len(self.losses) < until:
            place = len(self.losses) % len(self.data)
            if place == 0:
                self.state = self._blank()
            loss, gradients, self.state = self.model.gradients(
                self.params, self.state, *self.data[place]
            )
            self.optimiser.step(self.params, gradients)
            self.losses.append(float(loss))
            yield self.losses[-1]

    def arrays(self) -> Params:
        """All that the rest of the run depends on."""
        return {
            **{f"param {name}": array for name, array in self.params.items()},
            **{f"optimiser {name}": array for name, array in self.optimiser.state.items()},
            "state": self.state,
            "losses": np.array(self.losses),
        }

    def restore(self, arrays: Params) -> None:
        """Go on where another run has stopped."""
        for name in self.params:
            self.params[name] = arrays[f"param {name}"]
        for name in self.optimiser.state:
            self.optimiser.state[name] = arrays[f"optimiser {name}"]
        self.state, self.losses = arrays["state"], arrays["losses"].tolist()


def mean_loss(model: Model, params: Params, data: list[tuple[Any, Any]]) -> float:
    """Nats a character over windows in reading order."""
    hidden = params["W"]
    state = np.zeros((data[0][0].shape[1], len(hidden)), hidden.dtype)
    total = 0.0
    for x, y in data:
        loss, state = model.loss(params, state, x, y)
        total += float(loss)
    return total / len(data)


def sample(
    model: Model, params: Params, first: int, count: int, tau: float, seed: int
) -> list[int]:
    """Characters drawn one after the other, each given all before it."""
    rng = np.random.default_rng(seed)
    hidden = params["W"]
    state, codes = np.zeros((1, len(hidden)), hidden.dtype), [first]
    while len(codes) < count:
        chances, state = model.next(params, state, codes[-1], tau)
        total = np.cumsum(chances, dtype=np.float64)
        codes.append(int(np.searchsorted(total, rng.random() * total[-1], side="right")))
    return codes
