"""Logarithms and exponentials of logarithms, taken apart by their laws.

A logarithm has no homomorphism between residues, so its laws are applied to expressions:
each function here gives an equal expression over smaller logarithms, or None where no law
applies and the value itself has to be looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from einrnn.core import affine as af
from einrnn.core import nodes as n
from einrnn.core.build import ONE, apply, div, neg, power
from einrnn.core.model import Model
from einrnn.core.trampoline import Steps, trampoline
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


def looked_through(model: Model, node: n.Expr) -> n.Expr:
    """What an entry is defined as, through definitions of one clause; no recurrence has one."""
    seen: set[str] = set()
    while isinstance(node, n.Element) and node.tensor not in seen:
        seen.add(node.tensor)
        node = inlined(model, node) or node
    return node


def log_of(model: Model, node: n.Expr) -> n.Expr | None:
    """``log(node)`` by the laws of products, powers and exponentials."""
    node = looked_through(model, node)
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


@trampoline
def exp_of(model: Model, node: n.Expr) -> Steps[n.Expr | None]:
    """``exp(node)`` where logarithms are terms of it: ``exp(a + c log u) = exp(a) u^c``."""
    node = looked_through(model, node)
    match node:
        case n.Apply("log", (u,)):
            return u
        case n.Apply("softplus", (x,)):
            return n.Add((ONE, apply("exp", x)))
        case n.Reduce("logsumexp", index, lo, hi, body):
            return n.Reduce("sum", index, lo, hi, apply("exp", body))
        case n.Reduce("sum", index, lo, hi, body):
            inner: n.Expr | None = yield exp_of.steps(model, body)
            return None if inner is None else n.Reduce("prod", index, lo, hi, inner)
        case n.Add(parts) | n.Mul(parts):
            found: list[n.Expr | None] = []
            for part in parts:
                found.append((yield exp_of.steps(model, part)))
            return _exp_sum(parts, found) if isinstance(node, n.Add) else _exp_product(parts, found)
        case _:
            return None


def _exp_sum(terms: tuple[n.Expr, ...], found: list[n.Expr | None]) -> n.Expr | None:
    if not any(found):
        return None
    pairs = zip(found, terms, strict=True)
    return n.Mul(tuple(known or apply("exp", term) for known, term in pairs))


def _exp_product(factors: tuple[n.Expr, ...], found: list[n.Expr | None]) -> n.Expr | None:
    for position, base in enumerate(found):
        if base is not None:
            rest = factors[:position] + factors[position + 1 :]
            return n.Pow(base, rest[0] if len(rest) == 1 else n.Mul(rest))
    return None


def pure_sum(model: Model, node: n.Expr) -> Pure | None:
    """A sum as its positive terms, where the logarithms of all of them are known."""
    node = looked_through(model, node)
    match node:
        case n.Add(terms) if len(terms) > 1 and all(is_pure(term) for term in terms):
            logs = n.Add(tuple(apply("log", term) for term in terms))
            return Pure(logs, n.Mul(terms), n.Number(Fraction(len(terms))))
        case n.Reduce("sum", index, lo, hi, body) if is_pure(body):
            logs = n.Reduce("sum", index, lo, hi, apply("log", body))
            product = n.Reduce("prod", index, lo, hi, body)
            return Pure(logs, product, n.Reduce("sum", index, lo, hi, ONE))
        case _:
            return None


def is_pure(node: n.Expr) -> bool:
    """Whether the value is positive and its logarithm is known by the laws alone."""
    return _is_product(node, lambda part: isinstance(part, n.Apply) and part.function == "exp")


def is_positive(model: Model, node: n.Expr) -> bool:
    """Whether the value is a product of positive numbers; sums are not looked into."""

    def known(part: n.Expr) -> bool:
        if isinstance(part, n.Element) and part.tensor in model.inputs:
            given = model.inputs[part.tensor]
            return given.has("positive") or given.has("probability")
        return isinstance(part, n.Value) or is_pure(part)

    return _is_product(node, known)


def _is_product(node: n.Expr, known: Callable[[n.Expr], bool]) -> bool:
    """Whether the node is made of positive numbers and known parts by products and powers."""
    pending = [node]
    while pending:
        match pending.pop():
            case n.Number(value) if value > 0:
                pass
            case n.Mul(factors):
                pending += factors
            case n.Pow(base, _):
                pending.append(base)
            case part if known(part):
                pass
            case _:
                return False
    return True


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
