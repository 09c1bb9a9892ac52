"""A program in stretches of time, with the states between them kept and nothing else.

Outwards, a stretch is computed and forgotten but for its last states; the gradient comes back
stretch by stretch, each computed again from the states before it. With stretches as long
as there are many, the memory grows with the square root of the number of positions.
(Griewank and Walther, Algorithm 799: Revolve, 2000, with one level of checkpoints.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import isqrt
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from einrnn.core import affine as af
from einrnn.core.nodes import Derivative, Element
from einrnn.core.sizes import with_defaults
from einrnn.core.traverse import walk
from einrnn.errors import EinrnnError
from einrnn.numeric import binding
from einrnn.numeric.calculus.pullback import Pullback, pullback
from einrnn.numeric.calculus.rules import read_by
from einrnn.numeric.cut.chunks import Chunks, chunks
from einrnn.numeric.formula import Formula

if TYPE_CHECKING:
    from einrnn.numeric.program import Program

Arrays = dict[str, Any]


class Checkpointed:
    """Call it as the program. ``every`` is the number of positions of a stretch.

    Outputs are those of the document and gradients of numbers by inputs.
    """

    def __init__(self, program: Program, letter: str, every: int | None = None) -> None:
        if program.formula is None:
            raise EinrnnError("E823", "this program was not compiled from a document")
        if every is not None and not _is_count(every):
            raise EinrnnError("E823", f"every must be a whole number of at least 1, not {every!r}")
        self._program = program
        self._every = every
        self._gradients: dict[str, tuple[str, str]] = {}
        self._cut = self._chunked(program.formula, letter)
        self._known: dict[object, Any] = {}

    def __call__(self, /, **given: Any) -> Arrays:
        """The outputs as new arrays. Raises EvaluationError as a call of the program does."""
        program = self._program
        arrays, named = binding.sort_arguments(program.model, tuple(program.inputs), given)
        shapes = {name: array.shape for name, array in arrays.items()}
        sizes = with_defaults(program.model, binding.solve(program.model, named, shapes))
        if self._cut.whole.name not in sizes:
            raise EinrnnError("E823", f"the size {self._cut.whole.name} is not given")
        run = _Run(self, arrays, sizes, self._spans(sizes[self._cut.whole.name]))
        found = run.outward()
        for loss in dict.fromkeys(loss for loss, _ in self._gradients.values()):
            wanted = {name: by for name, (of, by) in self._gradients.items() if of == loss}
            gradients = run.back(loss, tuple(dict.fromkeys(wanted.values())))
            found |= {name: gradients[by] for name, by in wanted.items()}
        return {name: found[name] for name in program.outputs}

    @property
    def cut(self) -> Any:
        """What a stretch computes."""
        return self._cut

    def _spans(self, size: int) -> list[tuple[int, int]]:
        every = self._every or max(isqrt(size - 1) + 1, 1)
        every = max(every, self._cut.depth)
        return [(at, min(at + every, size)) for at in range(0, size, every)]

    def _chunked(self, formula: Formula, letter: str) -> Chunks:
        """The stretches; sums over all positions before one are recurrences for that."""
        if formula.other is not None:
            with suppress(EinrnnError):  # then the sums are said to be in the way
                return chunks(self._outward(formula.other), letter)
        return chunks(self._outward(formula), letter)

    def _outward(self, formula: Formula) -> Formula:
        """The outputs without the gradients, and the numbers that those are of."""
        roots: dict[str, Any] = {}
        losses: dict[str, Any] = {}
        for name, (expr, ranges) in formula.roots.items():
            if not any(isinstance(node, Derivative) for node in walk(expr)):
                roots[name] = expr, ranges
                continue
            match expr:
                case Derivative("total", Element(of, ()) as body, by, args) if (
                    by in formula.model.inputs and [af.letter(a) for a in args] == list(ranges)
                ):
                    losses[_loss(of)] = body, {}
                    self._gradients[name] = of, by
                case _:
                    raise EinrnnError(
                        "E823",
                        f"{name} cannot be computed in stretches",
                        "only gradients of numbers by inputs, such as dL/dW, can",
                    )
        return Formula(formula.model, {**roots, **losses})

    # --- programs -------------------------------------------------------------------------

    def forward(self, which: str) -> Program:
        """The program of a stretch, or of what comes after all."""
        from einrnn.numeric.program import compile_formula

        if which not in self._known:
            formula: Formula = getattr(self._cut, which)
            self._known[which] = compile_formula(formula, self._program.backend)
        return self._known[which]

    def backward(
        self, which: str, seeds: Sequence[str], wanted: Sequence[str]
    ) -> tuple[Pullback, Program]:
        """The program of its gradient, which computes again what it needs."""
        from einrnn.numeric.program import compile_formula

        key = which, tuple(seeds), tuple(wanted)
        if key not in self._known:
            rule = pullback(getattr(self._cut, which), seeds, wanted, ())
            self._known[key] = rule, compile_formula(rule.backward, self._program.backend)
        return self._known[key]


def _loss(name: str) -> str:
    return f"loss: {name}"


class _Run:
    """One call: ``ends`` has the last states of each stretch."""

    def __init__(
        self,
        of: Checkpointed,
        arrays: Arrays,
        sizes: Mapping[str, int],
        spans: Sequence[tuple[int, int]],
    ) -> None:
        self.of = of
        self.cut = of.cut
        self.arrays = arrays
        self.sizes = sizes
        self.spans = spans
        self.ends: list[Arrays] = []
        self.sums: Arrays = {}

    def outward(self) -> Arrays:
        """The outputs that are not gradients."""
        found: Arrays = {}
        for number, span in enumerate(self.spans):
            given, sizes = self._stretch(number)
            program = self.of.forward("later" if number else "first")
            out = program(**read_by(program, given, sizes))
            for name in self.cut.sums:
                self.sums[name] = self.sums[name] + out[name] if number else out[name]
            # copies: a part of what a program gives would hold all of it
            self.ends.append({end: np.array(out[end]) for end in self.cut.ends.values()})
            for name, axis in self.cut.outputs.items():
                if axis is not None:
                    self._put(found, name, axis, span, out[name])
        final = self.of.forward("final")
        if final.outputs:
            given = {**self.arrays, **self.sums, **self.ends[-1]}
            found |= final(**read_by(final, given, self.sizes))
        return found | {name: self.sums[tensor] for name, tensor in self.cut.added.items()}

    def back(self, loss: str, wanted: Sequence[str]) -> Arrays:
        """The gradients of a number by some inputs."""
        result: Arrays = {}
        seeds = self._after(loss, wanted, result)
        ends = {end: seeds.pop(end, None) for end in self.cut.ends.values()}
        for number in reversed(range(len(self.spans))):
            given, sizes = self._stretch(number)
            own = seeds | {end: value for end, value in ends.items() if value is not None}
            which = "later" if number else "first"
            by = (*wanted, *(self.cut.ends.values() if number else ()))
            rule, program = self.of.backward(which, tuple(own), by)
            given |= {rule.seeds[name]: value for name, value in own.items()}
            out = program(**read_by(program, given, sizes))
            ends = {end: out.pop(end) for end in self.cut.ends.values() if number}
            for name in wanted:
                axis = self.cut.inputs[name]
                if axis is not None:
                    self._put(result, name, axis, self.spans[number], out[name])
                else:
                    result[name] = result[name] + out[name] if name in result else out[name]
        return result

    def _after(self, loss: str, wanted: Sequence[str], result: Arrays) -> Arrays:
        """The cotangents of sums and of the last states; adds what inputs get directly."""
        place = _loss(loss)
        if place in self.cut.added:
            tensor = self.cut.added[place]
            return {tensor: np.ones_like(self.sums[tensor])}
        given = {**self.arrays, **self.sums, **self.ends[-1]}
        read = self.of.forward("final").inputs
        through = [*self.cut.sums, *self.cut.ends.values()]
        by = [name for name in (*through, *wanted) if name in read]
        rule, program = self.of.backward("final", (place,), by)
        one = np.ones((), next(iter(self.sums.values())).dtype) if self.sums else np.ones(())
        out = program(**read_by(program, {**given, rule.seeds[place]: one}, self.sizes))
        result |= {name: out[name] for name in wanted if name in out}
        return {name: out[name] for name in through if name in out}

    def _stretch(self, number: int) -> tuple[Arrays, dict[str, int]]:
        """What a stretch is given."""
        first, last = self.spans[number]
        given = {
            name: array
            if (axis := self.cut.inputs[name]) is None
            else _part(array, axis, first, last)
            for name, array in self.arrays.items()
        }
        if number:
            given |= self.ends[number - 1] | {self.cut.offset: np.array(first)}
        return given, {**self.sizes, self.cut.part.name: last - first}

    def _put(self, found: Arrays, name: str, axis: int, span: tuple[int, int], part: Any) -> None:
        size = self.sizes[self.cut.whole.name]
        if name not in found:
            shape = (*part.shape[:axis], size, *part.shape[axis + 1 :])
            found[name] = np.empty(shape, part.dtype)
        _part(found[name], axis, *span)[...] = part


def _part(array: Any, axis: int, first: int, last: int) -> Any:
    return array[(slice(None),) * axis + (slice(first, last),)]


def _is_count(value: object) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, Integral) and int(value) >= 1
