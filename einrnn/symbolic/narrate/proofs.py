"""Whole proofs in parts: one chain of equal expressions for each thing that is to be shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from einrnn.core import affine as af
from einrnn.core.build import sub
from einrnn.core.model import Range
from einrnn.core.nodes import Expr, Index, Mul, Reduce
from einrnn.core.traverse import elements, substitute
from einrnn.dataclass import dataclass
from einrnn.language.sizes import UNNAMED
from einrnn.language.text import affine_text, condition_text
from einrnn.symbolic.narrate.cases import by_branches
from einrnn.symbolic.narrate.chain import Start, chain
from einrnn.symbolic.narrate.scene import Line, Scene, Usable
from einrnn.symbolic.narrate.side import Plan
from einrnn.symbolic.proof.clock import UP
from einrnn.symbolic.proof.growth import joined
from einrnn.symbolic.proof.induction import at_place, at_place_if_any, one_step_back
from einrnn.symbolic.proof.scaled import after_first
from einrnn.symbolic.proof.statement import Lemma, Proof, Statement, narrowed
from einrnn.symbolic.proof.trace import (
    AtEnds,
    AtTime,
    ByLemmas,
    Generalised,
    Grown,
    Inductive,
    InsideSum,
    Kept,
    Paired,
    Scaled,
    Separately,
)
from einrnn.symbolic.ranges import Ranges


@dataclass(frozen=True)
class Part:
    """Equal expressions, one below the other, about a statement of its own.

    ``title`` says what the part shows; it is empty where the part is the whole.
    """

    title: str
    statement: Statement
    lines: tuple[Line, ...]


def parts(scene: Scene, proof: Proof, written: Start) -> Iterator[Part]:
    """The parts of a proof of the scene's statement; ``written`` are its sides as they stand
    in the document."""
    teller = _Teller(scene, proof, written)
    match proof.by:
        case Inductive():
            yield from teller.induction(proof.by)
        case Kept():
            yield from teller.kept(proof.by)
        case Scaled():
            yield from teller.scaled(proof.by)
        case Paired():
            yield from teller.paired(proof.by)
        case AtTime(index, direction, lemmas):
            used, reach = tuple(map(_named, lemmas)), teller.reach(index, direction)
            yield from teller.whole(Plan(used, time=index, direction=direction, reach=reach))
        case ByLemmas(lemmas):
            yield from teller.whole(Plan(tuple(map(_named, lemmas))))
        case AtEnds(lemmas):
            yield from teller.whole(Plan(tuple(map(_named, lemmas)), at_numbers=True))
        case InsideSum():
            yield from teller.whole(Plan(in_sums=True))
        case Separately(cases):
            for statement, inner in cases:
                assert statement.condition is not None
                where = f"where {condition_text(statement.condition, scene.model)}"
                for part in parts(scene.about(statement), inner, written):
                    title = f"{where}: {part.title}" if part.title else where
                    yield replace(part, title=title)
        case Grown():
            yield from teller.grown(proof.by)
        case Generalised(statement, index, inner):
            where = f"for any {index.name} <= {affine_text(statement.ranges[index].hi)}"
            sides = Start(statement.left, statement.right)
            for part in parts(scene.about(statement), inner, sides):
                yield replace(part, title=f"{where}: {part.title}" if part.title else where)
        case None:
            yield from teller.whole(Plan())


@dataclass(frozen=True)
class _Teller:
    """Tells one proof."""

    scene: Scene
    proof: Proof
    written: Start

    def whole(self, plan: Plan) -> Iterator[Part]:
        """One chain from the left side to the right, and the cases in which that ends."""
        part = self._part("", self.scene.statement, plan, self.written)
        yield part
        for cond, statement, lines in by_branches(self.scene, part.lines):
            yield Part(f"where {cond}", statement, tuple(lines))

    def induction(self, by: Inductive) -> Iterator[Part]:
        """The first times, then a time from the one before or from all before."""
        time = by.index.name
        for number, place in enumerate(by.first):
            first, base = affine_text(place), at_place(by.step, by.index, place)
            title = f"P({first}), the claim at {time} = {first}"
            if number:
                base = at_place_if_any(by.step, by.index, by.direction, place)
            if base.condition is not None:
                title += f", for {condition_text(base.condition, self.scene.model)}"
            yield self._part(title, base, Plan(at_numbers=True))
        up = by.direction == UP
        if by.before is None:
            before = f"P({affine_text(af.shift(af.of(by.index), -by.direction))})"
            back = one_step_back(by.step, by.index, by.direction)
        else:
            before = f"all P at {'earlier' if up else 'later'} times"
            back = by.before
        hypothesis = Usable(back, f"by {before}")
        plan = Plan((hypothesis,), by.index, by.direction, self.reach(by.index, by.direction))
        span = by.step.ranges[by.index]
        begins = f"{time} {'>=' if up else '<='} {affine_text(span.lo if up else span.hi)}"
        yield self._part(f"P({time}) from {before}, for {begins}", by.step, plan)

    def kept(self, by: Kept) -> Iterator[Part]:
        """The difference of the sides at a time and the next, then the claim at one end."""
        whole = self.scene.statement
        left, right = whole.left, whole.right
        if by.index in right.free:
            left = sub(left, right)
        yield self._unchanged(left, by.index, whole.ranges)
        base = at_place(whole, by.index, by.end)
        end = f"and at {by.index.name} = {affine_text(by.end)}"
        yield self._part(end, base, Plan(at_numbers=True))

    def scaled(self, by: Scaled) -> Iterator[Part]:
        """The first time, then the difference of the sides from what it was before."""
        whole, time = narrowed(self.scene.statement, by.index), by.index.name
        base = at_place(whole, by.index, by.first)
        title = f"P({affine_text(by.first)}), the claim at {time} = {affine_text(by.first)}"
        yield self._part(title, base, Plan(at_numbers=True))
        difference = sub(whole.left, whole.right)
        before = af.shift(af.of(by.index), -by.direction)
        earlier = Mul((by.factor, substitute(difference, {by.index: before})))
        later = after_first(whole.ranges[by.index], by.direction)
        statement = Statement(difference, earlier, {**whole.ranges, by.index: later})
        plan = Plan(time=by.index, direction=by.direction, reach=self.reach(by.index, by.direction))
        up = by.direction == UP
        begins = f"{time} {'>=' if up else '<='} {affine_text(later.lo if up else later.hi)}"
        title = f"the difference of the sides, from {affine_text(before)} to {time}, for {begins}"
        yield self._part(title, statement, plan)

    def paired(self, by: Paired) -> Iterator[Part]:
        """What stays the same over time, then the claim by that."""
        time = self._letter(by)
        whole = substitute(by.whole, {by.time: af.of(time)})
        yield self._unchanged(whole, time, {time: by.span})
        used = Usable(by.lemma, f"by that, from {time.name} = {affine_text(by.span.hi)} to 0")
        yield from self.whole(Plan((used,), at_numbers=True))

    def grown(self, by: Grown) -> Iterator[Part]:
        """Where the index begins; then one more, by the claim for what there was before."""
        claim, name = by.statement, by.index.name
        assert isinstance(claim.left, Reduce)
        first = affine_text(claim.ranges[by.index].lo)
        base = at_place(claim, by.index, claim.ranges[by.index].lo)
        yield self._part(f"P({first}), the claim at {name} = {first}", base, Plan(at_numbers=True))
        later = {by.index: af.shift(af.of(by.index), 1)}
        left, right = substitute(claim.left, later), substitute(claim.right, later)
        op = claim.left.op
        lines = (
            Line(left),
            Line(joined(op, claim.left, by.more), "the last one by itself"),
            Line(joined(op, claim.right, by.more), f"by P({name})"),
            Line(right, "simplified"),
        )
        title = f"P({name}+1) from P({name})"
        yield Part(title, Statement(left, right, claim.ranges), lines)

    def _unchanged(self, expr: Expr, index: Index, ranges: Ranges) -> Part:
        """An expression at the time after an index, which is what it is at the index."""
        span, name = ranges[index], index.name
        last = af.shift(span.hi, -1)
        after = substitute(expr, {index: af.shift(af.of(index), 1)})
        statement = Statement(after, expr, {**ranges, index: Range(span.lo, last)})
        title = f"the same at {name}+1 as at {name}"
        if not any(dim.name.startswith(UNNAMED) for dim in af.dims(last)):
            title += f", for {name} <= {affine_text(last)}"
        return self._part(title, statement, Plan(time=index, between=True))

    def _letter(self, by: Paired) -> Index:
        """The letter of time in the definitions."""
        for element in elements(by.whole):
            definition = self.scene.model.definitions[element.tensor]
            for own, given in zip(definition.clauses[-1].args, element.args, strict=True):
                letter = af.letter(own)
                if af.letter(given) is by.time and letter is not None:
                    return letter
        return Index("t")

    def reach(self, index: Index, direction: int) -> int:
        """How far behind the index the statement itself reads."""
        opener = self.scene.opener
        found = elements(self.scene.statement.left, self.scene.statement.right)
        return min([-1, *(opener.offset(e, index, direction, 0) for e in found)])

    def _part(
        self, title: str, statement: Statement, plan: Plan, written: Start | None = None
    ) -> Part:
        scene = self.scene.about(statement)
        reverse = self.proof.way == "reverse"
        lines = chain(scene, plan, reverse, written, self.proof.method)
        return Part(title, statement, tuple(lines))


def _named(lemma: Lemma) -> Usable:
    return Usable(lemma.statement, f"by [{lemma.name}]")
