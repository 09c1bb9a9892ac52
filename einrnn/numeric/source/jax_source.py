"""A plan as a jax module: pure code that can be jitted, with loops as ``lax.scan``."""

from __future__ import annotations

from collections.abc import Sequence

from einrnn.numeric.plan import Plan
from einrnn.numeric.source.buffers import Buffers
from einrnn.numeric.source.helpers import HELPERS, JAX_HELPERS
from einrnn.numeric.source.numpy_source import Writer
from einrnn.numeric.steps import (
    Assemble,
    At,
    Choose,
    Contract,
    Item,
    Layout,
    Loop,
    Span,
    Step,
    Store,
    View,
)


def jax_source(plan: Plan, dtype: str) -> str:
    """The module's text; its ``program`` takes and gives dictionaries of arrays.

    A look-up out of range gives nan: jitted code cannot raise.
    """
    writer = _JaxWriter(plan, Buffers())
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
        *(['jax.config.update("jax_enable_x64", True)'] if dtype == "float64" else []),
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
    """As for numpy, but nothing is written in place."""

    def halved(self, step: Contract) -> bool:
        """Never: blocks would be calls of their own."""
        return False

    def store(self, step: Store, depth: int) -> list[str]:
        """A new array under the old name."""
        name, part = self.name(step.out), self.items(step.out, step.items)
        return [f"{'    ' * depth}{name} = {name}.at[{part}].set({self.name(step.source)})"]

    def loop(self, step: Loop, depth: int) -> list[str]:
        """A scan whose carry are the arrays that the loop fills."""
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
        if isinstance(step, Layout):
            return f"{self.name(step.source)}.transpose({step.order})"
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
