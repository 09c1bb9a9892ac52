"""Core to sympy with symbolic sizes: Indexed, Sum, Product, KroneckerDelta, Piecewise.

How each node is written:

- an entry is ``IndexedBase(name)[...]``, derived tensors (``ds/dW``) included; a tensor
  without axes is a Symbol. Index letters are integer Symbols, sizes positive integer ones.
- a Kronecker delta or an equality of indices is ``KroneckerDelta``, ``[i != j]`` is one
  minus that, other conditions are a Piecewise; ``undefined`` is nan.
- logsumexp is ``log(Sum(exp(...)))``. Maximum and minimum along an index are ``Max`` and
  ``Min`` where the index has few values that are known, else the undefined functions
  ``max`` and ``min`` of a :class:`Comprehension`.
- ``inv``, ``det``, ``logdet`` and ``matpow`` are undefined functions of a Comprehension
  with two indices, of the exponent (matpow), and of the two positions they are read at.
- an opaque function is an undefined function of its positions and arguments (a tensor is a
  Comprehension). A partial derivative is a function named ``∂f/∂(0,1)``, after the argument
  positions, whose first arguments are the entries it is differentiated by.
"""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from typing import Any

import sympy
from sympy.concrete.expr_with_limits import ExprWithLimits

from einrnn.core import affine as af
from einrnn.core import nodes as n
from einrnn.core.model import Model
from einrnn.core.traverse import substitute, walk
from einrnn.errors import InternalError
from einrnn.sympy_backend.functions import Builder, sp

_FEW = 8


class Comprehension(ExprWithLimits):
    """The tensor of the values of an expression over the ranges of its indices, which it binds."""


def index_symbol(index: n.Index) -> sympy.Symbol:
    """The Symbol of an index letter."""
    return sp.Symbol(index.name, integer=True)


def dim_symbol(dim: n.Dim) -> sympy.Symbol:
    """The Symbol of a size."""
    return sp.Symbol(dim.name, integer=True, positive=True)


def abstract(expr: n.Expr, model: Model) -> sympy.Expr:
    """The expression in sympy with symbolic sizes and indices; see the module's docstring.

    Sizes to which the model gives a number are that number. Raises InternalError (E900)
    for a derivative that was not carried out.
    """
    translation = _Translation(model)
    done: dict[n.Node, Any] = {}
    for node in walk(expr):
        done[node] = translation.node(node, done)
    return done[expr]


