"""Core to sympy at concrete sizes: every entry is a Symbol, every sum is written out."""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import sympy

from einrnn.core import nodes as n
from einrnn.core.model import Model
from einrnn.core.trampoline import Steps, trampoline
from einrnn.dataclass import dataclass
from einrnn.errors import EvaluationError, InternalError
from einrnn.sympy_backend import matrices
from einrnn.sympy_backend.functions import Builder, sp
from einrnn.sympy_backend.places import Array, Env, Places, Position, show

Key = tuple["str | n.Node", Position]


@dataclass(frozen=True)
class Call:
    """What an undefined function stands for: entry ``at`` of the opaque function ``name``.

    Its arguments are all entries of all tensors it is given, in turn and in row-major
    order; it is differentiated by the arguments numbered in ``by``.
    """

    name: str
    at: Position
    by: tuple[int, ...]

    def label(self) -> str:
        """The name of the sympy function."""
        name = show(self.name, self.at)
        return f"∂{name}/∂({','.join(map(str, self.by))})" if self.by else name


class Entries:
    """Expressions of a closed model, without Derivative nodes, at concrete ``sizes``.

    An entry of an input or a definition is the Symbol ``W[0,1]`` or ``ds/dW[2,0,1,1]``:
    real, and positive where the input has that fact. Other facts are not known here, so
    ``A[0,1]`` and ``A[1,0]`` of a symmetric input are two Symbols. Entries of the inputs
    in ``integers`` (name to array) are their numbers; an input used as a position must be
    there. ``symbols`` and ``calls`` tell what Symbols and undefined functions stand for.

    An opaque function at concrete arguments is an undefined function of all their entries,
    and each of its partial derivatives is another one, named after the numbers of the
    entries (:class:`Call`). Both sides of a chain rule then contain the same calls.
    """

    def __init__(
        self,
        model: Model,
        sizes: Mapping[str, int],
        integers: Mapping[str, Array] | None = None,
    ) -> None:
        self.model = model
        self.places = Places(model, sizes, integers or {})
        self.symbols: dict[sympy.Symbol, tuple[str, Position]] = {}
        self.calls: dict[str, Call] = {}
        self.build = Builder()
        self._symbols: dict[tuple[str, Position], Any] = {}
        self._heads: dict[Call, Any] = {}
        self._letters: dict[n.Node, tuple[n.Index, ...]] = {}
        self._memos: dict[frozenset[str], dict[Key, Any]] = {}

    def expression(
        self,
        expr: n.Expr,
        env: Env,
        unfold: Callable[[str], bool] | frozenset[str] = frozenset(),
    ) -> sympy.Expr:
        """The expression at the given values of its free indices.

        Entries of definitions whose name is in ``unfold`` (a set, or a test of names) are
        replaced by what they are defined as, again and again; others stay Symbols. Sums
        and conditions on indices are carried out, conditions on values become a Piecewise
        of which every branch must be in range. Raises EvaluationError as :class:`Places`
        does, and for circular definitions (E605), singular matrices (E606) and matrices
        that are too large (E613).
        """
        chosen = unfold.__contains__ if isinstance(unfold, frozenset) else unfold
        names = frozenset(name for name in self.model.definitions if chosen(name))
        memo = self._memos.setdefault(names, {})
        return _drive(_Unfolding(self, names, memo).expr(expr, env))

    def symbol(self, name: str, position: Position) -> sympy.Symbol:
        """The Symbol of an entry."""
        key = (name, position)
        if key not in self._symbols:
            given = self.model.inputs.get(name)
            positive = given is not None and given.has("positive")
            facts = {"positive": True} if positive else {"real": True}
            made = sp.Symbol(show(name, position), **facts)
            self._symbols[key] = made
            self.symbols[made] = key
        return self._symbols[key]

    def head(self, call: Call) -> Any:
        """The undefined function that stands for an entry of an opaque one."""
        if call not in self._heads:
            self._heads[call] = sp.Function(call.label(), real=True)
            self.calls[call.label()] = call
        return self._heads[call]

    def letters(self, node: n.Node) -> tuple[n.Index, ...]:
        """The free indices in a fixed order."""
        found = self._letters.get(node)
        if found is None:
            found = tuple(sorted(node.free, key=lambda index: index.name))
            self._letters[node] = found
        return found


