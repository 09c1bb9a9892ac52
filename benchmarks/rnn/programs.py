"""The programs by name, each with where it is built and the sizes it is run at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.rnn.cases import OUTPUTS, Case

REFERENCE = "numpy by hand"


class Missing(Exception):
    """The program cannot run here; the message says what it lacks."""


@dataclass(frozen=True)
class Runner:
    """``run()`` is what is timed; ``outputs`` makes a dictionary of its result."""

    run: Callable[[], Any]
    outputs: Callable[[Any], dict[str, Any]]


def named(result: Any) -> dict[str, Any]:
    """The outputs of a pair of the loss and the gradients by U, V and W."""
    loss, gradients = result
    return dict(zip(OUTPUTS, (np.asarray(a) for a in (loss, *gradients)), strict=True))


# module, function, its arguments, sizes
PROGRAMS: dict[str, tuple[str, str, tuple[Any, ...], str]] = {
    REFERENCE: ("by_hand_numpy", "planned", (), "abcdef"),
    "C recurrence + BLAS": ("by_hand_c", "recurrence", (), "abce"),
    "einrnn numpy": ("compiled", "compiled", ("numpy",), "abcdef"),
    "einrnn native": ("compiled", "compiled", ("native",), "abcdef"),
    "einrnn jax": ("compiled", "compiled", ("jax",), "abcdef"),
    "einrnn torch": ("compiled", "compiled", ("torch",), "abcdef"),
    "jax, naive scan": ("jax_peers", "naive", (), "abcdef"),
    "jax, hoisted": ("jax_peers", "hoisted", (1,), "abcdef"),
    "jax, unrolled": ("jax_peers", "hoisted", (8,), "abcdef"),
    "jax, backward by hand": ("jax_peers", "by_hand", (), "abcdef"),
    "torch nn.RNN": ("torch_peers", "module", (), "abcdef"),
    "torch loop": ("torch_peers", "loop", (), "abcdef"),
    "torch, backward by hand": ("torch_peers", "by_hand", (), "abcdef"),
    "HIPS autograd": ("autograd_peer", "loop", (), "abc"),
    "WildML double loop": ("tutorial", "double_loop", (), "ac"),
}


Build = Callable[[Case, dict[str, Any]], Runner]


def load(name: str) -> Build:
    """What builds the program on data, with all that it imports imported.

    Raises Missing where a package is not installed.
    """
    module, function, arguments, _ = PROGRAMS[name]
    try:
        made = getattr(import_module(f"benchmarks.rnn.peers.{module}"), function)
    except ImportError as problem:
        raise Missing(str(problem)) from None
    return made(*arguments) if arguments else made
