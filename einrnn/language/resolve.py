"""Statements to terms: clauses and equations with every index and every sum explicit."""

from __future__ import annotations

from dataclasses import field, replace

from einrnn.dataclass import dataclass
from einrnn.errors import Diagnostic, Related, Span
from einrnn.language import ast
from einrnn.language import terms as tm
from einrnn.language.freeness import Freeness, check_definition
from einrnn.language.letters import letters_of
from einrnn.language.names import RESERVED, Names
from einrnn.language.occurrences import Occurrences, place_of
from einrnn.language.problem import Problem, fail
from einrnn.language.scope import Scoping
from einrnn.language.sugar import Resolver
from einrnn.source import Source

Args = tuple[tm.Arg, ...]


@dataclass(frozen=True)
class ClauseTerms:
    """A clause: the index expressions of its left side, its letters, its body."""

    name: str
    args: Args
    letters: tuple[str, ...]
    body: tm.Term
    late: bool
    span: Span


@dataclass(frozen=True)
class Side:
    """One expression of a chain: its term, or what is wrong with it."""

    term: tm.Term | None
    problem: Diagnostic | None
    span: Span


@dataclass()
class ChainTerms:
    """A claim with all lines that continue it; ``letters`` are free in every side.

    ``occurrences`` counts letters in the sides, each of which is looked at several times.
    """

    letters: tuple[str, ...] = ()
    occurrences: Occurrences = field(default_factory=Occurrences)
    sides: list[Side] = field(default_factory=list[Side])
    lines: list[Line] = field(default_factory=list["Line"])


@dataclass(frozen=True)
class Line:
    """One line of a chain: its equalities are ``sides[first-1] = sides[first]`` and on."""

    statement: ast.EquationStatement
    first: int
    count: int
    condition: tm.Condition | None
    problem: Diagnostic | None


