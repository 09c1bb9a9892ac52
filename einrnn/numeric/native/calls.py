"""Products, packing, checks and look-ups that add, as lines of C."""

from __future__ import annotations

from collections.abc import Sequence

from einrnn.numeric.native.context import Context
from einrnn.numeric.native.index import Cell, Ix
from einrnn.numeric.native.items import Add, Check, Operand, Pack, Product, Read


def product(context: Context, p: Product, depth: int, shared: bool) -> list[str]:
    """A product of matrices, for each of a batch."""
    rows, columns, sums = p.size
    pad = "    " * depth
    lines: list[str] = []
    ends = 0
    for number, size in enumerate(p.batch):
        if size > 1:
            lines.append(f"{pad}for (long b{number} = 0; b{number} < {size}; b{number}++) {{")
            pad += "    "
            ends += 1
    lines += [pad + line for line in _one_product(context, p, rows, columns, sums, shared)]
    for _ in range(ends):
        pad = pad[:-4]
        lines.append(f"{pad}}}")
    return lines


def _one_product(
    context: Context, p: Product, rows: int, columns: int, sums: int, shared: bool
) -> list[str]:
    if columns == 1:
        return _matvec(context, p, rows, sums, shared)
    lines: list[str] = []
    row, count_rows, column, count_columns = "0", str(rows), "0", str(columns)
    if context.rows:
        row, count_rows = "lo", "hi - lo"
    elif shared:
        by_rows = rows >= columns
        unit = "TILE_ROWS" if by_rows else "PANEL"
        whole = rows if by_rows else columns
        lines += _shares(whole, unit)
        if by_rows:
            row, count_rows = "lo", "hi - lo"
        else:
            column, count_columns = "lo", "hi - lo"
    a = _matrix(context, p.a, p.batch, row, "0")
    c = _matrix(context, p.c, p.batch, row, column)
    if p.packed is not None:
        context.needed.add(p.packed)
        packed = context.name(p.packed)
        call = f"product_packed({count_rows}, {columns}, {sums}, {a}, {packed} , {c}, room);"
    else:
        b = _matrix(context, p.b, p.batch, "0", column)
        call = f"product({count_rows}, {count_columns}, {sums}, {a}, {b}, {c}, room);"
    return [*lines, call]


def _matvec(context: Context, p: Product, rows: int, sums: int, shared: bool) -> list[str]:
    b, c = p.b, p.c
    context.needed |= {p.a.base, b.base, c.base}
    at_b, at_c = b.start, c.start
    for number, size in enumerate(p.batch):
        if size > 1:
            step = Ix(0, ((f"b{number}", 1),))
            at_b, at_c = at_b.plus(step, b.batch[number]), at_c.plus(step, c.batch[number])
    x, y = f"{context.name(b.base)} + {at_b}", f"{context.name(c.base)} + {at_c}"
    if p.packed is not None:
        context.needed.add(p.packed)
        return [f"matvec_packed({rows}, {sums}, {context.name(p.packed)} , {x}, {b.row}, {y});"]
    if not shared:
        a = _matrix(context, p.a, p.batch)
        return [f"matvec({rows}, {sums}, {a}, {x}, {b.row}, {y}, {c.row});"]
    a = _matrix(context, p.a, p.batch, "lo")
    own = f"{y} + lo * {c.row}"
    return [*_shares(rows, "LANES"), f"matvec(hi - lo, {sums}, {a}, {x}, {b.row}, {own}, {c.row});"]


def _shares(size: int, unit: str) -> list[str]:
    """The part of a worker, in whole units."""
    return [
        f"const long lo = share({size}, {unit}, worker, workers);",
        f"const long hi = share({size}, {unit}, worker + 1, workers);",
    ]


