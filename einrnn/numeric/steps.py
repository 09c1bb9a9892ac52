"""The steps of a program: small frozen records that name registers by number.

``out`` is the register a step writes; every other register it reads was written before.
Axes of registers are numbered; the letters that a printed program shows are kept beside
the registers (:class:`Register`) and mean nothing to the steps.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from einrnn.dataclass import dataclass

# "number" is the working dtype of the call
Kind = Literal["number", "integer", "truth"]


@dataclass(frozen=True)
class Register:
    """What a register holds: its shape, its kind of entries, and how a person would call it."""

    shape: tuple[int, ...]
    kind: Kind
    letters: tuple[str, ...]
    name: str = ""


@dataclass(frozen=True)
class At:
    """A position that may depend on loop counters: ``constant + sum coefficient * counter``.

    With ``size``, a position outside ``0 .. size - 1`` is moved to the nearest inside,
    because a condition hides what is read there.
    """

    constant: int
    counters: tuple[tuple[int, int], ...] = ()
    size: int | None = None


@dataclass(frozen=True)
class Span:
    """``size`` positions from ``start`` on, ``step`` apart."""

    start: At
    size: int
    step: int = 1


Item = At | Span


@dataclass(frozen=True)
class Given:
    """An input of the call, in the working dtype (or as integers)."""

    out: int
    name: str


@dataclass(frozen=True)
class Constant:
    """An exact number (a Python integer if ``whole``), or pi, inf, undefined, true, false."""

    out: int
    value: Fraction | str
    whole: bool


@dataclass(frozen=True)
class Iota:
    """The integers ``start, start + 1, …``: the positions of an axis."""

    out: int
    start: int
    size: int


@dataclass(frozen=True)
class Cast:
    """Integers or truth values (1 and 0) in the working dtype."""

    out: int
    source: int


@dataclass(frozen=True)
class View:
    """Basic indexing: positions drop an axis, spans keep it."""

    out: int
    source: int
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Diagonal:
    """Axes ``first`` and ``second`` run together; the common axis comes last."""

    out: int
    source: int
    first: int
    second: int


@dataclass(frozen=True)
class Align:
    """The axes in the order ``order``, with axes of size 1 where it has -1."""

    out: int
    source: int
    order: tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """A copy with the axes in the order ``order``, so that loops need not copy in each turn."""

    out: int
    source: int
    order: tuple[int, ...]


@dataclass(frozen=True)
class Spread:
    """The array repeated along its axes of size 1 up to ``shape`` (a view)."""

    out: int
    source: int
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Gather:
    """``source`` read at integer arrays on its first axes; the others are kept.

    With ``clamped`` a position out of range reads the nearest entry, because a condition
    hides it; without, it is an error that names ``tensor``.
    """

    out: int
    source: int
    indices: tuple[int, ...]
    clamped: bool
    tensor: str


@dataclass(frozen=True)
class Scatter:
    """``out[j] = sum of source[n] where index[n] == j``: rows added where they belong.

    ``index`` has the first axes of ``source``, one or more; positions outside
    ``0 .. size - 1`` add nothing.
    """

    out: int
    source: int
    index: int
    size: int


@dataclass(frozen=True)
class Assemble:
    """Arrays added up in an array of zeros, each along diagonals of it.

    ``places`` has, for each of ``args``, an (axis of the argument, offset) per axis of the
    result: the argument's entry at ``p`` belongs at the positions ``p[axis] + offset``. Axes of
    the result that share an axis run along a diagonal: ``((0, 0), (0, 0))`` makes a diagonal
    matrix of a vector. Every axis of an argument occurs, and no position is out of range.
    """

    out: int
    shape: tuple[int, ...]
    args: tuple[int, ...]
    places: tuple[tuple[tuple[int, int], ...], ...]


@dataclass(frozen=True)
class Map:
    """A function of entries, with broadcasting: an operator or a row of the function table."""

    out: int
    function: str
    args: tuple[int, ...]


@dataclass(frozen=True)
class Fold:
    """A reduction over axes; ``size`` entries go into each result."""

    out: int
    op: str
    source: int
    axes: tuple[int, ...]


@dataclass(frozen=True)
class Contract:
    """``sum_k left[b,m,k] right[b,k,n]`` after reordering each operand's axes.

    ``left_order`` lists the left axes as batch, kept, summed; ``right_order`` as batch,
    summed, kept. ``shape`` is (batch sizes, left kept, summed, right kept); the result
    has the axes batch, left kept, right kept. ``symmetric`` says that it stays the same with
    both kept groups exchanged, so that half of it need not be computed.
    """

    out: int
    left: int
    right: int
    left_order: tuple[int, ...]
    right_order: tuple[int, ...]
    shape: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], tuple[int, ...]]
    symmetric: bool = False


@dataclass(frozen=True)
class Linear:
    """A matrix function of the last two axes: inv, det, logdet or matpow.

    With ``guarded`` a singular matrix gives nan, because a condition may hide it.
    """

    out: int
    op: str
    source: int
    power: int
    guarded: bool


@dataclass(frozen=True)
class Random:
    """A random smooth function of all entries of its arguments, see :mod:`einrnn.numeric.opaque`.

    ``at`` are the positions of the entry and ``by`` the numbers of the argument entries it
    is differentiated by: integers over ``rank`` axes that broadcast. Each argument has
    these axes, then axes of its own.
    """

    out: int
    name: str
    seed: int
    rank: int
    args: tuple[int, ...]
    at: tuple[int, ...]
    by: tuple[int, ...]


@dataclass(frozen=True)
class Allocate:
    """An array of zeros for the definition ``name``, that later steps fill."""

    out: int
    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Store:
    """Write ``source`` into a part of the array in ``out``."""

    out: int
    items: tuple[Item, ...]
    source: int


@dataclass(frozen=True)
class Loop:
    """Run ``body`` for each position of a counter from ``first`` to ``last``."""

    counter: int
    first: int
    last: int
    body: tuple[Step, ...]


@dataclass(frozen=True)
class Choose:
    """``then`` if all entries of ``checked`` are finite, else ``otherwise``.

    Both leave their result in a register of their own, which becomes ``out``.
    """

    out: int
    checked: tuple[int, ...]
    then: tuple[Step, ...]
    then_out: int
    otherwise: tuple[Step, ...]
    otherwise_out: int


@dataclass(frozen=True)
class Entrywise:
    """Entries in boxes of several definitions, on demand, by the interpreter.

    ``boxes`` are positions, each with the number of its definition; ``starts`` has the
    first positions of each definition.
    """

    tensors: tuple[str, ...]
    outs: tuple[int, ...]
    starts: tuple[tuple[int, ...], ...]
    boxes: tuple[tuple[int, tuple[tuple[int, int], ...]], ...]


Step = (
    Given
    | Constant
    | Iota
    | Cast
    | View
    | Diagonal
    | Align
    | Layout
    | Spread
    | Gather
    | Scatter
    | Assemble
    | Map
    | Fold
    | Contract
    | Linear
    | Random
    | Allocate
    | Store
    | Loop
    | Choose
    | Entrywise
)


def reads(step: Step) -> tuple[int, ...]:
    """The registers a step reads, loop counters among them."""
    match step:
        case Given() | Constant() | Iota() | Allocate() | Entrywise():
            return ()
        case View(_, source, items):
            return (source, *counters(items))
        case Store(out, items, source):
            return (out, source, *counters(items))
        case Gather(_, source, indices):
            return (source, *indices)
        case Scatter(_, source, index, _):
            return (source, index)
        case Map(args=args) | Assemble(args=args):
            return args
        case Contract(_, left, right):
            return (left, right)
        case Random(_, _, _, _, args, at, by):
            return (*args, *at, *by)
        case Loop(counter, _, _, body):
            inner = {register for below in body for register in reads(below)}
            return tuple(sorted(inner - {counter}))
        case Choose(_, checked, then, _, otherwise, _):
            inner = {register for below in (*then, *otherwise) for register in reads(below)}
            return tuple(sorted({*checked, *inner}))
        case _:
            return (step.source,)


def counters(items: tuple[Item, ...]) -> tuple[int, ...]:
    """The loop counters that positions depend on."""
    starts = (item if isinstance(item, At) else item.start for item in items)
    return tuple(counter for start in starts for counter, _ in start.counters)
