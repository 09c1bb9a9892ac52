"""A program over one part of an index, in stages between which partial values are summed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from einrnn.core import affine as af
from einrnn.core.model import Clause, Definition, Input, Model, Range
from einrnn.core.nodes import Affine, Dim, Element, Expr, Index
from einrnn.core.traverse import elements
from einrnn.dataclass import dataclass
from einrnn.errors import EinrnnError
from einrnn.numeric.calculus.given import with_given
from einrnn.numeric.cut.axes import Place, places, whole_dim
from einrnn.numeric.cut.parts import Kind, Parts
from einrnn.numeric.formula import Formula
from einrnn.numeric.plan import Output
from einrnn.numeric.references import needed
from einrnn.numeric.schedule import strongly_connected


@dataclass(frozen=True)
class Stage:
    """``formula`` has outputs for what is ``summed`` over the parts after the stage, what is
    ``kept`` for later stages, and those outputs of the program in ``ready``."""

    formula: Formula
    summed: tuple[str, ...]
    kept: tuple[str, ...]
    ready: tuple[str, ...]


@dataclass(frozen=True)
class Cut:
    """A program cut along an index of size ``whole`` into parts of size ``part``.

    ``inputs`` and ``outputs`` have the number of the axis that is cut, None for what every
    part has; ``sums`` tells for an output that is a sum over the parts which of the
    ``summed`` of a stage it is.
    """

    letter: str
    whole: Dim
    part: Dim
    inputs: Mapping[str, int | None]
    outputs: Mapping[str, int | None]
    sums: Mapping[str, str]
    stages: tuple[Stage, ...]


def cut(model: Model, document: Model, outputs: Mapping[str, Output], letter: str) -> Cut:
    """The program of a closed ``model`` cut along an index of the ``document``.

    Raises EinrnnError: E820, there is no such index; E821, it cannot be cut.
    """
    found = places(model, document, outputs, letter)
    return _Cutting(model, outputs, letter, found).run()


class _Cutting:
    def __init__(
        self, model: Model, outputs: Mapping[str, Output], letter: str, found: set[Place]
    ) -> None:
        self.model = model
        self.outputs = outputs
        self.names = needed(model, [expr for expr, _, _ in outputs.values()])
        self.whole = whole_size(model, letter, found, self.names)
        self.part = Dim(f"{self.whole.name} of a part")
        self.work = Parts(model, letter, found, self.whole, af.of(self.part))
        self.kinds: dict[str, Kind] = {}
        self.level: dict[str, int] = {}

    def run(self) -> Cut:
        definitions: dict[str, Definition] = {}
        for name in self.names:
            self.kinds[name], definitions[name] = self._definition(self.model.definitions[name])
        roots: dict[str, tuple[Expr, dict[Index, Range]]] = {}
        axes: dict[str, int | None] = {}
        for name, output in self.outputs.items():
            roots[name], axes[name] = self._output(name, output)
        definitions |= self.work.lifted
        self.kinds |= dict.fromkeys(self.work.lifted, "partial")
        inputs = {name: self._input(given) for name, given in self.model.inputs.items()}
        model = replace(
            self.model,
            inputs=inputs,
            definitions=definitions,
            dims={**self.model.dims, self.part.name: None},
        )
        self._levels(model)
        cut_inputs = {name: self.work.axis(name) for name in inputs}
        # an output that is a sum is ready with the stage that sums it
        sums = {
            name: tensor
            for name, (expr, ranges) in roots.items()
            if (tensor := alone(expr, ranges)) and self.kinds.get(tensor) == "partial"
        }
        stages = self._stages(Formula(model, roots), sums)
        return Cut(self.work.letter, self.whole, self.part, cut_inputs, axes, sums, stages)

    # --- one part -------------------------------------------------------------------------

    def _span(self, span: Range) -> Range:
        """The positions of a cut axis in one part."""
        if whole_dim(span) is not self.whole:
            raise self.work.refuse(f"an axis along it runs from {span.lo} to {span.hi}")
        return Range(af.ZERO, af.last(af.of(self.part)))

    def _input(self, given: Input) -> Input:
        axis = self.work.axis(given.name)
        if axis is None:
            return given
        sizes = tuple(
            af.of(self.part) if at == axis else size for at, size in enumerate(given.axes)
        )
        return replace(given, axes=sizes)

    def _definition(self, old: Definition) -> tuple[Kind, Definition]:
        axis = self.work.axis(old.name)
        kinds: set[Kind] = set()
        clauses: list[Clause] = []
        for clause in old.clauses:
            letter = None if axis is None else af.letter(clause.args[axis])
            if axis is not None and letter is None:
                raise self.work.refuse(f"{old.name} is given at one position of it")
            letters = frozenset({letter}) if letter is not None else frozenset[Index]()
            kind, body = self.work.body(clause, letters)
            if axis is not None and kind == "partial":
                kind, body = "same", self.work.lift(body, clause.ranges)
            kinds.add(kind)
            ranges = {
                index: self._span(span) if index is letter else span
                for index, span in clause.ranges.items()
            }
            clauses.append(Clause(clause.args, ranges, body))
        spans = tuple(self._span(s) if at == axis else s for at, s in enumerate(old.axes))
        if axis is not None:
            return "carried", Definition(old.name, spans, tuple(clauses), old.late)
        if "partial" not in kinds:
            return "same", Definition(old.name, spans, tuple(clauses), old.late)
        if kinds != {"partial"}:
            clauses = [
                replace(c, body=self.work.lift(c.body, c.ranges))
                if self.work.body(before, frozenset())[0] == "partial"
                else c
                for c, before in zip(clauses, old.clauses, strict=True)
            ]
            return "same", Definition(old.name, spans, tuple(clauses), old.late)
        return "partial", Definition(old.name, spans, tuple(clauses), old.late)

    def _output(
        self, name: str, output: Output
    ) -> tuple[tuple[Expr, dict[Index, Range]], int | None]:
        """An output for one part, and its axis that is cut; a partial one becomes an entry of
        a definition."""
        expr, order, ranges = output
        along = [index for index in order if index in self._cut_letters(expr)]
        if len(along) > 1:
            raise self.work.refuse(f"the output {name} has it on two axes")
        kind, body = self.work.body(Clause((), ranges, expr), frozenset(along))
        if kind == "partial":
            body = self.work.lift(body, ranges)
        spans = {i: self._span(ranges[i]) if i in along else ranges[i] for i in order}
        return (body, spans), order.index(along[0]) if along else None

    def _cut_letters(self, expr: Expr) -> set[Index]:
        return {
            letter
            for element in elements(expr)
            for at, arg in enumerate(element.args)
            if (element.tensor, at) in self.work.cut and (letter := af.letter(arg)) is not None
        }

    # --- stages ---------------------------------------------------------------------------

    def _levels(self, model: Model) -> None:
        """How many rounds of summing come before each definition."""
        below = {
            name: [
                e.tensor for c in old.clauses for e in elements(c.body) if e.tensor in self.kinds
            ]
            for name, old in model.definitions.items()
        }
        for component in strongly_connected(list(below), below):
            inside = set(component)
            if (len(component) > 1 or component[0] in below[component[0]]) and any(
                self.kinds[name] == "partial" for name in component
            ):
                raise self.work.refuse(
                    f"a sum over it is needed in every step of the recurrence of {component[0]}"
                )
            level = max(
                (
                    self.level[read] + (self.kinds[read] == "partial")
                    for name in component
                    for read in below[name]
                    if read not in inside
                ),
                default=0,
            )
            self.level |= dict.fromkeys(component, level)

    def _stages(self, formula: Formula, sums: Mapping[str, str]) -> tuple[Stage, ...]:
        """Each stage reads what was summed or kept before; the sums of the last are outputs."""
        reads = {
            name: [e.tensor for e in elements(expr) if e.tensor in self.level]
            for name, (expr, _) in formula.roots.items()
        }
        when = {
            name: self.level[sums[name]]
            if name in sums
            else max((self.level[r] + (self.kinds[r] == "partial") for r in read), default=0)
            for name, read in reads.items()
        }
        every = needed(formula.model, [expr for expr, _ in formula.roots.values()])
        stages: list[Stage] = []
        known: set[str] = set()
        for level in range(max(when.values(), default=0) + 1):
            own = [n for n, at in when.items() if at == level and n not in sums]
            summed = [
                name
                for name in every
                if self.kinds[name] == "partial" and self.level[name] == level
            ]
            roots = {name: formula.roots[name] for name in own}
            roots |= {name: entries(formula.model, name) for name in summed}
            here = with_given(Formula(formula.model, roots), known)
            now = set(needed(here.model, [expr for expr, _ in here.roots.values()]))
            later = [n for n, at in when.items() if at > level]
            wanted = self._read_later(formula, later, every, level)
            kept = sorted((now - set(summed)) & wanted)
            here = with_given(
                Formula(formula.model, {**roots, **{n: entries(formula.model, n) for n in kept}}),
                known,
            )
            known |= {*summed, *kept}
            stages.append(Stage(here, tuple(summed), tuple(kept), tuple(own)))
        return tuple(stages)

    def _read_later(
        self, formula: Formula, outputs: list[str], every: list[str], level: int
    ) -> set[str]:
        """What definitions and outputs of later stages read."""
        exprs = [formula.roots[name][0] for name in outputs]
        later = [name for name in every if self.level[name] > level]
        bodies = [c.body for name in later for c in formula.model.definitions[name].clauses]
        return {e.tensor for e in elements(*exprs, *bodies)}


def alone(expr: Expr, ranges: Mapping[Index, Range]) -> str | None:
    """The tensor that an output is all of, axis by axis."""
    if not isinstance(expr, Element):
        return None
    letters = [af.letter(arg) for arg in expr.args]
    return expr.tensor if letters == list(ranges) else None


def entries(model: Model, name: str) -> tuple[Expr, dict[Index, Range]]:
    """All entries of a tensor as an output."""
    axes = model.axes(name)
    letters = [Index(f"a{number}") for number in range(len(axes))]
    args: tuple[Affine, ...] = tuple(af.of(letter) for letter in letters)
    return Element(name, args), dict(zip(letters, axes, strict=True))


def whole_size(model: Model, letter: str, found: set[Place], names: list[str]) -> Dim:
    """The size of the axes that are cut."""
    for name, axis in sorted(found):
        if name in model.inputs or name in names:
            span = model.axes(name)[axis]
            dims = [atom for atom, _ in span.hi.terms if isinstance(atom, Dim)]
            if len(dims) == 1:
                return dims[0]
    raise EinrnnError("E820", f"the program does not use the index {letter}")
