"""A program over a stretch of an index along which it recurs, such as time.

A stretch takes the rows of the recurring tensors before it and gives those at its end. What
is summed over the index is added up over the stretches; what is read at the last position,
or computed from such sums, comes after all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from einrnn.core import affine as af
from einrnn.core.model import Clause, Definition, Fact, Input, Model, Range
from einrnn.core.nodes import Affine, Dim, Element, Expr, Index
from einrnn.core.traverse import elements, fresh
from einrnn.dataclass import dataclass
from einrnn.numeric.cut.axes import places, whole_dim
from einrnn.numeric.cut.parts import Kind, Parts
from einrnn.numeric.cut.stages import alone, entries, whole_size
from einrnn.numeric.formula import Formula
from einrnn.numeric.plan import Output
from einrnn.numeric.references import needed
from einrnn.symbolic.ranges import Ranges


@dataclass(frozen=True)
class Chunks:
    """``first`` and ``later`` are stretches, ``final`` what comes after the last.

    Their outputs are named: the program's own, ``sums`` to be added up over the stretches,
    and for each tensor in ``ends`` its last rows, the last one first; the inputs of
    ``later`` and ``final`` that take those have the same names. ``offset`` is the input of
    ``later`` that takes the position where a stretch begins. ``inputs`` and ``outputs``
    have the axis along the index, where there is one; ``added`` tells which sum an output is.
    """

    whole: Dim
    part: Dim
    offset: str
    first: Formula
    later: Formula
    final: Formula
    ends: Mapping[str, str]
    depth: int
    sums: tuple[str, ...]
    inputs: Mapping[str, int | None]
    outputs: Mapping[str, int | None]
    added: Mapping[str, str]


def chunks(formula: Formula, letter: str) -> Chunks:
    """The stretches of a formula without derivatives in its outputs.

    Raises EinrnnError: E820, there is no such index; E821, something is read ahead along it.
    """
    return _Chunking(formula, letter).run()


class _Chunking:
    def __init__(self, formula: Formula, letter: str) -> None:
        self.done = formula.completed()
        self.model = self.done.model
        outputs: dict[str, Output] = {
            name: (expr, tuple(ranges), ranges) for name, (expr, ranges) in self.done.roots.items()
        }
        self.names = needed(self.model, [expr for expr, _ in self.done.roots.values()])
        self.cut = places(self.model, formula.model, outputs, letter)
        self.letter = letter
        self.whole = whole_size(self.model, letter, self.cut, self.names)
        self.part = Dim(f"{self.whole.name} of a stretch")
        self.offset = f"start along {letter}"
        # how many rows before a stretch are read, and which rows from the end after it
        self.depths: dict[str, int] = {}
        self.kinds: dict[str, Kind] = {}
        # the first stretch has the positions that are given by themselves
        self._start = 0
        self._is_given = False
        # what is there after all stretches only
        self._after: set[str] = set()

    def run(self) -> Chunks:
        # the depths are known once every right side has been looked at
        self._rewritten(self._parts(False), False)
        first, _ = self._rewritten(self._parts(False), False)
        later, roots = self._rewritten(self._parts(True), True)
        kinds = self.kinds
        late = self._late(later)
        sums = tuple(n for n, k in kinds.items() if k == "partial")
        added = {
            name: tensor
            for name, (expr, ranges) in roots.items()
            if (tensor := alone(expr, ranges)) in sums and tensor
        }
        axes = {name: self._axis_of(name) for name in roots}
        along = [name for name, axis in axes.items() if axis is not None]
        ends = {name: f"end of {name}" for name in self.depths}
        own = {name: roots[name] for name in along}
        stretch = {
            **own,
            **{name: entries(later, name) for name in sums},
            **{end: self._end(later, name) for name, end in ends.items()},
        }
        rest = {n: root for n, root in roots.items() if n not in along and n not in added}
        return Chunks(
            self.whole,
            self.part,
            self.offset,
            Formula(first, stretch),
            Formula(later, stretch),
            Formula(self._final(later, late, sums), rest),
            ends,
            max([self._start, *self.depths.values()]),
            sums,
            {name: self._axis(name) for name in self.model.inputs},
            axes,
            added,
        )

    def _axis(self, name: str) -> int | None:
        rank = len(self.model.axes(name))
        return next((axis for axis in range(rank) if (name, axis) in self.cut), None)

    def _axis_of(self, output: str) -> int | None:
        expr, ranges = self.done.roots[output]
        letters = {
            letter
            for e in elements(expr)
            for at, arg in enumerate(e.args)
            if (e.tensor, at) in self.cut and (letter := af.letter(arg)) is not None
        }
        return next((at for at, index in enumerate(ranges) if index in letters), None)

    # --- right sides ----------------------------------------------------------------------

    def _parts(self, later: bool) -> Parts:
        part = af.of(self.part)
        return Parts(
            self.model,
            self.letter,
            self.cut,
            self.whole,
            part,
            self._read,
            self._shifted if later else self._unshifted,
            self._comes_after,
        )

    def _comes_after(self, work: Parts, tensor: str) -> bool:
        return tensor in self._after or tensor in work.lifted

    def _read(self, work: Parts, element: Element, axis: int) -> Element:
        """An entry at a letter or some rows before it, or one counted from the last position."""
        arg = element.args[axis]
        row = af.number(arg)
        if self._is_given and row is not None and row >= 0:
            self._start = max(self._start, row + 1)
            return element
        back = -arg.constant
        letter = af.letter(af.shift(arg, back))
        if letter is not None and back >= 0:
            if back and element.tensor in self.model.inputs:
                raise work.refuse(f"the input {element.tensor} is read at {arg}")
            if back:
                self._deepen(element.tensor, back)
            return element
        from_end = af.minus(af.last(af.of(self.whole)), arg)
        row = af.number(from_end)
        if row is None or row < 0 or element.tensor in self.model.inputs:
            raise work.refuse(
                f"{element.tensor} is read at {arg}",
                "a stretch has what is at and before a position, and the end has the last one",
            )
        self._deepen(element.tensor, row + 1)
        rest = tuple(a for at, a in enumerate(element.args) if at != axis)
        end = f"end of {element.tensor}"
        self._after.add(end)
        return Element(end, (af.of(row), *rest))

    def _deepen(self, name: str, rows: int) -> None:
        self.depths[name] = max(rows, self.depths.get(name, 0))

    def _unshifted(self, work: Parts, index: Affine, times: int) -> Affine:
        return index

    def _shifted(self, work: Parts, index: Affine, times: int) -> Affine:
        """A number by positions in the whole, from one by positions in the stretch."""
        return af.plus(index, af.of(Element(self.offset, ())), times)

    def _rewritten(self, work: Parts, later: bool) -> tuple[Model, dict[str, tuple[Expr, Ranges]]]:
        definitions: dict[str, Definition] = {}
        self.kinds = {}
        for name in self.names:
            self.kinds[name], definitions[name] = self._definition(work, name, later)
            clauses = definitions[name].clauses[self._skip(name) if later else 0 :]
            if self.kinds[name] == "partial" or any(work.is_late(c.body) for c in clauses):
                self._after.add(name)
        roots: dict[str, tuple[Expr, Ranges]] = {}
        self._is_given = False
        for name, (expr, ranges) in self.done.roots.items():
            axis = self._axis_of(name)
            along = list(ranges)[axis] if axis is not None else None
            letters = frozenset({along}) if along is not None else frozenset[Index]()
            kind, body = work.body(Clause((), ranges, expr), letters)
            body = work.lift(body, ranges) if kind == "partial" else body
            roots[name] = (
                body,
                {i: self._span(work, span) if i is along else span for i, span in ranges.items()},
            )
        definitions |= work.lifted
        self.kinds |= dict.fromkeys(work.lifted, "partial")
        inputs = {name: self._input(work, given) for name, given in self.model.inputs.items()}
        inputs[self.offset] = Input(self.offset, (), (Fact("integer"),))
        model = replace(
            self.model,
            inputs={**inputs, **self._befores()},
            definitions=definitions,
            dims={**self.model.dims, self.part.name: None},
        )
        return model, roots

    def _span(self, work: Parts, span: Range) -> Range:
        if whole_dim(span) is not self.whole:
            raise work.refuse(f"an output along it runs from {span.lo} to {span.hi}")
        return Range(af.ZERO, af.last(af.of(self.part)))

    def _input(self, work: Parts, given: Input) -> Input:
        axis = work.axis(given.name)
        if axis is None:
            return given
        if given.axes[axis] is not af.of(self.whole):
            raise work.refuse(f"the input {given.name} has {given.axes[axis]} positions along it")
        sizes = tuple(
            af.of(self.part) if at == axis else size for at, size in enumerate(given.axes)
        )
        return replace(given, axes=sizes)

    def _befores(self) -> dict[str, Input]:
        """The rows at the end of the stretch before, the last one first."""
        found: dict[str, Input] = {}
        for name, rows in self.depths.items():
            axis = self._axis(name)
            spans = [span for at, span in enumerate(self.model.axes(name)) if at != axis]
            sizes = [af.shift(af.minus(span.hi, span.lo), 1) for span in spans]
            found[f"end of {name}"] = Input(f"end of {name}", (af.of(rows), *sizes))
        return found

    def _definition(self, work: Parts, name: str, later: bool) -> tuple[Kind, Definition]:
        old = self.model.definitions[name]
        axis = work.axis(name)
        kinds: set[Kind] = set()
        clauses: list[Clause] = []
        for clause in old.clauses:
            letter = None if axis is None else af.letter(clause.args[axis])
            self._is_given = axis is not None and letter is None
            if axis is not None and letter is None:
                self._check_start(work, name, clause.args[axis])
                if later:
                    continue
            letters = frozenset({letter}) if letter is not None else frozenset[Index]()
            kind, body = work.body(clause, letters)
            kinds.add(kind)
            ranges = {
                index: self._stretch(work, name, span, later) if index is letter else span
                for index, span in clause.ranges.items()
            }
            clauses.append(Clause(clause.args, ranges, body))
        if axis is None:
            if len(kinds) > 1 and "partial" in kinds:
                raise work.refuse(f"{name} is a sum over it in some of its clauses only")
            return kinds.pop() if len(kinds) == 1 else "same", replace(old, clauses=tuple(clauses))
        if "partial" in kinds:
            raise work.refuse(f"{name} sums over all of it at each of its positions")
        whole = self._stretch(work, name, old.axes[axis], later)
        rows = self.depths.get(name, 0)
        if later and rows:
            clauses.insert(0, self._before(name, axis, rows))
            whole = Range(af.of(-rows), whole.hi)
        axes = tuple(whole if at == axis else span for at, span in enumerate(old.axes))
        return "carried", Definition(name, axes, tuple(clauses), old.late)

    def _check_start(self, work: Parts, name: str, at: Affine) -> None:
        row = af.number(at)
        if row is None:
            raise work.refuse(
                f"{name} is given at {at}, so that it runs from the end to the start",
                "stretches are computed in the order of positions",
            )
        self._start = max(self._start, row + 1)

    def _stretch(self, work: Parts, name: str, span: Range, later: bool) -> Range:
        """The positions of a tensor or clause in a stretch."""
        start = af.number(span.lo)
        if start is None or span.hi is not af.last(af.of(self.whole)):
            raise work.refuse(f"{name} runs from {span.lo} to {span.hi} along it")
        return Range(af.ZERO if later else span.lo, af.last(af.of(self.part)))

    def _before(self, name: str, axis: int, rows: int) -> Clause:
        """The rows before a stretch, from what the stretch before gave."""
        spans = self.model.axes(name)
        letters: list[Index] = []
        for _ in spans:
            letters.append(fresh(Index("r"), set(letters)))
        ranges = dict(zip(letters, spans, strict=True))
        ranges[letters[axis]] = Range(af.of(-rows), af.of(-1))
        others = [i for at, i in enumerate(letters) if at != axis]
        row = af.minus(af.of(-1), af.of(letters[axis]))
        at = [af.minus(af.of(i), ranges[i].lo) for i in others]
        args = tuple(af.of(letter) for letter in letters)
        return Clause(args, ranges, Element(f"end of {name}", (row, *at)))

    def _end(self, model: Model, name: str) -> tuple[Expr, Ranges]:
        """The last rows of a stretch, the last one first."""
        axis = self._axis(name)
        spans = list(model.axes(name))
        letters: list[Index] = []
        for _ in spans:
            letters.append(fresh(Index("r"), set(letters)))
        row = letters[axis or 0]
        last = af.last(af.of(self.part))
        args = [af.minus(last, af.of(i)) if i is row else af.of(i) for i in letters]
        ranges: dict[Index, Range] = {row: Range(af.ZERO, af.of(self.depths[name] - 1))}
        ranges |= {i: span for i, span in zip(letters, spans, strict=True) if i is not row}
        return Element(name, tuple(args)), ranges

    # --- what comes after -----------------------------------------------------------------

    def _late(self, model: Model) -> set[str]:
        """The definitions that need sums or last rows; none of them may be in a stretch."""
        sums = {name for name, kind in self.kinds.items() if kind == "partial"}
        after = sums | set(self._befores())
        late: set[str] = set()
        changed = True
        while changed:
            changed = False
            for name, old in model.definitions.items():
                body = elements(*(c.body for c in old.clauses[self._skip(name) :]))
                if name not in late and any(e.tensor in after | late for e in body):
                    late.add(name)
                    changed = True
        for name in late:
            if self.kinds[name] != "same":
                raise Parts(self.model, self.letter, self.cut, self.whole, af.of(self.part)).refuse(
                    f"{name} needs at each position what all positions give"
                )
        return late

    def _skip(self, name: str) -> int:
        return 1 if self.depths.get(name, 0) and self.kinds[name] == "carried" else 0

    def _final(self, model: Model, late: set[str], sums: Sequence[str]) -> Model:
        """The model after the last stretch: sums and ends are inputs."""
        given = {
            name: Input(
                name,
                tuple(af.shift(af.minus(s.hi, s.lo), 1) for s in model.axes(name)),
            )
            for name in sums
        }
        kept = {n: d for n, d in model.definitions.items() if n in late or self.kinds[n] == "same"}
        return replace(model, inputs={**model.inputs, **given}, definitions=kept)
