"""Finding instances of a definition's right side inside other expressions.

Used for late names (``let``), whose right side is replaced wherever it stands, and to say
a derivative in terms of the value it came from (``1 - s^2`` and not ``1 - tanh(...)^2``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import comb
from typing import cast

from einrnn.core import affine as af
from einrnn.core.model import Definition
from einrnn.core.nodes import (
    Add,
    Affine,
    Apply,
    Cases,
    Compare,
    Derivative,
    Element,
    Expr,
    Index,
    Matrix,
    Mul,
    Node,
    Number,
    Opaque,
    Pow,
    Reduce,
)
from einrnn.core.trampoline import Steps, trampoline
from einrnn.core.traverse import binds, parts, rename_bound, walk, with_parts
from einrnn.symbolic import simplify as s
from einrnn.symbolic.clauses import decided_by_general, surely_general
from einrnn.symbolic.ranges import Ranges, decide, inside

Binding = Mapping[Index, Affine]

_LARGEST_PATTERN = 400
_MOST_PERMUTED = 6
_MOST_CHOICES = 500
_BOUND = "'"


def match(pattern: Node, node: Node, variables: frozenset[Index]) -> Binding | None:
    """Index expressions for the variables that turn the pattern into the node, up to the
    order of sums and products and the names of bound indices."""
    for binding in matches(pattern, node, {}, variables):
        local = any(i.name.startswith(_BOUND) for a in binding.values() for i in a.free)
        if len(binding) == len(variables) and not local:
            return binding
    return None


def matches(
    pattern: Node,
    node: Node,
    binding: Binding,
    variables: frozenset[Index],
    depth: tuple[Index, ...] = (),
) -> Iterator[Binding]:
    """Every extension of ``binding`` that turns the pattern into the node; ``depth`` are the
    bound indices around both."""
    if isinstance(pattern, Affine):
        if isinstance(node, Affine):
            yield from _match_affine(pattern, node, binding, variables, depth)
        return
    if type(pattern) is not type(node) or _head(pattern) != _head(node):
        return
    if isinstance(pattern, Add | Mul):
        assert isinstance(node, Add | Mul)
        yield from _match_commutative(parts(pattern), parts(node), binding, variables, depth)
        return
    bound = tuple(Index(f"{_BOUND}{len(depth) + i}") for i in range(len(binds(pattern))))
    if bound:
        pattern, node = rename_bound(pattern, bound), rename_bound(node, bound)
    yield from _match_all(parts(pattern), parts(node), binding, variables, depth + bound)


def _head(node: Node) -> tuple[object, ...]:
    """What two nodes must share besides their parts and the names of bound indices."""
    shape = (len(parts(node)), len(binds(node)))
    match node:
        case Number(value):
            return (value, *shape)
        case Element(tensor):
            return (tensor, *shape)
        case Apply(function):
            return (function, *shape)
        case Reduce(op) | Matrix(op) | Compare(op):
            return (op, *shape)
        case Derivative(kind, _, tensor):
            return (kind, tensor, *shape)
        case Opaque(name, at, args, partials):
            by = tuple((position, len(entry)) for position, entry in partials)
            return (name, len(at), len(args), by, *shape)
        case Cases(branches):
            return (len(branches), *shape)
        case _:
            return shape


def _match_all(
    patterns: tuple[Node, ...],
    nodes: tuple[Node, ...],
    binding: Binding,
    variables: frozenset[Index],
    depth: tuple[Index, ...],
) -> Iterator[Binding]:
    if len(patterns) != len(nodes):
        return
    if not patterns:
        yield binding
        return
    for first in matches(patterns[0], nodes[0], binding, variables, depth):
        yield from _match_all(patterns[1:], nodes[1:], first, variables, depth)


def _match_commutative(
    patterns: tuple[Node, ...],
    nodes: tuple[Node, ...],
    binding: Binding,
    variables: frozenset[Index],
    depth: tuple[Index, ...],
) -> Iterator[Binding]:
    if len(patterns) != len(nodes):
        return
    if not patterns:
        yield binding
        return
    candidates = range(len(nodes)) if len(nodes) <= _MOST_PERMUTED else (0,)
    for position in candidates:
        rest = nodes[:position] + nodes[position + 1 :]
        for first in matches(patterns[0], nodes[position], binding, variables, depth):
            yield from _match_commutative(patterns[1:], rest, first, variables, depth)


def _match_affine(
    pattern: Affine,
    node: Affine,
    binding: Binding,
    variables: frozenset[Index],
    depth: tuple[Index, ...] = (),
) -> Iterator[Binding]:
    """Solve ``pattern = node`` for the one variable that has no value yet, if any."""
    known = af.of(pattern.constant)
    unknown: tuple[Index, int] | None = None
    for atom, times in pattern.terms:
        if isinstance(atom, Index) and atom in binding:
            known = af.plus(known, binding[atom], times)
        elif isinstance(atom, Index) and atom in variables:
            if unknown is not None or abs(times) != 1:
                return
            unknown = (atom, times)
        elif isinstance(atom, Element):
            yield from _match_lookup(pattern, node, binding, variables, depth)
            return
        else:
            known = af.plus(known, af.of(atom), times)
    rest = af.minus(node, known)
    if unknown is not None:
        yield {**binding, unknown[0]: af.scale(rest, unknown[1])}
    elif rest is af.ZERO:
        yield binding


def _match_lookup(
    pattern: Affine,
    node: Affine,
    binding: Binding,
    variables: frozenset[Index],
    depth: tuple[Index, ...] = (),
) -> Iterator[Binding]:
    """A bare look-up against a bare look-up."""
    alone = len(pattern.terms) == len(node.terms) == 1
    if alone and pattern.constant == node.constant and pattern.terms[0][1] == node.terms[0][1]:
        mine, theirs = pattern.terms[0][0], node.terms[0][0]
        if isinstance(mine, Element) and isinstance(theirs, Element):
            yield from matches(mine, theirs, binding, variables, depth)


def instance(definition: Definition, node: Node, ranges: Ranges) -> Element | None:
    """The entry whose general clause this node is an instance of, where it surely is one: where
    another clause might decide, it is not."""
    found = _entry(definition, node)
    sure = found is not None and surely_general(definition, found.args, ranges)
    return found if sure else None


def instance_somewhere(definition: Definition, node: Node, ranges: Ranges) -> Expr | None:
    """As :func:`instance`; where the general clause decides for some positions only, the entry
    there and the node elsewhere."""
    found = _entry(definition, node)
    if found is None or surely_general(definition, found.args, ranges):
        return found
    general = decided_by_general(definition, found.args, ranges)
    return (
        None if decide(general, ranges) is False else Cases(((general, found),), cast(Expr, node))
    )


def _entry(definition: Definition, node: Node) -> Element | None:
    clause = definition.clauses[-1]
    binding = match(clause.body, node, frozenset(clause.ranges))
    if binding is None:
        return None
    letters = (af.letter(arg) for arg in clause.args)
    args = tuple(
        arg if letter is None else binding[letter]
        for letter, arg in zip(letters, clause.args, strict=True)
    )
    return Element(definition.name, args)


Namer = Callable[[Definition, Node, Ranges], Expr | None]


def fold(expr: Expr, definition: Definition, ranges: Ranges, *, products: bool = False) -> Expr:
    """The expression with every instance of the definition's general clause named.

    Sums that contain the right side's terms among others count as containing it; with
    ``products`` so do products that contain its factors.
    """
    clause = definition.clauses[-1]
    size = sum(1 for _ in walk(clause.body))
    if size > _LARGEST_PATTERN or isinstance(clause.body, Element):
        return expr
    if not any(type(node) is type(clause.body) for node in walk(expr)):
        return expr
    return _fold(expr, definition, ranges, products, instance)  # type: ignore[return-value]


def replaced(expr: Expr, definition: Definition, ranges: Ranges) -> Expr:
    """The expression with every instance of the definition's general clause named, however small
    or large that is, in sums and products of more parts too."""
    body = definition.clauses[-1].body
    if isinstance(body, Number) or not any(type(node) is type(body) for node in walk(expr)):
        return expr
    return _fold(expr, definition, ranges, True, instance_somewhere)  # type: ignore[return-value]


@trampoline
def _fold(
    node: Node, definition: Definition, ranges: Ranges, products: bool, named: Namer
) -> Steps[Node]:
    found = named(definition, node, ranges)
    if found is not None:
        return found
    inner = inside(node, ranges)
    new: list[Node] = []
    for part in parts(node):
        new.append((yield _fold.steps(part, definition, inner, products, named)))
    rebuilt = with_parts(node, tuple(new)) if tuple(new) != parts(node) else node
    if products and isinstance(rebuilt, Mul):
        return _fold_factors(rebuilt, definition, inner, named)
    return _fold_part(rebuilt, definition, inner, named)


def _fold_part(node: Node, definition: Definition, ranges: Ranges, named: Namer) -> Node:
    """A sum with more terms than the pattern: the terms that make up the pattern, named."""
    pattern = definition.clauses[-1].body
    if not (isinstance(node, Add) and isinstance(pattern, Add)):
        return node
    if len(node.terms) == len(pattern.terms) or not _has_choices(
        len(node.terms), len(pattern.terms)
    ):
        return node
    for chosen in _choices(node.terms, len(pattern.terms)):
        found = named(definition, Add(chosen), ranges)
        if found is not None:
            return s.add((found, *(term for term in node.terms if term not in chosen)))
    return node


def _fold_factors(node: Mul, definition: Definition, ranges: Ranges, named: Namer) -> Node:
    """A product with more factors than the pattern: those that make it up, named, as often as
    they are there."""
    pattern = definition.clauses[-1].body
    if not isinstance(pattern, Mul):
        return node
    factors = [factor for part in node.factors for factor in _one_by_one(part)]
    parts_: list[Expr] = []
    while _has_choices(len(factors), len(pattern.factors)):
        choices = _choices(tuple(factors), len(pattern.factors))
        pairs = ((chosen, named(definition, Mul(chosen), ranges)) for chosen in choices)
        chosen, found = next((pair for pair in pairs if pair[1] is not None), ((), None))
        if found is None:
            break
        parts_.append(found)
        for factor in chosen:
            factors.remove(factor)
    return s.mul((*parts_, *factors)) if parts_ else node


def _one_by_one(factor: Expr) -> tuple[Expr, ...]:
    """A whole power as the factors that it is a product of, if they are few."""
    match factor:
        case Pow(base, Number(times)) if times.denominator == 1 and 1 < times <= _MOST_PERMUTED:
            return (base,) * int(times)
        case _:
            return (factor,)


def _has_choices(count: int, chosen: int) -> bool:
    """Whether some of the parts, and not too many in how many ways, make up a pattern."""
    return chosen <= count and comb(count, chosen) <= _MOST_CHOICES


def _choices(terms: tuple[Expr, ...], count: int) -> Iterator[tuple[Expr, ...]]:
    if count == 0:
        yield ()
        return
    for position in range(len(terms) - count + 1):
        for rest in _choices(terms[position + 1 :], count - 1):
            yield (terms[position], *rest)
