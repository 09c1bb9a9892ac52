"""The parser's callbacks: each grammar rule to its tree node."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from einrnn.errors import Span
from einrnn.language import ast

_RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_OPERATORS = {"⊗": "outer", "·": "dot", "⋅": "dot", "×": "*"}
_RELATIONS = {"≠": "!=", "≤": "<=", "≥": ">="}


class Builder:
    """Builds the tree of one statement; ``base`` is the offset where its text starts.

    The methods have the names of the rules in ``grammar.lark`` and take the list of
    what the rule's parts became, with tokens for named terminals.
    """

    def __init__(self) -> None:
        self.base = 0

    def _span(self, *parts: Any) -> Span:
        """The span that covers the first and the last part."""
        first, last = self._of(parts[0]), self._of(parts[-1])
        return Span(first.start, last.end)

    def _of(self, part: Any) -> Span:
        if isinstance(part, str):
            start = self.base + (getattr(part, "start_pos", 0) or 0)
            return Span(start, start + len(part))
        return part.span

    def num(self, parts: list[Any]) -> ast.Num:
        """A number."""
        return ast.Num(Fraction(str(parts[0])), self._of(parts[0]))

    def name(self, parts: list[Any]) -> ast.Name:
        """A name by itself."""
        return ast.Name(str(parts[0]), self._of(parts[0]))

    def call(self, parts: list[Any]) -> ast.Call:
        """A name before a parenthesis."""
        return ast.Call(self.name(parts), parts[1], self._span(*parts))

    def group(self, parts: list[Any]) -> ast.Group:
        """A parenthesis."""
        return ast.Group(tuple(parts[1:-1]), self._span(*parts))

    def bracket(self, parts: list[Any]) -> ast.Bracket:
        """A bracket."""
        return ast.Bracket(tuple(parts[1:-2]), parts[-2], self._span(*parts))

    def item(self, parts: list[Any]) -> ast.Item:
        """One index expression or condition in a bracket."""
        return ast.Item(parts[0], None, None, parts[0].span)

    def ranged(self, parts: list[Any]) -> ast.Item:
        """A letter with its range."""
        last = parts[1] if parts[2] is None else parts[2]
        return ast.Item(self.name(parts), parts[1], parts[2], self._span(parts[0], last))

    def iverson(self, parts: list[Any]) -> ast.Iverson:
        """A bracket that stands alone."""
        return ast.Iverson(parts[0], parts[0].span)

    def indexed(self, parts: list[Any]) -> ast.Indexed:
        """Something before a bracket."""
        return ast.Indexed(parts[0], parts[1], self._span(*parts))

    def transposed(self, parts: list[Any]) -> ast.Transposed:
        """A transpose."""
        return ast.Transposed(parts[0], self._span(*parts))

    def partial(self, parts: list[Any]) -> ast.Partial:
        """The sign ∂."""
        return ast.Partial(self._of(parts[0]))

    def cases(self, parts: list[Any]) -> ast.Cases:
        """Cases in braces."""
        return ast.Cases(tuple(parts[1:-1]), self._span(*parts))

    def branch_if(self, parts: list[Any]) -> ast.Branch:
        """A case with its condition."""
        return ast.Branch(parts[0], parts[1], self._span(*parts))

    def branch_else(self, parts: list[Any]) -> ast.Branch:
        """The last case."""
        return ast.Branch(parts[0], None, parts[0].span)

    def power(self, parts: list[Any]) -> ast.Power:
        """A power."""
        return ast.Power(parts[0], parts[2], self._span(*parts))

    def raised(self, parts: list[Any]) -> ast.Power:
        """A power with a raised number: ``x²``."""
        raised = Fraction(int(str(parts[1]).translate(_RAISED)))
        return ast.Power(parts[0], ast.Num(raised, self._of(parts[1])), self._span(*parts))

    def product(self, parts: list[Any]) -> ast.Product:
        """Factors side by side, each with the operator before it."""
        factors: list[tuple[str, ast.Ast]] = []
        op, word = "*", None
        for part in parts:
            if isinstance(part, str):
                op, word = _OPERATORS.get(str(part), str(part)), part
                continue
            called = self._called(word, part)
            factors.append((op, part) if called is None else ("*", called))
            op, word = "*", None
        return ast.Product(tuple(factors), self._span(*parts))

    def _called(self, word: str | None, part: ast.Ast) -> ast.Ast | None:
        """``1/2 dot(r, r)``, where ``dot`` stands like an operator and is the head of a call."""
        if word not in ("dot", "outer"):
            return None
        if isinstance(part, ast.Power):
            base = self._called(word, part.base)
            return base and ast.Power(base, part.exponent, self._span(word, part))
        if isinstance(part, ast.Group) and len(part.items) == 2:
            return self.call([word, part])
        return None

    def sum(self, parts: list[Any]) -> ast.Sum:
        """Terms with their signs."""
        terms: list[tuple[int, ast.Ast]] = []
        sign = 1
        for part in parts:
            if isinstance(part, str):
                sign = 1 if part == "+" else -1
            else:
                terms.append((sign, part))
        return ast.Sum(tuple(terms), self._span(*parts))

    def comparison(self, parts: list[Any]) -> ast.Compare:
        """A chain of relations."""
        relations = tuple(_RELATIONS.get(str(part), str(part)) for part in parts[1::2])
        return ast.Compare(tuple(parts[::2]), relations, self._span(*parts))

    def condition(self, parts: list[Any]) -> ast.Logic:
        """Conditions joined by or."""
        return ast.Logic("or", tuple(parts), self._span(*parts))

    def conjunction(self, parts: list[Any]) -> ast.Logic:
        """Conditions joined by and."""
        return ast.Logic("and", tuple(parts), self._span(*parts))

    def negated(self, parts: list[Any]) -> ast.Logic:
        """A condition after not."""
        return ast.Logic("not", (parts[1],), self._span(*parts))

    def target(self, parts: list[Any]) -> ast.Declared:
        """A name that is declared or defined."""
        last = parts[0] if parts[1] is None else parts[1]
        return ast.Declared(self.name(parts), parts[1], self._span(parts[0], last))

    def clause(self, parts: list[Any]) -> ast.ClauseSaid:
        """One clause of a definition."""
        return ast.ClauseSaid(parts[0], parts[1], self._span(*parts))

    def definition(self, parts: list[Any]) -> ast.DefinitionStatement:
        """A definition."""
        clauses = tuple(part for part in parts if isinstance(part, ast.ClauseSaid))
        late = isinstance(parts[0], str)
        return ast.DefinitionStatement(clauses, late, self._span(*clauses))

    def default(self, parts: list[Any]) -> ast.Group:
        """The default of a size; the group tells it from a fixed number."""
        return ast.Group((parts[0],), parts[0].span)

    def dim(self, parts: list[Any]) -> ast.DimSaid:
        """One size, with its number or its default if it has one."""
        said = next((part for part in parts[1:] if part is not None), None)
        if isinstance(said, ast.Group):
            return ast.DimSaid(self.name(parts), None, said)
        return ast.DimSaid(self.name(parts), None if said is None else self.num([said]), None)

    def dims(self, parts: list[Any]) -> ast.DimStatement:
        """A declaration of sizes."""
        return ast.DimStatement(tuple(parts), parts[0].name.span.to(parts[-1].name.span))

    def letters(self, parts: list[Any]) -> ast.IndexStatement:
        """A declaration of index letters."""
        names = tuple(self.name([part]) for part in parts[:-1])
        return ast.IndexStatement(names, parts[-1], self._span(*parts))

    def fact(self, parts: list[Any]) -> ast.FactSaid:
        """A fact, hyphenated words joined."""
        words = [part for part in parts[:3] if part is not None]
        bound: ast.Name | ast.Num | None = None
        if parts[3] is not None:
            number = str(parts[3])[0].isdigit()
            bound = self.num(parts[3:]) if number else self.name(parts[3:])
        return ast.FactSaid("".join(words), bound, self._span(words[0], words[-1]))

    def input(self, parts: list[Any]) -> tuple[ast.Declared, tuple[ast.FactSaid, ...]]:
        """One input with its facts."""
        return parts[0], tuple(parts[1:])

    def inputs(self, parts: list[Any]) -> ast.InputStatement:
        """A declaration of inputs."""
        return ast.InputStatement(tuple(parts), parts[0][0].span.to(parts[-1][0].span))

    def function(self, parts: list[Any]) -> ast.FunctionStatement:
        """A declaration of an opaque function."""
        args = tuple(part for part in parts[2:-1] if part is not None)
        return ast.FunctionStatement(parts[0], args, self._span(*parts))

    def equation(self, parts: list[Any]) -> tuple[ast.Ast, ...]:
        """The sides of an equation."""
        return tuple(parts)
