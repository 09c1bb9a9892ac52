"""Equal steps on neighbouring rows of an array as one step on all of these rows.

A loop whose first turns differ is unrolled there, so that what is read from outside is
computed for the rows of the unrolled turns and for the others apart. One product over all
rows reads its other operand once, and needs one buffer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from einrnn.dataclass import dataclass
from einrnn.numeric.live import lifetimes, pruned, writes
from einrnn.numeric.plan import Plan
from einrnn.numeric.steps import (
    Align,
    At,
    Contract,
    Diagonal,
    Item,
    Map,
    Register,
    Span,
    Spread,
    Step,
    View,
)


@dataclass(frozen=True)
class _Rows:
    """Rows ``lo .. lo + size - 1`` of an array; ``dropped`` if it is one row without its axis."""

    source: int
    lo: int
    size: int
    dropped: bool


@dataclass(frozen=True)
class _Sliced:
    """A step that computes rows of ``key`` from rows of its operands, which are slices of the
    arrays ``sources``; ``rows`` are those of the first one."""

    position: int
    step: Map | Contract
    key: object
    rows: _Rows
    sources: frozenset[int]


def joined(plan: Plan) -> Plan:
    """The plan with such steps joined as long as there are any."""
    registers, main, wanted = list(plan.registers), plan.main, set(plan.outputs.values())
    changed = False
    while pair := _pair(main, registers, wanted):
        main = _merged(main, *pair, registers)
        changed = True
    if not changed:
        return plan
    constants, main = pruned(plan.constants, main, wanted)
    fixed = tuple(registers)
    times = lifetimes(fixed, constants, main, wanted)
    return Plan(fixed, constants, main, plan.outputs, times)


def _pair(
    main: Sequence[Step], registers: Sequence[Register], wanted: set[int]
) -> tuple[_Sliced, _Sliced] | None:
    views = {step.out: step for step in main if isinstance(step, View)}
    root = _roots(main)
    open_: dict[object, list[_Sliced]] = {}
    for position, step in enumerate(main):
        for out in _stored(step):
            changed = root.get(out, out)
            for rows in open_.values():
                rows[:] = [row for row in rows if changed not in _roots_of(row, root)]
        found = _sliced(position, step, views, registers)
        if found is None or found.step.out in wanted:
            continue
        for other in open_.setdefault(found.key, []):
            if _adjacent(other.rows, found.rows):
                return other, found
        open_[found.key].append(found)
    return None


def _roots(main: Sequence[Step]) -> dict[int, int]:
    """For each view the array behind it."""
    root: dict[int, int] = {}
    for step in main:
        if isinstance(step, (View, Align, Spread, Diagonal)):
            root[step.out] = root.get(step.source, step.source)
    return root


def _roots_of(row: _Sliced, root: Mapping[int, int]) -> set[int]:
    return {root.get(source, source) for source in row.sources}


def _stored(step: Step) -> tuple[int, ...]:
    """The arrays that may change in a step."""
    return () if isinstance(step, (View, Map, Contract)) else writes(step)


def _adjacent(one: _Rows, other: _Rows) -> bool:
    """Whether one range begins where the other ends, and at least one keeps its axis."""
    if one.dropped and other.dropped:
        return False
    return one.lo + one.size == other.lo or other.lo + other.size == one.lo


def _sliced(
    position: int, step: Step, views: Mapping[int, View], registers: Sequence[Register]
) -> _Sliced | None:
    if isinstance(step, Contract):
        step = _turned(step)
        rows = None if step.symmetric else _rows(step.left, views, registers)
        if rows is None or _rows(step.right, views, registers) is not None:
            return None
        general = _over_rows(step, rows, -1)
        if general is None:
            return None
        key = replace(general, out=-1, left=rows.source)
        return _Sliced(position, step, key, rows, frozenset((rows.source, step.right)))
    if not isinstance(step, Map):
        return None
    found = [_rows(arg, views, registers) for arg in step.args]
    cut = [(rows, arg) for rows, arg in zip(found, step.args, strict=True) if rows is not None]
    if not cut:
        return None
    first = cut[0][0]
    same = all((r.size, r.dropped) == (first.size, first.dropped) for r, _ in cut)
    rank = len(registers[step.out].shape)
    whole = all(len(registers[arg].shape) == rank for _, arg in cut)
    within = all(
        len(registers[arg].shape) <= rank - (not first.dropped)
        for rows, arg in zip(found, step.args, strict=True)
        if rows is None
    )
    if not (same and whole and within):
        return None
    args = tuple(
        (False, a, 0) if r is None else (True, r.source, r.lo - first.lo)
        for r, a in zip(found, step.args, strict=True)
    )
    key = (step.function, args, registers[step.out].kind)
    return _Sliced(position, step, key, first, frozenset(source for _, source, _ in args))


def _rows(register: int, views: Mapping[int, View], registers: Sequence[Register]) -> _Rows | None:
    view = views.get(register)
    if view is None or not view.items:
        return None
    first, *rest = view.items
    sizes = registers[view.source].shape[1:]
    full = all(item == Span(At(0), size) for item, size in zip(rest, sizes, strict=True))
    start = first if isinstance(first, At) else first.start
    if not full or start.counters or start.size is not None or not sizes:
        return None
    if isinstance(first, At):
        return _Rows(view.source, start.constant, 1, True)
    return None if first.step != 1 else _Rows(view.source, start.constant, first.size, False)


def _turned(step: Contract) -> Contract:
    """A matrix times a vector as the vector times the matrix."""
    batch, left, summed, right = step.shape
    if batch or right or not left:
        return step
    order = (*step.left_order[len(left) :], *step.left_order[: len(left)])
    shape = ((), (), summed, left)
    return Contract(step.out, step.right, step.left, step.right_order, order, shape)


def _over_rows(step: Contract, rows: _Rows, size: int) -> Contract | None:
    """The product with ``size`` rows first on its left; None if the rows are not kept there."""
    batch, left, summed, right = step.shape
    if batch:
        return None
    if rows.dropped:
        order = (0, *(axis + 1 for axis in step.left_order))
        return replace(step, left_order=order, shape=((), (size, *left), summed, right))
    if not left or step.left_order[0] != 0:
        return None
    return replace(step, shape=((), (size, *left[1:]), summed, right))


def _merged(
    main: Sequence[Step], one: _Sliced, other: _Sliced, registers: list[Register]
) -> tuple[Step, ...]:
    """The earlier step over all rows, and views of its result in the place of both."""
    lo = min(one.rows.lo, other.rows.lo)
    size = one.rows.size + other.rows.size
    shape = registers[one.step.out].shape[0 if one.rows.dropped else 1 :]
    out = _new(registers, (size, *shape), registers[one.step.out])
    before: list[Step] = []

    def whole(register: int) -> int:
        rows = _rows(register, views, registers)
        if rows is None:
            return register
        sizes = registers[rows.source].shape
        start = lo + rows.lo - one.rows.lo
        if (start, size) == (0, sizes[0]):
            return rows.source
        items = (Span(At(start), size), *(Span(At(0), n) for n in sizes[1:]))
        wide = _new(registers, (size, *sizes[1:]), registers[rows.source])
        before.append(View(wide, rows.source, items))
        return wide

    views = {step.out: step for step in main if isinstance(step, View)}
    step = one.step
    if isinstance(step, Map):
        new: Step = replace(step, out=out, args=tuple(whole(arg) for arg in step.args))
    else:
        general = _over_rows(step, one.rows, size)
        assert general is not None
        new = replace(general, out=out, left=whole(step.left))
    rest = tuple(Span(At(0), n) for n in shape)
    done = list(main)
    done[other.position : other.position + 1] = [_part(other, out, lo, rest)]
    done[one.position : one.position + 1] = [*before, new, _part(one, out, lo, rest)]
    return tuple(done)


def _part(row: _Sliced, out: int, lo: int, rest: tuple[Item, ...]) -> View:
    start = At(row.rows.lo - lo)
    first = start if row.rows.dropped else Span(start, row.rows.size)
    return View(row.step.out, out, (first, *rest))


def _new(registers: list[Register], shape: tuple[int, ...], like: Register) -> int:
    registers.append(Register(shape, like.kind, (), like.name))
    return len(registers) - 1
