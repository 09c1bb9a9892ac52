"""Matrices laid out for the products that loops repeat.

``v M`` with the rows of M in memory one after the other streams through M; the other way
round BLAS is two to three times slower for small matrices. One copy ahead of the loop pays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from einrnn.numeric.live import writes
from einrnn.numeric.steps import Contract, Layout, Loop, Register, Step


def laid_out(steps: Sequence[Step], registers: list[Register]) -> tuple[Step, ...]:
    """The steps with copies ahead of loops; registers are added for them."""
    rows: list[Step] = []
    for step in steps:
        if isinstance(step, Loop):
            copies: dict[tuple[int, tuple[int, ...]], Layout] = {}
            inside = set(writes(step))
            body = [_changed(below, inside, copies, registers) for below in step.body]
            rows += copies.values()
            step = replace(step, body=tuple(body))
        rows.append(step)
    return tuple(rows)


def _changed(
    step: Step,
    inside: set[int],
    copies: dict[tuple[int, tuple[int, ...]], Layout],
    registers: list[Register],
) -> Step:
    """A product of a matrix from outside the loop with a vector, over a copy of the matrix."""
    if not isinstance(step, Contract):
        return step
    batch, left, summed, right = step.shape
    if batch or bool(left) == bool(right) or min(prod(left), prod(summed), prod(right)) == 0:
        return step
    matrix, order = (step.left, step.left_order) if left else (step.right, step.right_order)
    if matrix in inside:
        return step
    # the copy has the summed axes first
    wanted = (*order[len(left) :], *order[: len(left)]) if left else order
    if wanted == tuple(range(len(wanted))):
        return step
    shape = registers[matrix].shape
    copy = copies.get((matrix, wanted))
    if copy is None:
        registers.append(Register(tuple(shape[at] for at in wanted), "number", ()))
        copy = copies[matrix, wanted] = Layout(len(registers) - 1, matrix, wanted)
    places = tuple(range(len(wanted)))
    if not left:
        return replace(step, right=copy.out, right_order=places)
    turned = (*places[len(summed) :], *places[: len(summed)])
    return replace(step, left=copy.out, left_order=turned)
