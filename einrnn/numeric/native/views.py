"""Registers seen through views: which entry of which array a position means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from einrnn.dataclass import dataclass
from einrnn.numeric.native.forms import identifier, literal
from einrnn.numeric.native.index import Cell, Ix, variable
from einrnn.numeric.steps import (
    Align,
    At,
    Constant,
    Diagonal,
    Iota,
    Kind,
    Layout,
    Register,
    Span,
    Spread,
    Step,
    View,
)


@dataclass()
class Views:
    """``made`` has the step behind each register; ``strides`` of an array are by axis, in
    entries, in row-major order unless set otherwise; ``counters`` are those of time loops."""

    registers: list[Register]
    made: dict[int, Step] = field(default_factory=dict[int, Step])
    set_strides: dict[int, tuple[int, ...]] = field(default_factory=dict[int, tuple[int, ...]])
    counters: set[int] = field(default_factory=set[int])

    def shape(self, register: int) -> tuple[int, ...]:
        """The sizes of the axes."""
        return self.registers[register].shape

    def kind(self, register: int) -> Kind:
        """What the entries are."""
        return self.registers[register].kind

    def new(self, shape: tuple[int, ...], kind: Kind) -> int:
        """A new array."""
        self.registers.append(Register(shape, kind, ()))
        return len(self.registers) - 1

    def strides(self, base: int) -> tuple[int, ...]:
        """The distances between neighbours along each axis, in entries."""
        return self.set_strides.get(base) or row_major(self.shape(base))

    def resolve(self, register: int, at: tuple[Ix, ...]) -> Cell | str:
        """The entry of a register as a cell of the array behind it, or as C text."""
        while True:
            if register in self.counters:
                return f"c{register}"
            step = self.made.get(register)
            match step:
                case Constant():
                    return literal(step)
                case Iota(_, start, _):
                    return f"({at[0].plus(Ix(start))})"
                case View(_, source, items):
                    rest = iter(at)
                    at = tuple(
                        position(item)
                        if isinstance(item, At)
                        else position(item.start).plus(next(rest), item.step)
                        for item in items
                    )
                case Diagonal(_, source, first, second):
                    rest = list(at[:-1])
                    places = [at[-1]] * (len(at) + 1)
                    others = [n for n in range(len(at) + 1) if n not in (first, second)]
                    for place, ix in zip(others, rest, strict=True):
                        places[place] = ix
                    at = tuple(places)
                case Align(_, source, order) | Layout(_, source, order):
                    back = {axis: ix for axis, ix in zip(order, at, strict=True) if axis >= 0}
                    at = tuple(back[axis] for axis in range(len(self.shape(source))))
                case Spread(_, source, _):
                    at = self.broadcast(source, at)
                case _:
                    return Cell(register, at)
            register = source

    def broadcast(self, register: int, at: tuple[Ix, ...]) -> tuple[Ix, ...]:
        """Positions in a smaller array that numpy's rules spread over a larger one."""
        shape = self.shape(register)
        last = at[len(at) - len(shape) :]
        return tuple(Ix() if size == 1 else ix for size, ix in zip(shape, last, strict=True))

    def flat(self, cell: Cell) -> Ix:
        """The number of a cell in memory."""
        total = Ix()
        for ix, stride in zip(cell.at, self.strides(cell.base), strict=True):
            total = total.plus(ix, stride)
        return total

    def memory(self, cell: Cell) -> str:
        """C text for a cell in memory."""
        return f"{self.name(cell.base)}[{self.flat(cell)}]"

    def name(self, register: int) -> str:
        """A C name of its own for each register."""
        return identifier(self.registers, register)


def row_major(shape: Sequence[int]) -> tuple[int, ...]:
    """Strides in entries."""
    strides: list[int] = []
    step = 1
    for size in reversed(shape):
        strides.append(step)
        step *= size
    return tuple(reversed(strides))


def position(at: At | Span) -> Ix:
    """The position, or the first of a span."""
    if isinstance(at, Span):
        return position(at.start)
    terms = tuple(sorted((f"c{counter}", times) for counter, times in at.counters))
    free = Ix(at.constant, terms)
    if at.size is None:
        return free
    if not terms:
        return Ix(min(max(at.constant, 0), at.size - 1))
    return variable(f"clip({free}, {at.size})")
