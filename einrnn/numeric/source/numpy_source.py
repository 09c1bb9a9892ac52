"""A plan as a numpy module: straight-line code for one set of sizes and one dtype.

The module needs numpy alone. Names of inputs and tensors become safe identifiers with the
register's number; the names themselves occur as string literals only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import prod

from einrnn.core.functions import FUNCTIONS
from einrnn.numeric.plan import Plan
from einrnn.numeric.source.accumulated import Accumulated, accumulated
from einrnn.numeric.source.buffers import Buffers, whole_argument
from einrnn.numeric.source.helpers import HELPERS
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
    Scatter,
    Spread,
    Step,
    Store,
    View,
)
from einrnn.pathfinder.mirror import BLOCKED

_RUNNING = {
    "+": "add",
    "*": "multiply",
    "max": "maximum",
    "min": "minimum",
    "logaddexp": "logaddexp",
}
_UFUNCS = {
    "+": "add",
    "-": "subtract",
    "*": "multiply",
    "neg": "negative",
    "square": "square",
    "reciprocal": "reciprocal",
    "power": "power",
    "where": "where",
    "and": "logical_and",
    "or": "logical_or",
    "not": "logical_not",
    "==": "equal",
    "!=": "not_equal",
    "<": "less",
    "<=": "less_equal",
    ">": "greater",
    ">=": "greater_equal",
    "abs": "abs",
}


def writable(plan: Plan) -> bool:
    """Whether every step can be written down: matrix functions and opaque ones cannot."""
    return not any(map(_has_no_source, all_steps(plan)))


def _has_no_source(step: Step) -> bool:
    match step:
        case Linear() | Random() | Entrywise() | Map(_, "whole"):
            return True
        case _:
            return False


def all_steps(plan: Plan) -> Iterator[Step]:
    """Every step of a plan, those in loops and branches included."""
    rest = [*plan.constants, *plan.main]
    while rest:
        step = rest.pop()
        yield step
        match step:
            case Loop(_, _, _, body):
                rest.extend(body)
            case Choose(_, _, then, _, otherwise, _):
                rest.extend((*then, *otherwise))
            case _:
                pass


class Writer:
    """Steps as lines of numpy; other backends change what differs."""

    def __init__(self, plan: Plan, planned: Buffers) -> None:
        self.plan = plan
        self.planned = planned
        self.helpers: set[str] = set()
        # results of their own that no step of the plan is known to make
        self.fresh: set[int] = set()

    def name(self, register: int) -> str:
        """An identifier of its own for each register."""
        text = re.sub(r"[^A-Za-z0-9]+", "_", self.plan.registers[register].name).strip("_")
        return f"{text}_{register}" if text[:1].isalpha() else f"v{register}"

    def function(self, name: str) -> str:
        """How a function of numpy is called."""
        return f"np.{name}"

    def tensor(self, register: int) -> str:
        """A number as an array without axes."""
        return f"np.asarray({self.name(register)})"

    def results(self) -> str:
        """The dictionary's items; results that share memory are copied."""
        rows: list[str] = []
        fresh = {getattr(step, "out", -1) for step in self.plan.main if _makes(step)}
        fresh |= self.fresh
        products = {
            step.out for step in self.plan.main if isinstance(step, Contract) and not step.shape[0]
        }
        seen: set[int] = set()
        for name, out in self.plan.outputs.items():
            value = self.name(out)
            if self.plan.registers[out].kind != "number":
                value = f"np.asarray({value}).astype(DTYPE)"
            elif out not in fresh or out in seen or out in self.planned.of:
                value = f'np.array({value}, order="C")'
            elif not self.plan.registers[out].shape:
                value = f"np.asarray({value}, DTYPE)"
            elif len(self.plan.registers[out].shape) > 1 and out not in products:
                # entrywise functions of transposed arrays give transposed ones
                value = f"np.ascontiguousarray({value})"
            seen.add(out)
            rows.append(f"{name!r}: {value}")
        return ", ".join(rows)

    def block(self, steps: Sequence[Step], depth: int) -> list[str]:
        """The lines of a block."""
        pad = "    " * depth
        rows: list[str] = []
        for step in steps:
            match step:
                case Loop():
                    all_at_once = accumulated(step, self.plan.registers)
                    rows += (
                        self.loop(step, depth)
                        if all_at_once is None
                        else [pad + row for row in self.accumulation(step, all_at_once)]
                    )
                case Choose():
                    rows += self.choice(step, depth)
                case Store():
                    rows += self.store(step, depth)
                case Assemble():
                    rows += [pad + row for row in self.assemble(step)]
                case _:
                    rows += [pad + row for row in self.line(step)]
        return rows

    def turned(self, text: str, order: Sequence[int]) -> str:
        """The axes in another order."""
        return f"{text}.transpose({tuple(order)})"

    def store(self, step: Store, depth: int) -> list[str]:
        """The assignment, unless the source was computed where it belongs."""
        if step.source in self.planned.target:
            return []
        return [f"{'    ' * depth}{self.place(step)} = {self.name(step.source)}"]

    def place(self, store: Store) -> str:
        """The part of an array that is written to."""
        return f"{self.name(store.out)}[{self.items(store.out, store.items)}]"

    def assemble(self, step: Assemble) -> list[str]:
        """Zeros, or the argument that is whole, and the others written along diagonals."""
        out = self.name(step.out)
        whole = whole_argument(step, self.plan.registers)
        rows = [f"{out} = {self.base(step, whole)}"]
        for number, (arg, places) in enumerate(zip(step.args, step.places, strict=True)):
            if number == whole:
                continue
            assign = "=" if whole is None and number == 0 else "+="
            rows += self.part(out, arg, places, assign)
        return rows

    def base(self, step: Assemble, whole: int | None) -> str:
        """What the diagonals are written into."""
        if whole is None:
            return f"np.zeros({step.shape}, DTYPE)"
        name = self.name(step.args[whole])
        return name if step.out in self.planned.inplace else f"np.array({name})"

    def part(
        self, out: str, arg: int, places: tuple[tuple[int, int], ...], assign: str
    ) -> list[str]:
        """One argument set or added along a diagonal."""
        self.helpers.add("diagonal")
        axes, offsets = tuple(a for a, _ in places), tuple(offset for _, offset in places)
        shape = self.plan.registers[arg].shape
        return [f"diagonal({out}, {axes}, {offsets}, {shape})[...] {assign} {self.name(arg)}"]

    def loop(self, step: Loop, depth: int) -> list[str]:
        """A for loop."""
        pad, way = "    " * depth, 1 if step.first <= step.last else -1
        ends = f"{step.first}, {step.last + way}" + ("" if way == 1 else ", -1")
        return [
            f"{pad}for {self.name(step.counter)} in range({ends}):",
            *(self.block(step.body, depth + 1) or [f"{pad}    pass"]),
        ]

    def accumulation(self, step: Loop, found: Accumulated) -> list[str]:
        """A loop that does no more than add up rows, or multiply them."""
        name, (first, last) = self.name(found.array), found.whole
        rows = f"{name}[{first}:{last}]{'[::-1]' if found.down else ''}"
        return [
            f"{name}[{found.first}:{found.last}] = {self._read(found)}",
            f"{self.function(_RUNNING[found.op])}.accumulate({rows}, 0, None, {rows})",
        ]

    def _read(self, found: Accumulated) -> str:
        return "{}[{}:{}]".format(self.name(found.source), *found.read)

    def choice(self, step: Choose, depth: int) -> list[str]:
        """An if statement."""
        pad = "    " * depth
        finite = self.function("isfinite")
        tests = " and ".join(f"{finite}({self.name(c)}).all()" for c in step.checked)
        out = self.name(step.out)
        return [
            f"{pad}if {tests or 'True'}:",
            *self.block(step.then, depth + 1),
            f"{pad}    {out} = {self.name(step.then_out)}",
            f"{pad}else:",
            *self.block(step.otherwise, depth + 1),
            f"{pad}    {out} = {self.name(step.otherwise_out)}",
        ]

    def line(self, step: Step) -> list[str]:
        """The assignment of a step that is no block and stores nothing."""
        out: int = getattr(step, "out")  # noqa: B009
        if isinstance(step, (Map, Fold, Contract)):
            return [self._computed(step, out)]
        return [f"{self.name(out)} = {self.value(step)}"]

    def _computed(self, step: Map | Fold | Contract, out: int) -> str:
        store = self.planned.target.get(out)
        if store is not None:
            where = self.place(store)
        elif out in self.planned.of:
            where = f"b{self.planned.of[out]}"
        else:
            where = self.renewed(out)
        match step:
            case Map():
                call = self.map_(step, where)
            case Fold():
                call = self.fold(step, where)
            case Contract():
                call = self.contract(step, where)
        return call if store is not None else f"{self.name(out)} = {call}"

    def entrywise(self, function: str) -> str:
        """How a function of entries is called."""
        name = _UFUNCS.get(function)
        if name is None and function in HELPERS:
            self.helpers.add(function)
            return function
        return self.function(name or FUNCTIONS[function].numpy)

    def renewed(self, out: int) -> str:
        """Where a result that is given away is computed into; nothing for memory of its own."""
        return ""

    def map_(self, step: Map, where: str) -> str:
        """The call of a function of entries."""
        function = self.entrywise(step.function)
        args = ", ".join(self.name(arg) for arg in step.args)
        if not where:
            return f"{function}({args})"
        # numpy wants the word for these two
        word = "out=" if step.function in ("max", "min") else ""
        return f"{function}({args}, {word}{where})"

    def fold(self, step: Fold, where: str) -> str:
        """The call of a reduction."""
        out = f", out={where}" if where else ""
        if step.op == "logsumexp":
            self.helpers.add("logsumexp")
            return f"logsumexp({self.name(step.source)}, {step.axes})"
        return f"np.{step.op}({self.name(step.source)}, axis={step.axes}{out})"

    def contract(self, step: Contract, where: str) -> str:
        """The call of a product, with the axes that its result has."""
        batch, left, _, right = step.shape
        call, found = self.product(step, where)
        shape = (*batch, *left, *right)
        return call if found == shape else f"{call}.reshape({shape})"

    def product(self, step: Contract, where: str) -> tuple[str, tuple[int, ...]]:
        """The call of a product of matrices, or of stacks of them, and the shape it gives."""
        batch, left, summed, right = step.shape
        flat_left = (*batch, prod(left), prod(summed)) if left or batch else (prod(summed),)
        flat_right = (*batch, prod(summed), prod(right)) if right or batch else (prod(summed),)
        if batch and not left and not right:
            flat = (*batch, prod(summed))
            a, b = (
                self.laid(step.left, step.left_order, flat),
                self.laid(step.right, step.right_order, flat),
            )
            return f'{self.function("einsum")}("...k,...k->...", {a}, {b})', batch
        if left and not right and not batch:
            # the vector first: then the rows of the matrix are read as they lie
            order = (*step.left_order[len(left) :], *step.left_order[: len(left)])
            a = self.laid(step.right, step.right_order, flat_right)
            b = self.laid(step.left, order, (prod(summed), prod(left)))
        else:
            a = self.laid(step.left, step.left_order, flat_left)
            b = self.laid(step.right, step.right_order, flat_right)
        product = self.function("matmul" if batch else "dot")
        if self.halved(step):
            self.helpers.add("symmetric_product")
            product = "symmetric_product"
        result = (*flat_left[:-1], *flat_right[len(batch) + 1 :])
        out = ""
        if where:
            shape = (*batch, *left, *right)
            out = f", {where if result == shape else self.flat(where, result)}"
        return f"{product}({a}, {b}{out})", result

    def flat(self, where: str, shape: tuple[int, ...]) -> str:
        """Memory that is written to, as an array of fewer axes."""
        return f"{where}.reshape({shape})"

    def _reordered(self, text: str, order: tuple[int, ...]) -> str:
        return f"{text}.T" if order == (1, 0) else self.turned(text, order)

    def halved(self, step: Contract) -> bool:
        """Whether to compute half of a product; BLAS does it by itself for one array."""
        batch, rows = step.shape[0], prod(step.shape[1])
        return step.symmetric and step.left != step.right and not batch and rows >= BLOCKED

    def laid(self, register: int, order: tuple[int, ...], shape: tuple[int, ...]) -> str:
        """An array with its axes in an order, as one of fewer axes."""
        text, found = self.name(register), self.plan.registers[register].shape
        turn = order.index(0)
        if turn > 0 and order == (*range(len(order) - turn, len(order)), *range(len(order) - turn)):
            # groups of axes that change places are one matrix and its transpose
            flat = (prod(found[: len(order) - turn]), prod(found[len(order) - turn :]))
            if flat == shape[::-1]:
                return f"{text}.T" if found == flat else f"{text}.reshape({flat}).T"
        if order != tuple(range(len(order))):
            text = self._reordered(text, order)
            found = tuple(found[at] for at in order)
        return text if found == shape else f"{text}.reshape({shape})"

    def value(self, step: Step) -> str:
        """The right side of a step that is neither computed entry by entry nor a product."""
        match step:
            case Given(_, name):
                return f"given[{name!r}]"
            case Constant():
                return _constant(step)
            case Iota(_, start, size):
                return f"np.arange({start}, {start + size})"
            case Cast(_, source):
                return f"np.asarray({self.name(source)}).astype(DTYPE)"
            case View(_, source, items):
                return f"{self.name(source)}[{self.items(source, items)}]"
            case Diagonal(_, source, first, second):
                return f"np.diagonal({self.name(source)}, 0, {first}, {second})"
            case Align(_, source, order):
                return self._align(source, order)
            case Layout(_, source, order):
                return f"np.ascontiguousarray({self._reordered(self.name(source), order)})"
            case Spread(_, source, shape):
                return f"np.broadcast_to({self.name(source)}, {shape})"
            case Gather():
                return self._gather(step)
            case Scatter(_, source, index, size):
                self.helpers.add("scatter")
                return f"scatter({self.name(source)}, {self.name(index)}, {size})"
            case Allocate(out, _, shape):
                known = self.planned.of.get(out)
                return f"np.empty({shape}, DTYPE)" if known is None else f"b{known}"
            case _:
                raise AssertionError(step)

    def _align(self, source: int, order: tuple[int, ...]) -> str:
        text = self.name(source)
        kept = tuple(at for at in order if at >= 0)
        if not self.plan.registers[source].shape:
            text = self.tensor(source)
        if kept != tuple(range(len(kept))):
            text = self.turned(text, kept)
        if -1 not in order:
            return text
        return f"{text}[{', '.join('None' if at < 0 else ':' for at in order)}]"

    def _gather(self, step: Gather) -> str:
        name = "clamped" if step.clamped else "looked_up"
        self.helpers.add(name)
        at = "".join(f"{self.name(index)}, " for index in step.indices)
        return f"{name}({self.name(step.source)}, ({at}), {step.tensor!r})"

    def items(self, register: int, items: Sequence[Item]) -> str:
        """A subscript."""
        shape = self.plan.registers[register].shape
        texts = [self.item(item, size) for item, size in zip(items, shape, strict=True)]
        while len(texts) > 1 and texts[-1] == ":":
            texts.pop()
        return ", ".join(texts) or "()"

    def item(self, item: Item, size: int) -> str:
        """A position or a slice of an axis of this size."""
        if isinstance(item, At):
            return self.at(item)
        if item.start == At(0) and item.size == size and item.step == 1:
            return ":"
        if not item.start.counters:
            start = item.start.constant
            stop = start + item.size * item.step
            step = "" if item.step == 1 else f":{item.step}"
            return f"{start}:{stop if stop >= 0 else ''}{step}"
        start = self.at(item.start)
        if item.step > 0:
            step = "" if item.step == 1 else f":{item.step}"
            return f"{start}:{start} + {item.size * item.step}{step}"
        end = f"{start} - {-item.size * item.step}"
        return f"slice({start}, {end} if {end} >= 0 else None, {item.step})"

    def at(self, at: At) -> str:
        """A position."""
        terms = [
            self.name(counter) if times == 1 else f"{times} * {self.name(counter)}"
            for counter, times in at.counters
        ]
        terms += [str(at.constant)] if at.constant or not terms else []
        text = " + ".join(terms).replace("+ -", "- ")
        return text if at.size is None else f"min(max({text}, 0), {at.size - 1})"


def _makes(step: Step) -> bool:
    """Whether the result is an array (or a number) of its own."""
    return isinstance(step, (Map, Fold, Contract, Allocate, Gather, Scatter, Assemble))


def _constant(step: Constant) -> str:
    value = step.value
    if isinstance(value, str):
        named = {"true": "np.bool_(True)", "false": "np.bool_(False)"}
        return named.get(value) or f"DTYPE.type(np.{FUNCTIONS[value].numpy})"
    if step.whole:
        return str(int(value))
    try:
        return f"DTYPE.type({float(value)!r})"
    except OverflowError:
        return f"DTYPE.type({'-' if value < 0 else ''}np.inf)"
