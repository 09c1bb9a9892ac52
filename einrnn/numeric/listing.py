"""A plan as text: one line per step, with letters for axes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from einrnn.dataclass import dataclass
from einrnn.numeric.plan import Plan
from einrnn.numeric.steps import (
    Align,
    Allocate,
    Assemble,
    At,
    Cast,
    Choose,
    Constant,
    Contract,
    Diagonal,
    Entrywise,
    Fold,
    Gather,
    Given,
    Iota,
    Item,
    Layout,
    Linear,
    Loop,
    Map,
    Random,
    Register,
    Scatter,
    Spread,
    Step,
    Store,
    View,
)

_INFIX = {"+", "-", "*", "==", "!=", "<", "<=", ">", ">=", "and", "or"}


def listing(plan: Plan, sizes: Mapping[str, int]) -> str:
    """The steps, loops indented, with the sizes they were planned for and the outputs."""
    writer = _Writer(plan.registers)
    head = ", ".join(f"{name}={size}" for name, size in sizes.items())
    rows = [f"# sizes {head}"] if head else []
    if plan.constants:
        rows += ["# once", *writer.block(plan.constants, 0), "# every call"]
    rows += writer.block(plan.main, 0)
    rows += [f"output {name} = {writer.value(out)}" for name, out in plan.outputs.items()]
    return "\n".join(rows)


@dataclass(frozen=True)
class Line:
    """A step as text, indented by its loops, and how often it runs."""

    text: str
    step: Step
    times: int


def lines(plan: Plan) -> list[Line]:
    """Every step of a call, loops before their bodies; of branches the one that runs where
    everything is finite."""
    return list(_lines(_Writer(plan.registers), plan.main, 0, 1))


def _lines(writer: _Writer, steps: Sequence[Step], depth: int, times: int) -> Iterator[Line]:
    pad = "  " * depth
    for step in steps:
        match step:
            case Loop(counter, first, last, body):
                head = f"{pad}for {writer.name(counter)} = {first} .. {last}:"
                yield Line(head, step, times)
                turns = abs(last - first) + 1
                yield from _lines(writer, body, depth + 1, times * turns)
            case Choose(_, _, then):
                yield from _lines(writer, then, depth, times)
            case _:
                yield Line(pad + writer.line(step), step, times)


class _Writer:
    def __init__(self, registers: Sequence[Register]) -> None:
        self._registers = registers
        self._numbers: dict[int, str] = {}

    def name(self, register: int) -> str:
        """The definition's or the input's name, else a number in order of appearance."""
        known = self._registers[register].name
        if known:
            return known
        return self._numbers.setdefault(register, f"%{len(self._numbers)}")

    def value(self, register: int) -> str:
        """The name with the letters of its axes."""
        letters = self._registers[register].letters
        shape = self._registers[register].shape
        if len(letters) != len(shape):
            letters = tuple("·" for _ in shape)
        return f"{self.name(register)}[{','.join(letters)}]" if letters else self.name(register)

    def block(self, steps: Sequence[Step], depth: int) -> list[str]:
        rows: list[str] = []
        for step in steps:
            match step:
                case Loop(counter, first, last, body):
                    rows.append("  " * depth + f"for {self.name(counter)} = {first} .. {last}:")
                    rows += self.block(body, depth + 1)
                case Choose():
                    rows += self._choice(step, depth)
                case _:
                    rows.append("  " * depth + self.line(step))
        return rows

    def _choice(self, step: Choose, depth: int) -> list[str]:
        checked = ", ".join(self.value(register) for register in step.checked)
        pad = "  " * depth
        return [
            f"{pad}if all finite: {checked}",
            *self.block(step.then, depth + 1),
            f"{pad}  {self.value(step.out)} = {self.value(step.then_out)}",
            f"{pad}else:",
            *self.block(step.otherwise, depth + 1),
            f"{pad}  {self.value(step.out)} = {self.value(step.otherwise_out)}",
        ]

    def line(self, step: Step) -> str:
        """One step that holds no others."""
        match step:
            case Store(out, items, source):
                return f"{self.name(out)}{self._items(items)} = {self.value(source)}   store"
            case Entrywise(tensors):
                return f"{', '.join(tensors)}   entry by entry"
            case Loop() | Choose():
                return ""
            case _:
                return f"{self.value(step.out)} = {self._right(step)}"

    def _right(self, step: Step) -> str:
        match step:
            case Given(_, name):
                return f"{name}   input"
            case Constant(_, value):
                return str(value)
            case Iota(_, start, size):
                return f"{start} .. {start + size - 1}"
            case Cast(_, source):
                return f"{self.value(source)}   as number"
            case View(_, source, items):
                return f"{self.name(source)}{self._items(items)}   view"
            case Align(_, source) | Spread(_, source):
                return f"{self.value(source)}   view"
            case Layout(_, source):
                return f"{self.value(source)}   copy"
            case Diagonal(_, source):
                return f"{self.value(source)}   diagonal"
            case Gather(_, source, indices):
                at = ", ".join(self.value(index) for index in indices)
                return f"{self.name(source)} at ({at})   gather"
            case Scatter(_, source, index):
                return f"{self.value(source)} added up by {self.value(index)}   scatter"
            case Assemble(_, _, args):
                return f"{', '.join(self.value(arg) for arg in args)}   along diagonals"
            case Map(_, function, args):
                return self._map(function, [self.value(arg) for arg in args])
            case Fold(_, op, source):
                return f"{op} {self.value(source)}   reduce"
            case Contract(_, left, right):
                half = ", one triangle" if step.symmetric else ""
                return f"{self.value(left)} {self.value(right)}   matmul{half}"
            case Linear(_, op, source, power):
                exponent = f" to the {power}" if op == "matpow" else ""
                return f"{op} {self.value(source)}{exponent}"
            case Random(_, name, _, _, args):
                return f"{name}({', '.join(self.value(arg) for arg in args)})   random function"
            case Allocate():
                return "zeros"
            case _:
                return ""

    def _map(self, function: str, args: Sequence[str]) -> str:
        if function in _INFIX:
            return f" {function} ".join(args)
        return f"{function}({', '.join(args)})"

    def _items(self, items: Sequence[Item]) -> str:
        if not items:
            return ""
        return f"[{', '.join(self._item(item) for item in items)}]"

    def _item(self, item: Item) -> str:
        start = item if isinstance(item, At) else item.start
        text = "+".join(
            (f"{times}*" if times != 1 else "") + self.name(counter)
            for counter, times in start.counters
        )
        if start.constant or not text:
            text += f"{start.constant:+d}" if text else str(start.constant)
        if isinstance(item, At):
            return text
        step = f" by {item.step}" if item.step != 1 else ""
        return f"{text}:{item.size}{step}"
