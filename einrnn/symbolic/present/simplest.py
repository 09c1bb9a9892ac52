"""The pass that presents an expression: every part in its shortest form found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field, replace
from fractions import Fraction
from typing import cast

from einrnn.core import affine as af
from einrnn.core.build import compare
from einrnn.core.model import Assumption, Model, Range
from einrnn.core.nodes import (
    Add,
    Affine,
    Compare,
    Expr,
    Mul,
    Node,
    Pow,
    Reduce,
    Value,
)
from einrnn.core.trampoline import Steps, trampoline
from einrnn.core.traverse import parts, rebuild, with_parts
from einrnn.dataclass import dataclass
from einrnn.symbolic import simplify as s
from einrnn.symbolic.present.cost import cost
from einrnn.symbolic.present.factor import factored
from einrnn.symbolic.present.facts import Rule, rules_of, shortened
from einrnn.symbolic.present.lookups import Lookups, lookups_of, without_sure_conditions
from einrnn.symbolic.present.naming import Name, folded, named, names_of
from einrnn.symbolic.present.terms import Term, distribute, join, letter_first, merged, split
from einrnn.symbolic.ranges import Ranges, bind, inside
from einrnn.symbolic.tidy import again, scopes
from einrnn.symbolic.unfold import with_deltas


@dataclass(frozen=True)
class Style:
    """What a presentation may use: rules that hold, and names to fold into."""

    rules: tuple[Rule, ...] = ()
    names: tuple[Name, ...] = ()
    lookups: Lookups = field(default_factory=dict[str, Range])


def style_of(model: Model, names: Iterable[str], granted: Iterable[Assumption] = ()) -> Style:
    """The facts of a model's inputs, the granted assumptions, and definitions by name."""
    return Style(rules_of(model, granted), names_of(model, names), lookups_of(model))


def present(expr: Expr, ranges: Ranges, style: Style) -> Expr:
    """An equal expression that is shorter to read; ``ranges`` are those of its free indices.

    Equal means: the same value wherever both are defined and what the style grants holds.
    """
    expr = without_sure_conditions(expr, style.lookups)
    short = folded(expr, style.names, ranges)
    result = folded(cast(Expr, _present(short, ranges, style)), style.names, ranges)
    # what is shorter part by part may be longer as a whole
    return short if cost(short) < cost(result) else result


def finished(expr: Expr) -> Expr:
    """Deltas as factors, and conditions without sums on both sides: the last step before
    print, since the passes know guards."""

    def change(node: Node) -> Node:
        match node:
            case Compare("<=", Value(left), Value(right)) if left.constant:
                bare = af.shift(left, -left.constant)
                return compare("<", bare, af.shift(right, 1 - left.constant))
            case _:
                return node

    def flat(node: Node) -> Node:
        return s.mul(node.factors) if isinstance(node, Mul) else node

    return rebuild(with_deltas(rebuild(expr, change)), flat)


@trampoline
def _present(node: Node, ranges: Ranges, style: Style) -> Steps[Node]:
    if isinstance(node, Affine) or (isinstance(node, Compare) and isinstance(node.left, Value)):
        return node
    inner = inside(node, ranges)
    new: list[Node] = []
    for part, known in zip(parts(node), scopes(node, inner), strict=True):
        new.append((yield _present.steps(part, known, style)))
    if isinstance(node, Reduce) and node.op == "sum":
        rebuilt = with_parts(node, tuple(new))
    else:
        rebuilt = again(node, tuple(new), ranges)
    match rebuilt:
        case Mul() | Add() | Pow() | Reduce("sum"):
            return _shortest(rebuilt, ranges, style)
        case _:
            return rebuilt


def _shortest(expr: Expr, ranges: Ranges, style: Style) -> Expr:
    """The shorter of a sum or product as it stands and multiplied out."""
    terms = [split(term, ranges) for term in (expr.terms if isinstance(expr, Add) else (expr,))]
    terms = [_settled(term, ranges, style) for term in terms]
    plain = factored([_cancelled(term, ranges, style) for term in terms], ranges)
    open_: list[Term] = []
    for term in terms:
        opened = distribute(term)
        if opened is None:
            return plain
        open_ += opened
    if len(open_) == len(terms):
        return plain
    again_ = factored([_settled(term, ranges, style) for term in open_], ranges)
    return min((plain, again_), key=cost)


def _settled(term: Term, ranges: Ranges, style: Style) -> Term:
    """A term after deltas, facts and names."""
    term = letter_first(term, ranges)
    term = shortened(term, style.rules, ranges)
    # a sum over a letter that a condition pins, or that nothing needs any more
    term = split(join(term, ranges), ranges)
    term = shortened(term, style.rules, ranges)
    return named(term, style.names, ranges)


def _cancelled(term: Term, ranges: Ranges, style: Style) -> Term:
    """A term in which sums that divide by other factors have taken those in.

    ``(y/p - (1-y)/(1-p)) p (1-p) x`` becomes ``(y - p) x``.
    """
    for base, exponent in term.powers.items():
        if not isinstance(base, Add) or exponent != 1:
            continue
        below = {b for addend in base.terms for b, e in split(addend).powers.items() if e < 0}
        hit = {b: e for b, e in term.powers.items() if b in below and e > 0}
        if not hit:
            continue
        part = Term(Fraction(1), (), split(base).cond, {base: Fraction(1), **hit})
        within = bind(ranges, dict(term.bound))
        opened = distribute(part)
        if opened is None:
            continue
        new = factored([_settled(t, within, style) for t in opened], within)
        rest = {b: e for b, e in term.powers.items() if b is not base and b not in hit}
        found = split(new, term.free())
        powers = merged((*found.powers.items(), *rest.items()))
        joined = replace(term, number=term.number * found.number, powers=powers)
        joined = replace(joined, bound=term.bound + found.bound)
        if found.cond is split(base).cond:
            return _cancelled(joined, ranges, style)
    return term
