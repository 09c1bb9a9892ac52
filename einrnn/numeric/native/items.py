"""What C code is made of: statements over entries, and pieces that are calls or control flow."""

from __future__ import annotations

from dataclasses import field

from einrnn.dataclass import dataclass
from einrnn.numeric.native.index import Cell, Ix
from einrnn.numeric.steps import Scatter


@dataclass(frozen=True)
class Read:
    """An argument of a statement: an entry of a register (seen through views)."""

    register: int
    at: tuple[Ix, ...]


@dataclass()
class Statement:
    """One entry for each position in ``dims``: variable ``i0`` runs over the first, and so on.

    ``form`` is C with a place for each argument. With ``fold`` the entries are combined over
    the dims from ``kept`` on. ``target`` is the cell that is written; ``local`` says that it
    is a value of its own, which need not be in memory. What is ``alone`` shares no loops.
    """

    form: str
    args: tuple[Read, ...]
    dims: tuple[int, ...]
    target: Cell
    kept: int
    fold: str = ""
    local: bool = True
    cost: int = 1
    reads: tuple[Cell, ...] = ()
    alone: bool = False

    @property
    def writes(self) -> tuple[Cell, ...]:
        """The cell that is written."""
        return (self.target,)


@dataclass(frozen=True)
class Operand:
    """A matrix (or a batch of them) in memory, in entries; a stride for each batch axis."""

    base: int
    start: Ix
    batch: tuple[int, ...]
    row: int
    column: int


@dataclass()
class Call:
    """Something that is not a statement; it reads and writes whole arrays."""

    reads_of: frozenset[int]
    writes_to: frozenset[int]


@dataclass()
class Product(Call):
    """``c = a b``; sizes are rows, columns and depth. ``packed`` has b in panels or strips."""

    a: Operand
    b: Operand
    c: Operand
    batch: tuple[int, ...]
    size: tuple[int, int, int]
    packed: int | None = None


@dataclass()
class Pack(Call):
    """A matrix copied for products that a loop repeats, as ``strips`` or ``panels``."""

    out: int
    source: Operand
    rows: int
    columns: int
    strips: bool


@dataclass()
class Check(Call):
    """Positions must lie on an axis of size ``size``, else error number ``number``."""

    dims: tuple[int, ...]
    arg: Read
    size: int
    number: int


@dataclass()
class Add(Call):
    """Rows added where they belong."""

    step: Scatter
    dims: tuple[int, ...]


@dataclass()
class Turns(Call):
    """A loop in time, with what must be done ahead of it in ``ahead``."""

    counter: int
    first: int
    last: int
    body: list[Item] = field(default_factory=list["Item"])
    across: dict[int, int] = field(default_factory=dict[int, int])


@dataclass()
class Choice(Call):
    """One of two blocks, by whether all entries of the checked registers are finite."""

    checked: tuple[Read, ...]
    dims: tuple[tuple[int, ...], ...]
    then: list[Item]
    otherwise: list[Item]


Item = Statement | Product | Pack | Check | Add | Turns | Choice


@dataclass()
class Sweep:
    """A loop over entries with what is inside."""

    depth: int
    size: int
    body: list[Node]


Node = Item | Sweep


def touches(
    item: Item,
) -> tuple[tuple[tuple[int, Cell | None], ...], tuple[tuple[int, Cell | None], ...]]:
    """What an item reads and what it writes: arrays, with the cell where one is known."""
    if isinstance(item, Statement):
        return (
            tuple((cell.base, cell) for cell in item.reads),
            tuple((cell.base, cell) for cell in item.writes),
        )
    return (
        tuple((base, None) for base in sorted(item.reads_of)),
        tuple((base, None) for base in sorted(item.writes_to)),
    )
