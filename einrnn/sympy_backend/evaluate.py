"""Numbers by way of sympy: every entry's own expression, evaluated in order of need.

Made to cross-validate the numeric side, with which it shares nothing but the model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from einrnn.core import nodes as n
from einrnn.core.model import Model
from einrnn.errors import EvaluationError, InternalError
from einrnn.sympy_backend.entries import Entries
from einrnn.sympy_backend.places import Array, Env, Position, show
from einrnn.sympy_backend.postorder import FLOATS, evaluate, postorder

Key = tuple[str, Position]
OpaqueValue = Callable[[str, Position, Sequence[float], Sequence[int]], float]


def _no_opaque(name: str, at: Position, point: Sequence[float], by: Sequence[int]) -> float:
    raise InternalError("E900", f"no value was given for the opaque function {name}")


class SympyValues:
    """Values of a closed model at ``sizes``, with an array for every input that is read.

    ``opaque_value(name, at, point, by)`` is the value of entry ``at`` of an opaque
    function at ``point``, which has all entries of all its arguments in turn (row-major),
    differentiated by the entries numbered in ``by``.

    Numbers are floats. Overflow and division by zero give inf, what has no real value is
    nan. Raises EvaluationError as :class:`Entries` does, and for missing (E601) or
    misshapen (E602) arrays and entries that need themselves (E605).
    """

    def __init__(
        self,
        model: Model,
        sizes: Mapping[str, int],
        arrays: Mapping[str, Array],
        opaque_value: OpaqueValue = _no_opaque,
    ) -> None:
        self._arrays = arrays
        self._opaque_value = opaque_value
        whole = {
            name: arrays[name]
            for name, given in model.inputs.items()
            if given.integer and name in arrays
        }
        self._entries = Entries(model, sizes, whole)
        self._model = model
        self._values: dict[Key, float] = {}
        self._checked: dict[str, Array] = {}

    def entry(self, name: str, position: Sequence[int]) -> float:
        """One entry of an input or a definition."""
        return self._demand((name, tuple(position)))

    def value(self, expr: n.Expr, env: Env) -> float:
        """An expression at the given values of its free indices."""
        order = postorder(self._entries.expression(expr, env))
        for key in self._read(order):
            self._demand(key)
        return self._number(order)

    def _demand(self, wanted: Key) -> float:
        """The value of an entry after all the entries it reads, on an explicit stack."""
        values = self._values
        orders: dict[Key, list[Any]] = {}
        stack = [wanted]
        while stack:
            key = stack[-1]
            if key in values:
                stack.pop()
                continue
            if key[0] not in self._model.definitions:
                values[key] = self._given(*key)
                continue
            if key not in orders:
                orders[key] = self._order(*key)
                missing = [other for other in self._read(orders[key]) if other not in values]
                again = next((other for other in missing if other in orders), None)
                if again is not None:
                    raise EvaluationError("E605", f"{show(*again)} is defined by itself")
                stack.extend(reversed(missing))
                continue
            values[key] = self._number(orders.pop(key))
        return values[wanted]

    def _order(self, name: str, position: Position) -> list[Any]:
        clause, env = self._entries.places.clause(name, position)
        return postorder(self._entries.expression(clause.body, env))

    def _read(self, order: Sequence[Any]) -> list[Key]:
        return [self._entries.symbols[node] for node in order if node.is_Symbol]

    def _number(self, order: Sequence[Any]) -> float:
        symbols, values = self._entries.symbols, self._values
        try:
            value = evaluate(order, lambda leaf: values[symbols[leaf]], self._call, FLOATS)
        except OverflowError:
            return math.nan
        return float(value)

    def _call(self, name: str, args: Sequence[float]) -> float:
        call = self._entries.calls[name]
        return self._opaque_value(call.name, call.at, args, call.by)

    def _given(self, name: str, position: Position) -> float:
        if name not in self._checked:
            spans = self._entries.places.check(name, position)
            if name not in self._arrays:
                raise EvaluationError("E601", f"no array was given for the input {name}")
            array = np.asarray(self._arrays[name])
            wanted = tuple(hi + 1 for _, hi in spans)
            if array.shape != wanted:
                raise EvaluationError(
                    "E602", f"{name} has shape {array.shape}; its sizes make it {wanted}"
                )
            self._checked[name] = array
        self._entries.places.check(name, position)
        return float(self._checked[name][position])