class Statements:
    """Resolves statements over one table of names; ``remarks`` are warnings and notes."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.remarks: list[Diagnostic] = []

    def find_ranks(self, definitions: list[ast.DefinitionStatement]) -> None:
        """The ranks of definitions that leave out trailing indices."""
        clauses = [clause for statement in definitions for clause in statement.clauses]
        for _ in range(2):
            before = {name: tensor.rank for name, tensor in self.names.tensors.items()}
            for clause in clauses:
                self._find_rank(clause)
            if all(self.names.tensors[name].rank == rank for name, rank in before.items()):
                return

    def _find_rank(self, clause: ast.ClauseSaid) -> None:
        tensor = self.names.tensors.get(clause.target.name.name)
        if tensor is None or tensor.kind != "definition" or tensor.rank is None:
            return
        given = len(clause.target.bracket.items) if clause.target.bracket else 0
        start = tensor.rank
        for rank in range(start, given + 4):
            tensor.rank = rank
            try:
                left = self._target(clause)
                resolver = self._resolver(left, (left, clause.body))
                if resolver.rank(clause.body) == (rank - given if rank > start else 0):
                    return
                if rank == start and resolver.rank(clause.body) == rank - given:
                    return
            except Problem:
                continue
        tensor.rank = start

    def _target(self, clause: ast.ClauseSaid) -> ast.Ast:
        name = clause.target.name
        if clause.target.bracket is None:
            return name
        return ast.Indexed(name, clause.target.bracket, clause.target.span)

    def _resolver(self, left: ast.Ast, roots: tuple[ast.Ast, ...]) -> Resolver:
        return Resolver(self.names, letters_of(left, roots, self.names))

    def clause(self, clause: ast.ClauseSaid, late: bool) -> ClauseTerms:
        """One clause of a definition."""
        left = self._target(clause)
        name = clause.target.name
        tensor = self.names.tensor(name.name, 0, name.span)
        resolver = self._resolver(left, (left, clause.body))
        resolver.rank(left)
        bracket = clause.target.bracket
        given = resolver.indexing.args(bracket) if bracket is not None else ()
        letters = self._left_letters(given)
        rest = (tensor.rank or 0) - len(given)
        rank = resolver.rank(clause.body)
        if rank not in (0, rest):
            raise fail(
                "E207",
                f"{name.name} has {rest} more indices and its right side has {rank} left out",
                clause.body.span,
                f"{rank} left out",
                "write the indices on both sides",
            )
        keys = [f"left{axis}" for axis in range(rest)]
        trailing = tuple(resolver.indexing.fresh(key, name.span) for key in keys)
        letters += tuple(resolver.indexing.fresh_name(key) for key in keys)
        body = resolver.entry(clause.body, trailing if rank else ())
        occurrences = Occurrences()
        body = self._explicit(body, frozenset(letters), resolver, occurrences)
        check_definition(body, frozenset(letters), occurrences, clause.target.span)
        return ClauseTerms(name.name, given + trailing, letters, body, late, clause.span)

    def _left_letters(self, args: Args) -> tuple[str, ...]:
        letters: list[str] = []
        for arg in args:
            own = [atom for _, atom in arg.parts if isinstance(atom, tm.Letter)]
            plain = len(arg.parts) == 1 and arg.parts[0][0] == 1 and not arg.constant
            looked = [atom for _, atom in arg.parts if isinstance(atom, tm.Read)]
            if looked or (own and not plain):
                raise fail(
                    "E212",
                    "the left side of a definition has letters and constants only",
                    arg.span,
                    "shifted or looked up",
                    "write s[t,i] := … s[t-1,i] …: the shift goes on the right",
                )
            if own and own[0].name in letters:
                raise fail(
                    "E213",
                    f"index {own[0].name} occurs twice on the left of a definition",
                    arg.span,
                    "second time",
                    "use another letter and multiply by delta[i,j]",
                )
            letters += [letter.name for letter in own]
        return tuple(letters)

    def _explicit(
        self, term: tm.Term, free: frozenset[str], resolver: Resolver, occurrences: Occurrences
    ) -> tm.Term:
        """Checks what sums bind, adds the implied ones, compares the terms' indices."""
        hidden = free - resolver.indexing.letters
        term, remarks = explicit(term, free, hidden, occurrences, self.names.source)
        self.remarks += [*remarks, *resolver.notes]
        resolver.notes.clear()
        return term

    def chain(self, statements: list[ast.EquationStatement]) -> ChainTerms:
        """A claim and the lines that continue it."""
        chain = ChainTerms()
        expressions = [e for statement in statements for e in statement.expressions]
        roots = tuple(expressions)
        conditions = tuple(s.condition for s in statements if s.condition is not None)
        left = expressions[0]
        resolver = self._resolver(left, (*roots, *conditions))
        trailing: Args = ()
        try:
            rank = resolver.rank(left)
            keys = [f"left{axis}" for axis in range(rank)]
            trailing = tuple(resolver.indexing.fresh(key, left.span) for key in keys)
            term = resolver.entry(left, trailing)
            _check_bound(term, frozenset(), chain.occurrences)
            chain.letters = tuple(chain.occurrences.of(term))
            hidden = frozenset(chain.letters) - resolver.indexing.letters
            freeness = Freeness(chain.occurrences, self.names.source, hidden)
            freeness.check(term, frozenset(chain.letters))
            chain.sides.append(Side(term, None, left.span))
        except Problem as problem:
            chain.sides.append(Side(None, _with_advice(problem.diagnostic, left), left.span))
        self._lines(chain, resolver, trailing, statements)
        return chain

    def _lines(
        self,
        chain: ChainTerms,
        resolver: Resolver,
        trailing: Args,
        statements: list[ast.EquationStatement],
    ) -> None:
        first = chain.sides[0]
        for statement in statements:
            problem: Diagnostic | None = None
            condition: tm.Condition | None = None
            try:
                condition = self._for(statement, resolver, frozenset(chain.letters))
            except Problem as found:
                problem = found.diagnostic
            start = len(chain.sides)
            rights = statement.expressions[0 if statement.continues and start > 1 else 1 :]
            if statement.continues and not chain.lines:
                rights = statement.expressions[1:]
            excused = frozenset(Occurrences().of(condition)) if condition else frozenset[str]()
            for expression in rights:
                if first.term is None:
                    chain.sides.append(Side(None, first.problem, expression.span))
                else:
                    chain.sides.append(self._side(chain, resolver, trailing, expression, excused))
            chain.lines.append(Line(statement, start, len(rights), condition, problem))

    def _for(
        self, statement: ast.EquationStatement, resolver: Resolver, free: frozenset[str]
    ) -> tm.Condition | None:
        if statement.condition is None:
            return None
        for node in ast.walk(statement.condition):
            if not isinstance(node, ast.Name) or node.name in free:
                continue
            name = node.name
            if name in resolver.indexing.letters or not self._is_known(name):
                raise fail(
                    "E214",
                    f"{name} in 'for' is not an index of the left side",
                    node.span,
                    f"{name} is not free here",
                    "a 'for' restricts free indices; restrict a sum by sum[k: …]",
                )
        return resolver.condition(statement.condition)

    def _is_known(self, name: str) -> bool:
        """Whether a name means something without being an index."""
        return self.names.is_tensor(name) or self.names.is_dim(name) or name in RESERVED

    def _side(
        self,
        chain: ChainTerms,
        resolver: Resolver,
        trailing: Args,
        expression: ast.Ast,
        excused: frozenset[str],
    ) -> Side:
        free = frozenset(chain.letters)
        try:
            rank = resolver.rank(expression)
            if rank not in (0, len(trailing)):
                raise fail(
                    "E207",
                    f"the left side has {len(trailing)} indices left out and this has {rank}",
                    expression.span,
                    f"{rank} left out",
                    "write the indices on both sides",
                )
            term = resolver.entry(expression, trailing if rank else ())
            term = self._explicit(term, free, resolver, chain.occurrences)
            left = chain.sides[0].term
            if left is not None:
                freeness = Freeness(chain.occurrences, self.names.source)
                self.remarks += freeness.equation(left, term, free, excused)
            return Side(term, None, expression.span)
        except Problem as problem:
            return Side(None, problem.diagnostic, expression.span)


