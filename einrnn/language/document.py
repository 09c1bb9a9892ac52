"""A whole document from text to model: every problem found, everything sound kept."""

from __future__ import annotations

from einrnn.core import affine as af
from einrnn.core.model import Clause, Definition, Fact, FactName, Input, Model, Range
from einrnn.core.nodes import Affine, Argument, Element, Index, Opaque
from einrnn.errors import Diagnostic, Span
from einrnn.language import ast
from einrnn.language import terms as tm
from einrnn.language.circles import circular, report
from einrnn.language.collect import FACTS, Collector
from einrnn.language.defaults import defaults
from einrnn.language.define import SizedClause, define, hint_sizes
from einrnn.language.elaborate import Reading
from einrnn.language.equations import Equations, SizedChain, sized
from einrnn.language.names import Tensor
from einrnn.language.outcome import Elaborated
from einrnn.language.parse import Parsed, parse
from einrnn.language.problem import Problem
from einrnn.language.ranges import check_readings
from einrnn.language.resolve import ClauseTerms, Statements
from einrnn.language.sizes import Variable
from einrnn.language.sizing import Letters, Sizing
from einrnn.source import Source

# more than any declaration has: an axis each of the function and of its arguments
_ARGUMENT_LETTERS = ["i", "j", "k", "l", "m", "n", *(f"i{number}" for number in range(1, 1000))]


_OF_MATRICES = frozenset({"symmetric", "spd", "orthogonal", "invertible"})


def elaborate(source: Source) -> Elaborated:
    """The model of a document, with a diagnostic for every problem in its text."""
    return Document(source).run()


