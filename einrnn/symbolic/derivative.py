"""The rules of differentiation, one for each kind of node.

:func:`differentiate` carries a derivative through an expression down to the entries of
tensors; what those contribute is the caller's choice (``leaf``), and with it whether the
derivative is total or immediate.
"""

from __future__ import annotations

from collections.abc import Callable

from einrnn.core import affine as af
from einrnn.core.build import ONE, ZERO, number
from einrnn.core.functions import FUNCTIONS
from einrnn.core.model import Range
from einrnn.core.nodes import (
    Add,
    Affine,
    Apply,
    Argument,
    Cases,
    Compare,
    Cond,
    Element,
    Expr,
    Index,
    Matrix,
    Mul,
    Number,
    Opaque,
    Pow,
    Reduce,
    Value,
)
from einrnn.core.trampoline import Steps, trampoline
from einrnn.core.traverse import fresh, sort_partials, substitute
from einrnn.errors import InternalError
from einrnn.symbolic import simplify as s
from einrnn.symbolic.maxima import share
from einrnn.symbolic.normal.places import as_index
from einrnn.symbolic.ranges import Ranges, at_least_zero, bind, refined

Leaf = Callable[[Element, Ranges], Expr]


def differentiate(expr: Expr, leaf: Leaf, avoid: frozenset[Index], ranges: Ranges) -> Expr:
    """The derivative of ``expr``.

    ``leaf(entry, ranges)`` is the derivative of an entry of a tensor. ``avoid`` are the
    indices that occur in what ``leaf`` returns besides the entry's own: bound indices of
    these names are renamed. ``ranges`` gives the ranges of the free indices.
    """
    return _rule(expr, leaf, avoid, ranges)


@trampoline
def _rule(expr: Expr, leaf: Leaf, avoid: frozenset[Index], ranges: Ranges) -> Steps[Expr]:
    match expr:
        case Number() | Value():
            return ZERO
        case Element():
            return leaf(expr, ranges)
        case Add(terms):
            parts: list[Expr] = []
            for term in terms:
                parts.append((yield _rule.steps(term, leaf, avoid, ranges)))
            return s.add(parts)
        case Mul():
            return (yield _product(expr, leaf, avoid, ranges))
        case Pow():
            return (yield _power(expr, leaf, avoid, ranges))
        case Apply():
            return (yield _function(expr, leaf, avoid, ranges))
        case Cases(branches, otherwise):
            new: list[tuple[Cond, Expr]] = []
            for cond, branch in branches:
                there = refined(ranges, cond)
                new.append((cond, (yield _rule.steps(branch, leaf, avoid, there))))
            return s.cases(new, (yield _rule.steps(otherwise, leaf, avoid, ranges)), ranges)
        case Reduce():
            return (yield _reduction(_renamed(expr, avoid), leaf, avoid, ranges))
        case Matrix():
            return (yield _matrix(expr, leaf, avoid, ranges))
        case Opaque():
            return (yield _opaque(expr, leaf, avoid, ranges))
        case _:
            raise InternalError("E901", "a derivative was left inside a derivative")


def _product(expr: Mul, leaf: Leaf, avoid: frozenset[Index], ranges: Ranges) -> Steps[Expr]:
    """(f g)' = f' g + f g'."""
    terms: list[Expr] = []
    for position, factor in enumerate(expr.factors):
        inner = yield _rule.steps(factor, leaf, avoid, ranges)
        if inner is not ZERO:
            before, after = expr.factors[:position], expr.factors[position + 1 :]
            terms.append(s.mul((*before, inner, *after)))
    return s.add(terms)


def _power(expr: Pow, leaf: Leaf, avoid: frozenset[Index], ranges: Ranges) -> Steps[Expr]:
    """(f^g)' = g f^(g-1) f' + f^g log(f) g'."""
    base, exponent = expr.base, expr.exponent
    below = yield _rule.steps(base, leaf, avoid, ranges)
    above = yield _rule.steps(exponent, leaf, avoid, ranges)
    slope = s.mul((exponent, s.pow_(base, s.add((exponent, number(-1)))), below))
    whole = as_index(exponent)
    if whole is not None and whole.terms:
        # where it is 0 the power is 1, at 0 too, where its slope is no 0^-1
        slope = s.guard(_is_not_zero(whole, ranges), slope, ranges)
    return s.add(
        (
            slope,
            s.mul((expr, s.apply("log", (base,)), above)),
        )
    )


def _is_not_zero(value: Affine, ranges: Ranges) -> Cond:
    if at_least_zero(value, ranges):
        return Compare("<=", Value(af.ONE), Value(value))
    return Compare("!=", Value(value), ZERO)


def _function(expr: Apply, leaf: Leaf, avoid: frozenset[Index], ranges: Ranges) -> Steps[Expr]:
    """The chain rule, with the table of functions."""
    terms: list[Expr] = []
    for argument, rule in zip(expr.args, FUNCTIONS[expr.function].derivatives, strict=True):
        inner = yield _rule.steps(argument, leaf, avoid, ranges)
        if inner is not ZERO:
            terms.append(s.mul((rule(*expr.args), inner)))
    return s.add(terms)


def _renamed(expr: Reduce, avoid: frozenset[Index]) -> Reduce:
    """The reduction with a bound index that what comes from outside does not use."""
    if expr.index not in avoid:
        return expr
    index = fresh(expr.index, avoid | expr.body.free)
    body = substitute(expr.body, {expr.index: af.of(index)})
    return Reduce(expr.op, index, expr.lo, expr.hi, body)


