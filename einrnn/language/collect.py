"""Declarations of a document: the table of names, before any expression is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import get_args

from einrnn.core.model import FactName
from einrnn.errors import Diagnostic, Span
from einrnn.language import ast
from einrnn.language.names import Names, Tensor, suggestion
from einrnn.language.parse import Parsed
from einrnn.language.problem import Problem, fail
from einrnn.source import Source

FACTS: dict[str, FactName] = {name: name for name in get_args(FactName)}
_BOUNDED = ("one-hot", "probability", "integer")


class Collector:
    """Fills :class:`Names` from the statements; problems go to ``diagnostics``."""

    def __init__(self, parsed: list[Parsed], source: Source) -> None:
        self.names = Names(source)
        self.diagnostics: list[Diagnostic] = []
        self.parsed = parsed
        self.bad: set[int] = set()
        self._incomplete: dict[str, Span] = {}

    def run(self) -> Names:
        """The table of names of the whole document."""
        for item in self.parsed:
            if item.statement is None and item.defines and item.defines not in self.names.broken:
                self.names.broken[item.defines] = item.span
            self.names.declares_inputs |= isinstance(item.statement, ast.InputStatement)
            if item.statement is not None:
                self._mention(item.statement)
        if any(item.statement is None and item.defines for item in self.parsed):
            self.names.declares_inputs |= any(
                item.statement is None and not item.equation for item in self.parsed
            )
        for number, item in enumerate(self.parsed):
            self._attempt(number, lambda item=item: self._dims(item.statement))
        for number, item in enumerate(self.parsed):
            if isinstance(item.statement, ast.InputStatement):
                for declared, facts in item.statement.inputs:  # one is lost, not all after it
                    self._attempt(number, partial(self._input, declared, facts))
            else:
                self._attempt(number, partial(self._tensors, item.statement))
        for number, item in enumerate(self.parsed):
            if number not in self.bad:
                self._attempt(number, lambda item=item: self._sizes_apart(item.statement))
        self._function_arguments()
        for name in self.names.tensors:
            self.names.broken.pop(name, None)
        self.names.broken.update(self._incomplete)
        return self.names

    def _attempt(self, number: int, step: Callable[[], None]) -> None:
        try:
            step()
        except Problem as problem:
            self.diagnostics.append(problem.diagnostic)
            self.bad.add(number)

    def _mention(self, statement: ast.Statement) -> None:
        roots: tuple[ast.Ast, ...] = ()
        if isinstance(statement, ast.EquationStatement):
            roots = statement.expressions
        elif isinstance(statement, ast.DefinitionStatement):
            roots = tuple(clause.body for clause in statement.clauses)
        for node in ast.walk(*roots):
            if isinstance(node, ast.Name):
                self.names.mentioned.add(node.name)

    def _dims(self, statement: ast.Statement | None) -> None:
        if isinstance(statement, ast.DimStatement):
            for said in statement.dims:
                self._dim(said.name, said.number)
                if said.default is not None:
                    self.names.defaults[said.name.name] = said.default
        elif isinstance(statement, ast.IndexStatement):
            for letter in statement.letters:
                self.names.declare(letter, "an index")
                self.names.letters[letter.name] = statement.size

    def _dim(self, name: ast.Name, number: ast.Num | None) -> None:
        self.names.declare(name, "a size")
        self.names.dims[name.name] = None
        if number is None:
            return
        if number.value.denominator != 1 or number.value < 1:
            raise fail(
                "E407",
                f"a size is a whole number from 1 on, not {number.value}",
                number.span,
                f"the size {name.name}",
                f"write dim {name.name} where its size may be any",
            )
        self.names.dims[name.name] = int(number.value)

    def _tensors(self, statement: ast.Statement | None) -> None:
        if isinstance(statement, ast.FunctionStatement):
            head = statement.head
            self.names.declare_tensor(head.name, "a function")
            rank = len(head.bracket.items) if head.bracket else 0
            self.names.tensors[head.name.name] = Tensor(
                head.name.name, "function", rank, head.name.span, function=statement
            )
        elif isinstance(statement, ast.DefinitionStatement):
            self._definition([clause.target for clause in statement.clauses])

    def _definition(self, targets: list[ast.Declared]) -> None:
        """All clauses of one statement; if one is not well formed, nothing is defined."""
        head = targets[0].name.name
        for target in targets:
            try:
                self._clause(target)
            except Problem as problem:
                for other in targets:
                    found = self.names.tensors.get(other.name.name)
                    if found is not None and found.kind == "definition":
                        self._incomplete.setdefault(other.name.name, other.span)
                if target.name.name == head:
                    raise
                said = f"what stands after with is a clause of {head}: write {head}[…] := …"
                raise Problem(replace(problem.diagnostic, help=said)) from None

    def _clause(self, target: ast.Declared) -> None:
        name = target.name.name
        rank = len(target.bracket.items) if target.bracket else 0
        found = self.names.tensors.get(name)
        if found is not None and found.kind == "definition":
            found.rank = max(found.rank or 0, rank)
            return
        self.names.declare_tensor(target.name, "a definition")
        self.names.tensors[name] = Tensor(name, "definition", rank, target.name.span)

    def _input(self, declared: ast.Declared, facts: tuple[ast.FactSaid, ...]) -> None:
        name = declared.name.name
        items = declared.bracket.items if declared.bracket else ()
        self._implicit_dims(items)
        self.names.declare_tensor(declared.name, "an input")
        self.names.tensors[name] = Tensor(
            name, "input", len(items), declared.name.span, items, facts
        )
        for fact in facts:
            try:
                self._fact(fact, items)
            except Problem:
                self.names.tensors.pop(name)
                self.names.broken[name] = declared.span
                raise

    def _implicit_dims(self, items: tuple[ast.Item, ...]) -> None:
        for node in ast.walk(*(item.value for item in items)):
            if isinstance(node, ast.Name) and not self.names.is_dim(node.name):
                upper = not node.name[0].islower()
                if upper and node.name not in self.names.letters:
                    self.names.implicit.setdefault(node.name, node.span)

    def _sizes_apart(self, statement: ast.Statement | None) -> None:
        """A number and a function have other names than sizes."""
        for declared, what in _numbers(statement):
            try:
                self.names.apart(declared.name, what)
            except Problem:
                function = isinstance(statement, ast.FunctionStatement)
                for broken in (declared, statement.head) if function else (declared,):
                    self.names.tensors.pop(broken.name.name, None)
                    self.names.broken[broken.name.name] = broken.span
                raise

    def _fact(self, fact: ast.FactSaid, items: tuple[ast.Item, ...]) -> None:
        if fact.name not in FACTS:
            close = suggestion(fact.name, list(FACTS))
            known = "facts are " + ", ".join(FACTS)
            raise fail(
                "E409",
                f"unknown fact {fact.name}",
                fact.span,
                "not a fact",
                f"did you mean {close}?" if close else known,
            )
        if (fact.name in _BOUNDED) != (fact.bound is not None):
            wanted = "needs" if fact.bound is None else "has no"
            help_text = f"write {fact.name} in K" if fact.bound is None else f"write {fact.name}"
            raise fail("E409", f"{fact.name} {wanted} a size", fact.span, "", help_text)
        if fact.name in ("symmetric", "spd", "invertible", "orthogonal") and len(items) < 2:
            raise fail(
                "E409",
                f"{fact.name} is said of a matrix",
                fact.span,
                "this has fewer than 2 axes",
                f"write it after an input with two axes, A[N,N] {fact.name}",
            )

    def _function_arguments(self) -> None:
        """Arguments of declared functions that are nothing else are inputs."""
        for tensor in list(self.names.tensors.values()):
            for arg in tensor.function.args if tensor.function else ():
                name = arg.name.name
                items = arg.bracket.items if arg.bracket else ()
                if not self.names.is_tensor(name) and (items or not self.names.is_dim(name)):
                    self.names.tensors[name] = Tensor(
                        name, "input", len(items), arg.name.span, None
                    )
                    self.names.entries.setdefault(name, arg.name.span)


def _numbers(statement: ast.Statement | None) -> Iterator[tuple[ast.Declared, str]]:
    """What a statement declares without indices, and the functions, with what it is."""
    match statement:
        case ast.InputStatement(inputs):
            yield from ((said, "an input") for said, _ in inputs if said.bracket is None)
        case ast.DefinitionStatement(clauses):
            targets = (clause.target for clause in clauses)
            yield from ((said, "a definition") for said in targets if said.bracket is None)
        case ast.FunctionStatement(head, args):
            yield head, "a function"
            yield from ((said, "an argument") for said in args if said.bracket is None)
        case _:
            return


def span_of(items: tuple[ast.Item, ...], otherwise: Span) -> Span:
    """The span that several bracket items cover."""
    return items[0].span.to(items[-1].span) if items else otherwise