def _matrix(
    context: Context, o: Operand, batch: Sequence[int], row: str = "0", column: str = "0"
) -> str:
    """A struct matrix that begins at a row and a column."""
    context.needed.add(o.base)
    at = o.start
    for number, stride in enumerate(o.batch):
        if batch[number] > 1:
            at = at.plus(Ix(0, ((f"b{number}", 1),)), stride)
    text = f"(struct matrix){{(real *){context.name(o.base)} + {at}, {o.row}, {o.column}}}"
    return text if (row, column) == ("0", "0") else f"part({text}, {row}, {column})"


def pack(context: Context, p: Pack, depth: int, shared: bool) -> list[str]:
    """A matrix copied into the order in which products read it."""
    context.needed |= {p.out, p.source.base}
    source, out = _matrix(context, p.source, ()), context.name(p.out)
    pad = "    " * depth
    if p.strips:
        return [f"{pad}pack_strips({p.rows}, {p.columns}, {source}, {out} );"]
    who = "worker, workers" if shared else "0, 1"
    return [f"{pad}pack_whole({p.rows}, {p.columns}, {source}, {out} , {who});"]


def check(context: Context, check: Check, depth: int) -> list[str]:
    """An error where a position is out of range."""
    pad = "    " * depth
    rows: list[str] = []
    for number, size in enumerate(check.dims):
        rows.append(f"{pad}for (long i{number} = 0; i{number} < {size}; i{number}++) {{")
        pad += "    "
    rows += [
        f"{pad}const long at = {context.read(check.arg)};",
        f"{pad}if (at < 0 || at >= {check.size}) {{",
        f"{pad}    f->error->kind = {check.number}, f->error->position = at;",
        f"{pad}    return;",
        f"{pad}}}",
    ]
    if not check.dims:
        rows = [f"{pad}{{", *rows, f"{pad}}}"]
    for _ in check.dims:
        pad = pad[:-4]
        rows.append(f"{pad}}}")
    return rows


def add(context: Context, add: Add, depth: int, shared: bool) -> list[str]:
    """Rows added at looked-up positions of an array of zeros.

    Threads share the outermost axis in memory, be it the one that is looked up or not.
    """
    step, dims = add.step, add.dims
    pad = "    " * depth
    out = context.name(step.out)
    context.needed.add(step.out)
    sizes, strides = context.views.registers[step.out].shape, context.views.strides(step.out)
    outer = max(range(len(sizes)), key=lambda axis: strides[axis])
    at = tuple(Ix(0, ((f"i{axis}", 1),)) for axis in range(len(dims)))
    rank = len(context.views.registers[step.index].shape)
    index = context.read(Read(step.index, at[:rank]))
    target = Cell(step.out, (Ix(0, (("at", 1),)), *at[rank:]))
    lo, hi = ("lo", "hi") if shared else ("0", str(sizes[outer]))
    rows = [pad + line for line in _shares(sizes[outer], "1")] if shared else []
    apart = max(strides[outer], 1)  # an axis of one position has none
    begin = f"{out} + {lo} * {apart}"
    rows.append(f"{pad}memset({begin}, 0, ({hi} - {lo}) * {apart} * sizeof(real));")
    rows += [f"{pad}for (long i{n} = 0; i{n} < {dims[n]}; i{n}++)" for n in range(rank)]
    rows[-1] += " {"
    first, last = (lo, hi) if outer == 0 else ("0", str(step.size))
    rows += [
        f"{pad}    const long at = {index};",
        f"{pad}    if (at < {first} || at >= {last}) continue;",
    ]
    inner = pad + "    "
    for axis, size in list(enumerate(dims))[rank:]:
        # the first axis of the array is looked up; the others follow those of the positions
        own = axis - rank + 1 == outer
        first, last = (lo, hi) if own else ("0", str(size))
        rows.append(f"{inner}for (long i{axis} = {first}; i{axis} < {last}; i{axis}++)")
        inner += "    "
    source = context.read(Read(step.source, at))
    rows.append(f"{inner}{context.memory(target)} += {source};")
    return [*rows, f"{pad}}}"]
