"""Index expressions: what stands in brackets after a name, and fresh letters."""

from __future__ import annotations

from einrnn.core.trampoline import Steps, trampoline
from einrnn.errors import Span
from einrnn.language import ast
from einrnn.language import terms as tm
from einrnn.language.group import grouped
from einrnn.language.names import Names
from einrnn.language.problem import fail

_POOL = ("i", "j", "k", "l", "m", "n", "p", "q", "u", "v", "w", "a", "b", "c", "e", "f", "g", "h")


class Indexing:
    """Reads index expressions of one statement and hands out letters it does not use."""

    def __init__(self, names: Names, letters: frozenset[str]) -> None:
        self.names = names
        self.letters = letters
        self._taken = set(letters) | set(names.tensors) | set(names.letters)
        self._taken |= {name for name in names.mentioned if len(name) == 1}
        self._fresh: dict[str, str] = {}
        self._run = trampoline(self._arg)

    def is_position(self, name: str) -> bool:
        """Whether the name is a number that an index expression may hold."""
        if name in self.letters:
            return True
        if self.names.is_dim(name):
            return True
        return name in self.names.letters and not self.names.is_tensor(name)

    def fresh_name(self, key: str) -> str:
        """A letter the statement does not use, the same one for the same key."""
        if key not in self._fresh:
            free = (letter for letter in _POOL if letter not in self._taken)
            name = next(free, None) or self._numbered()
            self._taken.add(name)
            self._fresh[key] = name
        return self._fresh[key]

    def _numbered(self) -> str:
        number = 1
        while f"i{number}" in self._taken:
            number += 1
        return f"i{number}"

    def fresh(self, key: str, span: Span) -> tm.Arg:
        """The letter of :meth:`fresh_name` as an index expression."""
        return tm.letter_arg(self.fresh_name(key), span)

    def args(self, bracket: ast.Bracket) -> tuple[tm.Arg, ...]:
        """The index expressions of a bracket after a name."""
        if bracket.condition is not None:
            raise fail(
                "E113",
                "a condition belongs in the bracket of a sum",
                bracket.condition.span,
                "this bracket holds indices",
                "write sum[k: …], or multiply by [k != l]",
            )
        for item in bracket.items:
            if item.lo is not None:
                raise fail(
                    "E113",
                    "a range belongs in the bracket of a sum",
                    item.span,
                    "this bracket holds indices",
                    "write sum[r=0..t] …; an index by itself has no range",
                )
        return tuple(self.arg(item.value) for item in bracket.items)

    def bounds(self, bracket: ast.Bracket, op: str) -> tuple[tm.Bound, ...]:
        """The letters that a sum binds, with their ranges."""
        found: list[tm.Bound] = []
        for item in bracket.items:
            if not isinstance(item.value, ast.Name) or self.names.is_dim(item.value.name):
                raise fail(
                    "E202",
                    f"{op} runs over index letters",
                    item.value.span,
                    "this is not a letter",
                    f"write {op}[k] …, {op}[r=0..t] … or {op}[k: k != l] …",
                )
            if item.lo is not None and item.hi is None:
                raise fail(
                    "E114",
                    "a range needs both of its ends",
                    item.span,
                    "expected a range such as r=0..t",
                    f"write {op}[r=0..t] …, or ':' and a condition with '=='",
                )
            lo = self.arg(item.lo) if item.lo is not None else None
            hi = self.arg(item.hi) if item.hi is not None else None
            found.append(tm.Bound(item.value.name, lo, hi, item.value.span))
        return tuple(found)

    def arg(self, node: ast.Ast) -> tm.Arg:
        """An index expression: letters, sizes, whole numbers and look-ups."""
        if isinstance(node, ast.Name):
            return tm.Arg(0, ((1, self._atom(node.name, node.span)),), node.span)
        return self._run(node)

    def _arg(self, node: ast.Ast) -> Steps[tm.Arg]:
        span = node.span
        node = grouped(node, self.names)
        match node:
            case ast.Num(value) if value.denominator == 1:
                return tm.Arg(int(value), (), span)
            case ast.Name(name):
                return tm.Arg(0, ((1, self._atom(name, span)),), span)
            case ast.Indexed(ast.Name(name, shown), bracket) if not self.names.binds(name):
                args: list[tm.Arg] = []
                for item in bracket.items:
                    args.append((yield self._arg(item.value)))
                self._lookup(name, len(args), span)
                return tm.Arg(0, ((1, tm.Read(name, tuple(args), span, shown)),), span)
            case ast.Group((inner,)):
                return (yield self._arg(inner))
            case ast.Sum(terms):
                total = tm.Arg(0, (), span)
                for sign, term in terms:
                    total = _plus(total, (yield self._arg(term)), sign)
                return total
            case ast.Product(factors) if all(op == "*" for op, _ in factors):
                result = tm.Arg(1, (), span)
                for _, factor in factors:
                    result = _times(result, (yield self._arg(factor)), span)
                return result
            case _:
                raise _not_affine(span)

    def _atom(self, name: str, span: Span) -> tm.Letter | tm.Size | tm.Read:
        if name in self.letters:
            return tm.Letter(name, span)
        if self.names.is_number(name):
            self._lookup(name, 0, span)
            return tm.Read(name, (), span, span)
        if name in self.names.letters:
            return tm.Letter(name, span)
        if not self.names.is_dim(name):
            if self.names.is_scalar(name):
                raise fail(
                    "E303",
                    f"{name} is a number that need not be whole",
                    span,
                    "as an index this must be a whole number",
                    f"declare it so: input {name} integer in N",
                )
            if not name[0].isupper():
                return tm.Letter(name, span)
            self.names.implicit.setdefault(name, span)
        return tm.Size(name, span)

    def _lookup(self, name: str, used: int, span: Span) -> None:
        tensor = self.names.tensor(name, used, span)
        if tensor.rank != used:
            raise fail(
                "E203",
                f"{name} has {tensor.rank} indices and is used with {used}",
                span,
                "as an index this must be a whole number",
                f"give {name} its indices inside the bracket, or use another letter",
            )


