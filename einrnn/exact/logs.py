"""Logarithms and exponentials of logarithms, taken apart by their laws.

A logarithm has no homomorphism between residues, so its laws are applied to expressions:
each function here gives an equal expression over smaller logarithms, or None where no law
applies and the value itself has to be looked at.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from einrnn.core import affine as af
from einrnn.core import nodes as n
from einrnn.core.build import ONE, apply, div, neg, power
from einrnn.core.model import Model
from einrnn.core.traverse import substitute


class Pure(NamedTuple):
    """A sum of positive terms whose logarithms are known: ``log`` and ``number`` are
    sums over the terms, ``product`` is their product."""

    log: n.Expr
    product: n.Expr
    number: n.Expr


def inlined(model: Model, node: n.Expr) -> n.Expr | None:
    """The right side of a definition of one clause at the place where it is read."""
    if not isinstance(node, n.Element) or node.tensor not in model.definitions:
        return None
    clauses = model.definitions[node.tensor].clauses
    if len(clauses) != 1:
        return None
    letters = [af.letter(arg) for arg in clauses[0].args]
    if any(letter is None for letter in letters):
        return None
    pairs = zip(letters, node.args, strict=True)
    return substitute(clauses[0].body, {i: arg for i, arg in pairs if i is not None})


def log_of(model: Model, node: n.Expr) -> n.Expr | None:
    """``log(node)`` by the laws of products, powers and exponentials."""
    match node:
        case n.Number(value) if value > 0:
            return n.Add(()) if value == 1 else None
        case n.Mul(factors):
            return _log_product(factors)
        case n.Pow(base, exponent):
            return n.Mul((exponent, apply("log", base)))
        case n.Apply("exp", (exponent,)):
            return exponent
        case n.Apply("sqrt", (base,)):
            return n.Mul((n.Number(Fraction(1, 2)), apply("log", base)))
        case n.Apply("sigmoid", (x,)):
            return neg(apply("softplus", neg(x)))
        case n.Reduce("prod", index, lo, hi, body):
            return n.Reduce("sum", index, lo, hi, apply("log", body))
        case n.Element():
            body = inlined(model, node)
            return None if body is None else log_of(model, body)
        case _:
            return None


def _log_product(factors: tuple[n.Expr, ...]) -> n.Expr | None:
    scale = Fraction(1)
    for factor in factors:
        if isinstance(factor, n.Number):
            scale *= factor.value
    if scale <= 0:
        return None
    rest = [apply("log", f) for f in factors if not isinstance(f, n.Number)]
    return n.Add((apply("log", n.Number(scale)), *rest))


def exp_of(model: Model, node: n.Expr) -> n.Expr | None:
    """``exp(node)`` where logarithms are terms of it: ``exp(a + c log u) = exp(a) u^c``."""
    match node:
        case n.Apply("log", (u,)):
            return u
        case n.Apply("softplus", (x,)):
            return n.Add((ONE, apply("exp", x)))
        case n.Reduce("logsumexp", index, lo, hi, body):
            return n.Reduce("sum", index, lo, hi, apply("exp", body))
        case n.Add(terms):
            found = [exp_of(model, term) for term in terms]
            if not any(found):
                return None
            pairs = zip(found, terms, strict=True)
            return n.Mul(tuple(known or apply("exp", term) for known, term in pairs))
        case n.Reduce("sum", index, lo, hi, body):
            inner = exp_of(model, body)
            return None if inner is None else n.Reduce("prod", index, lo, hi, inner)
        case n.Mul(factors):
            for position, factor in enumerate(factors):
                base = exp_of(model, factor)
                if base is not None:
                    rest = factors[:position] + factors[position + 1 :]
                    return n.Pow(base, rest[0] if len(rest) == 1 else n.Mul(rest))
            return None
        case n.Element():
            body = inlined(model, node)
            return None if body is None else exp_of(model, body)
        case _:
            return None


def pure_sum(model: Model, node: n.Expr) -> Pure | None:
    """A sum as its positive terms, where the logarithms of all of them are known."""
    match node:
        case n.Add(terms) if len(terms) > 1 and all(is_pure(model, term) for term in terms):
            logs = n.Add(tuple(apply("log", term) for term in terms))
            return Pure(logs, n.Mul(terms), n.Number(Fraction(len(terms))))
        case n.Reduce("sum", index, lo, hi, body) if is_pure(model, body):
            logs = n.Reduce("sum", index, lo, hi, apply("log", body))
            product = n.Reduce("prod", index, lo, hi, body)
            return Pure(logs, product, n.Reduce("sum", index, lo, hi, ONE))
        case n.Element():
            body = inlined(model, node)
            return None if body is None else pure_sum(model, body)
        case _:
            return None


def is_pure(model: Model, node: n.Expr) -> bool:
    """Whether the value is positive and its logarithm is known by the laws alone."""
    match node:
        case n.Number(value):
            return value > 0
        case n.Apply("exp", _):
            return True
        case n.Mul(factors):
            return all(is_pure(model, factor) for factor in factors)
        case n.Pow(base, _):
            return is_pure(model, base)
        case _:
            return False


def is_positive(model: Model, node: n.Expr) -> bool:
    """Whether the value is a product of positive numbers; sums are not looked into."""
    match node:
        case n.Number(value):
            return value > 0
        case n.Value():
            return True
        case n.Apply("exp", _):
            return True
        case n.Element(tensor) if tensor in model.inputs:
            given = model.inputs[tensor]
            return given.has("positive") or given.has("probability")
        case n.Mul(factors):
            return all(is_positive(model, factor) for factor in factors)
        case n.Pow(base, _):
            return is_positive(model, base)
        case _:
            return False


def by_exp(function: str, x: n.Expr) -> n.Expr | None:
    """Functions that are rational in an exponential."""
    e = apply("exp", x)
    if function == "sigmoid":
        return div(e, n.Add((ONE, e)))
    if function == "tanh":
        square = power(e, 2)
        return div(n.Add((square, n.Number(Fraction(-1)))), n.Add((square, ONE)))
    if function in ("sinh", "cosh"):
        sign = ONE if function == "cosh" else n.Number(Fraction(-1))
        both = n.Add((e, n.Mul((sign, power(e, -1)))))
        return n.Mul((n.Number(Fraction(1, 2)), both))
    return None
