"""A plan as a torch module: loops in Python, arrays filled in place, on the inputs' device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from einrnn.core.functions import FUNCTIONS
from einrnn.errors import EvaluationError
from einrnn.numeric.plan import Plan
from einrnn.numeric.source.accumulated import Accumulated
from einrnn.numeric.source.buffers import Buffers, buffers, flat
from einrnn.numeric.source.helpers import TORCH_HELPERS
from einrnn.numeric.source.numpy_source import Writer
from einrnn.numeric.source.scans import at_counter
from einrnn.numeric.steps import (
    Allocate,
    Assemble,
    At,
    Cast,
    Choose,
    Constant,
    Contract,
    Diagonal,
    Fold,
    Iota,
    Item,
    Layout,
    Loop,
    Map,
    Span,
    Spread,
    Step,
    Store,
    View,
)

# torch's names where they are not numpy's
_NAMES = {
    "add": "add",
    "subtract": "sub",
    "multiply": "mul",
    "negative": "neg",
    "power": "pow",
    "equal": "eq",
    "not_equal": "ne",
    "less": "lt",
    "less_equal": "le",
    "greater": "gt",
    "greater_equal": "ge",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "dot": "matmul",
}
# what numpy has not
# they go up along an axis
_RUNNING = {
    "+": "cumsum",
    "*": "cumprod",
    "max": "cummax",
    "min": "cummin",
    "logaddexp": "logcumsumexp",
}
_OWN = ("sigmoid", "relu", "sign", "erf")
_FOLDS = {"sum": "sum", "max": "amax", "min": "amin"}


def torch_source(plan: Plan, dtype: str) -> str:
    """The module's text; its ``program`` takes and gives dictionaries of tensors."""
    writer = _TorchWriter(plan)
    body = [*writer.block(plan.constants, 2), *writer.block(plan.main, 2)]
    helpers = sorted({*writer.helpers, "tensor"})
    rows = [
        '"""Generated torch code."""',
        "",
        "import numpy as np",
        "import torch",
        "",
        f"DTYPE = torch.{dtype}",
        *(line for name in helpers for line in ("", "", *TORCH_HELPERS[name])),
        "",
        "",
        "def program(given):",
        '    """Outputs by name from inputs by name."""',
        "    given = {name: tensor(array) for name, array in given.items()}",
        "    devices = [array.device for array in given.values()] or [torch.device('cpu')]",
        "    device = devices[0]",
        "    with torch.no_grad():",
        *writer.allocated(),
        *body,
        f"        return {{{writer.results()}}}",
        "",
    ]
    return "\n".join(rows)


