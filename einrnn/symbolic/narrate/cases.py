"""A side that is written case by case, in each case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from einrnn.core.build import ONE
from einrnn.core.nodes import Affine, Cases, Compare, Cond, Expr, Index, Node, Value
from einrnn.core.traverse import rebuild, substitute
from einrnn.language.text import condition_text
from einrnn.symbolic.narrate.opening import collapsed, spliced
from einrnn.symbolic.narrate.scene import Line, Scene
from einrnn.symbolic.proof.statement import Statement
from einrnn.symbolic.ranges import Ranges, solve

Case = tuple[str, Statement, list[Line]]


def by_branches(scene: Scene, lines: Sequence[Line]) -> Iterator[Case]:
    """The last step of a chain that ends in cases, in each of them."""
    last = lines[-1].expr
    if len(lines) < 2 or not isinstance(last, Cases) or last.branches[0][1] is ONE:
        return
    before = lines[-2].expr
    for cond, branch in last.branches:
        yield _in_case(scene, cond, before, branch)


def _in_case(scene: Scene, cond: Cond, before: Expr, branch: Expr) -> Case:
    words = condition_text(cond, scene.model)
    statement = replace(scene.statement, left=before, right=branch, condition=cond)
    inside = scene.about(statement)
    solved = _solved(cond, statement.ranges)
    if solved is None:
        there = _assuming(before, cond)
    else:
        there = substitute(before, {solved[0]: solved[1]})
        branch = substitute(branch, {solved[0]: solved[1]})
    lines = [Line(before)]
    steps = ((spliced(there), words), (collapsed(inside, there), words), (branch, "collected"))
    for expr, reason in steps:
        if inside.text(expr) != inside.text(lines[-1].expr):
            lines.append(Line(expr, reason))
    return words, statement, lines


def _solved(cond: Cond, ranges: Ranges) -> tuple[Index, Affine] | None:
    """A free index that a condition makes equal to something else, the last one first."""
    for index in reversed(tuple(ranges)):
        value = solve(cond, index)
        if value is not None:
            return index, value
    return None


def _assuming(expr: Expr, given: Cond) -> Expr:
    """The expression where an inequality of two positions is known to hold."""
    if not (isinstance(given, Compare) and given.op == "!="):
        return expr
    pair = {given.left, given.right}

    def change(node: Node) -> Node:
        match node:
            case Cases(((Compare("==", Value() as left, Value() as right), _),), otherwise):
                return otherwise if {left, right} == pair else node
            case _:
                return node

    return rebuild(expr, change)
