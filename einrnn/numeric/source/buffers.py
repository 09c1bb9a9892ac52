"""Which register is computed into which buffer: elementwise steps in place, others planned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from itertools import count, pairwise

from einrnn.dataclass import dataclass
from einrnn.numeric.plan import Plan
from einrnn.numeric.source.aliases import shared
from einrnn.numeric.steps import (
    Align,
    Allocate,
    Assemble,
    At,
    Choose,
    Contract,
    Diagonal,
    Fold,
    Layout,
    Loop,
    Map,
    Register,
    Span,
    Spread,
    Step,
    Store,
    View,
    reads,
)

# of all functions of entries these have no ``out`` argument
_NO_OUT = frozenset({"where", "whole", "sigmoid", "softplus", "erf", "step", "sign", "relu"})
_VIEWS = (View, Align, Spread, Diagonal, Layout)
_FOREVER = 1 << 60


@dataclass()
class Buffers:
    """``of`` maps a register to its buffer, ``shapes`` has the shape of each buffer.

    ``target`` maps a register to the Store it is computed straight into; ``inplace`` are the
    results of assembling that are written into their whole argument.
    """

    of: dict[int, int] = field(default_factory=dict[int, int])
    shapes: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])
    target: dict[int, Store] = field(default_factory=dict[int, Store])
    inplace: set[int] = field(default_factory=set[int])


def buffers(plan: Plan) -> Buffers:
    """Buffers for all results that are not outputs of the plan."""
    return _Planner(plan).result


class _Planner:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.result = Buffers()
        self._root: dict[int, int] = {}
        self._last: dict[int, int] = {}
        self._overwritten(plan.main)
        clock = count()
        self._times(plan.main, clock, set())
        for out in plan.outputs.values():
            self._last[self._of(out)] = _FOREVER
        self._kept = {self._of(out) for out in plan.outputs.values()}
        self._targets(plan.main)
        self._shared = shared(plan)
        for out, array in self._shared.items():
            self._last[array] = max(self._last.get(array, 0), self._last.get(out, 0))
        self._free: dict[tuple[int, ...], list[int]] = {}
        self._dying: dict[int, list[int]] = {}
        self._assign(plan.main, count())

    def _of(self, register: int) -> int:
        return self._root.get(register, register)

    def _times(self, steps: Sequence[Step], clock: Iterator[int], born: set[int]) -> None:
        """When the array behind each register is made and last read."""
        for step in steps:
            now = next(clock)
            if isinstance(step, Loop):
                inner: set[int] = set()
                self._times(step.body, clock, inner)
                now = next(clock)
                for register in reads(step):
                    if register not in inner:
                        root = self._of(register)
                        self._last[root] = max(now, self._last.get(root, 0))
                continue
            if isinstance(step, Assemble) and step.out in self.result.inplace:
                whole = whole_argument(step, self._plan.registers)
                assert whole is not None
                self._root[step.out] = self._of(step.args[whole])
            if isinstance(step, _VIEWS):
                self._root[step.out] = self._of(step.source)
            # the result of a choice may be a view of anything its branches read
            until = _FOREVER if isinstance(step, Choose) else now
            for register in reads(step):
                self._last[self._of(register)] = max(until, self._last.get(self._of(register), 0))
            if not isinstance(step, (Choose, Store)) and hasattr(step, "out"):
                out: int = getattr(step, "out")  # noqa: B009
                born.add(out)

    def _overwritten(self, steps: Sequence[Step]) -> None:
        """Arrays of the same block that nothing but an assembling step reads."""
        own: set[int] = set()
        for step in steps:
            match step:
                case Map(out) | Contract(out) | Fold(out):
                    own.add(out)
                case Assemble():
                    whole = whole_argument(step, self._plan.registers)
                    base = -1 if whole is None else step.args[whole]
                    if base in own and step.args.count(base) == self._reads_of(base) == 1:
                        self.result.inplace.add(step.out)
                    own.add(step.out)
                case Loop(_, _, _, body):
                    self._overwritten(body)
                case _:
                    pass

    def _targets(self, steps: Sequence[Step]) -> None:
        """Results that are only stored, in the step after, are computed where they belong."""
        for before, step in pairwise(steps):
            if isinstance(step, Store) and isinstance(before, (Map, Contract)):
                own = before.out == step.source and self._reads_of(step.source) == 1
                if own and takes_out(before) and self._fits(before, step):
                    self.result.target[before.out] = step
        for step in steps:
            if isinstance(step, Loop):
                self._targets(step.body)

    def _reads_of(self, register: int) -> int:
        return sum(register in reads(step) for step in flat(self._plan.main)) + (
            register in self._plan.outputs.values()
        )

    def _fits(self, before: Step, store: Store) -> bool:
        """The stored part has the shape of the result, and a product reads another array."""
        source = self._plan.registers[store.source]
        part = tuple(item.size for item in store.items if isinstance(item, Span))
        if part != source.shape or not part or source.kind != "number":
            return False
        if isinstance(before, Map):
            return True
        sizes = self._plan.registers[store.out].shape
        rest = zip(store.items[1:], sizes[1:], strict=True)
        rows = all(isinstance(item, Span) and item.size == size for item, size in rest)
        rows &= isinstance(store.items[0], At) or store.items[0].step == 1
        return rows and all(self._of(r) != self._of(store.out) for r in reads(before))

    def _assign(self, steps: Sequence[Step], clock: Iterator[int]) -> None:
        for step in steps:
            now = next(clock)
            if isinstance(step, Loop):
                self._assign(step.body, clock)
                now = next(clock)
            elif isinstance(step, Allocate) or takes_out(step):
                self._give(step, now)
            for buffer in self._dying.pop(now, ()):
                self._free.setdefault(self.result.shapes[buffer], []).append(buffer)

    def _give(self, step: Step, now: int) -> None:
        out: int = getattr(step, "out")  # noqa: B009
        register = self._plan.registers[out]
        if register.kind != "number" or not register.shape or out in self.result.target:
            return
        if out in self._kept:
            return
        if self._shared.get(out) in self.result.of:
            self.result.of[out] = self.result.of[self._shared[out]]
            return
        last = self._last.get(out, now)
        buffer = self._in_place(step, out, now)
        if buffer is None:
            spare = self._free.get(register.shape)
            buffer = spare.pop() if spare else len(self.result.shapes)
            if buffer == len(self.result.shapes):
                self.result.shapes.append(register.shape)
        self.result.of[out] = buffer
        self._dying.setdefault(last, []).append(buffer)

    def _in_place(self, step: Step, out: int, now: int) -> int | None:
        """The buffer of an argument that dies here, if nothing else reads it."""
        if not isinstance(step, Map):
            return None
        roots = [self._of(arg) for arg in step.args]
        for arg in step.args:
            buffer = self.result.of.get(arg)
            alone = roots.count(arg) == step.args.count(arg)
            if buffer is None or self._last.get(arg) != now or not alone:
                continue
            if self.result.shapes[buffer] == self._plan.registers[out].shape:
                self._dying[now].remove(buffer)
                return buffer
        return None


def whole_argument(step: Assemble, registers: Sequence[Register]) -> int | None:
    """Which argument has all entries of the result, where they lie in it."""
    plain = tuple((axis, 0) for axis in range(len(step.shape)))
    for number, (arg, places) in enumerate(zip(step.args, step.places, strict=True)):
        if places == plain and registers[arg].shape == step.shape:
            return number
    return None


def flat(steps: Sequence[Step]) -> Iterator[Step]:
    """The steps, those of loops and choices in place of these."""
    for step in steps:
        if isinstance(step, Loop):
            yield from flat(step.body)
        elif isinstance(step, Choose):
            yield from (*step.then, *step.otherwise)
        else:
            yield step


def takes_out(step: Step) -> bool:
    """Whether a step can be told where to compute its result."""
    match step:
        case Map(_, function):
            return function not in _NO_OUT
        case Contract():
            _, left, _, right = step.shape
            return bool(left or right)
        case Fold(_, op):
            return op != "logsumexp"
        case _:
            return False
