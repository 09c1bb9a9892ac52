"""Small edits of one subexpression: signs, factors, powers, functions, parentheses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from einrnn.check.repair.sites import Site, addition, factors_of, negated, product
from einrnn.core.build import ONE, ZERO, number
from einrnn.core.functions import FUNCTIONS
from einrnn.core.nodes import (
    Add,
    Apply,
    Cases,
    Compare,
    Cond,
    Expr,
    Mul,
    Number,
    Pow,
    Reduce,
)

_SWAPS = {
    "tanh": ("sigmoid",),
    "sigmoid": ("tanh",),
    "sin": ("cos",),
    "cos": ("sin",),
    "exp": ("log",),
    "log": ("exp",),
    "relu": ("step",),
    "sinh": ("cosh",),
    "cosh": ("sinh",),
    "max": ("min",),
    "min": ("max",),
}
_MOST_TOGETHER = 6


@dataclass(frozen=True)
class Edit:
    """Another expression for a site; ``what`` says in words what was wrong, with ``about``
    printed into it; ``cost`` orders edits, the smallest first."""

    new: Expr
    what: str
    about: tuple[Expr, ...]
    cost: float = 1.0


def local_edits(site: Site) -> Iterator[Edit]:
    """All edits of this module at a site."""
    yield from signs(site)
    yield from without_parts(site)
    yield from powers(site)
    yield from functions(site)
    yield from parentheses(site)
    yield from branches(site)


def signs(site: Site) -> Iterator[Edit]:
    """The other sign of the whole, of a term, or of a base."""
    node = site.node
    if not site.path:
        yield Edit(negated(node), "the sign is wrong", (), 0.9)
    if isinstance(node, Add):
        for position, term in enumerate(node.terms):
            terms = list(node.terms)
            terms[position] = negated(term)
            yield Edit(addition(tuple(terms)), "the sign of {0} is wrong", (term,), 1.0)
    elif isinstance(node, Apply) and len(node.args) == 1:
        yield Edit(
            Apply(node.function, (negated(node.args[0]),)), "the sign inside {0} is wrong", (node,)
        )


def without_parts(site: Site) -> Iterator[Edit]:
    """A term or a factor left out; sums over an index that only a factor had go with it."""
    node = site.node
    if isinstance(node, Add):
        for position, term in enumerate(node.terms):
            rest = node.terms[:position] + node.terms[position + 1 :]
            yield Edit(addition(rest), "the term {0} is too much", (term,), 1.2)
    if isinstance(node, Mul):
        for position, factor in enumerate(node.factors):
            if isinstance(factor, Number) and factor.value == -1:
                continue
            rest = node.factors[:position] + node.factors[position + 1 :]
            yield Edit(product(rest), "the factor {0} is too much", (factor,), 1.2)
    if isinstance(node, Reduce) and node.op == "sum":
        factors = factors_of(node.body)
        rest = tuple(factor for factor in factors if node.index not in factor.free)
        gone = tuple(factor for factor in factors if node.index in factor.free)
        if gone and rest:
            yield Edit(product(rest), "the factor {0} is too much", (product(gone),), 1.3)


def powers(site: Site) -> Iterator[Edit]:
    """Other exponents, numbers and reciprocals."""
    node = site.node
    if isinstance(node, Pow) and isinstance(node.exponent, Number):
        for exponent in _exponents(node.exponent.value):
            new = (
                ONE
                if exponent == 0
                else node.base
                if exponent == 1
                else Pow(node.base, number(exponent))
            )
            yield Edit(new, "the exponent of {0} is wrong", (node,))
        return
    if isinstance(node, Number):
        for value in _numbers(node.value):
            yield Edit(number(value), "the number {0} is wrong", (node,), 1.1)
        return
    if not isinstance(node, (Add, Mul)) or isinstance(node, Add):
        yield Edit(Pow(node, number(2)), "{0} must be squared", (node,), 1.4)
        yield Edit(Pow(node, number(-1)), "{0} is on the wrong side of the quotient", (node,), 1.5)
        yield Edit(Apply("sqrt", (node,)), "the root of {0} is missing", (node,), 1.6)


def _exponents(value: Fraction) -> list[Fraction]:
    rows = [value - 1, value + 1, -value, value / 2, value * 2]
    return [row for row in dict.fromkeys(rows) if row != value]


def _numbers(value: Fraction) -> list[Fraction]:
    rows = [-value, value * 2, value / 2, value + 1, value - 1]
    if value:
        rows.append(1 / value)
    return [row for row in dict.fromkeys(rows) if row != value]


def functions(site: Site) -> Iterator[Edit]:
    """Another function, its derivative, or the argument alone."""
    node = site.node
    if not isinstance(node, Apply) or not node.args:
        return
    for name in _SWAPS.get(node.function, ()):
        yield Edit(Apply(name, node.args), f"{node.function} must be {name}", (), 1.1)
    if len(node.args) > 1:
        return
    inner = node.args[0]
    slope = FUNCTIONS[node.function].derivatives[0]
    yield Edit(slope(inner), "{0} must be the derivative of " + node.function, (node,), 1.2)
    yield Edit(product((node, slope(inner))), "the derivative of {0} is missing", (node,), 1.4)
    yield Edit(inner, "the function in {0} is too much", (node,), 1.3)
    if isinstance(inner, Apply) and inner.function == node.function:
        yield Edit(
            slope(inner.args[0]), "{0} must be the derivative of " + node.function, (node,), 1.2
        )


def parentheses(site: Site) -> Iterator[Edit]:
    """A factor or a sum that holds for too many terms, or for too few."""
    node = site.node
    words = "the parentheses are misplaced in {0}"
    if isinstance(node, Mul):
        for place, factor in enumerate(node.factors):
            if isinstance(factor, Add):
                rest = node.factors[:place], node.factors[place + 1 :]
                yield from (Edit(e, words, (node,), 1.3) for e in _loosened(factor.terms, *rest))
    if isinstance(node, Add) and 2 <= len(node.terms) <= _MOST_TOGETHER:
        yield from (Edit(e, words, (node,), 1.3) for e in _gathered(node.terms))
    if isinstance(node, Reduce) and node.op == "sum" and isinstance(node.body, Add):
        for term in node.body.terms:
            if node.index in term.free:
                continue
            rest = tuple(other for other in node.body.terms if other is not term)
            inner = Reduce("sum", node.index, node.lo, node.hi, addition(rest))
            yield Edit(addition((inner, term)), words, (node,), 1.3)
    if isinstance(node, Mul):
        for factor in node.factors:
            if isinstance(factor, Apply) and len(factor.args) == 1:
                rest = product(tuple(f for f in node.factors if f is not factor))
                moved = Apply(factor.function, (product((factor.args[0], rest)),))
                yield Edit(moved, words, (node,), 1.5)


def _loosened(
    terms: tuple[Expr, ...], before: tuple[Expr, ...], after: tuple[Expr, ...]
) -> Iterator[Expr]:
    """``a (t + u)`` as ``a t + u``, for every first or single term."""
    for cut in range(1, len(terms)):
        yield addition((product((*before, addition(terms[:cut]), *after)), *terms[cut:]))
        yield addition((*terms[:cut], product((*before, addition(terms[cut:]), *after))))


def _gathered(terms: tuple[Expr, ...]) -> Iterator[Expr]:
    """``a t + u`` as ``a (t + u)``, for every factor of a first or last term."""
    for place, others in ((0, terms[1:]), (len(terms) - 1, terms[:-1])):
        factors = factors_of(terms[place])
        for chosen in range(len(factors)):
            if len(factors) < 2:
                continue
            inside = factors[chosen]
            rest = factors[:chosen] + factors[chosen + 1 :]
            joined = (inside, *others) if place == 0 else (*others, inside)
            yield product((*rest, addition(joined)))


def branches(site: Site) -> Iterator[Edit]:
    """Cases that are mixed up, with other conditions, or too many."""
    node = site.node
    if not isinstance(node, Cases):
        return
    values = [*(value for _, value in node.branches), node.otherwise]
    if len(node.branches) == 1 and node.otherwise is not ZERO:
        (cond, value) = node.branches[0]
        swapped = Cases(((cond, node.otherwise),), value)
        yield Edit(swapped, "the two cases are the wrong way round", (), 1.2)
    for position, (cond, value) in enumerate(node.branches):
        for other in _conditions(cond):
            rows = list(node.branches)
            rows[position] = (other, value)
            yield Edit(
                Cases(tuple(rows), node.otherwise), "the condition in {0} is wrong", (node,), 1.2
            )
    for value in dict.fromkeys(values):
        if value is not ZERO and not isinstance(value, Apply):
            yield Edit(value, "the cases must all be {0}", (value,), 1.6)


def _conditions(cond: Cond) -> list[Cond]:
    if not isinstance(cond, Compare):
        return []
    return [
        Compare(op, cond.left, cond.right)
        for op in ("<", "<=", ">", ">=", "==", "!=")
        if op != cond.op
    ]