class Document:
    """The state of one elaboration, pass by pass."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.parsed: list[Parsed] = parse(source)
        self.diagnostics = [d for item in self.parsed for d in item.problems]
        self.collector = Collector(self.parsed, source)
        self.names = self.collector.run()
        self.diagnostics += self.collector.diagnostics
        self.sizing = Sizing(self.names, source)
        self.statements = Statements(self.names)
        self.equations = Equations(self.names, source)
        self.clauses: dict[str, list[SizedClause]] = {}
        self.chains: list[SizedChain | Parsed] = []
        self.definitions: dict[str, Definition] = {}
        self._letters: dict[str, Affine] = {}
        self.readings: dict[str, list[Reading]] = {}

    def run(self) -> Elaborated:
        """All passes in order."""
        self._sizes_of_letters()
        self._declared_sizes()
        values, problems = defaults(self.names, self.sizing)
        self.diagnostics += problems
        self._resolve_definitions()
        self._resolve_chains()
        new = self.sizing.settle()
        self._define()
        inputs = self._inputs()
        self._check_definitions(inputs)
        axes = self._all_axes(inputs)
        self._claims(axes)
        found = self.equations.found
        dims = {**self.names.dims, **dict.fromkeys(sorted(self.names.implicit))}
        dims |= {name: None for name in new if name not in dims}
        model = Model(
            dims,
            inputs,
            self.definitions,
            tuple(found.assumptions),
            tuple(found.claims),
            defaults=values,
            letters=self._letters,
        )
        everything = [*self.diagnostics, *found.diagnostics, *self.statements.remarks]
        return Elaborated(model, _in_order(everything), tuple(found.invalid))

    def _declared_sizes(self) -> None:
        for item in self.parsed:
            if isinstance(item.statement, ast.InputStatement):
                try:
                    self.sizing.declare_together(item.statement)
                except Problem as problem:
                    self.diagnostics.append(problem.diagnostic)
                    for declared, _ in item.statement.inputs:
                        self.names.broken[declared.name.name] = declared.span
        for tensor in self.names.tensors.values():
            if tensor.function is not None:
                try:
                    self._function_sizes(tensor)
                except Problem as problem:
                    self._broken(tensor.name, problem.diagnostic, tensor.span)

    def _function_sizes(self, tensor: Tensor) -> None:
        """The axes of a declared function and of its arguments; a letter is one size."""
        statement = tensor.function
        assert statement is not None
        letters = Letters(self.sizing)
        for declared in (statement.head, *statement.args):
            known = self.names.tensors.get(declared.name.name)
            items = declared.bracket.items if declared.bracket else ()
            if known is None or known.rank != len(items):
                continue
            for number, item in enumerate(items):
                self.sizing.declare_axis(
                    self.sizing.axis(declared.name.name, number), item.value, letters
                )

    def _resolve_definitions(self) -> None:
        statements = [
            item.statement
            for number, item in enumerate(self.parsed)
            if isinstance(item.statement, ast.DefinitionStatement)
            and number not in self.collector.bad
        ]
        self.statements.find_ranks(statements)
        for statement in statements:
            for clause in statement.clauses:
                self._resolve_clause(clause, statement.late)
        for name in self.names.broken:  # the clauses that are left say little of it
            self.clauses.pop(name, None)
        for name, clauses in self.clauses.items():
            hint_sizes(self._axes(name), clauses)

    def _resolve_clause(self, clause: ast.ClauseSaid, late: bool) -> None:
        name = clause.target.name.name
        try:
            terms = self.statements.clause(clause, late)
            letters = Letters(self.sizing)
            for number, arg in enumerate(terms.args):
                self.sizing.place(self.sizing.axis(name, number), arg, letters)
            self.sizing.constrain(terms.body, letters)
        except Problem as problem:
            self._broken(name, problem.diagnostic, clause.target.span)
        else:
            self.clauses.setdefault(name, []).append(SizedClause(terms, letters))

    def _axes(self, name: str) -> list[Variable]:
        rank = self.names.tensors[name].rank or 0
        return [self.sizing.axis(name, number) for number in range(rank)]

    def _broken(self, name: str, diagnostic: Diagnostic, span: Span) -> None:
        self.names.broken.setdefault(name, span)
        self.diagnostics.append(diagnostic)

    def _resolve_chains(self) -> None:
        group: list[ast.EquationStatement] = []
        for item in self.parsed:
            statement = item.statement
            if isinstance(statement, ast.EquationStatement):
                if not statement.continues:
                    self._resolve_chain(group)
                    group = []
                group.append(statement)
            elif item.equation or statement is not None:
                self._resolve_chain(group)
                group = []
                if item.equation:
                    self.chains.append(item)
        self._resolve_chain(group)

    def _sizes_of_letters(self) -> None:
        """A letter that is declared over what is no size ranges as if it were not declared."""
        for name, said in list(self.names.letters.items()):
            try:
                self._letters[name] = self.sizing.constant(said)
            except Problem as problem:
                self.diagnostics.append(problem.diagnostic)
                del self.names.letters[name]

    def _resolve_chain(self, group: list[ast.EquationStatement]) -> None:
        if not group:
            return
        if group[0].continues:
            for statement in group:
                self.chains.append(self._orphan(statement))
            return
        self.chains.append(sized(self.statements.chain(group), self.sizing))

    def _orphan(self, statement: ast.EquationStatement) -> Parsed:
        """A line that continues a chain where there is none to continue."""
        diagnostic = Diagnostic(
            "E116",
            "this continues a chain, but there is no valid claim before it",
            statement.label_span,
            "nothing to continue",
            help="write the left side before '='",
        )
        self.diagnostics.append(diagnostic)
        return Parsed(
            statement.span, None, (diagnostic,), statement.label, None, True, statement.refute
        )

    def _define(self) -> None:
        for name, clauses in self.clauses.items():
            span = self.names.tensors[name].span
            try:
                self.definitions[name], self.readings[name] = define(
                    name, clauses, self.sizing, span
                )
            except Problem as problem:
                self._broken(name, problem.diagnostic, span)
        for tensor in self.names.tensors.values():
            if tensor.function is not None:
                self._define_function(tensor)

    def _define_function(self, tensor: Tensor) -> None:
        """A declared function is a definition by an opaque node over its arguments."""
        assert tensor.function is not None
        arguments: list[Argument] = []
        letters = (Index(letter) for letter in _ARGUMENT_LETTERS)
        head = tuple(next(letters) for _ in range(tensor.rank or 0))
        for declared in tensor.function.args:
            name = declared.name.name
            rank = len(declared.bracket.items) if declared.bracket else 0
            known = self.names.tensors.get(name)
            if known is None or known.rank != rank:
                return
            own = tuple(next(letters) for _ in range(rank))
            sizes = tuple(self._size(name, number) for number in range(rank))
            entry = Element(name, tuple(af.of(letter) for letter in own))
            arguments.append(Argument(own, sizes, entry))
        at = tuple(af.of(letter) for letter in head)
        axes = tuple(Range(af.ZERO, af.last(self._size(tensor.name, n))) for n in range(len(head)))
        body = Opaque(tensor.name, at, tuple(arguments), ())
        clause = Clause(at, dict(zip(head, axes, strict=True)), body)
        self.definitions[tensor.name] = Definition(tensor.name, axes, (clause,), False, tensor.span)

    def _size(self, name: str, number: int) -> Affine:
        size = self.sizing.axis(name, number).size()
        assert size is not None
        return size

    def _inputs(self) -> dict[str, Input]:
        found: dict[str, Input] = {}
        for tensor in self.names.tensors.values():
            if tensor.kind == "input" and tensor.name not in self.names.broken:
                axes = tuple(self._size(tensor.name, n) for n in range(tensor.rank or 0))
                found[tensor.name] = Input(
                    tensor.name, axes, self._facts(tensor, axes), tensor.span
                )
        return found

    def _facts(self, tensor: Tensor, axes: tuple[Affine, ...]) -> tuple[Fact, ...]:
        facts: list[Fact] = []
        for said in tensor.facts:
            name: FactName = FACTS[said.name]
            if said.bound is None:
                if name in _OF_MATRICES and not self._is_square(axes):
                    self.diagnostics.append(_not_square(said, tensor, axes))
                else:
                    facts.append(Fact(name))
                continue
            try:
                bound = self.sizing.constant(said.bound)
            except Problem as problem:
                self.diagnostics.append(problem.diagnostic)
                continue
            if name == "integer":
                facts.append(Fact(name, None, bound))
                continue
            same = [n for n, axis in enumerate(axes) if self._same(axis, bound)]
            if same:
                facts.append(Fact(name, same[-1], None))
            else:
                self.diagnostics.append(_no_axis(said, tensor, bound, axes))
        looked_up = self.sizing.looked_up.get(tensor.name)
        if looked_up is not None and not any(fact.name == "integer" for fact in facts):
            facts.append(Fact("integer", None, looked_up.size()))
        return tuple(facts)

    def _is_square(self, axes: tuple[Affine, ...]) -> bool:
        return len(axes) > 1 and self._same(axes[-2], axes[-1])

    def _same(self, left: Affine, right: Affine) -> bool:
        return self.sizing.sizes.normal(left) is self.sizing.sizes.normal(right)

    def _check_definitions(self, inputs: dict[str, Input]) -> None:
        """Reads outside ranges, then everything that leans on a broken name."""
        axes = self._all_axes(inputs)
        for name in self.definitions:
            problems = check_readings(
                self.readings.get(name, []), axes, self.names.dims, self.definitions
            )
            found = circular(name, self.definitions, self.readings)
            if found is not None:
                problems.append(report(name, found, self.names.tensors[name].span))
            for problem in problems[:1]:
                self._broken(name, problem, self.names.tensors[name].span)
        changed = True
        while changed:
            changed = False
            for name, clauses in self.clauses.items():
                if name not in self.names.broken:
                    changed |= self._leans_on_broken(name, [c.terms for c in clauses])
        for name in self.names.broken:
            self.definitions.pop(name, None)

    def _leans_on_broken(self, name: str, clauses: list[ClauseTerms]) -> bool:
        for clause in clauses:
            diagnostic = self._uses_broken(clause.body)
            if diagnostic is not None:
                self._broken(name, diagnostic, clause.span)
                return True
        return False

    def _uses_broken(self, term: tm.Term) -> Diagnostic | None:
        """The first use of a name whose definition is not valid."""
        for node in tm.walk(term):
            named = isinstance(node, tm.Read | tm.Derivative | tm.Opaque)
            if named and node.name in self.names.broken:
                span = node.shown if isinstance(node, tm.Read) else node.span
                return self.names.broken_use(node.name, span)
        return None

    def _all_axes(self, inputs: dict[str, Input]) -> dict[str, tuple[Range, ...]]:
        given = {
            name: tuple(Range(af.ZERO, af.last(size)) for size in found.axes)
            for name, found in inputs.items()
        }
        return {**given, **{name: found.axes for name, found in self.definitions.items()}}

    def _claims(self, axes: dict[str, tuple[Range, ...]]) -> None:
        for item in self.chains:
            if isinstance(item, Parsed):
                self.equations.unparsed(item.label or "", item.span, item.refute, item.problems)
                continue
            for number, side in enumerate(item.chain.sides):
                if side.term is not None and item.problems[number] is None:
                    item.problems[number] = self._uses_broken(side.term)
            for reading, number in self.equations.chain(item):
                problems = check_readings([reading], axes, self.names.dims, self.definitions)
                if problems and item.problems[number] is None:
                    item.problems[number] = problems[0]
            self.equations.lines(item)


def _no_axis(
    said: ast.FactSaid, tensor: Tensor, bound: Affine, axes: tuple[Affine, ...]
) -> Diagnostic:
    shape = ",".join(repr(axis) for axis in axes)
    return Diagnostic(
        "E306",
        f"{tensor.name} has no axis of size {bound!r}",
        said.span,
        f"{said.name} in {bound!r}",
        help=f"{tensor.name} is [{shape}]",
    )


def _not_square(said: ast.FactSaid, tensor: Tensor, axes: tuple[Affine, ...]) -> Diagnostic:
    shape = ",".join(repr(axis) for axis in axes)
    return Diagnostic(
        "E307",
        f"{tensor.name} is not square",
        said.span,
        said.name,
        help=f"{tensor.name} is [{shape}]; its last two axes must have one size",
    )


def _in_order(diagnostics: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    """By place in the text, each once."""
    unique = list(dict.fromkeys(diagnostics))
    return tuple(sorted(unique, key=lambda d: d.span.start if d.span else 0))
