"""Names for what functions are applied to, so that adjoints pass through them once.

With ``s[t,i] := tanh(U[i,j] x[t,j] + W[i,n] s[t-1,n])`` the gradients of U and W both need
``dL/dz`` for the argument ``z`` of tanh; with a name for it they share it.
"""

from __future__ import annotations

from collections.abc import Iterator

from einrnn.core import affine as af
from einrnn.core.model import Clause, Definition, Model, Range
from einrnn.core.nodes import Affine, Apply, Element, Expr, Index, Node, Reduce
from einrnn.core.traverse import below_cases, parts, walk
from einrnn.symbolic.late import name_late
from einrnn.symbolic.match import fold
from einrnn.symbolic.ranges import Ranges, at_least_zero, has_lookup, inside
from einrnn.symbolic.tidy import scopes


def named_arguments(model: Model) -> Model:
    """The model with a late name for every sum of products that a function is applied to."""
    for name in list(model.definitions):
        number = 0
        while True:
            definition = model.definitions[name]
            found = next(_arguments(model, definition), None)
            if found is None:
                break
            number += 1
            new = _definition(f"argument {number} of {name}", *found)
            before = definition.clauses[-1]
            body = fold(before.body, new, before.ranges)
            if body is before.body:
                break
            clauses = (*definition.clauses[:-1], Clause(before.args, before.ranges, body))
            changed = Definition(name, definition.axes, clauses, definition.late, definition.span)
            model = model.with_definitions({new.name: new, name: changed})
    return name_late(model)


def _arguments(model: Model, definition: Definition) -> Iterator[tuple[Expr, Ranges]]:
    """The arguments in the general clause that contain sums, with the ranges of their indices;
    under a condition, those that can be computed elsewhere too."""
    clause = definition.clauses[-1]
    guarded = below_cases(clause.body)
    for node in walk(clause.body):
        match node:
            case Reduce("logsumexp", index, lo, hi, body):
                argument, ranges = body, {**clause.ranges, index: Range(lo, hi)}
            case Apply("exp", _):
                continue
            case Apply(_, (body,)):
                argument, ranges = body, dict(clause.ranges)
            case _:
                continue
        if isinstance(argument, Element) or not argument.free <= ranges.keys():
            continue
        if any(isinstance(part, Reduce) and part.op != "sum" for part in walk(argument)):
            continue
        if not any(isinstance(part, Reduce) for part in walk(argument)):
            continue
        if node in guarded and not is_in_range(model, argument, ranges):
            continue
        if _plain(argument, ranges):
            yield argument, ranges


def is_in_range(model: Model, argument: Expr, ranges: Ranges) -> bool:
    """Whether all entries that an argument reads are there wherever its indices are."""
    pending: list[tuple[Node, Ranges]] = [(argument, ranges)]
    while pending:
        node, known = pending.pop()
        if isinstance(node, Element):
            for at, axis in zip(node.args, model.axes(node.tensor), strict=True):
                room = (af.minus(at, axis.lo), af.minus(axis.hi, at))
                if not has_lookup(at) and not all(at_least_zero(left, known) for left in room):
                    return False
        pending += zip(parts(node), scopes(node, inside(node, known)), strict=True)
    return True


def _plain(argument: Expr, ranges: Ranges) -> bool:
    """Whether the ends of the ranges are free of indices, so that they are axes."""
    return not any(ranges[i].lo.free | ranges[i].hi.free for i in argument.free)


def _definition(name: str, argument: Expr, ranges: Ranges) -> Definition:
    own: list[Index] = [index for index in ranges if index in argument.free]
    args: tuple[Affine, ...] = tuple(af.of(index) for index in own)
    spans = {index: ranges[index] for index in own}
    clause = Clause(args, spans, argument)
    return Definition(name, tuple(spans.values()), (clause,), late=True)
