"""Chains of equalities to claims and assumptions."""

from __future__ import annotations

from dataclasses import field

from einrnn.core import affine as af
from einrnn.core.build import ZERO
from einrnn.core.model import Assumption, Claim, Range
from einrnn.core.nodes import Cases, Cond, Expr, Index
from einrnn.dataclass import dataclass
from einrnn.errors import Diagnostic, Related, Span
from einrnn.language import ast
from einrnn.language import terms as tm
from einrnn.language.elaborate import Context, Elaborator, Reading
from einrnn.language.names import Names, suggestion
from einrnn.language.outcome import Expect, InvalidClaim
from einrnn.language.problem import Problem
from einrnn.language.resolve import ChainTerms, Line
from einrnn.language.sizing import Letters, Sizing
from einrnn.language.split import without_comments
from einrnn.source import Source


@dataclass()
class SizedChain:
    """A chain with the size variables of its letters: shared ones, and each side's own."""

    chain: ChainTerms
    shared: Letters
    sides: list[Letters]
    problems: list[Diagnostic | None]


@dataclass()
class Found:
    """The claims and assumptions of a document, and what was wrong with the others."""

    claims: list[Claim] = field(default_factory=list[Claim])
    assumptions: list[Assumption] = field(default_factory=list[Assumption])
    invalid: list[InvalidClaim] = field(default_factory=list[InvalidClaim])
    diagnostics: list[Diagnostic] = field(default_factory=list[Diagnostic])
    labels: dict[str, Span] = field(default_factory=dict[str, Span])


def sized(chain: ChainTerms, sizing: Sizing) -> SizedChain:
    """The size constraints of a chain; a clash belongs to the side that shows it."""
    shared = Letters(sizing)
    for letter in chain.letters:
        shared.get(letter)
    result = SizedChain(chain, shared, [], [])
    for side in chain.sides:
        letters = Letters(sizing, shared)
        problem = side.problem
        if side.term is not None:
            try:
                sizing.constrain(side.term, letters)
            except Problem as found:
                problem = found.diagnostic
        result.sides.append(letters)
        result.problems.append(problem)
    return result


