"""The naive interpreter: plain loops over entries, the oracle for everything else.

It shares no code with the compiler. Expressions become closures; entries of definitions
are computed on demand and remembered. An entry that is needed and not yet known is not
computed on the call stack: the evaluation stops with a request, the entry is computed
first, and the evaluation starts again. Subexpressions that are deeply nested are treated
like entries, so that neither long recurrences nor tall expressions use up the stack.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, cast

import numpy as np

from einrnn.core import nodes as n
from einrnn.core.model import Clause, Model
from einrnn.errors import EvaluationError, InternalError
from einrnn.numeric import scalars
from einrnn.numeric.closures import Closures, Env, Key, Missing, Position, Run, letters
from einrnn.numeric.scalars import Arithmetic, Scalar

Array = np.ndarray[Any, np.dtype[Any]]
# longer fractions become floats
_BITS = 20_000
# a clause: fixed positions of axes, ranges of the indices on the other axes, and its body
Prepared = tuple[list[tuple[int, int]], list[tuple[int, n.Index, int, int]], Run]


class Interpreter:
    """Values of a closed model (without Derivative nodes) at given sizes and arrays.

    ``arrays`` has every input that is read, in the shape the model gives it. Arrays of
    Fractions (dtype object) are computed with exactly, as far as only rational operations
    occur; functions such as exp turn them into floats. ``overrides`` maps ``(name,
    position)`` to a value that replaces one entry of an input or definition: everything
    downstream responds. ``opaque_seed`` chooses the random functions that stand for
    opaque ones. ``arithmetic`` is how numbers are computed with.

    Methods raise EvaluationError for reads out of range (E603), entries that no clause
    gives (E604), circular definitions (E605), singular matrices (E606), look-ups that
    are not whole numbers (E607), and missing or misshapen data (E601, E602, E610).
    Division by zero and the like give inf or nan.
    """

    def __init__(
        self,
        model: Model,
        sizes: Mapping[str, int],
        arrays: Mapping[str, Array],
        *,
        opaque_seed: int = 0,
        overrides: Mapping[tuple[str, Position], Scalar] | None = None,
        arithmetic: Arithmetic = scalars.IEEE,
    ) -> None:
        self.model = model
        self.sizes = {name: size for name, size in model.dims.items() if size is not None}
        self.sizes.update(sizes)
        self._arrays = _all_arrays(arrays)
        self._rounds = arithmetic is scalars.IEEE  # others tell what is rounded from what is not
        self._exact = self._are_exact(self._arrays)
        self._memo: dict[Key, Any] = {}
        self._closures = Closures(self._memo, self.sizes, self._exact, opaque_seed, arithmetic)
        self._axes: dict[str, list[tuple[int, int]]] = {}
        self._clauses: dict[str, list[Prepared]] = {}
        self.restart(overrides or {})

    def restart(self, overrides: Mapping[tuple[str, Position], Scalar]) -> None:
        """Forget all values and begin again with other overrides."""
        self._memo.clear()
        self._closures.matrices.clear()
        for (name, position), value in overrides.items():
            self._check_position(name, tuple(position))
            self._memo[name, tuple(position)] = self._number(value)

    def read(self, arrays: Mapping[str, Array]) -> None:
        """Forget all values and begin again with other arrays, exact ones if the former were."""
        given = _all_arrays(arrays)
        if self._are_exact(given) != self._exact:
            raise InternalError("E904", "exact arrays in place of floats, or floats of exact ones")
        self._arrays = given
        self.restart({})

    def entry(self, name: str, position: Sequence[int]) -> Any:
        """One entry of an input or a definition."""
        return self._demand((name, tuple(int(at) for at in position)))

    def own_value(self, name: str, position: Sequence[int]) -> Any:
        """The right side of a definition at an entry, even where that entry is overridden."""
        place = tuple(int(at) for at in position)
        return self._settle(lambda: self._by_clause(name, place))

    def value(self, expr: n.Expr, env: Env) -> Any:
        """An expression at the given values of its free indices."""
        run = self._closures.of(expr)
        return self._number(self._settle(lambda: run(env)))

    def holds(self, cond: n.Cond, env: Env) -> bool:
        """Whether a condition holds at the given values of its free indices."""
        run = self._closures.of(cond)
        return bool(self._settle(lambda: run(env)))

    def index(self, value: n.Affine, env: Env) -> int:
        """The value of an index expression."""
        run = self._closures.of(value)
        return int(self._settle(lambda: run(env)))

    def tensor(self, name: str) -> Array:
        """All entries over the axes; floats, or Fractions where the inputs are."""
        spans = [range(lo, hi + 1) for lo, hi in self._spans(name)]
        entries = [self.entry(name, place) for place in itertools.product(*spans)]
        result = np.empty(len(entries), dtype=object if self._exact else np.float64)
        result[:] = entries
        return result.reshape([len(span) for span in spans])

    def _settle(self, compute: Callable[[], Any]) -> Any:
        """Run ``compute``, each time after what it was missing, until nothing is."""
        while True:
            try:
                return compute()
            except Missing as missing:
                for key in missing.keys:
                    self._demand(key)

    def _demand(self, wanted: Key) -> Any:
        memo = self._memo
        stack, running = [wanted], dict[Key, None]()
        while stack:
            key = stack[-1]
            if key in memo:
                stack.pop()
                running.pop(key, None)
                continue
            running[key] = None
            try:
                memo[key] = self._compute(key)
            except Missing as missing:
                for other in missing.keys:
                    if other in running:
                        raise _circular(list(running), other) from None
                stack.extend(reversed(missing.keys))
        return memo[wanted]

    def _compute(self, key: Key) -> Any:
        head, position = key
        if not isinstance(head, str):
            return self._closures.whole[head](dict(zip(letters(head), position, strict=True)))
        if head in self.model.inputs:
            self._check_position(head, position)
            return self._number(self._array(head)[position])
        return self._by_clause(head, position)

    def _array(self, name: str) -> Array:
        if name not in self._arrays:
            raise EvaluationError("E601", f"no array was given for the input {name}")
        array = self._arrays[name]
        wanted = tuple(hi + 1 for _, hi in self._spans(name))
        if array.shape != wanted:
            raise EvaluationError(
                "E602", f"{name} has shape {array.shape}; its sizes make it {wanted}"
            )
        return array

    def _are_exact(self, arrays: Mapping[str, Array]) -> bool:
        """Whether rational operations are exact wherever their arguments are."""
        return not self._rounds or any(array.dtype == object for array in arrays.values())

    def _number(self, value: Any) -> Scalar:
        if isinstance(value, np.generic):
            value = cast(Any, value).item()
        if self._exact and isinstance(value, (int, Fraction)):
            exact = Fraction(value)
            # a squaring recurrence doubles its digits in every step: stop before it hangs
            if exact.numerator.bit_length() + exact.denominator.bit_length() < _BITS:
                return exact
        return value if isinstance(value, float) else scalars.to_float(value)

    def _spans(self, name: str) -> list[tuple[int, int]]:
        """The first and the last position of each axis."""
        if name not in self._axes:
            if name not in self.model.inputs and name not in self.model.definitions:
                raise EvaluationError("E609", f"there is no tensor named {name}")
            self._axes[name] = [
                (self.index(axis.lo, {}), self.index(axis.hi, {})) for axis in self.model.axes(name)
            ]
        return self._axes[name]

    def _check_position(self, name: str, position: Position) -> None:
        spans = self._spans(name)
        if len(position) != len(spans):
            raise EvaluationError(
                "E603", f"{name} has {len(spans)} axes and is read at {len(position)} positions"
            )
        for axis, (at, (lo, hi)) in enumerate(zip(position, spans, strict=True)):
            if not lo <= at <= hi:
                raise EvaluationError(
                    "E603",
                    f"{_show((name, position))} is out of range: "
                    f"position {at} on axis {axis}, which runs from {lo} to {hi}",
                )

    def _by_clause(self, name: str, position: Position) -> Any:
        self._check_position(name, position)
        for fixed, ranges, run in self._prepared(name):
            if any(position[axis] != at for axis, at in fixed):
                continue
            if all(lo <= position[axis] <= hi for axis, _, lo, hi in ranges):
                return self._number(run({index: position[axis] for axis, index, _, _ in ranges}))
        raise EvaluationError("E604", f"no clause of {name} gives {_show((name, position))}")

    def _prepared(self, name: str) -> list[Prepared]:
        if name not in self._clauses:
            clauses = self.model.definitions[name].clauses
            self._clauses[name] = [self._prepare(clause) for clause in clauses]
        return self._clauses[name]

    def _prepare(self, clause: Clause) -> Prepared:
        fixed: list[tuple[int, int]] = []
        ranges: list[tuple[int, n.Index, int, int]] = []
        for axis, arg in enumerate(clause.args):
            if not arg.free:
                fixed.append((axis, self.index(arg, {})))
                continue
            (index,) = arg.free
            if index not in clause.ranges or len(arg.terms) > 1 or arg.constant:
                raise InternalError("E902", f"{arg} is not an index of its clause")
            span = clause.ranges[index]
            ranges.append((axis, index, self.index(span.lo, {}), self.index(span.hi, {})))
        return fixed, ranges, self._closures.of(clause.body)


def _all_arrays(arrays: Mapping[str, Array]) -> dict[str, Array]:
    return {name: np.asarray(array) for name, array in arrays.items()}


def _show(key: Key) -> str:
    head, position = key
    name = head if isinstance(head, str) else "…"
    return f"{name}[{','.join(map(str, position))}]" if position else name


def _circular(running: list[Key], again: Key) -> EvaluationError:
    cycle = [*running[running.index(again) :], again]
    named = [_show(key) for key in cycle if isinstance(key[0], str)] or ["an expression"]
    if len(named) > 8:
        named = [*named[:4], "…", *named[-3:]]
    return EvaluationError("E605", f"circular definition: {' → '.join(named)}")
