"""``a[t,k] - c [k == y[t]]`` by changing one entry of each row, not by a mask for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from einrnn.numeric.live import lifetimes, pruned
from einrnn.numeric.plan import Plan
from einrnn.numeric.steps import Align, Cast, Constant, Iota, Map, Register, Step


def bumped(plan: Plan) -> Plan:
    """The plan with such sums as steps ``bump``, of the array, the positions and the amount."""
    made: dict[int, Step] = {}
    for step in (*plan.constants, *plan.main):
        made[getattr(step, "out", -1)] = step
    registers, constants = list(plan.registers), list(plan.constants)
    main: list[Step] = []
    for step in plan.main:
        found = _changed_entries(step, made, registers)
        if found is not None:
            array, index, amount = found
            registers.append(Register((), "number", ()))
            amounts = len(registers) - 1
            constants.append(Constant(amounts, amount, False))
            step = Map(getattr(step, "out", -1), "bump", (array, index, amounts))
        main.append(step)
    if len(constants) == len(plan.constants):
        return plan
    wanted = set(plan.outputs.values())
    kept, rest = pruned(constants, main, wanted)
    fixed = tuple(registers)
    return Plan(fixed, kept, rest, plan.outputs, lifetimes(fixed, kept, rest, wanted))


def _changed_entries(
    step: Step, made: Mapping[int, Step], registers: Sequence[Register]
) -> tuple[int, int, Fraction] | None:
    """The array of a sum with a one-hot mask, the mask's positions, and what is added there."""
    if not isinstance(step, Map) or step.function not in ("+", "-"):
        return None
    shape = registers[step.out].shape
    left, right = step.args
    pairs = [(left, right, Fraction(1 if step.function == "+" else -1))]
    if step.function == "+":
        pairs.append((right, left, Fraction(1)))
    for array, mask, sign in pairs:
        index, times = _one_hot(mask, made, registers)
        if index is None or registers[array].shape != shape:
            continue
        if registers[mask].shape == shape and registers[array].kind == "number":
            return array, index, sign * times
    return None


def _one_hot(
    register: int, made: Mapping[int, Step], registers: Sequence[Register]
) -> tuple[int | None, Fraction]:
    """The positions along the last axis at which an array is not 0 but a constant."""
    times = Fraction(1)
    step = made.get(register)
    if isinstance(step, Map) and step.function == "*":
        constants = [made.get(arg) for arg in step.args]
        for constant, other in zip(constants, reversed(step.args), strict=True):
            if isinstance(constant, Constant) and isinstance(constant.value, Fraction):
                times, step = constant.value, made.get(other)
                break
    truth = made.get(step.source) if isinstance(step, Cast) else None
    if isinstance(step, Map) and step.function == "where":
        value, otherwise = (made.get(arg) for arg in step.args[1:])
        blank = isinstance(otherwise, Constant) and otherwise.value == 0
        if blank and isinstance(value, Constant) and isinstance(value.value, Fraction):
            times, truth = times * value.value, made.get(step.args[0])
    if not isinstance(truth, Map) or truth.function != "==":
        return None, times
    for one, other in (truth.args, truth.args[::-1]):
        align, places = made.get(one), made.get(other)
        if not isinstance(align, Align) or not isinstance(places, Iota) or places.start:
            continue
        rank = len(registers[truth.out].shape)
        own = registers[align.source]
        first = align.order == (*range(rank - 1), -1) and own.kind == "integer"
        if first and registers[truth.out].shape == (*own.shape, places.size):
            return align.source, times
    return None, times
