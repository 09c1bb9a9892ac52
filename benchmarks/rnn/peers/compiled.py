"""Programs that einrnn compiles from the document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import einrnn
from benchmarks.rnn.cases import OUTPUTS, Case
from benchmarks.rnn.programs import Missing, Runner


def compiled(backend: str) -> Any:
    def build(case: Case, data: dict[str, Any]) -> Runner:
        document = einrnn.parse(case.text())
        try:
            program = document.compile(*OUTPUTS, backend=backend)
        except einrnn.EinrnnError as problem:
            raise Missing(problem.message) from None
        given, ready = _arrays(backend, data)
        return Runner(lambda: ready(program(**given)), dict)

    return build


def _arrays(backend: str, data: dict[str, Any]) -> tuple[dict[str, Any], Callable[[Any], Any]]:
    """The data as arrays of the library that the peers of the backend are given too, and what
    waits for results."""
    if backend == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)
        return jax.device_put(data), jax.block_until_ready
    if backend == "torch":
        import torch

        return {name: torch.from_numpy(array) for name, array in data.items()}, dict
    return data, dict