def _reduction(expr: Reduce, leaf: Leaf, avoid: frozenset[Index], ranges: Ranges) -> Steps[Expr]:
    range_ = Range(expr.lo, expr.hi)
    inner_ranges = bind(ranges, {expr.index: range_})
    inner = yield _rule.steps(expr.body, leaf, avoid, inner_ranges)
    if inner is ZERO:
        return ZERO
    match expr.op:
        case "sum":
            weighted = inner
        case "logsumexp":
            # (log Σ exp f_k)' = Σ exp(f_k - log Σ exp f) f_k'
            weight = s.apply("exp", (s.add((expr.body, s.mul((number(-1), expr)))),))
            weighted = s.mul((weight, inner))
        case "max" | "min":
            weighted = s.mul((share(expr), inner))
        case "prod":
            weighted = s.mul((_others(expr), inner))
    return s.total(expr.index, range_, weighted, ranges)


def _others(expr: Reduce) -> Expr:
    """The product over all other values of the index."""
    other = fresh(expr.index, expr.body.free | expr.lo.free | expr.hi.free | {expr.index})
    body = substitute(expr.body, {expr.index: af.of(other)})
    differ = Compare("!=", Value(af.of(other)), Value(af.of(expr.index)))
    return Reduce("prod", other, expr.lo, expr.hi, Cases(((differ, body),), ONE))


def _matrix(expr: Matrix, leaf: Leaf, avoid: frozenset[Index], ranges: Ranges) -> Steps[Expr]:
    """Rules for functions of a matrix A; each sums over the entries of dA.

    d inv(A)[a,b] = -inv(A)[a,i] dA[i,j] inv(A)[j,b]; d logdet(A) = inv(A)[j,i] dA[i,j];
    d det(A) = det(A) inv(A)[j,i] dA[i,j];
    d matpow(A,n)[a,b] = sum over 0 <= r < n of matpow(A,r)[a,i] dA[i,j] matpow(A,n-1-r)[j,b],
    less the same over n <= r < 0, where n is below 0.
    """
    taken = avoid | expr.free | expr.body.free
    row = fresh(expr.row, taken)
    column = fresh(expr.column, taken | {row})
    span = Range(af.ZERO, af.last(expr.size))
    inside = bind(ranges, {row: span, column: span})
    entry = substitute(expr.body, {expr.row: af.of(row), expr.column: af.of(column)})
    inner = yield _rule.steps(entry, leaf, avoid, inside)
    if inner is ZERO:
        return ZERO
    i, j = af.of(row), af.of(column)
    if expr.op == "matpow":
        body = _between_powers(expr, i, j, inner, taken | {row, column}, inside)
    elif expr.op == "inv":
        before = _read(expr, "inv", af.ONE, (expr.at[0], i))
        after = _read(expr, "inv", af.ONE, (j, expr.at[1]))
        body = s.mul((number(-1), before, inner, after))
    else:
        weight = expr if expr.op == "det" else ONE
        body = s.mul((weight, _read(expr, "inv", af.ONE, (j, i)), inner))
    by_column = s.total(column, span, body, {**ranges, row: span})
    return s.total(row, span, by_column, ranges)


def _between_powers(
    expr: Matrix, i: Affine, j: Affine, inner: Expr, taken: frozenset[Index], ranges: Ranges
) -> Expr:
    """dA[i,j] between the powers of A before and after it, for each place it can have."""
    power = expr.power
    step = fresh(Index("r"), taken)
    before = _read(expr, "matpow", af.of(step), (expr.at[0], i))
    after = _read(expr, "matpow", af.minus(af.last(power), af.of(step)), (j, expr.at[1]))
    upwards, downwards = Range(af.ZERO, af.last(power)), Range(power, af.last(af.ZERO))
    parts: list[Expr] = []
    for span, sign, empty in (
        (upwards, 1, at_least_zero(af.scale(power, -1), ranges)),
        (downwards, -1, at_least_zero(power, ranges)),
    ):
        if not empty:
            body = s.mul((number(sign), before, inner, after))
            parts.append(s.total(step, span, body, {**ranges, step: span}))
    return s.add(parts)


def _read(expr: Matrix, op: str, power: Affine, at: tuple[Affine, ...]) -> Matrix:
    """Another function of the same matrix, read at a position."""
    kind = "matpow" if op == "matpow" else "inv"
    return Matrix(kind, expr.row, expr.column, expr.size, expr.body, power, at)


def _opaque(expr: Opaque, leaf: Leaf, avoid: frozenset[Index], ranges: Ranges) -> Steps[Expr]:
    """The chain rule over every entry of every argument."""
    terms: list[Expr] = []
    for position, argument in enumerate(expr.args):
        renamed = _fresh_argument(argument, avoid | expr.free)
        spans = {
            index: Range(af.ZERO, af.last(size))
            for index, size in zip(renamed.indices, renamed.sizes, strict=True)
        }
        inner = yield _rule.steps(renamed.body, leaf, avoid, {**ranges, **spans})
        if inner is ZERO:
            continue
        entry = tuple(af.of(index) for index in renamed.indices)
        partials = sort_partials([*expr.partials, (position, entry)])
        term = s.mul((Opaque(expr.name, expr.at, expr.args, partials), inner))
        for index in reversed(renamed.indices):
            term = s.total(index, spans[index], term, {**ranges, **spans})
        terms.append(term)
    return s.add(terms)


def _fresh_argument(argument: Argument, taken: frozenset[Index]) -> Argument:
    names: list[Index] = []
    for index in argument.indices:
        names.append(fresh(index, taken | argument.body.free | set(names)))
    mapping = {old: af.of(new) for old, new in zip(argument.indices, names, strict=True)}
    return Argument(tuple(names), argument.sizes, substitute(argument.body, mapping))
