"""Steps of a plan to statements and calls: views vanish into positions."""

from __future__ import annotations

from collections.abc import Sequence

from einrnn.core.functions import FUNCTIONS
from einrnn.numeric.live import writes
from einrnn.numeric.native.draft import Built, Draft, Level
from einrnn.numeric.native.entries import Entries
from einrnn.numeric.native.forms import COSTS, FORMS
from einrnn.numeric.native.index import Cell, Ix, variable
from einrnn.numeric.native.items import Choice, Item, Read, Statement, Turns
from einrnn.numeric.native.operands import matrices
from einrnn.numeric.native.positions import variables
from einrnn.numeric.native.products import Products
from einrnn.numeric.native.views import Views, row_major
from einrnn.numeric.plan import Plan
from einrnn.numeric.source.softmax import opened
from einrnn.numeric.steps import (
    Assemble,
    Cast,
    Choose,
    Contract,
    Fold,
    Gather,
    Given,
    Loop,
    Map,
    Scatter,
    Step,
    Store,
)


def build(plan: Plan) -> Built:
    """The items of a plan in the order of its steps."""
    builder = _Builder(plan)
    return builder.run()


class _Builder:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.views = Views(list(plan.registers))
        self.draft = Draft(self.views)
        self.entries = Entries(self.draft)
        self.products = Products(self.draft)

    def run(self) -> Built:
        steps = (*self.plan.constants, *self.plan.main)
        self._note(steps)
        self._results()
        self._block(steps)
        for name, out in self.plan.outputs.items():
            if name not in self.draft.built.results.values():
                self._copied_out(name, out)
        return self.draft.built

    def _note(self, steps: Sequence[Step]) -> None:
        """Learn which step makes which register."""
        for step in steps:
            match step:
                case Loop(_, _, _, body):
                    self._note(body)
                case Choose(out, _, then, _, otherwise, _):
                    self._note((*then, *otherwise))
                    self.views.made[out] = step
                case Store():
                    pass
                case _:
                    out: int = getattr(step, "out")  # noqa: B009
                    self.views.made[out] = step

    def _results(self) -> None:
        """Arrays made where the caller wants them, if need be with axes in another order."""
        for name, out in self.plan.outputs.items():
            shape = self.views.shape(out)
            at = tuple(variable(f"i{n}") if size > 1 else Ix() for n, size in enumerate(shape))
            found = self.views.resolve(out, at)
            if not isinstance(found, Cell) or found.base in self.draft.built.results:
                continue
            base = found.base
            plain = sorted((str(ix), size) for ix, size in zip(at, shape, strict=True) if size > 1)
            sizes = zip(found.at, self.views.shape(base), strict=True)
            moves = sorted((str(ix), size) for ix, size in sizes if size > 1)
            given = isinstance(self.views.made[base], Given) or self.views.kind(base) != "number"
            if given or moves != plain:
                continue
            stride = dict(zip(at, row_major(shape), strict=True))
            strides = tuple(0 if ix == Ix() else stride[ix] for ix in found.at)
            if self._suits(base, strides):
                self.draft.built.results[base] = name
                self.views.set_strides[base] = strides

    def _suits(self, base: int, strides: tuple[int, ...]) -> bool:
        """Whether a product can be written with these strides."""
        step = self.views.made[base]
        if not isinstance(step, Contract):
            return True
        batch, left, _, right = step.shape
        return matrices(base, Ix(), list(strides), (batch, left, right)) is not None

    def _copied_out(self, name: str, out: int) -> None:
        shape = self.views.shape(out)
        copy = self.draft.new(shape, "number")
        self.draft.built.results[copy] = name
        self.draft.map(copy, "{0}", [out])

    # --- blocks ---------------------------------------------------------------------------

    def _block(self, steps: Sequence[Step]) -> None:
        for step in steps:
            self._step(step)

    def _step(self, step: Step) -> None:
        match step:
            case Given(out, name):
                self.draft.built.inputs[out] = name
            case Map(_, "bump"):
                self.entries.bump(step)
            case Map(out, function, args):
                form = FORMS.get(function) or _call(function)
                self.draft.map(out, form, args, COSTS.get(function, 1))
            case Cast(out, source):
                self.draft.map(out, "{0}", [source])
            case Fold(_, "logsumexp"):
                rows = opened(step, self.views.registers).rows
                self._note(rows)
                for level in self.draft.levels:
                    level.written |= {out for row in rows for out in writes(row)}
                self._block(rows)
            case Fold():
                self.entries.fold(step)
            case Store():
                self.entries.store(step)
            case Gather():
                self.entries.gather(step)
            case Scatter():
                self.entries.scatter(step)
            case Assemble():
                self.entries.assemble(step)
            case Contract():
                self.products.contract(step)
            case Loop():
                self._loop(step)
            case Choose():
                self._choose(step)
            case _:
                pass

    def _loop(self, step: Loop) -> None:
        outer, self.draft.items = self.draft.items, []
        made = {out for below in step.body for out in writes(below)}
        self.views.counters.add(step.counter)
        self.draft.levels.append(Level(f"c{step.counter}", made))
        self._block(step.body)
        level = self.draft.levels.pop()
        body, self.draft.items = self.draft.items, outer
        self.draft.items += level.ahead
        reads_of, writes_to = _all_touched(body)
        self.draft.items.append(
            Turns(reads_of, writes_to, step.counter, step.first, step.last, body)
        )

    def _choose(self, step: Choose) -> None:
        blocks: list[list[Item]] = []
        outer = self.draft.items
        for steps, result in ((step.then, step.then_out), (step.otherwise, step.otherwise_out)):
            self.draft.items = []
            self._block(steps)
            self.draft.map(step.out, "{0}", [result])
            last = self.draft.items[-1]
            assert isinstance(last, Statement)
            last.local = False
            blocks.append(self.draft.items)
        self.draft.items = outer
        checked = [Read(r, variables(self.views.shape(r))[0]) for r in step.checked]
        dims = [variables(self.views.shape(r))[1] for r in step.checked]
        reads_of, writes_to = _all_touched([*blocks[0], *blocks[1]])
        reads_of |= {cell.base for cell in self.draft.cells(checked)}
        choice = Choice(reads_of, writes_to, tuple(checked), tuple(dims), blocks[0], blocks[1])
        self.draft.items.append(choice)


def _call(function: str) -> str:
    return f"{function}_({{0}})" if len(FUNCTIONS[function].derivatives) == 1 else ""


def _all_touched(items: Sequence[Item]) -> tuple[frozenset[int], frozenset[int]]:
    reads_of: set[int] = set()
    writes_to: set[int] = set()
    for item in items:
        if isinstance(item, Statement):
            reads_of |= {cell.base for cell in item.reads}
            writes_to.add(item.target.base)
        else:
            reads_of |= item.reads_of
            writes_to |= item.writes_to
    return frozenset(reads_of), frozenset(writes_to)
