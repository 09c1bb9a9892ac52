"""The C of a program, and what a caller has to know of it."""

from __future__ import annotations

from typing import Any

from einrnn.dataclass import dataclass


@dataclass(frozen=True)
class Argument:
    """An input or an output of the C function, in the order of its pointers."""

    name: str
    shape: tuple[int, ...]
    kind: str


@dataclass(frozen=True)
class Program:
    """C text and what a caller has to know of it.

    ``text`` stands alone, ``short`` calls kernels that are built apart. ``looked_up`` has the
    tensor and the size of the axis for each error number.
    """

    text: str
    short: str
    inputs: tuple[Argument, ...]
    outputs: tuple[Argument, ...]
    looked_up: tuple[tuple[str, int], ...]

    def written(self) -> dict[str, Any]:
        """What a later process needs to call the library, as plain data."""
        return {
            "short": self.short,
            "inputs": [[a.name, a.shape, a.kind] for a in self.inputs],
            "outputs": [[a.name, a.shape, a.kind] for a in self.outputs],
            "looked_up": self.looked_up,
        }


def read(found: dict[str, Any]) -> Program:
    """The program of what :meth:`Program.written` has written."""
    inputs, outputs = (
        tuple(Argument(name, tuple(shape), kind) for name, shape, kind in found[side])
        for side in ("inputs", "outputs")
    )
    looked_up = tuple((name, size) for name, size in found["looked_up"])
    return Program("", found["short"], inputs, outputs, looked_up)
