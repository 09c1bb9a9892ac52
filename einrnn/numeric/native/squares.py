"""Two loops that read an array across the rows that they write.

The array is read in squares, LANES entries each way, which are turned in registers; so both ways
whole vectors are loaded and stored.
"""

from __future__ import annotations

from einrnn.dataclass import dataclass
from einrnn.numeric.native.context import Context
from einrnn.numeric.native.index import Cell, Ix, variable
from einrnn.numeric.native.items import Statement, Sweep

# loops that are shorter, and rows that are nearer, stay in the cache anyway
_LEAST = 64


@dataclass(frozen=True)
class Crossed:
    """A cell whose neighbours along the outer of two loops lie side by side in memory, and along
    the inner one ``step`` entries apart."""

    cell: Cell
    step: int


def crossed(sweep: Sweep, context: Context) -> tuple[Crossed, ...]:
    """What two large loops, with nothing between them, read across; one cell of an array."""
    inner = sweep.body[0] if len(sweep.body) == 1 else None
    if not isinstance(inner, Sweep) or min(sweep.size, inner.size) < _LEAST:
        return ()
    found: dict[int, Crossed] = {}
    for below in inner.body:
        if not isinstance(below, Statement) or below.fold:
            return ()
        for arg in below.args:
            cell = context.cell(arg)
            if cell is None or context.views.registers[cell.base].kind != "number":
                continue
            step = _step_across(context.views.flat(cell), f"i{sweep.depth}", f"i{inner.depth}")
            if step >= _LEAST:
                found.setdefault(cell.base, Crossed(cell, step))
    return tuple(found.values())


def _step_across(flat: Ix, outer: str, inner: str) -> int:
    """How far neighbours along the inner loop are apart, if those along the outer one lie side by
    side; else 0."""
    steps = dict(flat.terms)
    rest = Ix(0, tuple(term for term in flat.terms if term[0] not in (outer, inner)))
    return steps.get(inner, 0) if steps.get(outer) == 1 and not rest.varies else 0


def square(crossed: Crossed, context: Context, outer: str, inner: str) -> tuple[list[str], str]:
    """C that turns the square that begins at ``at_`` both variables, and an entry of it."""
    context.needed.add(crossed.cell.base)
    flat = context.views.flat(crossed.cell)
    start = Ix(flat.constant)
    for text, times in flat.terms:
        start = start.plus(variable(f"at_{text}" if text in (outer, inner) else text), times)
    name = context.name(crossed.cell.base)
    lines = [
        f"real turned_{name}[LANES * LANES];",
        f"turned({name} + {start}, {crossed.step}, LANES, turned_{name}, LANES);",
    ]
    return lines, f"turned_{name}[({outer} - at_{outer}) * LANES + {inner} - at_{inner}]"
