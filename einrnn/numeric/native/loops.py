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
from einrnn.numeric.native.mirror import Mirrored, mirrored
from einrnn.numeric.native.nest import arranged
from einrnn.numeric.native.squares import Crossed, crossed, square

# columns of squares that are gone through together: what lies beside a turned square in a row of
# the cache is still there when it is needed
_BLOCK = 1024
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
                return self._sweep(node, depth, shared)
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

    def _sweep(self, sweep: Sweep, depth: int, shared: bool) -> list[str]:
        found = crossed(sweep, self.context)
        if not found:
            return self._loop(sweep, depth)
        alike = mirrored(sweep, self.context, found) if shared else None
        if alike is not None:
            return self._in_pairs(sweep, alike, depth)
        return self._in_squares(sweep, found, depth)

    def _loop(self, sweep: Sweep, depth: int) -> list[str]:
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

    def _in_squares(self, sweep: Sweep, found: Sequence[Crossed], depth: int) -> list[str]:
        """Two loops in squares of which some are turned, then over what makes no square."""
        (inner,) = sweep.body
        assert isinstance(inner, Sweep)
        pad, outer, along = "    " * depth, f"i{sweep.depth}", f"i{inner.depth}"
        (lo, hi), (first, last) = self._ends(sweep), self._ends(inner)
        rows = [f"{pad}{{"]
        for name, start, end in ((outer, lo, hi), (along, first, last)):
            rows.append(
                f"{pad}    const long end_{name} = {start} + ({end} - {start}) / LANES * LANES;"
            )
        block = f"from_{along}"
        rows += [
            f"{pad}    for (long {block} = {first}; {block} < end_{along}; {block} += {_BLOCK})",
            f"{pad}    for (long at_{outer} = {lo}; at_{outer} < end_{outer}; at_{outer} += LANES)",
            f"{pad}    for (long at_{along} = {block};"
            f" at_{along} < smaller(end_{along}, {block} + {_BLOCK}); at_{along} += LANES) {{",
        ]
        before = dict(self.context.scope)
        for one in found:
            lines, entry = square(one, self.context, outer, along)
            rows += [f"{pad}        {line}" for line in lines]
            self.context.scope[one.cell.base] = (one.cell.at, entry)
        own = {name: (f"at_{name}", f"at_{name} + LANES") for name in (outer, along)}
        rows += self._within(sweep, own, depth + 2)
        self.context.scope = before
        rows.append(f"{pad}    }}")
        beside = {outer: (lo, f"end_{outer}"), along: (f"end_{along}", last)}
        below = {outer: (f"end_{outer}", hi), along: (first, last)}
        for rest in (beside, below):
            rows += self._within(sweep, rest, depth + 1)
        return [*rows, f"{pad}}}"]

    def _in_pairs(self, sweep: Sweep, alike: Mirrored, depth: int) -> list[str]:
        """The squares of one triangle with their mirror images, then what makes no square.

        Workers take rows of squares in turn, as these get shorter.
        """
        pad, outer, along, size = "    " * depth, alike.outer, alike.along, sweep.size
        lo, hi = self._ends(sweep)
        end, block = f"end_{along}", f"from_{along}"
        stop = f"smaller({end}, {block} + {_BLOCK})"
        rows = [
            f"{pad}{{",
            f"{pad}    const long {end} = {size} / LANES * LANES;",
            f"{pad}    for (long {block} = 0; {block} < {end}; {block} += {_BLOCK})",
            f"{pad}    for (long at_{outer} = worker * LANES;"
            f" at_{outer} < {stop}; at_{outer} += workers * LANES)",
            f"{pad}    for (long at_{along} = {block} > at_{outer} ? {block} : at_{outer};"
            f" at_{along} < {stop}; at_{along} += LANES) {{",
            *(f"{pad}        {line}" for line in alike.square()),
            f"{pad}    }}",
        ]
        beside = {outer: (lo, f"smaller({hi}, {end})"), along: (end, f"{size}")}
        below = {outer: (f"worker ? {size} : {end}", f"{size}")}
        for rest in (beside, below):
            rows += self._within(sweep, rest, depth + 1)
        return [*rows, f"{pad}}}"]

    def _within(self, sweep: Sweep, ranges: dict[str, tuple[str, str]], depth: int) -> list[str]:
        """A loop, and those in it, over parts of their ranges."""
        before = dict(self.context.ranges)
        self.context.ranges |= ranges
        rows = self._loop(sweep, depth)
        self.context.ranges = before
        return rows

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
