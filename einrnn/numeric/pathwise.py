"""A network of arrays run along a given path, whole or in slices."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from einrnn.core.model import Model
from einrnn.core.nodes import Index
from einrnn.numeric.contract import along
from einrnn.numeric.emit import MAIN, Axis, Emitter, Var
from einrnn.numeric.executable import Executable
from einrnn.numeric.execute import Setting
from einrnn.numeric.labelled import merged, spread
from einrnn.numeric.live import lifetimes, pruned
from einrnn.numeric.plan import Plan
from einrnn.numeric.steps import Given
from einrnn.pathfinder.evaluate import Path
from einrnn.pathfinder.network import Network, bits

Array = np.ndarray[Any, np.dtype[Any]]


class Pathwise:
    """Call it with the operands of the network to get the result, its axes as in the network.

    ``sliced`` are indices that a loop runs over: for each of their values the path is run on
    the parts of the operands there. ``path`` has pairs only.
    """

    def __init__(
        self, network: Network, path: Path, sliced: int = 0, dtype: type = np.float64
    ) -> None:
        self.network, self.sliced, self.dtype = network, sliced, np.dtype(dtype)
        setting = Setting(self.dtype, Model(), {}, 0)
        self._executable = Executable(plan_of(network, path, sliced), setting)

    def __call__(self, *operands: Array) -> Array:
        """The sum of products, as a new array."""
        if not self.sliced:
            return self._run(operands)
        order = self.network.order
        result = np.zeros([self.network.sizes[bit] for bit in order], self.dtype)
        fixed = tuple(bits(self.sliced))
        for position in product(*(range(self.network.sizes[bit]) for bit in fixed)):
            at = dict(zip(fixed, position, strict=True))
            parts = [
                operand[tuple(at.get(bit, slice(None)) for bit in term)]
                for operand, term in zip(operands, self.network.axes, strict=True)
            ]
            result[tuple(at.get(bit, slice(None)) for bit in order)] += self._run(parts)
        return result

    def _run(self, operands: Sequence[Array]) -> Array:
        given = {f"operand{number}": array for number, array in enumerate(operands)}
        return self._executable.run(given)["result"]


def plan_of(network: Network, path: Path, sliced: int = 0) -> Plan:
    """The steps for one slice of a path of pairs; operands are ``operand0``, ``operand1``, …"""
    emitter = Emitter()
    axes = {bit: Axis(Index(f"i{bit}"), 0, size) for bit, size in enumerate(network.sizes)}
    values = [
        _operand(emitter, at, [axes[bit] for bit in term if not sliced >> bit & 1])
        for at, term in enumerate(network.axes)
    ]
    order = [axes[bit] for bit in network.order if not sliced >> bit & 1]
    summed = {axis for value in values for axis in value.axes} - set(order)
    rank = {axis: number for number, axis in enumerate(order)}
    value = spread(emitter, along(emitter, values, path, summed, rank), order)
    wanted = {value.register}
    constants, main = pruned(emitter.blocks[0].steps, emitter.blocks[1].steps, wanted)
    registers = tuple(emitter.registers)
    times = lifetimes(registers, constants, main, wanted)
    return Plan(registers, constants, main, {"result": value.register}, times)


def _operand(emitter: Emitter, number: int, axes: list[Axis]) -> Var:
    shape = tuple(axis.size for axis in axes)
    name = f"operand{number}"
    register = emitter.emit(Given, name, shape=shape, letters=(), least=MAIN)
    return merged(emitter, register, axes)
