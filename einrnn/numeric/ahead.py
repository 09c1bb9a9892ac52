"""Arrays that a loop reads before it has filled them.

A sum over what comes before, ``sum[j: j < i] A[i,j] x[j]``, is taken over all of ``x``, times 0
where it is not wanted. What is there before it is computed has to be a number that 0 makes 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from einrnn.numeric.steps import Allocate, At, Choose, Loop, Span, Step, Store, View, reads


def cleared(main: Sequence[Step], zero: int) -> tuple[Step, ...]:
    """The steps, with such arrays filled with ``zero`` first."""
    ahead = frozenset(out for step in main if isinstance(step, Loop) for out in _read_ahead(step))
    found: list[Step] = []
    for step in main:
        found.append(step)
        if isinstance(step, Allocate) and step.out in ahead and step.shape:
            whole = tuple(Span(At(0), size) for size in step.shape)
            found.append(Store(step.out, whole, zero))
    return tuple(found)


def _read_ahead(loop: Loop) -> Iterator[int]:
    """The arrays that a loop fills, and of which it reads more than single places along an axis
    that it goes through."""
    body = list(_inside(loop.body))
    moving: dict[int, set[int]] = {}
    for step in body:
        if isinstance(step, Store):
            axes = moving.setdefault(step.out, set())
            places = enumerate(step.items)
            axes.update(axis for axis, item in places if isinstance(item, At) and item.counters)
    for step in body:
        match step:
            case View(_, source, items):
                axes = moving.get(source, set())
                if any(isinstance(items[axis], Span) for axis in axes):
                    yield source
            case Store() | Loop() | Choose():
                pass
            case _:
                yield from (register for register in reads(step) if register in moving)


def _inside(steps: Sequence[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        match step:
            case Loop(body=body):
                yield from _inside(body)
            case Choose(then=then, otherwise=otherwise):
                yield from _inside((*then, *otherwise))
            case _:
                pass
