"""Building programs: registers, blocks of steps, and sharing of equal steps.

A step is placed in the outermost block in which everything it reads is known: what does
not depend on a loop's counter leaves the loop by itself, and what depends on no input
goes into a block that runs once for a plan. Equal steps over the same registers are one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import field, replace

from einrnn.core.nodes import Index
from einrnn.dataclass import dataclass
from einrnn.numeric.steps import Cast, Kind, Register, Step, reads
from einrnn.pathfinder.evaluate import Path
from einrnn.pathfinder.joint import Jointly
from einrnn.pathfinder.mirror import Order
from einrnn.pathfinder.network import Network

# how the order of a contraction of three or more arrays is chosen: a path of pairs
Ordering = Callable[[Network], Path]


@dataclass(frozen=True)
class Axis:
    """An axis of a value: the index that runs over it and its values ``lo .. lo + size - 1``.

    ``copy`` tells axes apart that have the same index and range but are summed separately.
    """

    index: Index
    lo: int
    size: int
    copy: int = 0


@dataclass(frozen=True)
class Var:
    """A register with an axis for each of its dimensions, no two of them the same."""

    register: int
    axes: tuple[Axis, ...]


@dataclass()
class Block:
    """Steps that run together, with what they have computed."""

    steps: list[Step] = field(default_factory=list[Step])
    shared: dict[Hashable, int] = field(default_factory=dict[Hashable, int])
    memo: dict[Hashable, Var] = field(default_factory=dict[Hashable, Var])


CONSTANTS, MAIN = 0, 1


class Emitter:
    """Registers and the stack of blocks that are being filled."""

    def __init__(self, ordering: Ordering | None = None) -> None:
        self.ordering = ordering or Jointly()
        self.registers: list[Register] = []
        self.blocks: list[Block] = [Block(), Block()]
        # the outermost block that new steps may go into
        self._floor = CONSTANTS
        self._levels: list[int] = []
        self._versions: dict[int, int] = {}
        # the other orders of axes in which arrays read the same, by identity
        self.symmetric: dict[Hashable, tuple[Order, ...]] = {}
        # the step behind each shared register
        self.made: dict[int, Step] = {}

    def register(self, shape: tuple[int, ...], kind: Kind, letters: tuple[str, ...] = ()) -> int:
        """A new register that lives in the innermost block."""
        self.registers.append(Register(shape, kind, letters))
        self._levels.append(len(self.blocks) - 1)
        return len(self.registers) - 1

    def shape(self, register: int) -> tuple[int, ...]:
        """The shape of what a register holds."""
        return self.registers[register].shape

    def kind(self, register: int) -> Kind:
        """The kind of entries a register holds."""
        return self.registers[register].kind

    def level(self, register: int) -> int:
        """The block a register's value belongs to."""
        return self._levels[register]

    def name(self, register: int, name: str) -> None:
        """Say what a person would call the value; the first name stays."""
        if not self.registers[register].name:
            self.registers[register] = replace(self.registers[register], name=name)

    def pin(self, register: int, level: int) -> int:
        """Make an array that a loop fills belong to the loop; gives its level before."""
        before = self._levels[register]
        self._levels[register] = level
        return before

    def changed(self, register: int) -> None:
        """An array was written to: values read from it before are not shared any more."""
        self._versions[register] = self._versions.get(register, 0) + 1
        for block in self.blocks:
            block.memo.clear()

    def emit(
        self,
        make: Callable[..., Step],
        *args: Hashable,
        shape: tuple[int, ...],
        kind: Kind = "number",
        letters: tuple[str, ...] = (),
        least: int = CONSTANTS,
    ) -> int:
        """The register with the result of ``make(out, *args)``; an equal step is not repeated.

        ``least`` is the outermost block the step may go into.
        """
        used = reads(make(-1, *args))
        level = max([least, *(self._levels[register] for register in used)])
        key = (make, args, tuple(self._versions.get(register, 0) for register in used))
        for block in self.blocks[level:]:
            if key in block.shared:
                return block.shared[key]
        level = max(level, self._floor)
        self.registers.append(Register(shape, kind, letters))
        self._levels.append(level)
        out = len(self.registers) - 1
        self.made[out] = make(out, *args)
        self.blocks[level].steps.append(self.made[out])
        self.blocks[level].shared[key] = out
        return out

    def knows(self, make: Callable[..., Step], *args: Hashable) -> bool:
        """Whether an equal step is there already."""
        used = reads(make(-1, *args))
        key = (make, args, tuple(self._versions.get(register, 0) for register in used))
        return any(key in block.shared for block in self.blocks)

    def identity(self, register: int) -> Hashable:
        """What a register holds now: equal as long as nothing is written to it."""
        return register, self._versions.get(register, 0)

    def append(self, level: int, make: Callable[[int], Step], like: Var) -> int:
        """A step that is not shared, in the block of a level; its result is like another."""
        shape, names = self.registers[like.register].shape, letters_of(like.axes)
        self.registers.append(Register(shape, self.kind(like.register), names))
        self._levels.append(level)
        out = len(self.registers) - 1
        self.blocks[level].steps.append(make(out))
        return out

    def cast(self, var: Var) -> Var:
        """Integers and truth values as numbers; numbers as they are."""
        if self.kind(var.register) == "number":
            return var
        shape, names = self.shape(var.register), letters_of(var.axes)
        return Var(self.emit(Cast, var.register, shape=shape, letters=names), var.axes)

    def put(self, step: Step) -> None:
        """Append a step that is needed for its effect to the innermost block."""
        self.blocks[-1].steps.append(step)

    def open(self) -> int:
        """Begin an inner block; gives its level."""
        self.blocks.append(Block())
        return len(self.blocks) - 1

    def open_conditional(self) -> int:
        """Begin an inner block that may not run: nothing in it moves further out."""
        before = self._floor
        self._floor = self.open()
        return before

    def close(self) -> tuple[Step, ...]:
        """End the innermost block."""
        return tuple(self.blocks.pop().steps)

    def close_conditional(self, before: int) -> tuple[Step, ...]:
        """End a block that may not run."""
        self._floor = before
        return self.close()

    def remembered(self, key: Hashable) -> Var | None:
        """What an expression was lowered to, in this block or around it."""
        return next((block.memo[key] for block in self.blocks if key in block.memo), None)

    def remember(self, key: Hashable, var: Var) -> Var:
        """Keep what an expression was lowered to as long as its register is valid."""
        self.blocks[self._levels[var.register]].memo[key] = var
        return var


def sizes_of(axes: tuple[Axis, ...]) -> tuple[int, ...]:
    """The shape an array with these axes has."""
    return tuple(axis.size for axis in axes)


def letters_of(axes: tuple[Axis, ...]) -> tuple[str, ...]:
    """The names of the axes, for people."""
    return tuple(axis.index.name for axis in axes)