class Equations:
    """Elaborates chains one after the other, keeping track of labels."""

    def __init__(self, names: Names, source: Source) -> None:
        self.names = names
        self.text = without_comments(source.text)
        self.found = Found()

    def shown(self, span: Span) -> str:
        """The source text of a span on one line."""
        return " ".join(self.text[span.start : span.end].split())

    def label(self, name: str, span: Span) -> None:
        """Note a label; a second one of the same name is an error."""
        if name in self.found.labels:
            self.found.diagnostics.append(
                Diagnostic(
                    "E410",
                    f"the label {name} is used twice",
                    span,
                    "again",
                    (Related(self.found.labels[name], "first used here"),),
                    "give one of the two another label",
                )
            )
            return
        self.found.labels[name] = span

    def unparsed(
        self, label: str, span: Span, refute: bool, problems: tuple[Diagnostic, ...]
    ) -> None:
        """A claim whose text does not parse."""
        expect: Expect = "refute" if refute else "hold"
        self.label(label, span)
        claim = InvalidClaim(label, 1, span, self.shown(span), expect, problems)
        self.found.invalid.append(claim)

    def chain(self, sized: SizedChain) -> list[tuple[Reading, int]]:
        """Elaborates the sides; the readings of each are returned with its number."""
        sides: list[Expr | None] = []
        readings: list[tuple[Reading, int]] = []
        ranges = self._ranges(sized)
        for number, (side, letters) in enumerate(zip(sized.chain.sides, sized.sides, strict=True)):
            expression: Expr | None = None
            if sized.problems[number] is None and side.term is not None:
                try:
                    expression, own = self._side(side.term, letters, ranges, sized, number)
                    readings += [(reading, number) for reading in own]
                except Problem as problem:
                    sized.problems[number] = problem.diagnostic
            sides.append(expression)
        self._sides = sides
        return readings

    def _ranges(self, sized: SizedChain) -> dict[Index, Range]:
        elaborator = Elaborator(sized.shared)
        return {
            Index(letter): Range(af.ZERO, af.last(elaborator.size(letter)))
            for letter in sized.chain.letters
        }

    def _side(
        self,
        term: tm.Term,
        letters: Letters,
        ranges: dict[Index, Range],
        sized: SizedChain,
        number: int,
    ) -> tuple[Expr, list[Reading]]:
        elaborator = Elaborator(letters)
        context = Context(ranges)
        for condition in _conditions(sized.chain, number):
            context = context.given(elaborator.condition(condition, context))
        return elaborator.expression(term, context), elaborator.readings

    def lines(self, sized: SizedChain) -> None:
        """The claims of a chain whose sides are elaborated and checked."""
        ranges = self._ranges(sized)
        for line in sized.chain.lines:
            statement = line.statement
            self.label(statement.label or "", statement.label_span)
            problem = line.problem or self._using(statement)
            condition: Cond | None = None
            if line.condition is not None and problem is None:
                elaborator = Elaborator(sized.shared)
                condition = elaborator.condition(line.condition, Context(ranges))
            for step in range(1, line.count + 1):
                self._step(sized, line, step, ranges, condition, problem)

    def _step(
        self,
        sized: SizedChain,
        line: Line,
        step: int,
        ranges: dict[Index, Range],
        condition: Cond | None,
        problem: Diagnostic | None,
    ) -> None:
        statement = line.statement
        number = line.first + step - 1
        left, right = self._sides[number - 1], self._sides[number]
        span, text = self._text(sized.chain, statement, number)
        label = statement.label or ""
        expect: Expect = "refute" if statement.refute else "hold"
        candidates = (problem, sized.problems[number - 1], sized.problems[number])
        problems = tuple(dict.fromkeys(p for p in candidates if p is not None))
        if all(p.code == "E406" for p in problems):
            problems = problems[:1]
        self.found.diagnostics += [p for p in problems if p not in self.found.diagnostics]
        if problems or left is None or right is None:
            invalid = InvalidClaim(label, step, span, text, expect, problems)
            self.found.invalid.append(invalid)
        elif statement.assumed:
            name = label if step == 1 else f"{label} step {step}"
            sides = (_where(condition, left), _where(condition, right))
            self.found.assumptions.append(Assumption(name, ranges, *sides, text, span))
        else:
            using = tuple(use.name for use in statement.using)
            self.found.claims.append(
                Claim(label, step, ranges, left, right, condition, using, expect, text, span)
            )

    def _text(
        self, chain: ChainTerms, statement: ast.EquationStatement, number: int
    ) -> tuple[Span, str]:
        left, right = chain.sides[number - 1].span, chain.sides[number].span
        inside = statement.span.start <= left.start
        span = left.to(right) if inside else right
        return span, f"{self.shown(left)} = {self.shown(right)}"

    def _using(self, statement: ast.EquationStatement) -> Diagnostic | None:
        """The error for a ``using`` that names no assumption and no earlier claim."""
        for use in statement.using:
            known = [name for name in self.found.labels if name != statement.label]
            if use.name not in known:
                close = suggestion(use.name, known)
                listed = ", ".join(known[:6]) or "none"
                return Diagnostic(
                    "E411",
                    f"no assumption or earlier claim is called {use.name}",
                    use.span,
                    "unknown label",
                    help=f"did you mean {close}?" if close else f"known labels: {listed}",
                )
        return None


def _where(condition: Cond | None, side: Expr) -> Expr:
    """A side of an assumption as it counts where 'for' grants it; elsewhere both are 0."""
    return side if condition is None else Cases(((condition, side),), ZERO)


def _conditions(chain: ChainTerms, number: int) -> list[tm.Condition]:
    """The ``for`` conditions under which a side is read: those of the lines that have it."""
    lines = [
        line for line in chain.lines if line.first - 1 <= number <= line.first + line.count - 1
    ]
    if any(line.condition is None for line in lines):
        return []
    return [line.condition for line in lines[:1] if line.condition is not None]