class _TorchWriter(Writer):
    """As for numpy, under torch's names and with its ways."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan, _planned(plan))
        self.plain = _plain((*plan.constants, *plan.main))
        self.rows: set[int] = set()

    def function(self, name: str) -> str:
        """A function under torch's name."""
        return f"torch.{_NAMES.get(name, name)}"

    def tensor(self, register: int) -> str:
        """A register that must be a tensor: counters and whole numbers are made one."""
        name = self.name(register)
        return f"torch.as_tensor({name}, device=device)" if register in self.plain else name

    def halved(self, step: Contract) -> bool:
        """Never: blocks would be calls of their own."""
        return False

    def results(self) -> str:
        """The dictionary's items; results that may share memory are copied."""
        made = {s.out for s in self.plan.main if isinstance(s, (Map, Fold, Contract))}
        own = made - self.planned.target.keys() - self.planned.of.keys()
        outputs = list(self.plan.outputs.items())
        alone = [out for _, out in outputs]
        rows: list[str] = []
        for name, out in outputs:
            copied = "" if out in own and alone.count(out) == 1 else ".clone()"
            rows.append(f"{name!r}: {self.tensor(out)}.to(DTYPE){copied}.contiguous()")
        return ", ".join(rows)

    def allocated(self) -> list[str]:
        """The buffers that are used."""
        used = sorted(set(self.planned.of.values()))
        shapes = self.planned.shapes
        return [
            f"        b{n} = torch.empty({shapes[n]}, dtype=DTYPE, device=device)" for n in used
        ]

    # ------------------------------------------------------------------ loops and rows
    def loop(self, step: Loop, depth: int) -> list[str]:
        """A for loop; rows that it takes turn by turn are cut beforehand, all at once."""
        before, registers = self.rows, self.plan.registers
        turns = abs(step.last - step.first) + 1
        arrays = [
            array
            for array, items in map(_row, step.body)
            if at_counter(items, step.counter, registers[array])
            and 2 * turns >= registers[array].shape[0]
        ]
        pad = "    " * depth
        cut = [
            f"{pad}rows_{self.name(array)} = {self.name(array)}.unbind(0)"
            for array in dict.fromkeys(arrays)
        ]
        self.rows = before | set(arrays)
        lines = super().loop(step, depth)
        self.rows = before
        return [*cut, *lines]

    def accumulation(self, step: Loop, found: Accumulated) -> list[str]:
        """The same by torch's own functions, which go up."""
        name, (first, last) = self.name(found.array), found.whole
        turned = ".flip(0)" if found.down else ""
        rows = f"{name}[{first}:{last}]"
        values = ".values" if found.op in ("max", "min") else ""  # not where they are
        return [
            f"{name}[{found.first}:{found.last}] = {self._read(found)}",
            f"{rows} = torch.{_RUNNING[found.op]}({rows}{turned}, 0){values}{turned}",
        ]

    def is_row(self, register: int, items: Sequence[Item]) -> bool:
        """Whether a subscript is a position on the first axis of an array that has been cut."""
        if register not in self.rows or not isinstance(items[0], At):
            return False
        rest = zip(items[1:], self.plan.registers[register].shape[1:], strict=True)
        return all(item == Span(At(0), size) for item, size in rest)

    def place(self, store: Store) -> str:
        """The part of an array that is written to."""
        if self.is_row(store.out, store.items):
            return f"rows_{self.name(store.out)}[{self.item(store.items[0], 0)}]"
        return super().place(store)

    def store(self, step: Store, depth: int) -> list[str]:
        """The copy, unless the source was computed where it belongs."""
        if step.source in self.planned.target or not self.is_row(step.out, step.items):
            return super().store(step, depth)
        return [f"{'    ' * depth}{self.place(step)}.copy_({self.tensor(step.source)})"]

    # ------------------------------------------------------------------ steps
    def turned(self, text: str, order: Sequence[int]) -> str:
        """The axes in another order."""
        return f"{text}.permute({tuple(order)})"

    def base(self, step: Assemble, whole: int | None) -> str:
        """What the diagonals are written into."""
        if whole is None:
            return f"torch.zeros({step.shape}, dtype=DTYPE, device=device)"
        return f"{self.name(step.args[whole])}.clone()"

    def value(self, step: Step) -> str:
        """The right side where torch differs."""
        match step:
            case Constant():
                return _constant(step)
            case Iota(_, start, size):
                return f"torch.arange({start}, {start + size}, device=device)"
            case Cast(_, source):
                return f"{self.tensor(source)}.to(DTYPE)"
            case Layout(_, source, order):
                return f"{self.turned(self.name(source), order)}.contiguous()"
            case Spread(_, source, shape):
                return f"torch.broadcast_to({self.tensor(source)}, {shape})"
            case Diagonal(_, source, first, second):
                return f"torch.diagonal({self.name(source)}, 0, {first}, {second})"
            case Allocate(out, _, shape) if out not in self.planned.of:
                return f"torch.empty({shape}, dtype=DTYPE, device=device)"
            case View(_, source, items) if any(map(_is_turned, items)):
                kept = [item for item in items if isinstance(item, Span)]
                axes = tuple(axis for axis, item in enumerate(kept) if _is_turned(item))
                ahead = self.items(source, [_ahead(item) for item in items])
                return f"torch.flip({self.name(source)}[{ahead}], {axes})"
            case View(_, source, items) if self.is_row(source, items):
                return f"rows_{self.name(source)}[{self.item(items[0], 0)}]"
            case _:
                return super().value(step)

    def item(self, item: Item, size: int) -> str:
        """A position or a slice; torch has no slices that run backwards, to be written to."""
        if _is_backward(item):
            raise EvaluationError(
                "E618",
                "this program writes to an axis backwards, which torch has no view for",
                'use backend="numpy" or backend="jax"',
            )
        return super().item(item, size)

    def entrywise(self, function: str) -> str:
        """How a function of entries is called."""
        return f"torch.{function}" if function in _OWN else super().entrywise(function)

    def map_(self, step: Map, where: str) -> str:
        """A function of entries."""
        name = self.entrywise(step.function)
        out = f", out={where}" if where else ""
        return f"{name}({', '.join(map(self.tensor, step.args))}{out})"

    def fold(self, step: Fold, where: str) -> str:
        """A reduction."""
        source = self.name(step.source)
        if step.op == "prod":
            self.helpers.add("prod")
            return f"prod({source}, {step.axes})"
        function = "logsumexp" if step.op == "logsumexp" else _FOLDS[step.op]
        out = f", out={where}" if where else ""
        return f"torch.{function}({source}, {step.axes}{out})"

    def product(self, step: Contract, where: str) -> tuple[str, tuple[int, ...]]:
        """A product of matrices; torch wants the word for what is written to."""
        call, shape = super().product(step, "")
        if not where:
            return call, shape
        batch, left, _, right = step.shape
        target = where if shape == (*batch, *left, *right) else self.flat(where, shape)
        return f"{call[:-1]}, out={target})", shape


