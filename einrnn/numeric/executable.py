"""A plan that is ready to run in one dtype."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from einrnn.numeric.execute import Action, Registers, Setting, action, actions
from einrnn.numeric.plan import Plan
from einrnn.numeric.usual import Same, Usual

Array = np.ndarray[Any, np.dtype[Any]]


class Executable:
    """The closures of a plan in one dtype."""

    def __init__(self, found: Plan, setting: Setting) -> None:
        self.dtype = setting.dtype
        self._plan = found
        self._empty: Registers = [None] * (len(found.registers) + 1)
        with np.errstate(all="ignore"):
            for act in actions(found.constants, setting):
                act(self._empty)
        self._kept = {id(value) for value in self._empty}
        self._steps: list[tuple[Action, tuple[int, ...]]] = [
            (action(step, setting), freed)
            for step, freed in zip(found.main, found.lifetimes.freed, strict=True)
        ]

    def run(self, arrays: dict[str, Array]) -> dict[str, Array]:
        """The outputs, from inputs that have been checked and cast."""
        registers = self._empty.copy()
        registers[-1] = arrays
        with np.errstate(all="ignore"):
            for act, freed in self._steps:
                act(registers)
                for register in freed:
                    registers[register] = None
        taken = self._kept | {id(array) for array in arrays.values()}
        return {
            name: self._owned(registers[register], taken)
            for name, register in self._plan.outputs.items()
        }

    def written(self) -> None:
        """There is no code to keep."""

    def usual(self, given: Mapping[str, Array]) -> Usual:
        """What runs calls like this one."""
        return Same(self.run, given)

    def _owned(self, value: Any, taken: set[int]) -> Array:
        """The result as an array that nothing else holds."""
        array: Array = np.asarray(value)
        if self.dtype.kind in "fc":
            array = array.astype(self.dtype, copy=False)
        whole = array.base is None and array.flags.c_contiguous and array.flags.writeable
        if not whole or id(array) in taken:
            array = np.array(array, order="C")
        taken.add(id(array))
        return array
