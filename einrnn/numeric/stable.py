"""Logarithms of what is computed by exp, without it: nothing overflows, and nothing that is too
small for a float has to be taken the logarithm of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import partial

from einrnn.core import affine as af
from einrnn.core.build import ONE, ZERO, apply, neg, number
from einrnn.core.model import Model
from einrnn.core.nodes import Add, Apply, Cases, Element, Expr, Mul, Number, Pow, Reduce
from einrnn.core.traverse import substitute
from einrnn.symbolic.simplify import add, flat, scaled, split_number

Opened = Callable[[Expr], Expr]


def stable(model: Model, node: Expr) -> Expr | None:
    """An expression of the same value that is computed without large or small numbers on the way;
    None where none is known. What definitions say is looked through."""
    return stable_by(node, partial(opened, model))


def stable_by(node: Expr, opened: Opened) -> Expr | None:
    """The same, where ``opened`` says what entries are looked through."""
    match node:
        case Apply("log", (of,)):
            return _logarithm(opened(of), opened)
        case Pow(base, Number(exponent)) if exponent == -1:
            inner = _beside_one(base)
            if isinstance(inner, Apply) and inner.function == "exp":
                return apply("sigmoid", neg(inner.args[0]))
            return None
        case _:
            return None


def larger_first(terms: tuple[Expr, ...]) -> Expr | None:
    """``x + softplus(y - x)``, which is ``log(exp(x) + exp(y))``, from the larger of both: else
    nothing is left of ``y`` where ``x`` is far below it. It is not to be differentiated: where
    both are the same, one of them would have all of the derivative."""
    terms = tuple(_spread(Add(terms)))
    rows = [(_taken_from(soft, terms), soft) for soft in terms if _is_soft(soft)]
    # of one in another that has most to be taken from, which is the outer one
    first, soft = max(rows, key=lambda row: len(row[0]), default=((), ZERO))
    if not first or not isinstance(soft, Apply):
        return None
    x, y = add(first), add((*_spread(soft.args[0]), *first))
    apart = apply("softplus", neg(apply("abs", add((x, neg(y))))))
    rest = tuple(term for term in terms if term is not soft and term not in first)
    return Add((*rest, apply("max", x, y), apart))


def _is_soft(term: Expr) -> bool:
    return isinstance(term, Apply) and term.function == "softplus"


def _taken_from(soft: Expr, terms: tuple[Expr, ...]) -> tuple[Expr, ...]:
    """The terms that have the other sign in the argument of one of them."""
    inside = _spread(soft.args[0]) if isinstance(soft, Apply) else []
    signs = {rest: factor for factor, rest in map(split_number, inside)}
    return tuple(term for term in terms if term is not soft and _is_against(term, signs))


def _spread(expr: Expr) -> list[Expr]:
    """The terms of a sum, those of sums in it that have a number as a factor among them."""
    found: list[Expr] = []
    for term in flat((expr,), Add):
        factor, rest = split_number(term)
        inner = _spread(rest) if isinstance(rest, Add) else [rest]
        found += [scaled(factor * one, of) for one, of in map(split_number, inner)]
    return found


def _is_against(term: Expr, signs: Mapping[Expr, Fraction]) -> bool:
    """Whether a term is among others with the other sign."""
    factor, rest = split_number(term)
    return signs.get(rest, 0) * factor < 0


def _beside_one(node: Expr) -> Expr | None:
    """What a sum is less 1, where that is one of its two terms."""
    if not isinstance(node, Add) or len(node.terms) != 2 or ONE not in node.terms:
        return None
    first, second = node.terms
    return second if first is ONE else first


def _logarithm(of: Expr, opened: Opened) -> Expr | None:
    match of:
        case Apply("exp", (x,)):
            return x
        case Apply("sigmoid", (x,)):
            return neg(apply("softplus", neg(x)))
        case Apply("cosh", (x,)):
            return Add((x, apply("softplus", Mul((number(-2), x))), neg(apply("log", number(2)))))
        case Mul(factors):
            return _of_product(factors, opened)
        case Pow(base, Number(exponent)) if exponent == -1:
            return neg(_log(base, opened))
        case Reduce():
            return _of_sum(of, opened)
        case Add(terms):
            other = _beside_one(of)
            return _of_exponentials(terms, opened) if other is None else _of_one_and(other, opened)
        case _:
            return None


def _of_sum(of: Expr, opened: Opened) -> Expr | None:
    """``log Σ exp(x)``."""
    return exponent(of, opened) if isinstance(of, Reduce) else None


def exponent(of: Expr, opened: Opened) -> Expr | None:
    """The logarithm of what is an exponential, a positive number, or a product or sum of such;
    None of anything else."""
    match of:
        case Apply("exp", (x,)):
            return x
        case Number(value) if value > 0:
            return apply("log", of)
        case Mul(factors):
            found = [exponent(factor, opened) for factor in factors]
            known = tuple(one for one in found if one is not None)
            return Add(known) if len(known) == len(factors) else None
        case Add(terms):
            return _of_exponentials(terms, opened)
        case Cases(((cond, inside),), otherwise) if otherwise is ZERO:
            found = exponent(opened(inside), opened)
            return found and Cases(((cond, found),), neg(apply("inf")))
        case Reduce("sum", index, lo, hi, body):
            found = exponent(opened(body), opened)
            return found and Reduce("logsumexp", index, lo, hi, found)
        case _:
            return None


def _of_exponentials(terms: tuple[Expr, ...], opened: Opened) -> Expr | None:
    """``log(exp(x) + exp(y) + …)``: one term after the other."""
    total: Expr | None = None
    for term in terms:
        found = exponent(opened(term), opened)
        if found is None:
            return None
        if total is not None:
            found = Add((total, apply("softplus", Add((found, neg(total))))))
        total = found
    return total


def _of_product(factors: tuple[Expr, ...], opened: Opened) -> Expr | None:
    """``log(exp(x) r) = x + log(r)``: an exponential, or a positive number, leaves the sign of the
    rest."""
    if len(factors) == 2 and isinstance(factors[0], Number) and factors[0].value > 0:
        of = _logarithm(opened(factors[1]), opened)
        return of and Add((of, apply("log", factors[0])))
    found = [opened(factor) for factor in factors]
    logs = [one.args[0] for one in found if isinstance(one, Apply) and one.function == "exp"]
    if not logs:
        return None
    pairs = zip(factors, found, strict=True)
    rest = [f for f, one in pairs if not (isinstance(one, Apply) and one.function == "exp")]
    if rest:
        logs.append(_log(Mul(tuple(rest)) if len(rest) > 1 else rest[0], opened))
    return Add(tuple(logs)) if len(logs) > 1 else logs[0]


def _log(of: Expr, opened: Opened) -> Expr:
    return _logarithm(opened(of), opened) or apply("log", of)


def _of_one_and(other: Expr, opened: Opened) -> Expr | None:
    """``log(1 + other)``."""
    inner = opened(other)
    if isinstance(inner, Apply) and inner.function == "exp":
        return apply("softplus", inner.args[0])
    match other:
        case Mul((Number(value), of)) if value == -1:
            taken = opened(of)
            if isinstance(taken, Apply) and taken.function == "sigmoid":
                return neg(apply("softplus", taken.args[0]))
            return None
        case _:
            return None


def opened(model: Model, node: Expr) -> Expr:
    """What the definition of an entry says of it, where that has one clause."""
    definition = model.definitions.get(node.tensor) if isinstance(node, Element) else None
    if not isinstance(node, Element) or definition is None or len(definition.clauses) != 1:
        return node
    (clause,) = definition.clauses
    letters = [af.letter(arg) for arg in clause.args]
    pairs = zip(letters, node.args, strict=True)
    return substitute(clause.body, {i: at for i, at in pairs if i is not None})