def _planned(plan: Plan) -> Buffers:
    """Where results are computed into. torch makes a matrix of a vector that it multiplies, and
    complains of a place that has one axis only."""
    vectors = {
        step.out
        for step in flat((*plan.constants, *plan.main))
        if isinstance(step, Contract) and not step.shape[0] and not all(step.shape[1::2])
    }
    found = buffers(plan)
    for out in vectors:
        found.of.pop(out, None)
        found.target.pop(out, None)
    return found


def _plain(steps: Sequence[Step]) -> set[int]:
    """The registers that hold Python's numbers."""
    found: set[int] = set()
    for step in steps:
        match step:
            case Constant(out, _, True):
                found.add(out)
            case Loop(counter, _, _, body):
                found |= {counter, *_plain(body)}
            case Choose(_, _, then, _, otherwise, _):
                found |= _plain((*then, *otherwise))
            case _:
                pass
    return found


def _row(step: Step) -> tuple[int, Sequence[Item]]:
    """The array that a step reads or writes a part of, and that part."""
    match step:
        case View(_, source, items):
            return source, items
        case Store(out, items):
            return out, items
        case _:
            return -1, ()


def _constant(step: Constant) -> str:
    value = step.value
    if isinstance(value, str):
        named = {"true": "torch.tensor(True, device=device)"}
        named["false"] = "torch.tensor(False, device=device)"
        number = f"torch.{FUNCTIONS[value].numpy}" if value not in named else ""
        return named.get(value) or f"torch.tensor({number}, dtype=DTYPE, device=device)"
    if step.whole:
        return str(int(value))
    try:
        text = repr(float(value))
    except OverflowError:
        text = f"{'-' if value < 0 else ''}torch.inf"
    return f"torch.tensor({text}, dtype=DTYPE, device=device)"


def _is_backward(item: Item) -> bool:
    return isinstance(item, Span) and item.step < 0


def _is_turned(item: Item) -> bool:
    """Whether an axis is read backwards from a position that is where it says."""
    return isinstance(item, Span) and item.step < 0 and item.start.size is None


def _ahead(item: Item) -> Item:
    """The same positions, the first one first."""
    if not isinstance(item, Span) or not _is_turned(item):
        return item
    last = (item.size - 1) * item.step
    start = replace(item.start, constant=item.start.constant + last)
    return Span(start, item.size, -item.step)
