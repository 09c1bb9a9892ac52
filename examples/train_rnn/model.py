"""The network of ``specs/char_rnn.ein``: what is compiled from it, and its parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import einrnn

Array = np.ndarray[Any, np.dtype[Any]]
Params = dict[str, Array]

DOCUMENT = Path(__file__).resolve().parents[2] / "specs" / "char_rnn.ein"
NAMES = ("U", "V", "W")


class Model:
    """Programs compiled from the document; a call takes and gives the state between windows."""

    def __init__(self, backend: str, clip: float) -> None:
        self.document = einrnn.load(DOCUMENT)
        self.document.raise_errors()
        self._clip = clip
        gradients = [f"dL/d{name}" for name in NAMES]
        self._train = self.document.compile("L", "carry", "cut", *gradients, backend=backend)
        self._judge = self.document.compile("L", "carry", backend=backend)
        self._draw = self.document.compile("warm", "carry", backend=backend)

    def gradients(self, params: Params, state: Array, x: Array, y: Array) -> tuple[Any, ...]:
        """The loss of a window, its gradients scaled to a norm of at most ``clip``, and the
        state that it leaves."""
        clip = np.asarray(self._clip, state.dtype)
        out = self._train(**params, s0=state, x=x, y=y, c=clip)
        return out["L"], {name: out["cut"] * out[f"dL/d{name}"] for name in NAMES}, out["carry"]

    def loss(self, params: Params, state: Array, x: Array, y: Array) -> tuple[Any, Array]:
        """The loss of a window alone, and the state that it leaves."""
        out = self._judge(**params, s0=state, x=x, y=y)
        return out["L"], out["carry"]

    def next(self, params: Params, state: Array, code: int, tau: float) -> tuple[Array, Array]:
        """The distribution of the character after ``code`` at a temperature, and the state."""
        warmth = np.asarray(tau, state.dtype)
        out = self._draw(**params, s0=state, x=np.array([[code]]), tau=warmth)
        return out["warm"][0, 0], out["carry"]


def start(hidden: int, letters: int, dtype: str, seed: int) -> Params:
    """Random parameters: variance 1 over the number of summands, and a rotation for ``W``."""
    rng = np.random.default_rng(seed)
    drawn = {
        "U": rng.normal(size=(hidden, letters)) / np.sqrt(hidden),
        "V": rng.normal(size=(letters, hidden)) / np.sqrt(hidden),
        "W": np.linalg.qr(rng.normal(size=(hidden, hidden)))[0],
    }
    return {name: np.ascontiguousarray(array.astype(dtype)) for name, array in drawn.items()}
