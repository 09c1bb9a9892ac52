"""What is granted, as substitutions of Symbols: assumptions and facts about inputs."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from einrnn.core.model import Assumption, Fact, Input
from einrnn.sympy_backend.entries import Entries


def substitutions(entries: Entries, assumptions: Sequence[Assumption]) -> Mapping[Any, Any]:
    """Symbols of entries expressed by others, so that assumptions and facts hold.

    Equations that are linear in some Symbol with a number as coefficient are solved for
    it: ``y[t,K-1]`` becomes 1 minus the other entries of its row. Others are left out.
    """
    found: dict[Any, Any] = {}
    for equation in (*_assumed(entries, assumptions), *_facts(entries)):
        _solve(equation.subs(found), found)
    return found


def _solve(equation: Any, found: dict[Any, Any]) -> None:
    for symbol in sorted(equation.free_symbols, key=str, reverse=True):
        slope = equation.diff(symbol)
        if slope.is_number and slope != 0:
            value = symbol - equation / slope
            for known in found:
                found[known] = found[known].subs(symbol, value)
            found[symbol] = value.expand()
            return


def _assumed(entries: Entries, assumptions: Sequence[Assumption]) -> Iterator[Any]:
    for assumption in assumptions:
        spans = [
            range(entries.places.index(r.lo, {}), entries.places.index(r.hi, {}) + 1)
            for r in assumption.ranges.values()
        ]
        for position in product(*spans):
            env = dict(zip(assumption.ranges, position, strict=True))
            left = entries.expression(assumption.left, env)
            yield left - entries.expression(assumption.right, env)


def _facts(entries: Entries) -> Iterator[Any]:
    for given in entries.model.inputs.values():
        shape = [range(entries.places.index(size, {})) for size in given.axes]
        for fact in given.facts:
            yield from _fact(entries, given, fact, shape)


def _fact(entries: Entries, given: Input, fact: Fact, shape: list[range]) -> Iterator[Any]:
    def symbol(position: tuple[int, ...]) -> Any:
        return entries.symbol(given.name, position)

    if fact.name in ("symmetric", "spd"):
        for position in product(*shape):
            *batch, row, column = position
            if row < column:
                yield symbol(position) - symbol((*batch, column, row))
    elif fact.name in ("one-hot", "probability") and fact.axis is not None:
        others = [span for axis, span in enumerate(shape) if axis != fact.axis]
        for rest in product(*others):
            before, after = rest[: fact.axis], rest[fact.axis :]
            yield sum(symbol((*before, k, *after)) for k in shape[fact.axis]) - 1
