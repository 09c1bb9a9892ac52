"""Equal steps on neighbouring rows, joined to one: not where the rows come later."""

import numpy as np

import einrnn
from einrnn.numeric.executable import Executable
from einrnn.numeric.execute import Setting
from einrnn.numeric.live import lifetimes
from einrnn.numeric.plan import Plan
from einrnn.numeric.source.slices import joined
from einrnn.numeric.steps import Allocate, At, Given, Map, Register, Span, Store, View


def test_rows_are_joined_only_when_all_are_there():
    """A product of one row ahead of the others: these are stored in between."""
    row, rows = (At(2), Span(At(0), 4)), (Span(At(0), 2), Span(At(0), 4))
    steps = (
        Given(0, "x"),
        Allocate(1, "c", (3, 4)),
        View(2, 0, row),
        Store(1, row, 2),
        View(3, 1, row),
        Map(4, "*", (2, 3)),
        View(5, 0, rows),
        Map(6, "sin", (5,)),
        Store(1, rows, 6),
        View(7, 1, rows),
        Map(8, "*", (5, 7)),
        Map(9, "neg", (4,)),
        Map(10, "neg", (8,)),
    )
    shapes = ((3, 4),) * 2 + ((4,),) * 3 + ((2, 4),) * 4 + ((4,), (2, 4))
    registers = tuple(Register(shape, "number", ()) for shape in shapes)
    outputs = {"one": 9, "others": 10}
    plan = Plan(registers, (), steps, outputs, lifetimes(registers, (), steps, {9, 10}))
    model = einrnn.parse("dim N, M\ninput x[N,M]").model
    setting = Setting(np.dtype("float64"), model, {"N": 3, "M": 4}, 0)
    x = np.arange(12.0).reshape(3, 4)
    for own in (plan, joined(Plan(registers, (), steps, outputs, plan.lifetimes))):
        found = Executable(own, setting).run({"x": x})
        np.testing.assert_array_equal(found["one"], -(x[2] ** 2))
        np.testing.assert_array_equal(found["others"], -x[:2] * np.sin(x[:2]))
