"""The two sides of claims in numbers: by compiled program, interpreter and sympy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import numpy.typing as npt

from einrnn.check.claims import Prepared, Ready
from einrnn.check.points import Point
from einrnn.check.tolerance import relative
from einrnn.core.nodes import Expr, Index
from einrnn.dataclass import dataclass
from einrnn.errors import EinrnnError
from einrnn.numeric.program import Program, compile_program

Values = npt.NDArray[np.float64]
Position = tuple[int, ...]


@dataclass(frozen=True)
class Both:
    """The values of both sides over all free indices, nan where a side is undefined."""

    left: Values
    right: Values

    @property
    def defined(self) -> npt.NDArray[np.bool_]:
        """Where both sides have a finite value."""
        return np.isfinite(self.left) & np.isfinite(self.right)

    @property
    def errors(self) -> Values:
        """The relative difference of the sides, 0 where one is undefined."""
        return np.where(self.defined, relative(self.left, self.right), 0.0)


def span(point: Point, ready: Ready) -> list[range]:
    """The values of each free index of a claim at a point."""
    interpreter = point.interpreter
    return [
        range(interpreter.index(r.lo, {}), interpreter.index(r.hi, {}) + 1)
        for r in ready.claim.ranges.values()
    ]


class Compiled:
    """All claims of a document that should hold in one program; what cannot share it, or is
    asked about a claim that should fail, gets a program of its own."""

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self._together: Program | None = None
        self._alone: dict[str, Program] = {}
        self._values: dict[tuple[Point, str], Both] = {}

    def both(self, point: Point, ready: Ready) -> Both:
        """Both sides of a claim at a point.

        Raises:
            EinrnnError: the sides cannot be compiled or not be evaluated at these sizes.
        """
        key = (point, ready.key)
        if key not in self._values and _is_meant(ready):
            self._evaluate_all(point)
        if key not in self._values:
            self._values[key] = self._evaluate_one(point, ready)
        return self._values[key]

    def _evaluate_all(self, point: Point) -> None:
        meant = tuple(filter(_is_meant, self._prepared.claims))
        try:
            if self._together is None:
                self._together = self._compile(meant)
            out = self._together(**_arguments(self._together, point))
        except EinrnnError:
            return
        for ready in meant:
            self._values[point, ready.key] = _both(out, ready)

    def _evaluate_one(self, point: Point, ready: Ready) -> Both:
        if ready.key not in self._alone:
            self._alone[ready.key] = self._compile((ready,))
        program = self._alone[ready.key]
        return _both(program(**_arguments(program, point)), ready)

    def _compile(self, claims: Sequence[Ready]) -> Program:
        outputs: dict[str, tuple[Expr, tuple[Index, ...], Mapping[Index, object]]] = {}
        for ready in claims:
            order = tuple(ready.claim.ranges)
            for side, expr in (("left", ready.reverse.left), ("right", ready.reverse.right)):
                outputs[f"{ready.key} {side}"] = (expr, order, ready.claim.ranges)
        return compile_program(self._prepared.reverse, outputs)  # type: ignore[arg-type]


def _is_meant(ready: Ready) -> bool:
    return ready.claim.expect == "hold"


def _arguments(program: Program, point: Point) -> dict[str, object]:
    """The arrays and sizes that a program asks for."""
    arrays = {name: point.arrays[name] for name in program.inputs}
    return {**arrays, **point.sizes}


def _both(out: Mapping[str, npt.NDArray[np.generic]], ready: Ready) -> Both:
    left, right = (
        np.asarray(out[f"{ready.key} {side}"], dtype=float) for side in ("left", "right")
    )
    return Both(left, right)


def interpreted(
    point: Point, ready: Ready, chosen: Sequence[Position]
) -> list[tuple[float, float]]:
    """Both sides by the naive interpreter at some positions of the free indices."""
    letters = tuple(ready.claim.ranges)
    rows: list[tuple[float, float]] = []
    for position in chosen:
        env = dict(zip(letters, position, strict=True))
        left = float(point.interpreter.value(ready.forward.left, env))
        rows.append((left, float(point.interpreter.value(ready.forward.right, env))))
    return rows


def all_positions(point: Point, ready: Ready) -> list[Position]:
    """All values of the free indices of a claim at a point."""
    return list(product(*span(point, ready)))
