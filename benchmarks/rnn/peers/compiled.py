"""Programs that einrnn compiles from the document."""

from __future__ import annotations

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
        return Runner(lambda: program(**data), dict)

    return build
