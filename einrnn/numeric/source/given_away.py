"""Memory of large outputs, taken again once nobody holds it.

The system clears new memory page by page as it is first written to, which for a large output
takes as long as computing it. An array of an earlier call whose caller has let go of it, and of
all views of it, is as good and costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from einrnn.numeric.plan import Plan
from einrnn.numeric.source.buffers import Buffers, takes_out
from einrnn.numeric.steps import Scatter

# C libraries take what is smaller from memory that they have; what is larger than they ever
# keep for themselves is not kept here either
_SMALLEST, _LARGEST = 1 << 17, 1 << 25

# as in einrnn.numeric.native.results; a module that is written out needs it in itself
_RENEWED = """
def unused(arrays, references):
    # each thread holds what it looks at, so that no two can take the same array
    for array in arrays:
        if sys.getrefcount(array) == references:
            return array


def renewed(arrays, shape):
    # an array of an earlier call that nobody else refers to, or a new one
    array = unused(arrays, ALONE)
    if array is None:
        array = np.empty(shape, DTYPE)
        arrays.append(array)
        del arrays[:-2]
    return array


COUNTED = sys.implementation.name == "cpython"
COUNTED = COUNTED and getattr(sys, "_is_gil_enabled", lambda: True)()
# the references to an array that only a list has; 0 where counts mean nothing
ALONE = next((n for n in range(1, 5) if COUNTED and unused([np.empty(0)], n) is not None), 0)
"""


class GivenAway:
    """The outputs of a plan that are computed into such memory, ``shapes`` being theirs.

    ``orders`` has what :func:`einrnn.numeric.source.turned.turned` says of scattered rows.
    """

    def __init__(
        self,
        plan: Plan,
        planned: Buffers,
        orders: Mapping[int, tuple[int, tuple[int, ...]]],
        itemsize: int,
    ) -> None:
        self.shapes: list[tuple[int, ...]] = []
        self._number: dict[int, int] = {}
        outputs = list(plan.outputs.values())
        for step in plan.main:
            if not (isinstance(step, Scatter) or takes_out(step)):
                continue
            out: int = getattr(step, "out")  # noqa: B009
            register = plan.registers[out]
            given, order = orders.get(out, (out, tuple(range(len(register.shape)))))
            shape = tuple(register.shape[at] for at in order)
            alone = outputs.count(given) == 1 and out not in planned.of
            large = _SMALLEST <= prod(shape) * itemsize <= _LARGEST
            if alone and large and register.kind == "number":
                self._number[out] = len(self.shapes)
                self.shapes.append(shape)

    def name(self, out: int) -> str:
        """The name of the memory for a result; nothing where it has none."""
        return f"o{self._number[out]}" if out in self._number else ""

    def definitions(self) -> list[str]:
        """What the module has for it."""
        if not self.shapes:
            return []
        lists = "[], " * len(self.shapes)
        given = f"_given = ({lists})  # outputs of the last calls"
        return ["", "", *_RENEWED.strip().splitlines(), given]

    def lines(self) -> list[str]:
        """What each call begins with."""
        return [f"    o{n} = renewed(_given[{n}], {shape})" for n, shape in enumerate(self.shapes)]
