"""Which definitions may have what they reduce taken out, and the indices that are known there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from einrnn.core.model import Clause, Definition, Model, Range
from einrnn.core.nodes import Expr, Index, Node, Reduce
from einrnn.core.reach import reached
from einrnn.core.traverse import below_cases, binds, rebuild, walk

# of a reduction in a clause, and a name: the definitions that it needs, and what stands for it
Found = tuple[tuple[Definition, ...], Expr]
Find = Callable[[Model, Reduce, Clause, str], Found | None]


def with_own_definitions(model: Model, stem: str, find: Find) -> Model:
    """The model with what ``find`` has of the reductions of a clause as definitions of their own,
    whose names begin with ``stem``.

    A recurrence stays as it is, and so does what a condition may leave out.
    """
    changed: dict[str, Definition] = {}
    waiting = list(model.definitions)
    for name in waiting:  # which grows: what is taken out may have more in it
        definition = changed.get(name) or model.definitions[name]
        known = model.with_definitions(changed)
        if name in reached(known, tuple(clause.body for clause in definition.clauses)):
            continue
        label = partial(_label, f"{stem} in {name}", changed)
        clauses = tuple(
            _without(known, clause, find, label, changed) for clause in definition.clauses
        )
        if any(n.body is not o.body for n, o in zip(clauses, definition.clauses, strict=True)):
            waiting += [new for new in changed if new not in waiting]
            changed[name] = replace(definition, clauses=clauses)
    return model.with_definitions(changed) if changed else model


def _label(stem: str, taken: Mapping[str, Definition]) -> str:
    return f"{stem} {len(taken)}" if taken else stem


def _without(
    model: Model,
    clause: Clause,
    find: Find,
    label: Callable[[], str],
    changed: dict[str, Definition],
) -> Clause:
    """A clause without its reductions that can be taken out, inner ones first, which others may
    be computed from; ``changed`` gets their definitions."""
    tried: set[Node] = set()
    while True:
        entries: dict[Node, Expr] = {}
        for node, at in _reductions(clause):
            # what stands around one that is taken out is another node then
            if node in tried or (entries and not entries.keys().isdisjoint(walk(node))):
                continue
            tried.add(node)
            found = find(model, node, at, label())
            if found is not None:
                new, entries[node] = found
                changed |= {one.name: one for one in new}
        if not entries:
            return clause
        clause = replace(clause, body=rebuild(clause.body, partial(_entry, entries)))


def _entry(entries: Mapping[Node, Expr], node: Node) -> Node:
    return entries.get(node, node)


def _reductions(clause: Clause) -> Iterator[tuple[Reduce, Clause]]:
    """The reductions of a clause, inner ones first, each with the clause as if the indices that
    are summed were its own."""
    guarded = below_cases(clause.body)
    known = replace(clause, ranges={**clause.ranges, **_summed(clause, guarded)})
    for node in walk(clause.body):
        if isinstance(node, Reduce) and node not in guarded:
            yield node, known


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
