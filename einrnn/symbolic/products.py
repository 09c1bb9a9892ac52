"""Products up to an index, or from one on, as recurrences.

The derivative of ``p[t] = prod[r=0..t] x[r]`` by each factor is the product of all others: as
sums over products that is a number for each three places. As ``P[q] = P[q-1] x[q]`` it has an
adjoint that goes back one step at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from einrnn.core import affine as af
from einrnn.core.build import ONE
from einrnn.core.model import Clause, Definition, Model, Range
from einrnn.core.nodes import Affine, Element, Expr, Index, Mul, Node, Reduce
from einrnn.core.reach import reached
from einrnn.core.running import Places, running
from einrnn.core.traverse import below_cases, binds, rebuild, walk


def with_running_products(model: Model) -> Model:
    """The model with such products of its definitions as definitions of their own.

    A recurrence stays as it is, and so does what a condition may leave out.
    """
    changed: dict[str, Definition] = {}
    for name, definition in model.definitions.items():
        if name in reached(model, tuple(clause.body for clause in definition.clauses)):
            continue
        clauses: list[Clause] = []
        for clause in definition.clauses:
            entries: dict[Node, Expr] = {}
            for node, new, entry in _products(clause, f"product in {name}", len(changed)):
                changed[new.name] = new
                entries[node] = entry
            body = rebuild(clause.body, lambda node, found=entries: found.get(node, node))
            clauses.append(replace(clause, body=body) if entries else clause)
        if tuple(clauses) != definition.clauses:
            changed[name] = replace(definition, clauses=tuple(clauses))
    return model.with_definitions(changed) if changed else model


def _products(
    clause: Clause, stem: str, taken: int
) -> Iterator[tuple[Reduce, Definition, Element]]:
    guarded = below_cases(clause.body)
    clause = replace(clause, ranges={**clause.ranges, **_summed(clause, guarded)})
    for node in dict.fromkeys(walk(clause.body)):
        if isinstance(node, Reduce) and node.op == "prod" and node not in guarded:
            found = _recurrence(node, clause, f"{stem} {taken}" if taken else stem)
            if found is not None:
                yield node, *found
                taken += 1


def _summed(clause: Clause, guarded: frozenset[Node]) -> dict[Index, Range]:
    """The indices that some sum of a clause is over, all of the range, and no other one."""
    binders = Counter(index for node in walk(clause.body) for index in binds(node))
    return {
        node.index: Range(node.lo, node.hi)
        for node in walk(clause.body)
        if isinstance(node, Reduce)
        and node.op == "sum"
        and node not in guarded
        and not node.lo.free | node.hi.free
        and binders[node.index] == 1
    }


def _recurrence(node: Reduce, clause: Clause, name: str) -> tuple[Definition, Element] | None:
    for end, way in ((node.hi, 1), (node.lo, -1)):
        at = af.letter(af.shift(end, -end.constant))
        fixed = node.lo if way == 1 else node.hi
        if at is None or at not in clause.ranges or fixed.free or at in node.body.free:
            continue
        span, shift = clause.ranges[at], end.constant
        low = node.lo if way == 1 else af.shift(span.lo, shift)
        high = af.shift(span.hi, shift) if way == 1 else node.hi
        letters = [i for i in clause.ranges if i in node.body.free]
        if not _begins(node, span.lo if way == 1 else span.hi, shift, way):
            continue
        if node.body.free - {node.index} != frozenset(letters):
            continue
        definition = running(
            name,
            Places(node.index, low, high, way),
            {letter: clause.ranges[letter] for letter in letters},
            ONE,
            lambda earlier: Mul((earlier, node.body)),
        )
        place = af.shift(af.of(at), shift)
        return definition, Element(name, (place, *map(af.of, letters)))
    return None


def _begins(node: Reduce, first: Affine, shift: int, way: int) -> bool:
    """Whether the first product has one factor, or none."""
    start = node.lo if way == 1 else node.hi
    count = af.number(af.scale(af.minus(af.shift(first, shift), start), way))
    return count in (0, -1)
