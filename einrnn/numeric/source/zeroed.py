"""Recurrences whose first row is what a turn makes of zeros, as loops that begin with zeros.

The adjoint of a recurrence has no successor at its last position. That row is computed apart,
from slices of all that the loop reads, and put together with the others. Where it is what one
more turn gives with zeros carried into it, one more turn costs less. What is not finite in a
matrix that multiplies the carry then reaches that row too, as in the gradients of an autodiff
library.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from einrnn.numeric.live import lifetimes, pruned, writes
from einrnn.numeric.plan import Plan
from einrnn.numeric.source.scans import Scan, fixed_row, scan_of
from einrnn.numeric.steps import (
    Align,
    Allocate,
    At,
    Constant,
    Contract,
    Item,
    Loop,
    Map,
    Register,
    Span,
    Spread,
    Step,
    Store,
    View,
    reads,
)

# what a value is computed by, whatever the registers on the way are; equal ones have one number
Key = tuple[object, ...]
_ZERO = 0
_COMMUTATIVE = ("+", "*")


def from_zeros(plan: Plan) -> Plan:
    """The plan with all such loops one turn longer."""
    registers = list(plan.registers)
    zero = len(registers)
    registers.append(Register((), "number", ()))
    constants: tuple[Step, ...] = (*plan.constants, Constant(zero, Fraction(0), False))
    main = plan.main
    for loop in [step for step in main if isinstance(step, Loop)]:
        main = _longer(registers, constants, main, loop, zero) or main
    if main == plan.main:
        return plan
    wanted = set(plan.outputs.values())
    constants, main = pruned(constants, main, wanted)
    fixed = tuple(registers)
    return Plan(fixed, constants, main, plan.outputs, lifetimes(fixed, constants, main, wanted))


def _longer(
    registers: list[Register],
    constants: Sequence[Step],
    main: tuple[Step, ...],
    loop: Loop,
    zero: int,
) -> tuple[Step, ...] | None:
    """The steps with the loop a turn longer; None where a row ahead of it is something else."""
    scan = scan_of(loop, registers)
    if scan is None or not scan.carried:
        return None
    before = main[: main.index(loop)]
    stores = {array: _only_store(array, loop, scan, before, registers) for array in scan.written}
    if None in stores.values():
        return None
    values = _Values(registers, constants, before)
    turn = _Turn(values, loop, scan)
    if not turn.understood:
        return None
    for array, store in stores.items():
        if store is None or turn.of(scan.written[array].source) != values.of(store.source):
            return None
    return _Rewriting(registers, turn, zero).steps(main, loop, [*stores.values()])


def _only_store(
    array: int, loop: Loop, scan: Scan, before: Sequence[Step], registers: Sequence[Register]
) -> Store | None:
    """The store of the one row that the loop does not fill, if nothing else is done before."""
    lo, hi = scan.span(loop, scan.written[array].items[0])
    row = hi if loop.first > loop.last else lo - 1
    if sorted((row, *range(lo, hi))) != [*range(registers[array].shape[0])]:
        return None
    found = [step for step in before if array in (*reads(step), *writes(step))]
    match found:
        case [Allocate(), Store(items=items, source=source) as store] if source != array:
            return store if fixed_row(items, registers[array]) == row else None
        case _:
            return None


class _Values:
    """What registers hold ahead of a loop, row by row: for each the number of its key."""

    def __init__(
        self, registers: Sequence[Register], constants: Sequence[Step], before: Sequence[Step]
    ) -> None:
        self.registers = registers
        # of complete arrays: one that is still being filled has other rows later
        self.views: dict[int, View] = {}
        self._numbers: dict[Key, int] = {("zero",): _ZERO}
        self._of: dict[int, int] = {}
        last = {out: at for at, step in enumerate(before) for out in writes(step)}
        for at, step in enumerate((*constants, *before), -len(constants)):
            if isinstance(step, View) and last.get(step.source, -1) < at:
                self.views[step.out] = step
                row = fixed_row(step.items, registers[step.source])
                if row is not None:
                    self._of[step.out] = self.row(*self.base(step.source, row))
            elif isinstance(step, (Map, Contract, Align, Spread)):
                self._of[step.out] = self.computed(step, self.of)

    def of(self, register: int) -> int:
        """What a register holds."""
        found = self._of.get(register)
        return self._number(("register", register)) if found is None else found

    def row(self, array: int, row: int) -> int:
        """What a row of an array holds."""
        return self._number(("row", array, row))

    def base(self, array: int, row: int) -> tuple[int, int]:
        """The array that a row of a slice belongs to, and its number there."""
        while array in self.views and _is_slice(self.views[array], self.registers):
            view = self.views[array]
            first = view.items[0]
            assert isinstance(first, Span)
            array, row = view.source, row + first.start.constant
        return array, row

    def computed(self, step: Map | Contract | Align | Spread, of: Callable[[int], int]) -> int:
        """What a step computes of values that have these numbers."""
        match step:
            case Map(_, function, args):
                given = [of(arg) for arg in args]
                if _ZERO in given:
                    return self._with_zero(step, given)
                order = sorted(given) if function in _COMMUTATIVE else given
                return self._number((function, *order))
            case Contract(_, left, right):
                own = replace(step, out=-1, left=-1, right=-1, symmetric=False)
                key = (own, of(left), of(right))
            case Align() | Spread():
                key = (replace(step, out=-1, source=-1), of(step.source))
        return _ZERO if _ZERO in key[1:] else self._number(key)

    def _with_zero(self, step: Map, given: Sequence[int]) -> int:
        """Zero, or the other argument where that has the shape already."""
        if step.function in ("*", "neg"):
            return _ZERO
        if step.function == "+":
            other = given.index(_ZERO) - 1
            if self.registers[step.args[other]].shape == self.registers[step.out].shape:
                return given[other]
        return self._number(("register", step.out))

    def _number(self, key: Key) -> int:
        return self._numbers.setdefault(key, len(self._numbers))


class _Turn:
    """The turn ahead of a loop's first, with zeros carried into it."""

    def __init__(self, values: _Values, loop: Loop, scan: Scan) -> None:
        self.at = loop.first + (1 if loop.first > loop.last else -1)
        self.scan = scan
        self.values = values
        self.read: dict[int, tuple[int, int]] = {}
        self._of: dict[int, int] = {}
        self.understood = all(self._takes(step, loop.counter) for step in loop.body)

    def of(self, register: int) -> int:
        """What a register holds in that turn."""
        found = self._of.get(register)
        return self.values.of(register) if found is None else found

    def _takes(self, step: Step, counter: int) -> bool:
        if isinstance(step, Store):
            return True
        if isinstance(step, View) and step.source in self.scan.carried:
            self._of[step.out] = _ZERO
            return True
        if isinstance(step, View) and step in self.scan.read:
            moving = step.items[0]
            assert isinstance(moving, At)
            base, row = self.values.base(step.source, moving.constant + self.at)
            self.read[step.out] = base, row - self.at
            self._of[step.out] = self.values.row(base, row)
            return 0 <= row < self.values.registers[base].shape[0]
        if not isinstance(step, (Map, Contract, Align, Spread)) or counter in reads(step):
            return False
        self._of[step.out] = self.values.computed(step, self.of)
        return True


