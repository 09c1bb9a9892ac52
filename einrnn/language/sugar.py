"""Tree to terms: whole-tensor notation becomes indices, derivative atoms their bodies.

Every expression has a rank, the number of indices that were left out; :meth:`entry`
gives its entry at that many index expressions.
"""

from __future__ import annotations

from fractions import Fraction

from einrnn.core.functions import FUNCTIONS
from einrnn.core.trampoline import Steps, trampoline
from einrnn.errors import Diagnostic, Span
from einrnn.language import ast
from einrnn.language import terms as tm
from einrnn.language.group import grouped
from einrnn.language.indexing import Indexing
from einrnn.language.names import CONSTANTS, DELTAS, MATRIX, Names
from einrnn.language.problem import fail
from einrnn.language.ranks import Ranks

Args = tuple[tm.Arg, ...]


class Resolver:
    """Resolves the expressions of one statement, whose index letters are ``letters``."""

    def __init__(self, names: Names, letters: frozenset[str]) -> None:
        self.names = names
        self.indexing = Indexing(names, letters)
        self.ranks = Ranks(names, self.indexing)
        self.rank = self.ranks.rank
        self.notes: list[Diagnostic] = []

    def entry(self, node: ast.Ast, at: Args = ()) -> tm.Term:
        """The entry of an expression at these indices, as many as its rank."""
        return trampoline(self._entry)(node, at)

    def condition(self, node: ast.Ast) -> tm.Condition:
        """A condition over indices and values."""
        return trampoline(self._condition)(node)

    def _entry(self, node: ast.Ast, at: Args) -> Steps[tm.Term]:
        if at and self.rank(node) == 0:
            at = ()
        node = grouped(node, self.names)
        span = node.span
        match node:
            case ast.Num(value):
                return tm.Num(value, span)
            case ast.Name():
                return self._name(node, at)
            case ast.Indexed():
                return (yield self._indexed(node, at))
            case ast.Call():
                return (yield self._call(node, at))
            case ast.Group():
                return (yield self._entry(self.ranks.single(node), at))
            case ast.Iverson(bracket):
                return (yield self._iverson(bracket))
            case ast.Transposed(base):
                return (yield self._entry(base, at[::-1]))
            case ast.Sum(terms):
                summed: list[tuple[int, tm.Term]] = []
                for sign, term in terms:
                    summed.append((sign, (yield self._entry(term, at))))
                return tm.Sum(tuple(summed), span)
            case ast.Product(factors):
                return (yield self._product(factors, at, span))
            case ast.Power(base, exponent):
                below = yield self._entry(base, at)
                return tm.Power(below, (yield self._entry(exponent, ())), span)
            case ast.Cases(branches):
                return (yield self._cases(branches, at, span))
            case ast.Scoped():
                return (yield self._scoped(node, at))
            case ast.Derivative():
                return (yield self._derivative(node, at))
            case _:
                raise fail(
                    "E108",
                    "a condition stands where a number is expected",
                    span,
                    "this is true or false",
                    "write [k != l] for the number that is 1 where it holds",
                )

    def _name(self, node: ast.Name, at: Args) -> tm.Term:
        name, span = node.name, node.span
        if self.indexing.is_position(name):
            return tm.Position(self.indexing.arg(node), span)
        if name in CONSTANTS and not self.names.is_tensor(name):
            return tm.Func("pi" if name == "π" else name, (), span)
        self.names.tensor(name, len(at), span)
        return tm.Read(name, at, span, span)

    def _indexed(self, node: ast.Indexed, at: Args) -> Steps[tm.Term]:
        args = self.indexing.args(node.bracket)
        head = node.head
        if isinstance(head, ast.Name):
            if head.name in DELTAS and not self.names.is_tensor(head.name):
                return self._delta(args, node.span)
            self.rank(node)
            return tm.Read(head.name, args + at, node.span, head.span)
        return (yield self._entry(head, args + at))

    def _delta(self, args: Args, span: Span) -> tm.Term:
        left, right = (tm.Position(arg, arg.span) for arg in args)
        one, zero = tm.Num(Fraction(1), span), tm.Num(Fraction(0), span)
        return tm.Cases(((tm.Compare("==", left, right, span, True), one),), zero, span)

    def _iverson(self, bracket: ast.Bracket) -> Steps[tm.Term]:
        span = bracket.span
        item = bracket.items[0]
        if not isinstance(item.value, ast.Compare | ast.Logic) or len(bracket.items) > 1:
            raise fail(
                "E109",
                "a bracket by itself holds a condition",
                span,
                "expected a condition such as [k != l]",
                "indices stand directly after a name, s[t-1,n]; shifts go inside the bracket",
            )
        condition = yield self._condition(item.value)
        one, zero = tm.Num(Fraction(1), span), tm.Num(Fraction(0), span)
        return tm.Cases(((condition, one),), zero, span)

    def _cases(self, branches: tuple[ast.Branch, ...], at: Args, span: Span) -> Steps[tm.Term]:
        chosen: list[tuple[tm.Condition, tm.Term]] = []
        for position, branch in enumerate(branches):
            value = yield self._entry(branch.value, at)
            if branch.condition is None:
                if position + 1 < len(branches):
                    raise fail(
                        "E110",
                        "only the last of the cases may be without a condition",
                        branch.span,
                        "the cases below are never reached",
                        "add 'if …' here",
                    )
                return tm.Cases(tuple(chosen), value, span)
            chosen.append(((yield self._condition(branch.condition)), value))
        return tm.Cases(tuple(chosen), None, span)

    def _product(
        self, factors: tuple[tuple[str, ast.Ast], ...], at: Args, span: Span
    ) -> Steps[tm.Term]:
        """Scalar factors stay factors; ``@``, ``outer`` and ``dot`` pair the tensors."""
        plan = self.ranks.plan(factors, span)
        done: list[tuple[bool, tm.Term]] = []
        indices: dict[int, Args] = {}
        sums: list[tm.Bound] = []
        for position, (own, contracted) in plan.items():
            fresh = [self.indexing.fresh(key, span) for key in contracted]
            for letter, key in zip(fresh, contracted, strict=True):
                if key not in {b.name for b in sums}:
                    sums.append(tm.Bound(self.indexing.fresh_name(key), None, None, letter.span))
            indices[position] = tuple(at[slot] if slot >= 0 else fresh[-slot - 1] for slot in own)
        for position, (op, factor) in enumerate(factors):
            value = yield self._entry(factor, indices.get(position, ()))
            done.append((op == "/", value))
        body = tm.Product(tuple(done), span)
        if not sums:
            return body
        unique = {bound.name: bound for bound in sums}
        return tm.Reduce("sum", tuple(unique.values()), None, body, True, span)

    def _scoped(self, node: ast.Scoped, at: Args) -> Steps[tm.Term]:
        bounds = self.indexing.bounds(node.bracket, node.op)
        if node.op in MATRIX:
            return (yield self._entries(node, bounds, at))
        given = node.bracket.condition
        condition = (yield self._condition(given)) if given is not None else None
        body = yield self._entry(node.body, at)
        if node.op == "softmax":
            if condition is not None or any(b.lo for b in bounds):
                raise fail(
                    "E111",
                    "softmax runs over the whole range of its index",
                    node.bracket.span,
                    "no range and no condition here",
                    "write exp(…) / sum[k: …] exp(…) for a part of the range",
                )
            return tm.Softmax(bounds, body, node.span)
        return tm.Reduce(node.op, bounds, condition, body, True, node.span)

    def _entries(self, node: ast.Scoped, bounds: tuple[tm.Bound, ...], at: Args) -> Steps[tm.Term]:
        """A function of the matrix that is given by its entries."""
        assert isinstance(node.body, ast.Group)
        if bounds[0].name == bounds[1].name:
            raise fail(
                "E207",
                f"{node.op} of entries needs one index for rows and another for columns",
                node.bracket.span,
                "two different indices wanted",
                f"write {node.op}[i,j](A[i,j])",
            )
        items = node.body.items
        body = yield self._entry(items[0], ())
        power = self.indexing.arg(items[1]) if len(items) > 1 else None
        row, column = bounds[0].name, bounds[1].name
        return tm.Matrix(node.op, row, column, body, power, at, node.span)

    def _derivative(self, node: ast.Derivative, at: Args) -> Steps[tm.Term]:
        args = self.indexing.args(node.args) if node.args is not None else ()
        rank = self.rank(node) - self.ranks.wrt(node)
        if isinstance(node.body, ast.Name) and self.names.is_tensor(node.body.name):
            # of an index there is no derivative: the tensor is meant
            span = node.body.span
            body: tm.Term = tm.Read(node.body.name, at[:rank], span, span)
        else:
            body = yield self._entry(node.body, at[:rank])
        return tm.Derivative(node.kind, body, node.name.name, args + at[rank:], node.span)

    def _call(self, node: ast.Call, at: Args) -> Steps[tm.Term]:
        name = node.head.name
        self.rank(node)
        args = node.args.items
        if name in self.names.tensors:
            return (yield self._opaque(node, at))
        if name in MATRIX or name == "tr":
            return (yield self._matrix(node, at))
        if name in ("dot", "outer"):
            pair = (("*", args[0]), (name, args[1]))
            return (yield self._product(pair, at, node.span))
        if name not in FUNCTIONS or (name in ("max", "min") and len(args) == 1):
            return (yield self._whole(node, at))
        done: list[tm.Term] = []
        for arg in args:
            done.append((yield self._entry(arg, at)))
        return tm.Func(name, tuple(done), node.span)

    def _whole(self, node: ast.Call, at: Args) -> Steps[tm.Term]:
        """``softmax(q[t])`` along the last axis left out, ``sum(a)`` over all of them."""
        op = self.ranks.reducer(node)
        arg = node.args.items[0]
        if op == "softmax":
            letter = at[-1].parts[0][1] if at[-1].parts else None
            if isinstance(letter, tm.Letter) and len(at[-1].parts) == 1 and not at[-1].constant:
                body = yield self._entry(arg, at)
                bound = tm.Bound(letter.name, None, None, letter.span)
                return tm.Softmax((bound,), body, node.span)
            raise fail(
                "E206",
                "softmax of a whole vector is read at an index that is not one letter",
                node.span,
                "",
                "write softmax[k](…)",
            )
        keys = [f"{id(node)}.{axis}" for axis in range(self.rank(arg))]
        letters = tuple(self.indexing.fresh(key, node.span) for key in keys)
        bounds = tuple(
            tm.Bound(self.indexing.fresh_name(key), None, None, node.span) for key in keys
        )
        body = yield self._entry(arg, letters)
        return tm.Reduce(op, bounds, None, body, True, node.span)

    def _matrix(self, node: ast.Call, at: Args) -> Steps[tm.Term]:
        name, span = node.head.name, node.span
        keys = [f"{id(node)}.row", f"{id(node)}.column"]
        row = self.indexing.fresh_name(keys[0])
        if name == "tr":
            letter = self.indexing.fresh(keys[0], span)
            body = yield self._entry(node.args.items[0], (letter, letter))
            bound = tm.Bound(row, None, None, span)
            return tm.Reduce("sum", (bound,), None, body, True, span)
        self._remark_number(name, node.args.items[0])
        letters = tuple(self.indexing.fresh(key, span) for key in keys)
        body = yield self._entry(node.args.items[0], letters)
        power = self.indexing.arg(node.args.items[1]) if name == "matpow" else None
        column = self.indexing.fresh_name(keys[1])
        return tm.Matrix(name, row, column, body, power, at, span)

    def _remark_number(self, function: str, matrix: ast.Ast) -> None:
        """A note where a number is added to a matrix: the identity may be meant."""
        while isinstance(matrix, ast.Group):
            matrix = self.ranks.single(matrix)
        if not isinstance(matrix, ast.Sum) or self.rank(matrix) == 0:
            return
        for _, term in matrix.terms:
            if self.rank(term) == 0:
                self.notes.append(
                    Diagnostic(
                        "N218",
                        f"a number is added to every entry of a matrix, in {function}",
                        term.span,
                        "added to every entry, not to the diagonal only",
                        help="for the identity define I[i,j] := delta[i,j], and use I",
                        severity="note",
                    )
                )

    def _opaque(self, node: ast.Call, at: Args) -> Steps[tm.Term]:
        done: list[tuple[tuple[str, ...], tm.Term]] = []
        for position, arg in enumerate(node.args.items):
            keys = [f"{id(node)}.{position}.{axis}" for axis in range(self.rank(arg))]
            letters = tuple(self.indexing.fresh(key, arg.span) for key in keys)
            body = yield self._entry(arg, letters)
            done.append((tuple(self.indexing.fresh_name(key) for key in keys), body))
        return tm.Opaque(node.head.name, at, tuple(done), node.span)

    def _condition(self, node: ast.Ast) -> Steps[tm.Condition]:
        match node:
            case ast.Group(items) if len(items) == 1:
                return (yield self._condition(items[0]))
            case ast.Logic(op, parts):
                done: list[tm.Condition] = []
                for part in parts:
                    done.append((yield self._condition(part)))
                return tm.Logic(op, tuple(done), node.span)
            case ast.Compare(operands, relations):
                values: list[tm.Term] = []
                for operand in operands:
                    self.ranks.scalar(operand, "compared")
                    values.append((yield self._entry(operand, ())))
                pairs = zip(relations, values, values[1:], strict=False)
                compared = tuple(tm.Compare(op, a, b, node.span) for op, a, b in pairs)
                return compared[0] if len(compared) == 1 else tm.Logic("and", compared, node.span)
            case _:
                raise fail(
                    "E112",
                    "this is not a condition",
                    node.span,
                    "expected a relation such as k != l",
                    "compare with a number: m[k] != 0",
                )
