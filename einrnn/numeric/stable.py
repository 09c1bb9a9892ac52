"""Logarithms of what is computed by exp, without it: nothing overflows, and nothing that is too
small for a float has to be taken the logarithm of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import permutations

from einrnn.core import affine as af
from einrnn.core.build import ONE, apply, neg, number
from einrnn.core.model import Definition, Model
from einrnn.core.nodes import Add, Apply, Element, Expr, Mul, Node, Number, Pow, Reduce
from einrnn.core.traverse import rebuild, substitute


def with_stable_forms(model: Model) -> Model:
    """The model with such expressions in the place of those that are written out in it."""
    change = partial(_written_out, partial(_opened, model))
    definitions = {name: _definition(found, change) for name, found in model.definitions.items()}
    same = all(definitions[name] is found for name, found in model.definitions.items())
    return model if same else replace(model, definitions=definitions)


def _definition(definition: Definition, change: Callable[[Node], Node]) -> Definition:
    bodies = [rebuild(clause.body, change) for clause in definition.clauses]
    pairs = list(zip(definition.clauses, bodies, strict=True))
    if all(clause.body is body for clause, body in pairs):
        return definition
    return replace(definition, clauses=tuple(replace(c, body=body) for c, body in pairs))


def with_stable_form(expr: Expr) -> Expr:
    """The same of an expression."""
    return rebuild(expr, partial(_written_out, _itself))


def _written_out(opened: Callable[[Expr], Expr], node: Node) -> Node:
    """What divides an exponential is looked at where it is defined; all else as it is written."""
    if isinstance(node, Mul):
        return _normalised(node.factors, opened) or _quotient(node.factors) or node
    return (_stable(node, _itself) or node) if isinstance(node, Expr) else node


def _itself(expr: Expr) -> Expr:
    return expr


def stable(model: Model, node: Expr) -> Expr | None:
    """An expression of the same value that is computed without large or small numbers on the way;
    None where none is known. What definitions say is looked through."""
    return _stable(node, partial(_opened, model))


def _stable(node: Expr, opened: Callable[[Expr], Expr]) -> Expr | None:
    match node:
        case Apply("log", (of,)):
            return _logarithm(opened(of), opened)
        case Pow(base, Number(exponent)) if exponent == -1:
            inner = _beside_one(base)
            if isinstance(inner, Apply) and inner.function == "exp":
                return apply("sigmoid", neg(inner.args[0]))
            return None
        case Mul(factors):
            return _normalised(factors, opened) or _quotient(factors)
        case _:
            return None


def _normalised(factors: tuple[Expr, ...], opened: Callable[[Expr], Expr]) -> Expr | None:
    """``exp(x) / Σ exp(y)``, as ``softmax`` is written out, with one exponential."""
    for own, other in permutations(factors, 2):
        match own, other:
            case Apply("exp", (x,)), Pow(total, Number(power)) if power == -1:
                logarithm = _of_sum(opened(total), opened)
            case _:
                continue
        if logarithm is not None:
            short = apply("exp", Add((x, neg(logarithm))))
            rest = tuple(factor for factor in factors if factor is not own and factor is not other)
            return Mul((short, *rest)) if rest else short
    return None


def _quotient(factors: tuple[Expr, ...]) -> Expr | None:
    """``exp(x) sigmoid(-x)`` and ``sinh(x)/cosh(x)``, of which one overflows."""
    for own, other in permutations(factors, 2):
        match own, other:
            case Apply("exp", (x,)), Apply("sigmoid", (y,)) if neg(x) is y or x is neg(y):
                short = apply("sigmoid", x)
            case Apply("sinh", (x,)), Pow(Apply("cosh", (y,)), Number(power)) if (
                x is y and power == -1
            ):
                short = apply("tanh", x)
            case _:
                continue
        rest = tuple(factor for factor in factors if factor is not own and factor is not other)
        return Mul((short, *rest)) if rest else short
    return None


def _beside_one(node: Expr) -> Expr | None:
    """What a sum is less 1, where that is one of its two terms."""
    if not isinstance(node, Add) or len(node.terms) != 2 or ONE not in node.terms:
        return None
    first, second = node.terms
    return second if first is ONE else first


def _logarithm(of: Expr, opened: Callable[[Expr], Expr]) -> Expr | None:
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
            return _of_exponentials(terms) if other is None else _of_one_and(other, opened)
        case _:
            return None


def _of_sum(of: Expr, opened: Callable[[Expr], Expr]) -> Expr | None:
    """``log Σ exp(x)``."""
    if not isinstance(of, Reduce) or of.op != "sum":
        return None
    inner = opened(of.body)
    if not isinstance(inner, Apply) or inner.function != "exp":
        return None
    return Reduce("logsumexp", of.index, of.lo, of.hi, inner.args[0])


def _of_exponentials(terms: tuple[Expr, ...]) -> Expr | None:
    """``log(a exp(x) + b exp(y) + …)`` for positive numbers a, b, …: one term after the other."""
    exponents = [_exponent(term) for term in terms]
    total: Expr | None = None
    for exponent in exponents:
        if exponent is None:
            return None
        if total is not None:
            exponent = Add((total, apply("softplus", Add((exponent, neg(total))))))
        total = exponent
    return total


def _exponent(term: Expr) -> Expr | None:
    match term:
        case Apply("exp", (x,)):
            return x
        case Number(value) if value > 0:
            return apply("log", term)
        case Mul((Number(value), Apply("exp", (x,)))) if value > 0:
            return Add((x, apply("log", number(value))))
        case _:
            return None


def _of_product(factors: tuple[Expr, ...], opened: Callable[[Expr], Expr]) -> Expr | None:
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


def _log(of: Expr, opened: Callable[[Expr], Expr]) -> Expr:
    return _logarithm(opened(of), opened) or apply("log", of)


def _of_one_and(other: Expr, opened: Callable[[Expr], Expr]) -> Expr | None:
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


def _opened(model: Model, node: Expr) -> Expr:
    """What the definition of an entry says of it, where that has one clause."""
    definition = model.definitions.get(node.tensor) if isinstance(node, Element) else None
    if not isinstance(node, Element) or definition is None or len(definition.clauses) != 1:
        return node
    (clause,) = definition.clauses
    letters = [af.letter(arg) for arg in clause.args]
    pairs = zip(letters, node.args, strict=True)
    return substitute(clause.body, {i: at for i, at in pairs if i is not None})