def explicit(
    term: tm.Term,
    free: frozenset[str],
    hidden: frozenset[str],
    occurrences: Occurrences,
    source: Source,
) -> tuple[tm.Term, list[Diagnostic]]:
    """A term with its implied sums, checked, and the remarks on it.

    ``hidden`` are the free letters that stand for indices left out in the text.
    """
    _check_bound(term, free, occurrences)
    scoping = Scoping(free, hidden, occurrences)
    term = scoping.explicit(term)
    return term, Freeness(occurrences, source, hidden).check(term, free) + scoping.notes


def _check_bound(term: tm.Term, free: frozenset[str], occurrences: Occurrences) -> None:
    """No sum binds a letter that already means something where it stands."""
    stack: list[tuple[tm.Part, frozenset[str]]] = [(term, free)]
    while stack:
        node, outer = stack.pop()
        if isinstance(node, tm.Product):
            _check_left(node, outer, occurrences)
        if isinstance(node, tm.Reduce):
            seen: set[str] = set()
            _check_ends(node.letters)
            for bound in node.letters:
                if bound.name in outer or bound.name in seen:
                    raise _bound_twice(bound, bound.name in free)
                seen.add(bound.name)
        names = tm.binds(node)
        if names and not isinstance(node, tm.Softmax):
            outer = outer.union(names)
        stack.extend((part, outer) for part in tm.parts(node))


def _check_ends(letters: tuple[tm.Bound, ...]) -> None:
    """The ends of a range know the letters before it in the bracket, not its own."""
    waiting = {bound.name for bound in letters}
    for bound in letters:
        for end in (bound.lo, bound.hi):
            for _, atom in end.parts if end is not None else ():
                if isinstance(atom, tm.Letter) and atom.name in waiting:
                    own = "its own range" if atom.name == bound.name else "a range before its own"
                    raise fail(
                        "E215",
                        f"index {atom.name} is summed and stands in {own}",
                        atom.span,
                        "has no value here",
                        "end the range at another index or at a size: sum[r=0..t], sum[r=0..T-1]",
                    )
        waiting.discard(bound.name)


def _bound_twice(bound: tm.Bound, on_left: bool) -> Exception:
    where = "on the left side" if on_left else "by a sum around it"
    return fail(
        "E215",
        f"index {bound.name} is summed and is already used {where}",
        bound.span,
        "summed here",
        "use another letter for the sum",
    )


def _with_advice(diagnostic: Diagnostic, left: ast.Ast) -> Diagnostic:
    """An unknown name alone on the left of '=' was probably meant to be defined."""
    name = left.head if isinstance(left, ast.Indexed) else left
    if diagnostic.code != "E401" or not isinstance(name, ast.Name):
        return diagnostic
    if diagnostic.help is None or "declare" not in diagnostic.help:
        return diagnostic
    return replace(diagnostic, help=f"to define {name.name}, write ':=' instead of '='")


def _check_left(node: tm.Product, outer: frozenset[str], occurrences: Occurrences) -> None:
    """``sum[k](a[k]) b[k]``: the parenthesis ended the sum, so the last k is another one. In
    ``(a[k] b[k]) / sum[k] c[k]`` it is one that is summed where it stands."""
    for own, factor in node.factors:
        inner = factor.base if isinstance(factor, tm.Power) else factor
        if not isinstance(inner, tm.Reduce):
            continue
        for name in frozenset(tm.binds(inner)) - outer:
            for side, other in node.factors:
                if other is factor or name not in occurrences.of(other):
                    continue
                if side == own or occurrences.of(other)[name] < 2:
                    raise _left_its_sum(other, inner, name)


def _left_its_sum(other: tm.Term, inner: tm.Reduce, name: str) -> Exception:
    return fail(
        "E216",
        f"index {name} is used outside the sum over {name}",
        place_of(other, name),
        "not summed by it",
        f"the sum ends with its parenthesis; put a space after ']' or write sum[{name}] (… …)",
        (Related(inner.span, f"this sum over {name} ends here"),),
    )
