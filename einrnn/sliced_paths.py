"""A comparison's network under a limit on what is held at once."""

from __future__ import annotations

from typing import Any

from einrnn.comparison import Comparison
from einrnn.errors import EvaluationError
from einrnn.path_tables import number
from einrnn.pathfinder.evaluate import score
from einrnn.pathfinder.slicing import Sliced, sliced


def sliced_path(comparison: Comparison, limit: int) -> Sliced:
    """The path and the indices to loop over so that at most ``limit`` entries are held.

    Raises EvaluationError: E711 no slicing keeps the limit, E713 the comparison is not of
    one contraction.
    """
    if comparison.network is None:
        raise EvaluationError(
            "E713", "only a single contraction is sliced", "give it as an einsum string"
        )
    return sliced(comparison.network, limit)


def sliced_json(comparison: Comparison, limit: int) -> dict[str, Any]:
    """The sliced path as plain data."""
    found = sliced_path(comparison, limit)
    assert comparison.network is not None
    return {
        "limit": limit,
        "indices": list(comparison.network.letters(found.indices)),
        "slices": found.slices,
        "flops": found.flops,
        "peak": found.peak,
        "path": [list(step) for step in found.path],
    }


def sliced_text(comparison: Comparison, limit: int) -> str:
    """The sliced path as a sentence."""
    data = sliced_json(comparison, limit)
    assert comparison.network is not None
    whole = score(comparison.network, comparison.path)
    loops = ", ".join(data["indices"]) or "nothing"
    return (
        f"within {number(limit)} entries: a loop over {loops}, {number(data['slices'])} slices, "
        f"{number(data['flops'])} FLOPs (× {data['flops'] / whole.flops:.3g}), "
        f"at most {number(data['peak'])} entries held (without: {number(whole.workspace)})"
    )