def _identity(steps: Steps[Any]) -> Steps[Any]:
    return steps


_drive = trampoline(_identity)


class _Unfolding:
    """One call of :meth:`Entries.expression`: generators run by a trampoline."""

    def __init__(self, entries: Entries, unfold: frozenset[str], memo: dict[Key, Any]) -> None:
        self._entries = entries
        self._places = entries.places
        self._build = entries.build
        self._unfold = unfold
        self._memo = memo
        self._running: dict[Key, None] = {}

    def expr(self, node: n.Expr, env: Env) -> Steps[Any]:
        """The sympy expression of a node, remembered by the values of its free indices."""
        letters = self._entries.letters(node)
        for letter in letters:
            if letter not in env:
                raise EvaluationError("E612", f"the index {letter} has no value")
        key: Key = (node, tuple([env[letter] for letter in letters]))
        if key not in self._memo:
            self._memo[key] = yield from self._make(node, env)
        return self._memo[key]

    def _make(self, node: n.Expr, env: Env) -> Steps[Any]:
        build = self._build
        match node:
            case n.Number(value):
                return sp.Rational(value.numerator, value.denominator)
            case n.Value(index):
                return sp.Integer(self._places.index(index, env))
            case n.Element(tensor, args):
                place = tuple([self._places.index(arg, env) for arg in args])
                return (yield from self._entry(tensor, place))
            case n.Add(terms):
                return build.add((yield from self._all(terms, env)))
            case n.Mul(factors):
                return build.mul((yield from self._all(factors, env)))
            case n.Pow(base, exponent):
                below = yield from self._all((base, exponent), env)
                return build.power(*below)
            case n.Apply(name, args):
                return build.apply(name, (yield from self._all(args, env)))
            case n.Reduce():
                return (yield from self._reduce(node, env))
            case n.Cases(branches, otherwise):
                return (yield from self._cases(branches, otherwise, env))
            case n.Matrix():
                return (yield from self._matrix(node, env))
            case n.Opaque():
                return (yield from self._opaque(node, env))
            case n.Derivative():
                raise InternalError("E900", "a derivative was not carried out")

    def _all(self, parts: tuple[n.Expr, ...], env: Env) -> Steps[list[Any]]:
        values: list[Any] = []
        for part in parts:
            values.append((yield self.expr(part, env)))
        return values

    def _entry(self, name: str, position: Position) -> Steps[Any]:
        places = self._places
        if name not in places.model.definitions:
            places.check(name, position)
            if name in places.integers:
                return sp.Integer(places.looked_up(name, position))
            return self._entries.symbol(name, position)
        clause, env = places.clause(name, position)
        if name not in self._unfold:
            return self._entries.symbol(name, position)
        key: Key = (name, position)
        if key in self._memo:
            return self._memo[key]
        if key in self._running:
            raise EvaluationError("E605", f"{show(name, position)} is defined by itself")
        self._running[key] = None
        self._memo[key] = yield self.expr(clause.body, env)
        del self._running[key]
        return self._memo[key]

    def _reduce(self, node: n.Reduce, env: Env) -> Steps[Any]:
        build = self._build
        values: list[Any] = []
        lo, hi = self._places.index(node.lo, env), self._places.index(node.hi, env)
        for position in range(lo, hi + 1):
            values.append((yield self.expr(node.body, {**env, node.index: position})))
        match node.op:
            case "sum":
                return build.add(values)
            case "prod":
                return build.mul(values)
            case "logsumexp":
                powers = [build.apply("exp", [value]) for value in values]
                return build.apply("log", [build.add(powers)]) if powers else -sp.oo
            case "max":
                return build.apply("max", values) if values else -sp.oo
            case "min":
                return build.apply("min", values) if values else sp.oo

    def _cases(
        self, branches: tuple[tuple[n.Cond, n.Expr], ...], otherwise: n.Expr, env: Env
    ) -> Steps[Any]:
        pairs: list[tuple[Any, Any]] = []
        for cond, value in branches:
            holds = yield self._cond(cond, env)
            if holds == sp.false:
                continue
            chosen = yield self.expr(value, env)
            if holds == sp.true:
                return self._build.piecewise(pairs, chosen)
            pairs.append((chosen, holds))
        rest = yield self.expr(otherwise, env)
        return self._build.piecewise(pairs, rest)

    def _cond(self, cond: n.Cond, env: Env) -> Steps[Any]:
        """sympy's true or false where the condition is decided; later parts may be unread."""
        match cond:
            case n.Compare(op, left, right):
                below = yield from self._all((left, right), env)
                return self._build.relation(op, *below)
            case n.Not(part):
                return sp.Not((yield self._cond(part, env)))
            case n.And(parts):
                return (yield from self._join(sp.And, sp.false, parts, env))
            case n.Or(parts):
                return (yield from self._join(sp.Or, sp.true, parts, env))

    def _join(self, head: Any, decisive: Any, parts: tuple[n.Cond, ...], env: Env) -> Steps[Any]:
        open_parts: list[Any] = []
        for part in parts:
            holds = yield self._cond(part, env)
            if holds == decisive:
                return decisive
            if holds != sp.Not(decisive):
                open_parts.append(holds)
        if len(open_parts) < 2:
            return open_parts[0] if open_parts else sp.Not(decisive)
        return head(*open_parts, evaluate=False)

    def _matrix(self, node: n.Matrix, env: Env) -> Steps[Any]:
        places, build = self._places, self._build
        axis = range(places.index(node.size, env))
        listed: list[tuple[Any, ...]] = []
        for i in axis:
            row: list[Any] = []
            for j in axis:
                row.append((yield self.expr(node.body, {**env, node.row: i, node.column: j})))
            listed.append(tuple(row))
        rows = tuple(listed)
        if node.op == "det":
            return matrices.determinant(build, rows)
        if node.op == "logdet":
            return build.apply("log", [matrices.determinant(build, rows)])
        at = [places.index(arg, env) for arg in node.at]
        if any(position not in axis for position in at):
            raise EvaluationError("E603", f"{node.op} of {len(axis)} rows is read at {at}")
        exponent = -1 if node.op == "inv" else places.index(node.power, env)
        return matrices.power(build, rows, exponent)[at[0]][at[1]]

    def _opaque(self, node: n.Opaque, env: Env) -> Steps[Any]:
        places = self._places
        values: list[Any] = []
        starts: list[tuple[int, list[int]]] = []
        for argument in node.args:
            shape = [places.index(size, env) for size in argument.sizes]
            starts.append((len(values), shape))
            for place in itertools.product(*map(range, shape)):
                inner = {**env, **dict(zip(argument.indices, place, strict=True))}
                values.append((yield self.expr(argument.body, inner)))
        by = sorted(self._flat(starts[i], entry, env) for i, entry in node.partials)
        at = tuple(places.index(arg, env) for arg in node.at)
        head = self._entries.head(Call(node.name, at, tuple(by)))
        return self._build.call(head, values)

    def _flat(self, start: tuple[int, list[int]], entry: tuple[n.Affine, ...], env: Env) -> int:
        """The number of an argument's entry among all entries of all arguments."""
        first, shape = start
        flat = 0
        for value, size in zip(entry, shape, strict=True):
            at = self._places.index(value, env)
            if not 0 <= at < size:
                raise EvaluationError("E603", f"an argument of {size} entries is read at {at}")
            flat = flat * size + at
        return first + flat