class _Rewriting:
    """The steps with one more turn, and one more row of zeros in the arrays that are carried."""

    def __init__(self, registers: list[Register], turn: _Turn, zero: int) -> None:
        self.registers = registers
        self.turn = turn
        self.zero = zero
        self.shapes = {array: registers[array].shape for array in turn.scan.carried}
        self.wider = {array: self._wider(array) for array in turn.scan.carried}

    def _wider(self, array: int) -> int:
        own = self.registers[array]
        self.registers.append(replace(own, shape=(own.shape[0] + 1, *own.shape[1:])))
        return len(self.registers) - 1

    def steps(
        self, main: Sequence[Step], loop: Loop, stores: Sequence[Step | None]
    ) -> tuple[Step, ...]:
        """All of the program."""
        down = loop.first > loop.last
        shift = 0 if down else 1
        done: list[Step] = []
        for step in main:
            if isinstance(step, Allocate) and step.out in self.wider:
                out = self.wider[step.out]
                shape = self.registers[out].shape
                row = shape[0] - 1 if down else 0
                items = (At(row), *(Span(At(0), size) for size in shape[1:]))
                done += [Allocate(out, step.name, shape), Store(out, items, self.zero)]
            elif step is loop:
                body = tuple(self._inside(below, shift) for below in loop.body)
                done.append(replace(loop, first=self.turn.at, body=body))
                done += [self._narrow(array, shift) for array in self.wider]
            elif step not in stores:
                done.append(step)
        return tuple(done)

    def _inside(self, step: Step, shift: int) -> Step:
        match step:
            case Store(out, items, source) if out in self.wider:
                return Store(self.wider[out], _moved(items, shift), source)
            case View(out, source, items) if source in self.wider:
                return View(out, self.wider[source], _moved(items, shift))
            case View(out, _, items) if out in self.turn.read:
                base, constant = self.turn.read[out]
                first = items[0]
                assert isinstance(first, At)
                return View(out, base, (replace(first, constant=constant), *items[1:]))
            case _:
                return step

    def _narrow(self, array: int, shift: int) -> View:
        """The array without the row of zeros."""
        spans = [Span(At(0), size) for size in self.shapes[array]]
        return View(array, self.wider[array], (replace(spans[0], start=At(shift)), *spans[1:]))


def _moved(items: tuple[Item, ...], shift: int) -> tuple[Item, ...]:
    first = items[0]
    assert isinstance(first, At)
    return (replace(first, constant=first.constant + shift), *items[1:])


def _is_slice(view: View, registers: Sequence[Register]) -> bool:
    """Whether this is some rows, one after the other and each of them whole."""
    first, *rest = (*view.items, None)
    if not isinstance(first, Span):
        return False
    fixed = first.step == 1 and not first.start.counters and first.start.size is None
    whole = [Span(At(0), size) for size in registers[view.source].shape[1:]]
    return fixed and rest[:-1] == whole
