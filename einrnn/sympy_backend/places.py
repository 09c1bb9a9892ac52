"""Positions at concrete sizes: the values of index expressions, ranges, and clauses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from einrnn.core import nodes as n
from einrnn.core.model import Clause, Model
from einrnn.errors import EvaluationError, InternalError

Position = tuple[int, ...]
Env = Mapping[n.Index, int]
Array = np.ndarray[Any, np.dtype[Any]]


def show(name: str, position: Position) -> str:
    """``W[0,1]``; a tensor without axes is its name."""
    return f"{name}[{','.join(map(str, position))}]" if position else name


class Places:
    """Index arithmetic of a model at concrete ``sizes``.

    ``integers`` are the arrays of the inputs that are used as look-ups. Raises
    EvaluationError for reads out of range (E603), entries that no clause gives (E604),
    look-ups without values (E601), of another shape (E602) or that are not whole (E607),
    unknown tensors (E609), sizes (E610) and indices (E612) without a value.
    """

    def __init__(
        self, model: Model, sizes: Mapping[str, int], integers: Mapping[str, Array]
    ) -> None:
        self.model = model
        self.integers = integers
        self.sizes = {name: size for name, size in model.dims.items() if size is not None}
        self.sizes.update(sizes)
        self._spans: dict[str, list[tuple[int, int]]] = {}

    def index(self, value: n.Affine, env: Env) -> int:
        """The value of an index expression."""
        result = value.constant
        for atom, coefficient in value.terms:
            match atom:
                case n.Index():
                    if atom not in env:
                        raise EvaluationError("E612", f"the index {atom} has no value")
                    result += coefficient * env[atom]
                case n.Dim(name):
                    if name not in self.sizes:
                        raise EvaluationError(
                            "E610", f"the size {name} was not given", f"give it by name: {name}=5"
                        )
                    result += coefficient * self.sizes[name]
                case n.Element(tensor, args):
                    place = tuple(self.index(arg, env) for arg in args)
                    result += coefficient * self.looked_up(tensor, place)
        return result

    def looked_up(self, name: str, position: Position) -> int:
        """The whole number that an integer input has at a position."""
        spans = self.check(name, position)
        if name not in self.integers:
            raise EvaluationError(
                "E601", f"{name} is used as a position, so its values must be given"
            )
        array = np.asarray(self.integers[name])
        wanted = tuple(hi + 1 for _, hi in spans)
        if array.shape != wanted:
            raise EvaluationError(
                "E602", f"{name} has shape {array.shape}; its sizes make it {wanted}"
            )
        value = array[position]
        if value != int(value):
            raise EvaluationError("E607", f"{show(name, position)} = {value} is not a whole number")
        return int(value)

    def check(self, name: str, position: Position) -> list[tuple[int, int]]:
        """The first and last position of each axis, once ``position`` lies within them."""
        if name not in self._spans:
            if name not in self.model.inputs and name not in self.model.definitions:
                raise EvaluationError("E609", f"there is no tensor named {name}")
            axes = self.model.axes(name)
            self._spans[name] = [(self.index(a.lo, {}), self.index(a.hi, {})) for a in axes]
        spans = self._spans[name]
        if len(position) != len(spans):
            raise EvaluationError(
                "E603", f"{name} has {len(spans)} axes and is read at {len(position)} positions"
            )
        for axis, (at, (lo, hi)) in enumerate(zip(position, spans, strict=True)):
            if not lo <= at <= hi:
                raise EvaluationError(
                    "E603",
                    f"{show(name, position)} is out of range: "
                    f"position {at} on axis {axis}, which runs from {lo} to {hi}",
                )
        return spans

    def clause(self, name: str, position: Position) -> tuple[Clause, dict[n.Index, int]]:
        """The first clause that gives an entry of a definition, and the values of its indices."""
        self.check(name, position)
        for clause in self.model.definitions[name].clauses:
            env = self._match(clause, position)
            if env is not None:
                return clause, env
        raise EvaluationError("E604", f"no clause of {name} gives {show(name, position)}")

    def _match(self, clause: Clause, position: Position) -> dict[n.Index, int] | None:
        env: dict[n.Index, int] = {}
        for arg, at in zip(clause.args, position, strict=True):
            letters = [(atom, c) for atom, c in arg.terms if isinstance(atom, n.Index)]
            if not letters:
                if at != self.index(arg, {}):
                    return None
                continue
            letter, coefficient = letters[0]
            if letter not in clause.ranges:
                raise InternalError("E900", f"the clause index {letter} has no range")
            env[letter], rest = divmod(at - self.index(arg, {letter: 0}), coefficient)
            if rest:
                return None
        for letter, at in env.items():
            span = clause.ranges[letter]
            if not self.index(span.lo, env) <= at <= self.index(span.hi, env):
                return None
        return env
