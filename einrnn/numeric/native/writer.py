"""A plan as C: one file with a function for each part of the program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

from einrnn.numeric.native.build import Built, build
from einrnn.numeric.native.forms import CASTS, identifier
from einrnn.numeric.native.index import Cell, Ix
from einrnn.numeric.native.items import (
    Add,
    Check,
    Choice,
    Item,
    Node,
    Operand,
    Pack,
    Product,
    Read,
    Statement,
    Sweep,
    Turns,
)
from einrnn.numeric.native.memory import places
from einrnn.numeric.native.nest import arranged
from einrnn.numeric.native.runtime import text
from einrnn.numeric.plan import Plan

# multiplications, and additions of entries, from which on a part is shared among threads
_MUCH_PRODUCT, _MUCH_SWEEP = 1_000_000, 60_000

_STARTS = {"sum": "0", "prod": "1", "max": "-INFINITY", "min": "INFINITY"}
_FOLDS = {
    "sum": "{0} += {1};",
    "prod": "{0} *= {1};",
    "max": "{0} = {1} > {0} ? {1} : {0}; odd_{0} += {1} != {1};",
    "min": "{0} = {1} < {0} ? {1} : {0}; odd_{0} += {1} != {1};",
}
_OPERATORS = {"sum": "+", "prod": "*", "max": "max", "min": "min"}


@dataclass(frozen=True)
class Argument:
    """An input or an output of the C function, in the order of its pointers."""

    name: str
    shape: tuple[int, ...]
    kind: str


@dataclass(frozen=True)
class Program:
    """C text and what a caller has to know of it.

    ``looked_up`` has the tensor and the size of the axis for each error number.
    """

    text: str
    inputs: tuple[Argument, ...]
    outputs: tuple[Argument, ...]
    looked_up: tuple[tuple[str, int], ...]


def native_program(plan: Plan, dtype: str) -> Program:
    """The C program of a plan in ``float32`` or ``float64``."""
    built = build(plan)
    return _Writer(built, plan, dtype).program()


@dataclass
class _Part:
    lines: list[str] = field(default_factory=list[str])
    shared: bool = False


class _Writer:
    def __init__(self, built: Built, plan: Plan, dtype: str) -> None:
        self.built = built
        self.views = built.views
        self.dtype = dtype
        self.outputs = {
            name: next(base for base, own in built.results.items() if own == name)
            for name in plan.outputs
        }
        self.shapes = {name: plan.registers[out].shape for name, out in plan.outputs.items()}
        self.nodes = arranged(built.items)
        self.needed: set[int] = set()
        self.used: set[int] = set()
        self.scope: dict[int, tuple[tuple[Ix, ...], str]] = {}
        self.nodes_of: dict[int, list[Node]] = {}
        # the axis of a time loop that is shared among threads: variable to range
        self.ranges: dict[str, tuple[str, str]] = {}

    def program(self) -> Program:
        # once to learn what must be in memory, once to write it down
        _ = [self._part(node) for node in self.nodes]
        parts = [self._part(node) for node in self.nodes]
        in_work = [
            base
            for base in sorted(self.needed)
            if base not in self.built.inputs and base not in self.built.results
        ]
        sizes = {base: self._bytes(base) for base in in_work}
        where = places(self.nodes, sizes)
        rows = [
            f"/* Generated C for {self.dtype}. Build it with",
            "   cc -O2 -march=native -fopenmp-simd -fno-math-errno -fno-trapping-math",
            "   -shared -fPIC",
            "   and call program(inputs, outputs, workspace, …) with pointers to C arrays:",
            *self._signature(),
            "*/",
            *(["#define SINGLE"] if self.dtype == "float32" else []),
            text("base.h"),
            text("functions.h"),
            text("pack.h"),
            text("product.h"),
            text("matvec.h"),
            "typedef void (*task)(void *context, int worker, int workers);",
            "typedef void (*parallel)(task t, void *context, int workers);",
            "",
            "/* what the parts of the program share */",
            "struct frame {",
            *(f"    const {self._type(base)} *{self._name(base)};" for base in self.built.inputs),
            *(f"    {self._type(base)} *{self._name(base)};" for base in self.outputs.values()),
            *(f"    {self._type(base)} *{self._name(base)};" for base in where.of),
            "    real *room;",
            "    struct error *error;",
            "};",
            "",
        ]
        for number, part in enumerate(parts):
            rows += self._function(number, part)
        rows += self._main(parts, where.of, where.size)
        return Program(
            "\n".join(rows) + "\n",
            tuple(self._argument(name, base) for base, name in self.built.inputs.items()),
            tuple(Argument(name, self.shapes[name], "number") for name in self.outputs),
            tuple(self.built.looked_up),
        )

    def _argument(self, name: str, base: int) -> Argument:
        register = self.views.registers[base]
        return Argument(name, register.shape, register.kind)

    def _signature(self) -> list[str]:
        rows: list[str] = []
        for what, items in (
            ("input", [(name, base) for base, name in self.built.inputs.items()]),
            ("output", list(self.outputs.items())),
        ):
            for number, (name, base) in enumerate(items):
                shape = " x ".join(map(str, self.views.registers[base].shape)) or "one number"
                safe = name.replace("*/", "* /")
                rows.append(f"     {what} {number}: {safe}, {shape}, {self._type(base)}")
        return rows

    # --- the frame of the file ------------------------------------------------------------

    def _main(self, parts: Sequence[_Part], where: dict[int, int], size: int) -> list[str]:
        rows = [
            "/* bytes that a call needs beside inputs and outputs */",
            "long workspace(int workers)",
            "{",
            f"    return {size} + workers * (long)(ROOM * sizeof(real));",
            "}",
            "",
            "/* 0, or the number of the error; `run` shares work among `workers` */",
            "int program(const void *const *inputs, void *const *outputs, char *work,",
            "            parallel run, int workers, struct error *error)",
            "{",
            "    struct frame frame = {",
        ]
        for number, base in enumerate(self.built.inputs):
            rows.append(f"        .{self._name(base)} = inputs[{number}],")
        for number, base in enumerate(self.outputs.values()):
            rows.append(f"        .{self._name(base)} = outputs[{number}],")
        for base, offset in where.items():
            rows.append(f"        .{self._name(base)} = (void *)(work + {offset}),")
        rows += [
            f"        .room = (real *)(work + {size}),",
            "        .error = error,",
            "    };",
            "    error->kind = 0;",
        ]
        checks = False
        for number, part in enumerate(parts):
            if part.shared:
                rows.append(f"    if (workers > 1) run(part_{number}, &frame, workers);")
                rows.append(f"    else part_{number}(&frame, 0, 1);")
            else:
                rows.append(f"    part_{number}(&frame, 0, 1);")
            if any("f->error" in line for line in part.lines):
                checks = True
                rows.append("    if (error->kind) return (int)error->kind;")
        del checks
        return [*rows, "    return 0;", "}"]

    def _function(self, number: int, part: _Part) -> list[str]:
        body = "\n".join(part.lines)
        names = [
            f"    {'const ' if base in self.built.inputs else ''}{self._type(base)} "
            f"*const {self._name(base)} = f->{self._name(base)};"
            for base in sorted(self._known())
            if f"{self._name(base)}[" in body or f"{self._name(base)} " in body
        ]
        room = ["    real *const room = f->room + worker * ROOM;"] if "room" in body else []
        return [
            f"static void part_{number}(void *context, int worker, int workers)",
            "{",
            "    const struct frame *const f = context;",
            *names,
            *room,
            *part.lines,
            "    (void)f, (void)worker, (void)workers;",
            "}",
            "",
        ]

    def _known(self) -> set[int]:
        return {*self.built.inputs, *self.outputs.values(), *self.needed}

    def _name(self, base: int) -> str:
        return identifier(self.views.registers, base)

    def _type(self, base: int) -> str:
        return CASTS[self.views.registers[base].kind]

    def _bytes(self, base: int) -> int:
        register = self.views.registers[base]
        size = {"integer": 8, "truth": 1}.get(register.kind, 4 if self.dtype == "float32" else 8)
        return size * self.built.entries.get(base, prod(register.shape))

    # --- parts ----------------------------------------------------------------------------

    def _part(self, node: Node) -> _Part:
        part = _Part()
        self.scope = {}
        match node:
            case Sweep(_, size, _):
                part.shared = self._can_share(node)
                if part.shared:
                    part.lines += [
                        f"    const long lo = share({size}, 1, worker, workers);",
                        f"    const long hi = share({size}, 1, worker + 1, workers);",
                    ]
                    self.ranges = {"i0": ("lo", "hi")}
            case Product():
                part.shared = prod(node.size) * prod(node.batch) >= _MUCH_PRODUCT
            case Pack():
                part.shared = not node.strips and node.rows * node.columns >= _MUCH_SWEEP
            case _:
                pass
        part.lines += self._node(node, 1, part.shared)
        self.ranges = {}
        return part

    def _can_share(self, node: Sweep) -> bool:
        statements = _statements(node)
        if any(s.kept == 0 and s.fold for s in statements):
            return False
        if any(not any(ix.terms == (("i0", 1),) for ix in s.target.at) for s in statements):
            return False
        return sum(s.cost * prod(s.dims) for s in statements) >= _MUCH_SWEEP

    def _node(self, node: Node, depth: int, shared: bool = False) -> list[str]:
        match node:
            case Sweep():
                return self._sweep(node, depth)
            case Statement():
                return self._statement(node, depth)
            case Product():
                return self._product(node, depth, shared)
            case Pack():
                return self._pack(node, depth, shared)
            case Check():
                return self._check(node, depth)
            case Add():
                return self._add(node, depth)
            case Turns():
                return self._turns(node, depth)
            case Choice():
                return self._choice(node, depth)

    def _arranged(self, items: list[Item]) -> list[Node]:
        key = id(items)
        if key not in self.nodes_of:
            self.nodes_of[key] = arranged(items)
        return self.nodes_of[key]

    def _block(self, nodes: Sequence[Node], depth: int) -> list[str]:
        before = dict(self.scope)
        rows = [line for node in nodes for line in self._node(node, depth)]
        self.scope = before
        return rows

    def _sweep(self, sweep: Sweep, depth: int) -> list[str]:
        pad = "    " * depth
        folds = [s for s in _statements(sweep) if s.fold and s.kept == sweep.depth]
        rows: list[str] = []
        for fold in folds:
            name = self._name(fold.target.base)
            rows.append(f"{pad}real {name}_ = {_STARTS[fold.fold]};")
            if fold.fold in ("max", "min"):
                rows.append(f"{pad}real odd_{name}_ = 0;")
        if all(isinstance(below, Statement) for below in sweep.body):
            rows.append(f"{pad}#pragma omp simd{_reductions(sweep, self._name)}")
        name = f"i{sweep.depth}"
        lo, hi = self.ranges.get(name, ("0", str(sweep.size)))
        rows.append(f"{pad}for (long {name} = {lo}; {name} < {hi}; {name}++) {{")
        rows += self._block(sweep.body, depth + 1)
        rows.append(f"{pad}}}")
        for fold in folds:
            rows += self._folded(fold, pad)
        return rows

    def _folded(self, fold: Statement, pad: str) -> list[str]:
        """The result of a fold, when its loops have ended."""
        base = fold.target.base
        name = self._name(base)
        value = f"{name}_"
        if fold.fold in ("max", "min"):
            value = f"odd_{name}_ != 0 ? (real)NAN : {name}_"
        return self._kept(fold.target, value, pad)

    def _kept(self, target: Cell, value: str, pad: str) -> list[str]:
        """A value as a variable, and in memory where something else reads it there."""
        local = f"{self._name(target.base)}_v"
        rows = [f"{pad}const {self._type(target.base)} {local} = {value};"]
        self.scope[target.base] = (target.at, local)
        if target.base in self.needed or target.base in self.built.results:
            rows.append(f"{pad}{self._memory(target)} = {local};")
        return rows

    def _statement(self, s: Statement, depth: int) -> list[str]:
        pad = "    " * depth
        value = s.form.format(*[self._read(arg) for arg in s.args])
        if s.fold:
            name = f"{self._name(s.target.base)}_"
            entry = f"{name}x"
            return [
                f"{pad}const real {entry} = {value};",
                pad + _FOLDS[s.fold].format(name, entry),
            ]
        if s.local:
            return self._kept(s.target, value, pad)
        self.needed.add(s.target.base)
        return [f"{pad}{self._memory(s.target)} = {value};"]

    # --- entries --------------------------------------------------------------------------

    def _resolved(self, arg: Read) -> Cell | str:
        return self.views.resolve(arg.register, arg.at)

    def _read(self, arg: Read) -> str:
        cell = self._resolved(arg)
        if isinstance(cell, str):
            return cell
        known = self.scope.get(cell.base)
        if known is not None and known[0] == cell.at:
            return known[1]
        self.needed.add(cell.base)
        for text_, _ in (term for ix in cell.at for term in ix.terms):
            self._mentioned(text_)
        return self._memory(cell)

    def _mentioned(self, text_: str) -> None:
        """Arrays that a looked-up position reads are read in memory."""
        for base in range(len(self.views.registers)):
            if "[" in text_ and f"{self._name(base)}[" in text_:
                self.needed.add(base)

    def _flat(self, cell: Cell) -> Ix:
        return self.views.flat(cell)

    def _memory(self, cell: Cell) -> str:
        return f"{self._name(cell.base)}[{self._flat(cell)}]"

    # --- calls ----------------------------------------------------------------------------

    def _matrix(self, o: Operand, batch: Sequence[int], row: str = "0", column: str = "0") -> str:
        """A struct matrix that begins at a row and a column."""
        self.needed.add(o.base)
        at = o.start
        for number, stride in enumerate(o.batch):
            if batch[number] > 1:
                at = at.plus(Ix(0, ((f"b{number}", 1),)), stride)
        text_ = f"(struct matrix){{(real *){self._name(o.base)} + {at}, {o.row}, {o.column}}}"
        return text_ if (row, column) == ("0", "0") else f"part({text_}, {row}, {column})"

    def _product(self, p: Product, depth: int, shared: bool) -> list[str]:
        rows, columns, sums = p.size
        pad = "    " * depth
        lines: list[str] = []
        ends = 0
        for number, size in enumerate(p.batch):
            if size > 1:
                lines.append(f"{pad}for (long b{number} = 0; b{number} < {size}; b{number}++) {{")
                pad += "    "
                ends += 1
        lines += [pad + line for line in self._one_product(p, rows, columns, sums, shared)]
        for _ in range(ends):
            pad = pad[:-4]
            lines.append(f"{pad}}}")
        return lines

    def _one_product(
        self, p: Product, rows: int, columns: int, sums: int, shared: bool
    ) -> list[str]:
        if columns == 1:
            return self._matvec(p, rows, sums)
        lines: list[str] = []
        row, count_rows, column, count_columns = "0", str(rows), "0", str(columns)
        if shared:
            by_rows = rows >= columns
            unit = "TILE_ROWS" if by_rows else "PANEL"
            whole = rows if by_rows else columns
            lines += [
                f"const long lo = share({whole}, {unit}, worker, workers);",
                f"const long hi = share({whole}, {unit}, worker + 1, workers);",
            ]
            if by_rows:
                row, count_rows = "lo", "hi - lo"
            else:
                column, count_columns = "lo", "hi - lo"
        a = self._matrix(p.a, p.batch, row, "0")
        c = self._matrix(p.c, p.batch, row, column)
        if p.packed is not None:
            self.needed.add(p.packed)
            packed = self._name(p.packed)
            call = f"product_packed({count_rows}, {columns}, {sums}, {a}, {packed} , {c}, room);"
        else:
            b = self._matrix(p.b, p.batch, "0", column)
            call = f"product({count_rows}, {count_columns}, {sums}, {a}, {b}, {c}, room);"
        return [*lines, call]

    def _matvec(self, p: Product, rows: int, sums: int) -> list[str]:
        b = p.b
        self.needed |= {p.a.base, b.base, p.c.base}
        at_b, at_c = b.start, p.c.start
        for number, size in enumerate(p.batch):
            if size > 1:
                step = Ix(0, ((f"b{number}", 1),))
                at_b, at_c = at_b.plus(step, b.batch[number]), at_c.plus(step, p.c.batch[number])
        x, y = f"{self._name(b.base)} + {at_b}", f"{self._name(p.c.base)} + {at_c}"
        if p.packed is not None:
            self.needed.add(p.packed)
            return [f"matvec_packed({rows}, {sums}, {self._name(p.packed)} , {x}, {b.row}, {y});"]
        a = self._matrix(p.a, p.batch)
        return [f"matvec({rows}, {sums}, {a}, {x}, {b.row}, {y}, {p.c.row});"]

    def _pack(self, p: Pack, depth: int, shared: bool) -> list[str]:
        self.needed |= {p.out, p.source.base}
        source, out = self._matrix(p.source, ()), self._name(p.out)
        pad = "    " * depth
        if p.strips:
            return [f"{pad}pack_strips({p.rows}, {p.columns}, {source}, {out} );"]
        who = "worker, workers" if shared else "0, 1"
        return [f"{pad}pack_whole({p.rows}, {p.columns}, {source}, {out} , {who});"]

    def _check(self, check: Check, depth: int) -> list[str]:
        pad = "    " * depth
        rows: list[str] = []
        for number, size in enumerate(check.dims):
            rows.append(f"{pad}for (long i{number} = 0; i{number} < {size}; i{number}++) {{")
            pad += "    "
        rows += [
            f"{pad}const long at = {self._read(check.arg)};",
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

    def _add(self, add: Add, depth: int) -> list[str]:
        step, dims = add.step, add.dims
        pad = "    " * depth
        out = self._name(step.out)
        self.needed.add(step.out)
        entries = prod(self.views.registers[step.out].shape)
        at = tuple(Ix(0, ((f"i{axis}", 1),)) for axis in range(len(dims)))
        rank = len(self.views.registers[step.index].shape)
        index = self._read(Read(step.index, at[:rank]))
        target = Cell(step.out, (Ix(0, (("at", 1),)), *at[rank:]))
        rows = [f"{pad}memset({out} , 0, {entries} * sizeof(real));"]
        rows += [f"{pad}for (long i{n} = 0; i{n} < {dims[n]}; i{n}++)" for n in range(rank)]
        rows[-1] += " {"
        rows += [
            f"{pad}    const long at = {index};",
            f"{pad}    if (at < 0 || at >= {step.size}) continue;",
        ]
        inner = pad + "    "
        for axis, size in list(enumerate(dims))[rank:]:
            rows.append(f"{inner}for (long i{axis} = 0; i{axis} < {size}; i{axis}++)")
            inner += "    "
        source = self._read(Read(step.source, at))
        rows.append(f"{inner}{self._memory(target)} += {source};")
        return [*rows, f"{pad}}}"]

    def _turns(self, turns: Turns, depth: int) -> list[str]:
        pad, name = "    " * depth, f"c{turns.counter}"
        if turns.first <= turns.last:
            head = f"for (long {name} = {turns.first}; {name} <= {turns.last}; {name}++) {{"
        else:
            head = f"for (long {name} = {turns.first}; {name} >= {turns.last}; {name}--) {{"
        body = self._block(self._arranged(turns.body), depth + 1)
        return [pad + head, *body, f"{pad}}}"]

    def _choice(self, choice: Choice, depth: int) -> list[str]:
        pad = "    " * depth
        rows = [f"{pad}{{", f"{pad}    long wrong = 0;"]
        for arg, dims in zip(choice.checked, choice.dims, strict=True):
            inner = pad + "    "
            for number, size in enumerate(dims):
                rows.append(f"{inner}for (long i{number} = 0; i{number} < {size}; i{number}++)")
                inner += "    "
            entry = self._read(arg)
            rows.append(f"{inner}wrong |= !({entry} - {entry} == 0);")
        return [
            *rows,
            f"{pad}    if (!wrong) {{",
            *self._block(self._arranged(choice.then), depth + 2),
            f"{pad}    }} else {{",
            *self._block(self._arranged(choice.otherwise), depth + 2),
            f"{pad}    }}",
            f"{pad}}}",
        ]


def _statements(node: Node) -> list[Statement]:
    if isinstance(node, Sweep):
        return [s for below in node.body for s in _statements(below)]
    return [node] if isinstance(node, Statement) else []


def _reductions(sweep: Sweep, name: object) -> str:
    rows = ""
    for s in _statements(sweep):
        if s.fold:
            own = f"{name(s.target.base)}_"  # pyright: ignore
            rows += f" reduction({_OPERATORS[s.fold]}:{own})"
            if s.fold in ("max", "min"):
                rows += f" reduction(+:odd_{own})"
    return rows
