"""What is known of inputs, and what the user grants, used to shorten products."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core.build import compare
from einrnn.core.model import Assumption, Definition, Input, Model, Range
from einrnn.core.nodes import (
    Add,
    Affine,
    Apply,
    Element,
    Expr,
    Index,
    Matrix,
    Mul,
    Number,
    Pow,
    Reduce,
)
from einrnn.core.traverse import canonical, substitute, tensors
from einrnn.symbolic.normal.stated import said_symmetric
from einrnn.symbolic.present.cost import cost
from einrnn.symbolic.present.mirrored import is_symmetric
from einrnn.symbolic.present.pattern import Pattern, find
from einrnn.symbolic.present.terms import Term, split, times
from einrnn.symbolic.ranges import Ranges, conjunction

Rule = Callable[[Term, Ranges], "Term | None"]

_MOST_RULES = 100


def rules_of(model: Model, granted: Iterable[Assumption]) -> tuple[Rule, ...]:
    """The rules that the inputs, the softmaxes and the granted assumptions of a model give.

    Each turns a term into an equal, shorter one, or returns None.
    """
    given = (granted_rule(assumption, model) for assumption in granted)
    known = (rule for _, rule in rules_in_words(model))
    return (*known, *(rule for rule in given if rule is not None))


def rules_in_words(model: Model) -> tuple[tuple[str, Rule], ...]:
    """The rules that the inputs and the softmaxes of a model give, each with what it says."""
    rules: list[tuple[str, Rule]] = []
    for given in model.inputs.values():
        rules += _of_input(given)
    for definition in model.definitions.values():
        axis = _softmax_axis(definition)
        if axis is not None:
            rule = _sums_to_one(definition.name, axis, definition.axes[axis])
            rules.append((f"softmax {definition.name} adds up to 1", rule))
        if is_symmetric(definition):
            rules.append((f"{definition.name} is symmetric", _symmetric(definition.name)))
    return tuple(rules)


def shortened(term: Term, rules: tuple[Rule, ...], ranges: Ranges) -> Term:
    """The term after every rule that applies; what is granted may lead in a circle."""
    for _ in range(_MOST_RULES):
        found = next((new for rule in rules if (new := rule(term, ranges)) is not None), None)
        if found is None:
            break
        term = found
    return term


def _of_input(given: Input) -> list[tuple[str, Rule]]:
    rules: list[tuple[str, Rule]] = []
    for fact in given.facts:
        if fact.name in ("one-hot", "probability") and fact.axis is not None:
            whole = Range(af.ZERO, af.last(given.axes[fact.axis]))
            rule = _sums_to_one(given.name, fact.axis, whole)
            rules.append((f"{given.name} is {fact.name}: it adds up to 1", rule))
        if fact.name == "one-hot" and fact.axis is not None:
            words = f"{given.name} is one-hot: products of two entries are 0"
            rules.append((words, _one_hot(given.name, fact.axis)))
        if fact.name in ("one-hot", "boolean"):
            rules.append((f"{given.name} is 0 or 1", _idempotent(given.name)))
        if fact.name in ("symmetric", "spd"):
            rules.append((f"{given.name} is symmetric", _symmetric(given.name)))
    return rules


def _sums_to_one(name: str, axis: int, whole: Range) -> Rule:
    """``sum[k] y[…,k] = 1``."""

    def rule(term: Term, ranges: Ranges) -> Term | None:
        for base, exponent in term.powers.items():
            if not (isinstance(base, Element) and base.tensor == name and exponent == 1):
                continue
            letter = af.letter(base.args[axis])
            if letter is None or (letter, whole) not in term.bound:
                continue
            rest = {other: e for other, e in term.powers.items() if other is not base}
            kept = tuple(pair for pair in term.bound if pair[0] is not letter)
            left = Term(term.number, kept, term.cond, rest)
            once = sum(letter in arg.free for arg in base.args) == 1
            if once and letter not in left.free():
                return left
        return None

    return rule


def _one_hot(name: str, axis: int) -> Rule:
    """``y[…,k] y[…,l] = delta[k,l] y[…,k]``."""

    def rule(term: Term, ranges: Ranges) -> Term | None:
        found = [b for b in term.powers if isinstance(b, Element) and b.tensor == name]
        for n, first in enumerate(found):
            for second in found[n + 1 :]:
                if term.powers[first] < 1 or term.powers[second] < 1:
                    continue
                pairs = list(zip(first.args, second.args, strict=True))
                if any(a is not b for i, (a, b) in enumerate(pairs) if i != axis):
                    continue
                rest = {b: e for b, e in term.powers.items() if b is not second}
                cond = conjunction((term.cond, compare("==", *pairs[axis])), ranges)
                return replace(term, cond=cond, powers=rest)
        return None

    return rule


def _idempotent(name: str) -> Rule:
    """``y^2 = y`` for entries that are 0 or 1."""

    def rule(term: Term, ranges: Ranges) -> Term | None:
        for base, exponent in term.powers.items():
            if isinstance(base, Element) and base.tensor == name and exponent > 1:
                return replace(term, powers={**term.powers, base: Fraction(1)})
        return None

    return rule


def _symmetric(name: str) -> Rule:
    """``Q[j,i] = Q[i,j]``: free letters come first, then those that are first by name."""

    def rule(term: Term, ranges: Ranges) -> Term | None:
        bound = frozenset(index for index, _ in term.bound)
        for base, exponent in term.powers.items():
            turned = _turned(base, name, bound)
            if turned is not None:
                powers = {b: e for b, e in term.powers.items() if b is not base}
                powers[turned] = powers.get(turned, Fraction(0)) + exponent
                return replace(term, powers=powers)
        return None

    return rule


def _turned(base: Expr, name: str, bound: frozenset[Index]) -> Expr | None:
    """An entry of a symmetric matrix, of its inverse or a power of it, with its positions in
    order, where they are not."""
    match base:
        case Element(tensor, (*first, row, column)) if tensor == name:
            if _place(column, bound) < _place(row, bound):
                return Element(name, (*first, column, row))
        case Matrix(op, i, j, size, Element(tensor) as body, power, (row, column)) if (
            tensor == name and body.args[-2:] in ((af.of(i), af.of(j)), (af.of(j), af.of(i)))
        ):
            if _place(column, bound) < _place(row, bound):
                return Matrix(op, i, j, size, body, power, (column, row))
        case _:
            pass
    return None


def _place(at: Affine, bound: frozenset[Index]) -> tuple[bool, str, bytes]:
    letter = af.letter(at)
    return bool(at.free & bound), letter.name if letter is not None else "", at.key


def granted_rule(assumption: Assumption, model: Model) -> Rule | None:
    """An assumption, from the side that is a product to the other, where that one is no longer."""
    left, right = assumption.left, assumption.right
    name = said_symmetric(model, assumption.left, assumption.right, assumption.ranges)
    if name is not None:
        return _symmetric(name)
    if tensors(left) & tensors(right) and cost(left) <= cost(right):
        return None  # it would apply to what it leaves
    pattern = Pattern(split(assumption.left), assumption.ranges)
    if not pattern.term.powers or isinstance(assumption.left, Add):
        return None

    def rule(term: Term, ranges: Ranges) -> Term | None:
        found = find(pattern, term, ranges)
        if found is None:
            return None
        binding, rest = found
        return times(rest, split(substitute(assumption.right, binding), rest.free()))

    return rule


def _softmax_axis(definition: Definition) -> int | None:
    """The axis along which a definition is a softmax, and so adds up to one."""
    if len(definition.clauses) != 1:
        return None
    (clause,) = definition.clauses
    for axis, arg in enumerate(clause.args):
        letter = af.letter(arg)
        if letter is not None and _normalised(clause.body, letter, clause.ranges[letter]):
            return axis
    return None


def _normalised(body: Expr, letter: Index, range_: Range) -> bool:
    """Whether a body is ``exp(q - logsumexp q)`` or ``f / sum f`` over the letter."""
    match body:
        case Apply("exp", (Add((top, Mul((Number(minus), Reduce("logsumexp") as norm)))),)):
            if minus != -1:
                return False
        case Mul((top, Pow(Reduce("sum") as norm, Number(minus)))) if minus == -1:
            pass
        case _:
            return False
    if letter in norm.free or (norm.lo, norm.hi) != (range_.lo, range_.hi):
        return False
    moved = substitute(norm.body, {norm.index: af.of(letter)})
    return canonical(moved) is canonical(top)
