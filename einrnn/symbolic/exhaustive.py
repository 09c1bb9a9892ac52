"""Cases whose conditions leave nothing out: the last needs none.

``{ a if g == 0 ; b if g == 1 }`` has no value elsewhere. Where ``g`` is 0 or 1 that is nowhere,
and it is ``{ a if g == 0 ; b otherwise }``, which surely has a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from einrnn.core.model import Definition, Model, Range
from einrnn.core.nodes import Apply, Cases, Cond, Expr, Index, Node
from einrnn.core.traverse import binds, rebuild, walk
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.brackets import complement
from einrnn.symbolic.normal.domain import known_from
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.terms import TooLarge
from einrnn.symbolic.normal.zero import is_zero

_UNDEFINED = Apply("undefined", ())
_MOST_BRANCHES = 8


def with_exhaustive_cases(model: Model) -> Model:
    """The model with definitions whose cases say what there is where none of the others holds."""
    definitions = {name: _exhausted(found) for name, found in model.definitions.items()}
    same = all(definitions[name] is found for name, found in model.definitions.items())
    return model if same else replace(model, definitions=definitions)


def _exhausted(definition: Definition) -> Definition:
    if not any(map(_is_open, walk(*(clause.body for clause in definition.clauses)))):
        return definition
    clauses = tuple(
        replace(clause, body=_closed(clause.body, clause.ranges)) for clause in definition.clauses
    )
    return replace(definition, clauses=clauses)


def _is_open(node: Node) -> bool:
    return isinstance(node, Cases) and node.otherwise is _UNDEFINED


def _closed(expr: Expr, ranges: Mapping[Index, Range]) -> Expr:
    if any(index in ranges for node in walk(expr) for index in binds(node)):
        return expr  # inside of a sum a letter would not be the clause's

    def change(node: Node) -> Node:
        if not isinstance(node, Cases) or not _is_open(node):
            return node
        conds = [cond for cond, _ in node.branches]
        free = frozenset[Index]().union(*(cond.free for cond in conds))
        if not free <= ranges.keys() or not _leave_nothing_out(conds, ranges):
            return node
        *before, (_, last) = node.branches
        return Cases(tuple(before), last) if before else last

    return rebuild(expr, change)


def _leave_nothing_out(conds: list[Cond], ranges: Mapping[Index, Range]) -> bool:
    """Whether one of some conditions holds wherever the indices are in their ranges."""
    if len(conds) > _MOST_BRANCHES:
        return False
    work = Normaliser(known_from(ranges))
    try:
        left = tm.ONE
        for cond in conds:
            left = work.product(left, complement(work.bracket(cond)))
        return is_zero(work, work.canonical(left))
    except TooLarge:
        return False
