"""A model at fixed sizes as a list of steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import partial
from math import prod

from einrnn.core.model import Model, Range
from einrnn.core.nodes import Expr, Index
from einrnn.core.traverse import elements
from einrnn.dataclass import dataclass
from einrnn.errors import EvaluationError, InternalError
from einrnn.numeric import bounds, schedule
from einrnn.numeric.ahead import cleared
from einrnn.numeric.bounds import Interval
from einrnn.numeric.emit import MAIN, Axis, Emitter, Ordering, Var
from einrnn.numeric.guards import check_guards
from einrnn.numeric.labelled import aligned, spread
from einrnn.numeric.live import Lifetimes, lifetimes, pruned
from einrnn.numeric.lower import Lowering, nothing_hidden
from einrnn.numeric.nested import with_inner_sums, with_sums_of_sums
from einrnn.numeric.prefixes import with_prefixes
from einrnn.numeric.reading import Array
from einrnn.numeric.references import (
    Box,
    Unit,
    gaps,
    needed,
    references,
    units_of,
    unshadowed,
    whole_box,
)
from einrnn.numeric.schedule import Entries, Segment, Task, Whole
from einrnn.numeric.scope import Binding, Counted, Scope
from einrnn.numeric.steps import (
    Allocate,
    At,
    Entrywise,
    Given,
    Item,
    Loop,
    Register,
    Span,
    Step,
    Store,
)
from einrnn.numeric.windows import windowed
from einrnn.pathfinder.mirror import last_two

# what is computed ahead of a loop may take this many times the memory of what it fills
_AHEAD = 4

Output = tuple[Expr, tuple[Index, ...], Mapping[Index, Range]]


@dataclass(frozen=True)
class Plan:
    """The steps of a program at fixed sizes.

    ``constants`` depend on no input; ``main`` computes the rest. ``outputs`` names the
    register of each result.
    """

    registers: tuple[Register, ...]
    constants: tuple[Step, ...]
    main: tuple[Step, ...]
    outputs: Mapping[str, int]
    lifetimes: Lifetimes


def plan(
    model: Model,
    outputs: Mapping[str, Output],
    sizes: Mapping[str, int],
    opaque_seed: int,
    ordering: Ordering | None = None,
) -> Plan:
    """Plan the computation of all outputs; raises EvaluationError for reads out of range.

    ``ordering`` chooses the order of each contraction; without it they are planned jointly.
    """
    model = with_sums_of_sums(windowed(model, sizes), sizes)
    model = with_prefixes(with_inner_sums(model, sizes), sizes)
    planner = _Planner(model, sizes, opaque_seed, ordering)
    return planner.run(outputs)


class _Planner:
    def __init__(
        self, model: Model, sizes: Mapping[str, int], opaque_seed: int, ordering: Ordering | None
    ) -> None:
        self.model = model
        self.sizes = sizes
        self.emitter = Emitter(ordering)
        self._gaps: dict[str, list[Box]] = {}
        self._pieces: dict[str, list[Unit]] = {}
        self.lowering = Lowering(self.emitter, model, sizes, opaque_seed)

    def run(self, outputs: Mapping[str, Output]) -> Plan:
        exprs = [expr for expr, _, _ in outputs.values()]
        names = needed(self.model, list(exprs))
        units = {name: units_of(self.model.definitions[name], self.sizes) for name in names}
        self._pieces = units
        every = [unit for name in names for unit in units[name]]
        self.lowering.count_parents([*(unit.body for unit in every), *exprs])
        self._inputs(every, exprs)
        self._check_guards(every)
        for name in names:
            self._prepare(name, units[name])
        for task in schedule.schedule(every, self.sizes):
            self._task(task, {})
        self.lowering.hidden = nothing_hidden
        results = {name: self._output(output, name) for name, output in outputs.items()}
        return self._finished(results)

    def _finished(self, results: Mapping[str, int]) -> Plan:
        zero = self.lowering.constant(Fraction(0)).register
        constants, main = (tuple(block.steps) for block in self.emitter.blocks)
        main = cleared(main, zero)
        constants, main = pruned(constants, main, set(results.values()))
        registers = tuple(self.emitter.registers)
        times = lifetimes(registers, constants, main, set(results.values()))
        return Plan(registers, constants, main, results, times)

    def _inputs(self, units: Sequence[Unit], exprs: Sequence[Expr]) -> None:
        read = {element.tensor for element in elements(*(unit.body for unit in units), *exprs)}
        for name, given in self.model.inputs.items():
            if name not in read:
                continue
            box = tuple((0, bounds.number(size, self.sizes) - 1) for size in given.axes)
            shape = tuple(hi + 1 for _, hi in box)
            kind = "integer" if given.integer else "number"
            # an input is not a constant, although the step that fetches it reads nothing
            out = self.emitter.emit(Given, name, shape=shape, kind=kind, least=MAIN)
            self.emitter.name(out, name)
            if given.has("symmetric") or given.has("spd"):
                self.emitter.symmetric[self.emitter.identity(out)] = (last_two(len(shape)),)
            self.lowering.arrays[name] = Array(name, out, box)

    def _check_guards(self, units: Sequence[Unit]) -> None:
        for unit in units:
            for reference in unit.references:
                if reference.around.binders or reference.around.conditions:
                    box = self._box(reference.tensor)
                    check_guards(reference, unit.hull(), box, self.sizes)

    def _box(self, name: str) -> Box:
        return tuple(
            (bounds.number(axis.lo, self.sizes), bounds.number(axis.hi, self.sizes))
            for axis in self.model.axes(name)
        )

    def _prepare(self, name: str, units: Sequence[Unit]) -> None:
        """Allocate a definition unless it is one piece that nothing loops over."""
        definition = self.model.definitions[name]
        box = whole_box(definition, self.sizes)
        reads_itself = any(r.tensor == name for unit in units for r in unit.references)
        one_piece = len(units) == 1 and units[0].box == box and None not in units[0].letters
        if one_piece and not reads_itself:
            return
        self._allocate(name, units)

    def _allocate(self, name: str, units: Sequence[Unit]) -> None:
        box = whole_box(self.model.definitions[name], self.sizes)
        shape = tuple(hi - lo + 1 for lo, hi in box)
        names = (
            tuple(letter.name if letter else "·" for letter in units[-1].letters) if units else ()
        )
        out = self.emitter.emit(Allocate, name, shape, shape=shape, letters=names, least=MAIN)
        self.emitter.name(out, name)
        self.lowering.arrays[name] = Array(name, out, box)
        self._gaps[name] = gaps(self.model.definitions[name], list(units), self.sizes)
        for gap in self._gaps[name]:
            undefined = self.lowering.constant("undefined")
            items = tuple(
                Span(At(a - lo), b - a + 1) for (a, b), (lo, _) in zip(gap, box, strict=True)
            )
            self.emitter.put(Store(out, items, undefined.register))

    # --- tasks ----------------------------------------------------------------------------

    def _task(self, task: Task, fixed: Mapping[str, Mapping[int, Binding]]) -> None:
        """``fixed`` has, per definition, what the axes that loops run over are bound to."""
        match task:
            case Whole(unit):
                self._unit(unit, fixed.get(unit.tensor, {}))
            case schedule.Loop(axes, downwards, segments):
                for segment in segments:
                    self._segment(segment, axes, downwards, fixed)
            case Entries(units):
                self._entrywise(units)

    def _segment(
        self,
        segment: Segment,
        axes: Mapping[str, int],
        downwards: bool,
        fixed: Mapping[str, Mapping[int, Binding]],
    ) -> None:
        for name in axes:
            if name not in self.lowering.arrays:
                self._allocate(name, self._units(segment, name))
        if segment.lo == segment.hi:
            self._tasks(segment.body, axes, segment.lo, fixed)
            return
        before = self.lowering.busy, self.lowering.room
        level = self.emitter.open()
        counter = self.emitter.register((), "integer")
        arrays = [self.lowering.arrays[name] for name in axes]
        levels = [self.emitter.pin(array.register, level) for array in arrays]
        room = _AHEAD * sum(prod(hi - lo + 1 for lo, hi in array.box) for array in arrays)
        self.lowering.set_busy(before[0] | frozenset(axes), room)
        self._tasks(segment.body, axes, Counted(counter, segment.lo, segment.hi), fixed)
        self.lowering.set_busy(*before)
        for array, old in zip(arrays, levels, strict=True):
            self.emitter.pin(array.register, old)
        first, last = (segment.hi, segment.lo) if downwards else (segment.lo, segment.hi)
        body = self.emitter.close()
        self.emitter.put(Loop(counter, first, last, body))
        for array in arrays:
            self.emitter.changed(array.register)

    def _units(self, segment: Segment, name: str) -> list[Unit]:
        found: list[Unit] = []
        stack: list[Task] = list(segment.body)
        while stack:
            task = stack.pop()
            if isinstance(task, Whole):
                found += [task.unit] if task.unit.tensor == name else []
            elif isinstance(task, schedule.Loop):
                stack.extend(inner for part in task.segments for inner in part.body)
        return found

    def _tasks(
        self,
        body: Sequence[Task],
        axes: Mapping[str, int],
        binding: Binding,
        fixed: Mapping[str, Mapping[int, Binding]],
    ) -> None:
        inner = {**fixed}
        for name, axis in axes.items():
            inner[name] = {**fixed.get(name, {}), axis: binding}
        for task in body:
            self._task(task, inner)

    def _unit(self, unit: Unit, fixed: Mapping[int, Binding]) -> None:
        bindings: dict[Index, Binding] = {}
        kept: list[Axis] = []
        items: list[Item] = []
        box = whole_box(self.model.definitions[unit.tensor], self.sizes)
        for number, (letter, (lo, hi)) in enumerate(zip(unit.letters, unit.box, strict=True)):
            start = box[number][0]
            if letter is None or number in fixed:
                binding = fixed.get(number, lo)
                items.append(_at(binding, start))
                if letter is not None:
                    bindings[letter] = binding
                continue
            axis = Axis(letter, lo, hi - lo + 1)
            bindings[letter] = axis
            kept.append(axis)
            items.append(Span(At(lo - start), axis.size))
        self.lowering.hidden = partial(self._hidden, unit)
        value = self.lowering.value(unit.body, Scope(bindings, (), self.sizes))
        self._keep(unit, value, kept, items)

    def _hidden(self, unit: Unit, tensor: str) -> bool:
        """Whether a condition hides every entry of a tensor from a unit, at these sizes."""
        others = self._pieces.get(tensor)
        return others is not None and not schedule.reads_from(unit, others, self.sizes)

    def _keep(self, unit: Unit, value: Var, kept: Sequence[Axis], items: Sequence[Item]) -> None:
        """Store the entries, or make the value the definition where it is all of it."""
        array = self.lowering.arrays.get(unit.tensor)
        if array is None:
            whole = spread(self.emitter, value, kept)
            self.emitter.name(whole.register, unit.tensor)
            self.lowering.arrays[unit.tensor] = Array(unit.tensor, whole.register, unit.box)
            return
        source = aligned(self.emitter, value, kept) if value.axes else value.register
        self.emitter.put(Store(array.register, tuple(items), source))
        self.emitter.changed(array.register)

    def _entrywise(self, units: Sequence[Unit]) -> None:
        names = tuple(dict.fromkeys(unit.tensor for unit in units))
        for name in names:
            if name not in self.lowering.arrays:
                self._allocate(name, [unit for unit in units if unit.tensor == name])
        outs = tuple(self.lowering.arrays[name].register for name in names)
        boxes = tuple((names.index(unit.tensor), unit.box) for unit in units)
        starts = tuple(tuple(lo for lo, _ in self.lowering.arrays[name].box) for name in names)
        self.emitter.put(Entrywise(names, outs, starts, boxes))
        for out in outs:
            self.emitter.changed(out)

    # --- outputs --------------------------------------------------------------------------

    def _output(self, output: Output, name: str) -> int:
        expr, order, ranges = output
        bindings: dict[Index, Binding] = {}
        axes: list[Axis] = []
        for index in order:
            lo = bounds.number(ranges[index].lo, self.sizes)
            hi = bounds.number(ranges[index].hi, self.sizes)
            axes.append(Axis(index, lo, max(0, hi - lo + 1)))
            bindings[index] = axes[-1]
        if any(axis.size == 0 for axis in axes):
            raise EvaluationError("E613", f"the output {name} has no entries at these sizes")
        body = unshadowed(expr, set(order))
        hull = {axis.index: (axis.lo, axis.lo + axis.size - 1) for axis in axes}
        for reference in references(body):
            check_guards(reference, hull, self._box(reference.tensor), self.sizes)
        self._refuse_gaps(body, hull)
        value = self.lowering.value(body, Scope(bindings, (), self.sizes))
        return spread(self.emitter, value, axes).register

    def _refuse_gaps(self, body: Expr, hull: Mapping[Index, Interval]) -> None:
        """An output must not read entries that no clause gives, unless a condition guards it."""
        for reference in references(body):
            missing = self._gaps.get(reference.tensor, [])
            if not missing or reference.around.conditions:
                continue
            read = tuple(
                (
                    bounds.smallest(arg, reference.around, hull, self.sizes),
                    bounds.largest(arg, reference.around, hull, self.sizes),
                )
                for arg in reference.args
            )
            for gap in missing:
                if all(
                    lo is None or hi is None or (lo <= b and a <= hi)
                    for (lo, hi), (a, b) in zip(read, gap, strict=True)
                ):
                    place = ",".join(str(lo) for lo, _ in gap)
                    name = reference.tensor
                    raise EvaluationError("E604", f"no clause of {name} gives {name}[{place}]")


def _at(binding: Binding, start: int) -> At:
    match binding:
        case Counted(register):
            return At(-start, ((register, 1),))
        case int():
            return At(binding - start)
        case _:
            raise InternalError("E904", "a loop binds an index to an axis")
