"""A plan as a jax module: pure code that can be jitted, with loops as ``lax.scan``."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from einrnn.numeric.plan import Plan
from einrnn.numeric.source.accumulated import Accumulated
from einrnn.numeric.source.buffers import Buffers
from einrnn.numeric.source.helpers import HELPERS, JAX_HELPERS
from einrnn.numeric.source.jax_products import form
from einrnn.numeric.source.numpy_source import Writer
from einrnn.numeric.source.scans import Scan, in_pieces, scan_of
from einrnn.numeric.source.slices import joined
from einrnn.numeric.source.turned import turned
from einrnn.numeric.source.zeroed import from_zeros
from einrnn.numeric.steps import (
    Align,
    Allocate,
    Assemble,
    At,
    Choose,
    Contract,
    Item,
    Layout,
    Loop,
    Map,
    Scatter,
    Span,
    Step,
    Store,
    View,
    reads,
)

# what jax has only with its switch for 64 bits
_WIDE = ("float64", "int64", "complex128")
_RUNNING = {
    "+": "cumsum",
    "*": "cumprod",
    "max": "cummax",
    "min": "cummin",
    "logaddexp": "cumlogsumexp",
}
_OPERATORS = {"neg": "-{0}", "+": "{0} + {1}", "-": "{0} - {1}", "*": "{0} * {1}"}


def jax_source(plan: Plan, dtype: str) -> str:
    """The module's text; its ``program`` takes and gives dictionaries of arrays.

    A look-up out of range gives nan: jitted code cannot raise.
    """
    plan = from_zeros(joined(plan))
    writer = _JaxWriter(plan, Buffers(), dtype)
    body = [*writer.block(plan.constants, 1), *writer.block(plan.main, 1)]
    results = ", ".join(
        f"{name!r}: np.asarray({writer.name(out)}, DTYPE)" for name, out in plan.outputs.items()
    )
    texts = {**HELPERS, **JAX_HELPERS}
    rows = [
        '"""Generated jax code."""',
        "",
        "import jax",
        "import jax.numpy as np",
        "import numpy",
        "",
        *(['jax.config.update("jax_enable_x64", True)'] if dtype in _WIDE else []),
        f"DTYPE = numpy.dtype({dtype!r})",
        *(line for name in sorted(writer.helpers) for line in ("", "", *texts[name])),
        "",
        "",
        "@jax.jit",
        "def program(given):",
        '    """Outputs by name from inputs by name."""',
        *body,
        f"    return {{{results}}}",
        "",
    ]
    return "\n".join(rows)


class _JaxWriter(Writer):
    """As for numpy, but nothing is written in place.

    An array that is filled row by row is put together from its pieces when it has all;
    ``_pieces`` has for each its pieces by their first row.
    """

    def __init__(self, plan: Plan, planned: Buffers, dtype: str) -> None:
        super().__init__(plan, planned)
        self._dtype = dtype
        self._pieces: dict[int, dict[int, str]] = {
            array: {} for array in in_pieces(plan.main, plan.registers)
        }
        self._missing = {array: plan.registers[array].shape[0] for array in self._pieces}
        self._looping = False
        self._orders = turned(plan)
        self._turned = {out for out, _ in self._orders.values()}

    def block(self, steps: Sequence[Step], depth: int) -> list[str]:
        """The lines of a block; arrays in pieces are not allocated."""
        kept = [
            step for step in steps if not (isinstance(step, Allocate) and step.out in self._pieces)
        ]
        return super().block(kept, depth)

    def _piece(self, array: int, first: int, count: int, text: str, depth: int) -> list[str]:
        """Note a piece; with the last one, the array."""
        self._pieces[array][first] = text
        self._missing[array] -= count
        if self._missing[array]:
            return []
        texts = ", ".join(text for _, text in sorted(self._pieces[array].items()))
        return [f"{'    ' * depth}{self.name(array)} = np.concatenate(({texts},))"]

    def map_(self, step: Map, where: str) -> str:
        """A function of entries; arithmetic as it is written by hand."""
        numbers = all(self.plan.registers[arg].kind == "number" for arg in step.args)
        operator = _OPERATORS.get(step.function) if numbers else None
        if operator is None:
            return super().map_(step, where)
        return operator.format(*(self.name(arg) for arg in step.args))

    def halved(self, step: Contract) -> bool:
        """Never: blocks would be calls of their own."""
        return False

    def contract(self, step: Contract, where: str) -> str:
        """A product in the form that XLA likes."""
        helper = form(step, self._dtype, looping=self._looping)
        if helper == "dot":
            return self._matrix_first(step) or super().contract(step, where)
        if helper == "entrywise_sum":
            a = self.laid(step.left, step.left_order, step.shape[2])
            b = self.laid(step.right, step.right_order, step.shape[2])
            return f"np.sum({a} * {b})"
        self.helpers.add(helper)
        _, left, summed, right = step.shape
        if not right:
            # the vector first
            order = (*step.left_order[len(left) :], *step.left_order[: len(left)])
            a = self.laid(step.right, step.right_order, (prod(summed),))
            b = self.laid(step.left, order, (prod(summed), prod(left)))
        else:
            rows = (prod(left),) if left else ()
            if helper == "product_of_columns":
                flat = (prod(summed), *rows)
                a = self.laid(step.left, tuple(range(len(step.left_order))), flat)
            else:
                a = self.laid(step.left, step.left_order, (*rows, prod(summed)))
            b = self.laid(step.right, step.right_order, (prod(summed), prod(right)))
        call, shape = f"{helper}({a}, {b})", (*left, *right)
        return call if max(len(left), len(right)) == 1 else f"{call}.reshape({shape})"

    def _matrix_first(self, step: Contract) -> str | None:
        """A matrix whose rows are summed times a vector: of its transpose XLA makes a slow loop,
        and a copy of it takes time."""
        batch, left, summed, right = step.shape
        if batch or not summed or bool(left) == bool(right):
            return None
        matrix, vector, kept = step.left, step.right, left
        order, of_vector = step.left_order, step.right_order
        if right:
            matrix, vector, kept, of_vector = step.right, step.left, right, step.left_order
            order = (*step.right_order[len(summed) :], *step.right_order[: len(summed)])
        if order != tuple(range(len(order))):
            return None
        a = self.laid(matrix, order, (prod(kept), prod(summed)))
        b = self.laid(vector, of_vector, (prod(summed),))
        return f"np.dot({a}, {b})" + ("" if len(kept) == 1 else f".reshape({kept})")

    def store(self, step: Store, depth: int) -> list[str]:
        """A new array under the old name, or one more piece of it."""
        if step.out in self._pieces:
            shape = (1, *self.plan.registers[step.out].shape[1:])
            first = step.items[0]
            assert isinstance(first, At)
            text = f"np.broadcast_to({self.name(step.source)}, {shape})"
            return self._piece(step.out, first.constant, 1, text, depth)
        name, part = self.name(step.out), self.items(step.out, step.items)
        return [f"{'    ' * depth}{name} = {name}.at[{part}].set({self.name(step.source)})"]

    def loop(self, step: Loop, depth: int) -> list[str]:
        """A scan over rows, or else one whose carry are the arrays that the loop fills."""
        before, self._looping = self._looping, True
        scan = scan_of(step, self.plan.registers) if depth == 1 else None
        rows = self._turns(step, depth) if scan is None else self._scan(step, scan, depth)
        self._looping = before
        return rows

    def accumulation(self, step: Loop, found: Accumulated) -> list[str]:
        """A scan in which turns need not wait for one another."""
        start = found.last if found.down else found.first - 1
        row, rows = self._row_at(found.array, start), self._rows(step, found.array)
        joined = f"({row}[None], {self._read(found)})"
        if found.down:
            joined = f"({self._read(found)}, {row}[None])"
        way, kept = (", reverse=True", "[:-1]") if found.down else ("", "[1:]")
        both = f"np.concatenate({joined})"
        lines = [f"{rows} = jax.lax.{_RUNNING[found.op]}({both}, 0{way}){kept}"]
        return lines + self._written(found.array, (found.first, found.last), rows, 0)

    def _turns(self, step: Loop, depth: int) -> list[str]:
        pad = "    " * depth
        filled = _filled(step.body)
        carry = "".join(f"{self.name(out)}, " for out in filled)
        counter = self.name(step.counter)
        first, last = min(step.first, step.last), max(step.first, step.last)
        way = ", reverse=True" if step.first > step.last else ""
        return [
            f"{pad}def turn_{counter}(carry, {counter}):",
            f"{pad}    ({carry}) = carry",
            *self.block(step.body, depth + 1),
            f"{pad}    return ({carry}), None",
            f"{pad}({carry}), _ = jax.lax.scan(",
            f"{pad}    turn_{counter}, ({carry}), np.arange({first}, {last + 1}){way}",
            f"{pad})",
        ]

    def _scan(self, loop: Loop, scan: Scan, depth: int) -> list[str]:
        pad, counter = "    " * depth, self.name(loop.counter)
        low, high = min(loop.first, loop.last), max(loop.first, loop.last)
        way = ", reverse=True" if loop.first > loop.last else ""
        views = [views[0] for views in scan.carried.values()]
        aliases = [
            f"{pad}    {self.name(view.out)} = {self.name(same[0].out)}"
            for same in scan.carried.values()
            for view in same[1:]
        ]
        taken = {view.out for same in scan.carried.values() for view in same}
        taken |= {view.out for view in scan.read}
        body = [
            step
            for step in loop.body
            if not isinstance(step, Store) and getattr(step, "out", -1) not in taken
        ]
        rows = {array: self._row(store) for array, store in scan.written.items()}
        carry = "".join(f"{self.name(view.out)}, " for view in views)
        read = "".join(f"{self.name(view.out)}, " for view in scan.read)
        start = "".join(f"{self._before(loop, view)}, " for view in views)
        parts = "".join(f"{self._part(loop, scan, view)}, " for view in scan.read)
        if not parts or any(loop.counter in reads(step) for step in body):
            read, parts = f"{counter}, {read}", f"np.arange({low}, {high + 1}), {parts}"
        found = "".join(f"{self._rows(loop, array)}, " for array in rows)
        lines = [
            f"{pad}def turn_{counter}(carry, row):",
            *([f"{pad}    ({carry}) = carry"] if carry else []),
            f"{pad}    ({read}) = row",
            *aliases,
            *self.block(body, depth + 1),
            f"{pad}    rows = ({''.join(f'{row}, ' for row in rows.values())})",
            f"{pad}    return ({''.join(f'{rows[v.source]}, ' for v in views)}), rows",
            f"{pad}_, ({found}) = jax.lax.scan(",
            f"{pad}    turn_{counter}, ({start}), ({parts}){way}",
            f"{pad})",
        ]
        for array, store in scan.written.items():
            text = self._rows(loop, array)
            lines += self._written(array, scan.span(loop, store.items[0]), text, depth)
        return lines

    def _row(self, store: Store) -> str:
        """What a store puts into a row, in the row's shape."""
        shape = self.plan.registers[store.out].shape[1:]
        text = self.name(store.source)
        if self.plan.registers[store.source].shape == shape:
            return text
        return f"np.broadcast_to(np.asarray({text}, DTYPE), {shape})"

    def _before(self, loop: Loop, view: View) -> str:
        """The row that the first turn finds."""
        first = view.items[0]
        assert isinstance(first, At)
        return self._row_at(view.source, first.constant + loop.first)

    def _row_at(self, array: int, row: int) -> str:
        pieces = self._pieces.get(array)
        if pieces is None or not self._missing[array]:
            return f"{self.name(array)}[{row}]"
        first = max(at for at in pieces if at <= row)
        return f"{pieces[first]}[{row - first}]"

    def _part(self, loop: Loop, scan: Scan, view: View) -> str:
        """The rows that the turns read, in the order of positions."""
        first, last = scan.span(loop, view.items[0])
        whole = (first, last) == (0, self.plan.registers[view.source].shape[0])
        return self.name(view.source) + ("" if whole else f"[{first}:{last}]")

    def _rows(self, loop: Loop, array: int) -> str:
        return f"rows_{loop.counter}_{self.name(array)}"

    def _written(self, array: int, rows: tuple[int, int], text: str, depth: int) -> list[str]:
        if array in self._pieces:
            return self._piece(array, rows[0], rows[1] - rows[0], text, depth)
        name = self.name(array)
        return [f"{'    ' * depth}{name} = {name}.at[{rows[0]}:{rows[1]}].set({text})"]

    def choice(self, step: Choose, depth: int) -> list[str]:
        """Both branches as functions of what is known around them."""
        pad, out = "    " * depth, self.name(step.out)
        tests = " & ".join(f"np.isfinite({self.name(c)}).all()" for c in step.checked)
        return [
            f"{pad}def then_{out}():",
            *self.block(step.then, depth + 1),
            f"{pad}    return {self.name(step.then_out)}",
            f"{pad}def otherwise_{out}():",
            *self.block(step.otherwise, depth + 1),
            f"{pad}    return {self.name(step.otherwise_out)}",
            f"{pad}{out} = jax.lax.cond({tests or 'True'}, then_{out}, otherwise_{out})",
        ]

    def base(self, step: Assemble, whole: int | None) -> str:
        """What the diagonals are added to."""
        return super().base(step, None) if whole is None else self.name(step.args[whole])

    def part(
        self, out: str, arg: int, places: tuple[tuple[int, int], ...], assign: str
    ) -> list[str]:
        """A new array under the old name."""
        self.helpers.add("diagonal")
        axes, offsets = tuple(a for a, _ in places), tuple(offset for _, offset in places)
        shape = self.plan.registers[arg].shape
        return [f"{out} = {out}.at[diagonal({axes}, {offsets}, {shape})].add({self.name(arg)})"]

    def value(self, step: Step) -> str:
        """The right side; a row at a counter is a dynamic slice."""
        if isinstance(step, View) and _row(step.items, self.plan.registers[step.source].shape):
            at = step.items[0]
            assert isinstance(at, At)
            where = f"{self.name(step.source)}, {self.at(at)}, 0, keepdims=False"
            return f"jax.lax.dynamic_index_in_dim({where})"
        if isinstance(step, View) and self._missing.get(step.source):
            at = step.items[0]
            assert isinstance(at, At)
            return self._row_at(step.source, at.constant)
        if isinstance(step, Layout):
            return f"{self.name(step.source)}.transpose({step.order})"
        if isinstance(step, Scatter):
            self.helpers.add("scatter")
            straight = tuple(range(len(self.plan.registers[step.out].shape)))
            _, order = self._orders.get(step.out, (step.out, straight))
            args = f"{self.name(step.source)}, {self.name(step.index)}, {step.size}, {order}"
            return f"scatter({args})"
        if isinstance(step, Align) and step.out in self._turned:
            return self.name(step.source)
        return super().value(step)

    def item(self, item: Item, size: int) -> str:
        """A position or a slice; one that moves with a counter has a fixed size."""
        if isinstance(item, Span) and item.start.counters:
            return f"{self.at(item.start)} + {item.step} * np.arange({item.size})"
        if isinstance(item, At) and item.size is not None:
            free = At(item.constant, item.counters)
            return f"np.clip({self.at(free)}, 0, {item.size - 1})"
        return super().item(item, size)


def _row(items: Sequence[Item], shape: tuple[int, ...]) -> bool:
    """Whether the first axis is read at a counter and the others as they are."""
    if not items or not isinstance(items[0], At) or not items[0].counters:
        return False
    if items[0].size is not None:
        return False
    rest = zip(items[1:], shape[1:], strict=True)
    return all(item == Span(At(0), size) for item, size in rest)


def _filled(steps: Sequence[Step]) -> tuple[int, ...]:
    """The arrays that a block stores into, in a fixed order."""
    found: dict[int, None] = {}
    for step in steps:
        if isinstance(step, Store):
            found[step.out] = None
        elif isinstance(step, Loop):
            found.update(dict.fromkeys(_filled(step.body)))
    return tuple(found)
