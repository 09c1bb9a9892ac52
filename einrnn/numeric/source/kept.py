"""Names that a numpy program binds once, before its first call: buffers and views of them."""

from __future__ import annotations

from collections.abc import Callable

from einrnn.numeric.plan import Plan
from einrnn.numeric.source.buffers import Buffers
from einrnn.numeric.steps import Align, Allocate, Diagonal, Span, Spread, Step, View, counters


class Kept:
    """``lines`` bind ``names``; each register in a buffer, or a view of one, is fixed memory."""

    def __init__(self, plan: Plan, planned: Buffers, name: Callable[[int], str]) -> None:
        self.lines: list[str] = []
        self.names: list[str] = []
        self._plan = plan
        self._planned = planned
        self._name = name
        # views, and whether their entries lie one after the other
        self._views: dict[int, bool] = {}

    def fixed(self, register: int) -> bool:
        """Whether an array is at the same place in each call."""
        return register in self._planned.of or register in self._views

    def moves(self, step: Step) -> bool:
        """Whether a step makes nothing but a view of fixed memory, and may be done once."""
        match step:
            case Allocate(out):
                return out in self._planned.of
            case View(out, source, items):
                return self._is_view(out, source) and not counters(items)
            case Align(out, source) | Spread(out, source) | Diagonal(out, source):
                return self._is_view(out, source)
            case _:
                return False

    def _is_view(self, out: int, source: int) -> bool:
        # a part without axes is a number, not a view
        return self.fixed(source) and bool(self._plan.registers[out].shape)

    def move(self, step: View | Align | Spread | Diagonal | Allocate, text: str) -> None:
        """Do a step once."""
        if isinstance(step, Allocate):
            self.bind(step.out)
            return
        self.bind(step.source)
        self._views[step.out] = self._whole(step.source) and self._in_order(step)
        self.keep(self._name(step.out), text)

    def bind(self, register: int) -> None:
        """Give a buffer the name of a register that is in it."""
        if register in self._planned.of:
            self.keep(self._name(register), f"b{self._planned.of[register]}")

    def keep(self, name: str, text: str) -> str:
        """The name, bound to what the text gives."""
        if name not in self.names:
            self.names.append(name)
            self.lines.append(f"{name} = {text}")
        return name

    def reshaped(self, name: str, shape: tuple[int, ...]) -> str:
        """The name of fixed memory that lies in order, as an array of another shape."""
        return self.keep(f"{name}_{'x'.join(map(str, shape))}", f"{name}.reshape({shape})")

    def matrix(self, register: int, shape: tuple[int, ...], *, turned: bool) -> str | None:
        """An array as a matrix (or its transpose) of a shape; None if that is no view."""
        found = self._plan.registers[register].shape
        if not self.fixed(register) or (shape != found and not self._whole(register)):
            return None
        self.bind(register)
        name = self._name(register)
        if shape != found:
            name = self.reshaped(name, shape)
        return self.keep(f"{name}_T", f"{name}.T") if turned else name

    def _whole(self, register: int) -> bool:
        return self._views.get(register, register in self._planned.of)

    def _in_order(self, step: Step) -> bool:
        """Whether a view of memory in order is in order: some whole rows."""
        if not isinstance(step, View):
            return False
        first, *rest = step.items
        shape = self._plan.registers[step.source].shape
        sizes = [item.size for item in rest if isinstance(item, Span)]
        rows = not isinstance(first, Span) or first.step == 1
        return rows and sizes == [*shape[1:]]
