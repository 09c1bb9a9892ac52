"""A plan as C: one file with a function for each part of the program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from math import prod

from einrnn.dataclass import dataclass
from einrnn.numeric.native.build import build
from einrnn.numeric.native.code import Argument, Program
from einrnn.numeric.native.context import Context
from einrnn.numeric.native.cut import cut, work
from einrnn.numeric.native.draft import Built
from einrnn.numeric.native.items import Add, Node, Pack, Product, Sweep, Turns
from einrnn.numeric.native.kernels import head
from einrnn.numeric.native.loops import Loops, statements
from einrnn.numeric.native.memory import places
from einrnn.numeric.native.nest import arranged
from einrnn.numeric.native.runtime import text
from einrnn.numeric.plan import Plan
from einrnn.numeric.source.bumps import bumped
from einrnn.numeric.source.slices import joined

# what is worth the time that it takes to wake a thread: multiplications of products of matrices,
# and of a matrix and a vector, which take longer to read; additions in loops; entries moved
_MUCH_PRODUCT, _MUCH_READ, _MUCH_SWEEP, _MUCH_MOVED = 3_000_000, 400_000, 300_000, 200_000


def native_program(plan: Plan, dtype: str) -> Program:
    """The C program of a plan in ``float32`` or ``float64``."""
    plan = bumped(joined(plan))
    built = build(plan)
    return _Writer(built, plan, dtype).program()


@dataclass()
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
        self.context = Context(built)
        self.loops = Loops(self.context)

    def program(self) -> Program:
        # once to learn what must be in memory, once to write it down
        _ = [self._part(node) for node in self.nodes]
        parts = [self._part(node) for node in self.nodes]
        in_work = [
            base
            for base in sorted(self.context.needed)
            if base not in self.built.inputs and base not in self.built.results
        ]
        sizes = {base: self._bytes(base) for base in in_work}
        where = places(self.nodes, sizes)
        about = [
            f"/* Generated C for {self.dtype}. Build it with",
            "   cc -O2 -march=native -fopenmp-simd -fno-math-errno -fno-trapping-math",
            "   -shared -fPIC",
            "   and call program(inputs, outputs, workspace, …) with pointers to C arrays:",
            *self._signature(),
            "*/",
            "",
        ]
        rows = [
            "typedef void (*task)(void *context, int worker, int workers);",
            "typedef void (*parallel)(task t, void *context, int workers);",
            "",
            "/* what the parts of the program share */",
            "struct frame {",
            *(
                f"    const {self.context.type(base)} *{self.context.name(base)};"
                for base in self.built.inputs
            ),
            *(
                f"    {self.context.type(base)} *{self.context.name(base)};"
                for base in self.outputs.values()
            ),
            *(f"    {self.context.type(base)} *{self.context.name(base)};" for base in where.of),
            "    real *room;",
            "    struct error *error;",
            "};",
            "",
        ]
        for number, part in enumerate(parts):
            rows += self._function(number, part)
        rows += self._main(parts, where.of, where.size)
        own = "\n".join(rows) + "\n"
        return Program(
            "\n".join(about) + head(self.dtype, apart=False) + own,
            head(self.dtype, apart=True) + own + self._entry(),
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
                rows.append(f"     {what} {number}: {safe}, {shape}, {self.context.type(base)}")
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
            rows.append(f"        .{self.context.name(base)} = inputs[{number}],")
        for number, base in enumerate(self.outputs.values()):
            rows.append(f"        .{self.context.name(base)} = outputs[{number}],")
        for base, offset in where.items():
            rows.append(f"        .{self.context.name(base)} = (void *)(work + {offset}),")
        rows += [
            f"        .room = (real *)(work + {size}),",
            "        .error = error,",
            "    };",
            "    error->kind = 0;",
        ]
        for number, part in enumerate(parts):
            if part.shared:
                rows.append(f"    if (workers > 1) run(part_{number}, &frame, workers);")
                rows.append(f"    else part_{number}(&frame, 0, 1);")
            else:
                rows.append(f"    part_{number}(&frame, 0, 1);")
            if any("f->error" in line for line in part.lines):
                rows.append("    if (error->kind) return (int)error->kind;")
        return [*rows, "    return 0;", "}"]

    def _entry(self) -> str:
        """C for the way in that Python takes."""
        registers = [self.views.registers[base] for base in self.built.inputs]
        most = max([1, *(len(register.shape) for register in registers)])
        rows = [
            "",
            f"#define INPUTS {len(registers)}",
            f"#define OUTPUTS {len(self.outputs)}",
            f"struct input {{ int whole, rank; ptrdiff_t sizes[{most}]; }};",
            "static const struct input wanted[INPUTS + 1] = {",
        ]
        for register in registers:
            sizes = ", ".join(map(str, register.shape)) or "0"
            whole = int(register.kind != "number")
            rows.append(f"    {{{whole}, {len(register.shape)}, {{{sizes}}}}},")
        return "\n".join([*rows, "};", "", text("call.c")])

    def _function(self, number: int, part: _Part) -> list[str]:
        body = "\n".join(part.lines)
        names = [
            f"    {'const ' if base in self.built.inputs else ''}{self.context.type(base)} "
            f"*const {self.context.name(base)} = f->{self.context.name(base)};"
            for base in sorted(self._known())
            if f"{self.context.name(base)}[" in body or f"{self.context.name(base)} " in body
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
        return {*self.built.inputs, *self.outputs.values(), *self.context.needed}

    def _bytes(self, base: int) -> int:
        register = self.views.registers[base]
        size = {"integer": 8, "truth": 1}.get(register.kind, 4 if self.dtype == "float32" else 8)
        return size * self.built.entries.get(base, prod(register.shape))

    # --- parts ----------------------------------------------------------------------------

    def _part(self, node: Node) -> _Part:
        part = _Part()
        self.context.scope.clear()
        match node:
            case Sweep(_, size, _):
                part.shared = self._can_share(node)
                if part.shared:
                    part.lines += self._shares("i0", size)
            case Turns():
                found = cut(node, self.views) if work(node) >= _MUCH_PRODUCT else None
                if found is not None and found.variable is not None:
                    part.shared = True
                    part.lines += self._shares(found.variable, found.size)
                    self.context.rows = True
            case Product():
                much = _MUCH_READ if node.size[1] == 1 else _MUCH_PRODUCT
                part.shared = prod(node.size) * prod(node.batch) >= much
            case Pack():
                part.shared = not node.strips and node.rows * node.columns >= _MUCH_MOVED
            case Add():
                moved = prod(self.views.shape(node.step.out)) + prod(node.dims)
                part.shared = moved >= _MUCH_MOVED
            case _:
                pass
        part.lines += self.loops.node(node, 1, part.shared)
        self.context.ranges = {}
        self.context.rows = False
        return part

    def _shares(self, variable: str, size: int) -> list[str]:
        self.context.ranges = {variable: ("lo", "hi")}
        return [
            f"    const long lo = share({size}, 1, worker, workers);",
            f"    const long hi = share({size}, 1, worker + 1, workers);",
        ]

    def _can_share(self, node: Sweep) -> bool:
        inside = statements(node)
        if any(s.kept == 0 and s.fold for s in inside):
            return False
        if any(not any(ix.terms == (("i0", 1),) for ix in s.target.at) for s in inside):
            return False
        return sum(s.cost * prod(s.dims) for s in inside) >= _MUCH_SWEEP