class _Translation:
    """One pass from the leaves up; ``done`` has what every part became."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._build = Builder()

    def node(self, node: n.Node, done: dict[n.Node, Any]) -> Any:
        build = self._build
        match node:
            case n.Affine():
                return self._affine(node, done)
            case n.Number(value):
                return sp.Rational(value.numerator, value.denominator)
            case n.Value(index):
                return done[index]
            case n.Element(tensor, args):
                return _entry(tensor, [done[arg] for arg in args])
            case n.Add(terms):
                return build.add([done[term] for term in terms])
            case n.Mul(factors):
                return build.mul([done[factor] for factor in factors])
            case n.Pow(base, exponent):
                return build.power(done[base], done[exponent])
            case n.Apply(name, args):
                return build.apply(name, [done[arg] for arg in args])
            case n.Reduce():
                return self._reduce(node, done)
            case n.Cases(branches, otherwise):
                return self._cases(branches, otherwise, done)
            case n.Matrix():
                return self._matrix(node, done)
            case n.Argument(indices, sizes, body):
                limits = [
                    (index_symbol(index), sp.Integer(0), done[size] - 1)
                    for index, size in zip(indices, sizes, strict=True)
                ]
                return build.over(Comprehension, done[body], *limits) if limits else done[body]
            case n.Opaque():
                return self._opaque(node, done)
            case _:
                return self._condition(node, done)

    def _affine(self, value: n.Affine, done: dict[n.Node, Any]) -> Any:
        terms: list[Any] = [sp.Integer(value.constant)]
        for atom, coefficient in value.terms:
            match atom:
                case n.Index():
                    symbol = index_symbol(atom)
                case n.Dim(name):
                    size = self._model.dims.get(name)
                    symbol = dim_symbol(atom) if size is None else sp.Integer(size)
                case n.Element():
                    symbol = done[atom]
            terms.append(coefficient * symbol)
        return sp.Add(*terms)

    def _reduce(self, node: n.Reduce, done: dict[n.Node, Any]) -> Any:
        build = self._build
        limit = (index_symbol(node.index), done[node.lo], done[node.hi])
        body = done[node.body]
        match node.op:
            case "sum":
                return build.over(sp.Sum, body, limit)
            case "prod":
                return build.over(sp.Product, body, limit)
            case "logsumexp":
                powers = build.over(sp.Sum, build.apply("exp", [body]), limit)
                return build.apply("log", [powers])
            case "max" | "min":
                lo, hi = af.number(node.lo), af.number(node.hi)
                if lo is not None and hi is not None and lo <= hi < lo + _FEW:
                    return build.apply(node.op, [self._at(node, k) for k in range(lo, hi + 1)])
                head = sp.Function(node.op)
                return build.call(head, [build.over(Comprehension, body, limit)])

    def _at(self, node: n.Reduce, position: int) -> Any:
        return abstract(substitute(node.body, {node.index: af.of(position)}), self._model)

    def _cases(
        self,
        branches: tuple[tuple[n.Cond, n.Expr], ...],
        otherwise: n.Expr,
        done: dict[n.Node, Any],
    ) -> Any:
        if len(branches) == 1:
            cond, value = branches[0]
            pair = (_number(value), _number(otherwise))
            if isinstance(cond, n.Compare) and _of_indices(cond) and pair in ((1, 0), (0, 1)):
                delta = sp.KroneckerDelta(done[cond.left], done[cond.right])
                if (cond.op == "==") == (pair == (1, 0)):
                    return delta
                return sp.Integer(1) - delta
        pairs = [(done[value], done[cond]) for cond, value in branches]
        return self._build.piecewise(pairs, done[otherwise])

    def _matrix(self, node: n.Matrix, done: dict[n.Node, Any]) -> Any:
        last = done[node.size] - 1
        limits = [(index_symbol(i), sp.Integer(0), last) for i in (node.row, node.column)]
        args = [self._build.over(Comprehension, done[node.body], *limits)]
        if node.op == "matpow":
            args.append(done[node.power])
        args += [done[arg] for arg in node.at]
        return self._build.call(sp.Function(node.op), args)

    def _opaque(self, node: n.Opaque, done: dict[n.Node, Any]) -> Any:
        entries = [done[arg] for _, entry in node.partials for arg in entry]
        name = node.name
        if node.partials:
            name = f"∂{name}/∂({','.join(str(position) for position, _ in node.partials)})"
        args = [*entries, *(done[arg] for arg in (*node.at, *node.args))]
        return self._build.call(sp.Function(name), args)

    def _condition(self, node: n.Node, done: dict[n.Node, Any]) -> Any:
        match node:
            case n.Compare(op, left, right):
                return self._build.relation(op, done[left], done[right])
            case n.And(parts):
                return sp.And(*(done[part] for part in parts), evaluate=False) if parts else sp.true
            case n.Or(parts):
                return sp.Or(*(done[part] for part in parts), evaluate=False) if parts else sp.false
            case n.Not(part):
                return sp.Not(done[part])
            case _:
                raise InternalError("E900", f"sympy has no form of a {type(node).__name__}")


def _entry(tensor: str, args: list[Any]) -> Any:
    return sp.IndexedBase(sp.Symbol(tensor))[tuple(args)] if args else sp.Symbol(tensor)


def _number(expr: n.Expr) -> int | None:
    match expr:
        case n.Number(value) if value.denominator == 1:
            return int(value)
        case _:
            return None


def _of_indices(cond: n.Compare) -> bool:
    return cond.op in ("==", "!=") and all(
        isinstance(side, n.Value) for side in (cond.left, cond.right)
    )