def _plus(left: tm.Arg, right: tm.Arg, sign: int) -> tm.Arg:
    more = tuple((sign * c, atom) for c, atom in right.parts)
    return tm.Arg(left.constant + sign * right.constant, left.parts + more, left.span)


def _times(left: tm.Arg, right: tm.Arg, span: Span) -> tm.Arg:
    if left.parts and right.parts:
        raise _not_affine(span)
    by, value = (left.constant, right) if not left.parts else (right.constant, left)
    return tm.Arg(by * value.constant, tuple((by * c, atom) for c, atom in value.parts), span)


def _not_affine(span: Span) -> Exception:
    return fail(
        "E204",
        "this is not an index expression",
        span,
        "expected letters, sizes and whole numbers, as in 2*i+p or T-1",
        "for positions that are no such sum, look them up: input p[N] integer in K, then x[p[i]]",
    )


def as_arg(term: tm.Term, depth: int = 8) -> tm.Arg | None:
    """A term as an index expression, if it is one and nested no deeper than ``depth``."""
    if depth == 0:
        return None
    match term:
        case tm.Num(value) if value.denominator == 1:
            return tm.Arg(int(value), (), term.span)
        case tm.Position(value):
            return value
        case tm.Sum(terms):
            total = tm.Arg(0, (), term.span)
            for sign, part in terms:
                arg = as_arg(part, depth - 1)
                if arg is None:
                    return None
                total = _plus(total, arg, sign)
            return total
        case tm.Product(factors):
            result = tm.Arg(1, (), term.span)
            for divides, part in factors:
                arg = None if divides else as_arg(part, depth - 1)
                if arg is None or (arg.parts and result.parts):
                    return None
                result = _times(result, arg, term.span)
            return result
        case _:
            return None
