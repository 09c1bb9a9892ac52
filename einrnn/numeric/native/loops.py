"""Loops over entries and over time, and choices, as lines of C."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from einrnn.numeric.native import calls
from einrnn.numeric.native.context import Context
from einrnn.numeric.native.index import Cell
from einrnn.numeric.native.items import (
    Add,
    Check,
    Choice,
    Item,
    Node,
    Pack,
    Product,
    Statement,
    Sweep,
    Turns,
)
from einrnn.numeric.native.nest import arranged

# entries of a tile along the outer loop and along the inner one, where memory is written in a row
_TILE = 64, 256
_STARTS = {"sum": "0", "prod": "1", "max": "-INFINITY", "min": "INFINITY"}
_FOLDS = {
    "sum": "{0} += {1};",
    "prod": "{0} *= {1};",
    "max": "{0} = {1} > {0} ? {1} : {0}; odd_{0} += {1} != {1};",
    "min": "{0} = {1} < {0} ? {1} : {0}; odd_{0} += {1} != {1};",
}
_OPERATORS = {"sum": "+", "prod": "*", "max": "max", "min": "min"}


class Loops:
    """Writes nodes, with what is inside them."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.nodes_of: dict[int, list[Node]] = {}

    def node(self, node: Node, depth: int, shared: bool = False) -> list[str]:
        """The lines of a node; with ``shared`` a worker's part of it."""
        match node:
            case Sweep():
                return self._sweep(node, depth)
            case Statement():
                return self._statement(node, depth)
            case Product():
                return calls.product(self.context, node, depth, shared)
            case Pack():
                return calls.pack(self.context, node, depth, shared)
            case Check():
                return calls.check(self.context, node, depth)
            case Add():
                return calls.add(self.context, node, depth, shared)
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
        before = dict(self.context.scope)
        rows = [line for node in nodes for line in self.node(node, depth)]
        self.context.scope = before
        return rows

    def _sweep(self, sweep: Sweep, depth: int) -> list[str]:
        if self._crosses(sweep):
            return self._in_tiles(sweep, depth)
        pad = "    " * depth
        folds = [s for s in statements(sweep) if s.fold and s.kept == sweep.depth]
        rows: list[str] = []
        for fold in folds:
            name = self.context.name(fold.target.base)
            rows.append(f"{pad}real {name}_ = {_STARTS[fold.fold]};")
            if fold.fold in ("max", "min"):
                rows.append(f"{pad}real odd_{name}_ = 0;")
        if all(isinstance(below, Statement) for below in sweep.body):
            rows.append(f"{pad}#pragma omp simd{_reductions(sweep, self.context.name)}")
        name = f"i{sweep.depth}"
        lo, hi = self._ends(sweep)
        rows.append(f"{pad}for (long {name} = {lo}; {name} < {hi}; {name}++) {{")
        rows += self._block(sweep.body, depth + 1)
        rows.append(f"{pad}}}")
        for fold in folds:
            rows += self._folded(fold, pad)
        return rows

    def _ends(self, sweep: Sweep) -> tuple[str, str]:
        return self.context.ranges.get(f"i{sweep.depth}", ("0", str(sweep.size)))

    def _crosses(self, sweep: Sweep) -> bool:
        """Whether two large loops, and nothing between them, read some array along the outer one
        and write along the inner one."""
        inner = sweep.body[0] if len(sweep.body) == 1 else None
        if not isinstance(inner, Sweep) or min(sweep.size, inner.size) < 2 * _TILE[0]:
            return False
        if any(not isinstance(below, Statement) or below.fold for below in inner.body):
            return False
        reads = (self.context.cell(arg) for s in statements(inner) for arg in s.args)
        outer, along = f"i{sweep.depth}", f"i{inner.depth}"
        for cell in reads:
            steps = dict(self.context.views.flat(cell).terms) if cell is not None else {}
            if steps.get(outer) == 1 and steps.get(along, 0) >= _TILE[0]:
                return True
        return False

    def _in_tiles(self, sweep: Sweep, depth: int) -> list[str]:
        """Two loops in tiles that the cache holds, however they go through an array."""
        rows: list[str] = []
        (inner,) = sweep.body
        assert isinstance(inner, Sweep)
        for level, (loop, tile) in enumerate(zip((sweep, inner), _TILE, strict=True)):
            pad, name, (lo, hi) = "    " * (depth + level), f"i{loop.depth}", self._ends(loop)
            first, end = f"from_{name}", f"to_{name}"
            rows.append(f"{pad}for (long {first} = {lo}; {first} < {hi}; {first} += {tile}) {{")
            short = f"{hi} - {first} < {tile} ? {hi} : {first} + {tile}"
            rows.append(f"{pad}    const long {end} = {short};")
        before = dict(self.context.ranges)
        for loop in (sweep, inner):
            name = f"i{loop.depth}"
            self.context.ranges[name] = (f"from_{name}", f"to_{name}")
        pad, name = "    " * (depth + 2), f"i{sweep.depth}"
        rows.append(f"{pad}for (long {name} = from_{name}; {name} < to_{name}; {name}++) {{")
        rows += self._block(sweep.body, depth + 3)
        self.context.ranges = before
        return [*rows, *("    " * (depth + level) + "}" for level in (2, 1, 0))]

    def _folded(self, fold: Statement, pad: str) -> list[str]:
        """The result of a fold, when its loops have ended."""
        base = fold.target.base
        name = self.context.name(base)
        value = f"{name}_"
        if fold.fold in ("max", "min"):
            value = f"odd_{name}_ != 0 ? (real)NAN : {name}_"
        return self._kept(fold.target, value, pad)

    def _kept(self, target: Cell, value: str, pad: str) -> list[str]:
        """A value as a variable, and in memory where something else reads it there."""
        local = f"{self.context.name(target.base)}_v"
        rows = [f"{pad}const {self.context.type(target.base)} {local} = {value};"]
        self.context.scope[target.base] = (target.at, local)
        if target.base in self.context.needed or target.base in self.context.built.results:
            rows.append(f"{pad}{self.context.memory(target)} = {local};")
        return rows

    def _statement(self, s: Statement, depth: int) -> list[str]:
        pad = "    " * depth
        value = s.form.format(*[self.context.read(arg) for arg in s.args])
        if s.fold:
            name = f"{self.context.name(s.target.base)}_"
            entry = f"{name}x"
            return [
                f"{pad}const real {entry} = {value};",
                pad + _FOLDS[s.fold].format(name, entry),
            ]
        if s.local:
            return self._kept(s.target, value, pad)
        self.context.needed.add(s.target.base)
        return [f"{pad}{self.context.memory(s.target)} = {value};"]

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
            entry = self.context.read(arg)
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


def statements(node: Node) -> list[Statement]:
    """The statements inside a node."""
    if isinstance(node, Sweep):
        return [s for below in node.body for s in statements(below)]
    return [node] if isinstance(node, Statement) else []


def _reductions(sweep: Sweep, name: Callable[[int], str]) -> str:
    rows = ""
    for s in statements(sweep):
        if s.fold:
            own = f"{name(s.target.base)}_"
            rows += f" reduction({_OPERATORS[s.fold]}:{own})"
            if s.fold in ("max", "min"):
                rows += f" reduction(+:odd_{own})"
    return rows
