"""One expression over a model that exists already: ``"dL/dW[i,j]"``."""

from __future__ import annotations

from collections.abc import Iterable

from einrnn.core import affine as af
from einrnn.core.model import Model, Range
from einrnn.core.nodes import Expr, Index, Opaque
from einrnn.errors import Diagnostic, LanguageError, Span, raised
from einrnn.language import ast
from einrnn.language.elaborate import Context, Elaborator, Reading
from einrnn.language.letters import letters_of
from einrnn.language.names import Names, Tensor
from einrnn.language.naming import axis_size
from einrnn.language.occurrences import Occurrences
from einrnn.language.parse import SyntaxProblem, parse_rule
from einrnn.language.problem import Problem
from einrnn.language.ranges import check_readings
from einrnn.language.resolve import explicit
from einrnn.language.sizing import Letters, Sizing
from einrnn.language.sugar import Resolver
from einrnn.source import Source


def parse_expression(
    text: str, model: Model, free: Iterable[Index] | None = None
) -> tuple[Expr, dict[Index, Range]]:
    """The core expression of a text, and the ranges of its free indices.

    Without ``free`` the text is read as a left side: every index that no written sum
    binds is free, and trailing indices that are left out are filled with fresh letters.
    With ``free`` it is read as a right side of an equation with those free indices.

    Raises :class:`LanguageError` for text that is not an expression over the model.
    """
    source = Source.of(text, "<expression>")
    try:
        return _Reader(source, model).read(free)
    except (Problem, SyntaxProblem) as problem:
        error = raised(problem.diagnostic)
        assert isinstance(error, LanguageError)
        error.text = text
        raise error from None


class _Reader:
    """Reads one expression over the names and sizes of a model."""

    def __init__(self, source: Source, model: Model) -> None:
        self.source = source
        self.model = model
        self.names = names_of(model, source)
        self.sizing = Sizing(self.names, source)
        self.sizing.declared = model.letters
        for name, tensor in self.names.tensors.items():
            for axis in range(tensor.rank or 0):
                self.sizing.axis(name, axis).value = axis_size(model, name, axis)

        for name, found in model.inputs.items():
            for fact in found.facts:
                if fact.name == "integer" and fact.bound is not None:
                    bound = self.sizing.sizes.new(f"values of {name}", None, fact.bound)
                    self.sizing.looked_up[name] = bound

    def read(self, free: Iterable[Index] | None) -> tuple[Expr, dict[Index, Range]]:
        (node,) = self._parse()
        letters = letters_of(node, (node,), self.names)
        given = None if free is None else frozenset(index.name for index in free)
        resolver = Resolver(self.names, letters | (given or frozenset()))
        rank = resolver.rank(node)
        keys = [f"left{axis}" for axis in range(rank)]
        trailing = tuple(resolver.indexing.fresh(key, node.span) for key in keys)
        term = resolver.entry(node, trailing)
        occurrences = Occurrences()
        names = frozenset(occurrences.of(term)) if given is None else given
        hidden = names - resolver.indexing.letters
        term, _ = explicit(term, names, hidden, occurrences, self.source)
        scope = Letters(self.sizing)
        self.sizing.constrain(term, scope)
        self.sizing.settle()
        elaborator = Elaborator(scope)
        free_names = [name for name in occurrences.of(term) if name in names]
        ranges = {
            Index(name): Range(af.ZERO, af.last(elaborator.size(name))) for name in free_names
        }
        expr = elaborator.expression(term, Context(ranges))
        if given is None:
            self._check(elaborator.readings)
        return expr, ranges

    def _check(self, readings: list[Reading]) -> None:
        """Reads outside ranges; the equation around a right side may exclude them."""
        axes = {name: self.model.axes(name) for name in self.names.tensors}
        for found in check_readings(readings, axes, self.model.dims, self.model.definitions):
            raise Problem(found)

    def _parse(self) -> tuple[ast.Ast, ...]:
        expressions: tuple[ast.Ast, ...] = parse_rule("equation", self.source.text, 0)
        if len(expressions) != 1:
            span = expressions[1].span
            raise Problem(
                Diagnostic(
                    "E101",
                    "expected an expression, not an equation",
                    span,
                    "second side",
                    help="write one side only; claims stand in the document",
                )
            )
        return expressions


def names_of(model: Model, source: Source) -> Names:
    """The table of names of a model."""
    names = Names(source, dict(model.dims), declares_inputs=True)
    everywhere = Span(0, 0)
    for name, found in model.inputs.items():
        facts = tuple(ast.FactSaid(fact.name, None, everywhere) for fact in found.facts)
        names.tensors[name] = Tensor(name, "input", len(found.axes), everywhere, (), facts)
    for name, definition in model.definitions.items():
        if name not in model.derived:
            tensor = Tensor(name, "definition", len(definition.axes), everywhere)
            body = definition.clauses[-1].body
            if isinstance(body, Opaque):
                tensor.function = _statement(body)
            names.tensors[name] = tensor
    return names


def _statement(body: Opaque) -> ast.FunctionStatement:
    """The declaration an opaque definition came from, as far as calls need it."""
    span = Span(0, 0)
    args: list[ast.Declared] = []
    for number, arg in enumerate(body.args):
        items = tuple(ast.Item(ast.Name("i", span), None, None, span) for _ in arg.indices)
        bracket = ast.Bracket(items, None, span) if items else None
        args.append(ast.Declared(ast.Name(f"argument {number + 1}", span), bracket, span))
    head = ast.Declared(ast.Name(body.name, span), None, span)
    return ast.FunctionStatement(head, tuple(args), span)
