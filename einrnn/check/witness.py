"""What the other engines say of a claim."""

from __future__ import annotations

from einrnn.dataclass import dataclass


@dataclass(frozen=True)
class Witness:
    """The largest relative difference between the engines, and where it is a defect."""

    cross: float = 0.0
    defects: tuple[str, ...] = ()
